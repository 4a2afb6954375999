"""Rows over their lengths as TensorFlow Lite Micro computes them, after gemmlowp: five steps of Newton's method.

A result counts in 1/128 around 0.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tinyc.ir.fixed_point import doubling_high_mult, requantize, rounding_shift
from tinyc.ir.types import QuantParams, Rounding

I64 = NDArray[np.int64]

RESULT = QuantParams((1 / 128,), 0)
MOST = 1 << 15  # elements of a row: the sum of their squares is below 2^31
RESULT_BITS = 7
STEPS = 5
POINT = 28  # fraction bits of the numbers inside, three are before the point
THREE_HALVES = (1 << POINT) + (1 << (POINT - 1))
HALF_ROOT_OF_2 = 1518500250  # √2 / 2 with 31 fraction bits


def inverse_root(total: I64) -> tuple[I64, I64]:
    """1 / √total as multiplier and shift, of sums in [0, 2^31); 0 counts as 1."""
    x, right = np.maximum(total, 2), np.full_like(total, 11)
    large = x >= 1 << 29
    x, right = np.where(large, x >> 2, x), right + large
    pairs = (32 - np.frexp(x.astype(np.float64))[1].astype(np.int64) - 1) // 2 - 1
    x, right = x << 2 * pairs, right - pairs
    half = rounding_shift(x >> 1, 1)
    root = np.full_like(x, 1 << POINT)
    for _ in range(STEPS):
        cube = _raised(doubling_high_mult(doubling_high_mult(root, root), root), 6)
        root = _raised(doubling_high_mult(root, THREE_HALVES) - doubling_high_mult(half, cube), 3)
    root = doubling_high_mult(root, HALF_ROOT_OF_2) << np.maximum(-right, 0)
    none = total <= 1
    return np.where(none, 2**31 - 1, root), np.where(none, 0, -np.maximum(right, 0))


def unit_rows(x: I64) -> I64:
    """The stored results of rows, less their zero point, along the last axis."""
    multiplier, shift = inverse_root((x * x).sum(axis=-1, keepdims=True))
    return np.asarray(np.clip(requantize(x, multiplier, shift + RESULT_BITS, Rounding.TFLITE), -128, 127))


def _raised(x: I64, bits: int) -> I64:
    return np.asarray(np.clip(x << bits, -(2**31), 2**31 - 1))
