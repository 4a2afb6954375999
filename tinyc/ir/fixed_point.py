"""Fixed-point arithmetic: the one place that says how accumulators become int8 results.

`single`: q = (acc · M + 2^(s−1)) >> s, s = 31 − shift. This is what CMSIS-NN computes when it is built with
CMSIS_NN_USE_SINGLE_ROUNDING. All channels of a layer share one shift, so that a core with the DSP extension
requantizes with one multiply and one saturating shift.

`tflite`: the doubling high multiply of gemmlowp followed by a rounding shift (ties away from zero), which rounds
twice; what TensorFlow Lite Micro and stock CMSIS-NN compute.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from math import floor, frexp

import numpy as np
from numpy.typing import NDArray

from tinyc.ir.types import Rounding

I64 = NDArray[np.int64]

MIN_SHIFT = -30  # a smaller factor than 2^-31 is zero: no int32 accumulator reaches half a unit in practice


def multiplier_and_shift(real: float) -> tuple[int, int]:
    """The Q31 multiplier M in [2^30, 2^31) and shift with real ≈ M · 2^(shift − 31), for one factor ≥ 0."""
    if real == 0:
        return 0, 0
    mantissa, shift = frexp(real)
    multiplier = floor(mantissa * 2**31 + 0.5)  # as TensorFlow Lite: a tie goes up
    if multiplier == 2**31:
        multiplier, shift = multiplier // 2, shift + 1
    return (multiplier, shift) if shift >= MIN_SHIFT else (0, 0)


def multipliers_and_shifts(reals: Sequence[float], rounding: Rounding) -> tuple[list[int], list[int]]:
    """Multipliers and shifts of the channels of a layer. Under `single` all shifts are the largest one."""
    pairs = [multiplier_and_shift(real) for real in reals]
    if rounding is Rounding.TFLITE:
        return [m for m, _ in pairs], [s for _, s in pairs]
    shift = max((s for m, s in pairs if m), default=0)
    multipliers = [min(round(real * 2.0 ** (31 - shift)), 2**31 - 1) for real in reals]
    return multipliers, [shift] * len(pairs)


@lru_cache(maxsize=1024)
def whole_factors(a: float, b: float, most: int) -> tuple[int, int]:
    """Whole numbers in nearly the ratio of a and b, which are positive; the larger one is in (most / 2, most].

    No fraction with a denominator up to `most` is nearer to the ratio: it is wrong by about 1 / most², and by at most
    1 / (2 · most) where the smaller of a and b is nearly nothing or nearly the larger.
    """
    ratio = Fraction(min(a, b)) / Fraction(max(a, b))
    nearest = ratio.limit_denominator(most)
    times = most // nearest.denominator
    larger, smaller = times * nearest.denominator, times * nearest.numerator
    return (larger, smaller) if a >= b else (smaller, larger)


def requantize(
    acc: I64, multiplier: int | Sequence[int] | I64, shift: int | Sequence[int] | I64, rounding: Rounding
) -> I64:
    """`arm_nn_requantize` over an array; multiplier and shift broadcast against the last axis of `acc`.

    `acc` holds values of the int32 range, shifted left where `shift` is positive they must stay in it.
    """
    m, s = np.asarray(multiplier, dtype=np.int64), np.asarray(shift, dtype=np.int64)
    acc = np.asarray(acc, dtype=np.int64)
    if rounding is Rounding.SINGLE:
        total = 31 - s
        return ((acc * m >> (total - 1)) + 1) >> 1
    high = ((acc << np.maximum(s, 0)) * m + (1 << 30)) >> 31
    right = np.maximum(-s, 0)
    mask = (np.int64(1) << right) - 1
    threshold = (mask >> 1) + (high < 0)
    return (high >> right) + ((high & mask) > threshold)


def doubling_high_mult(a: I64, b: I64 | int) -> I64:
    """gemmlowp's SaturatingRoundingDoublingHighMul: round(a · b / 2^31), ties up, saturated."""
    a, b = np.asarray(a, dtype=np.int64), np.asarray(b, dtype=np.int64)
    product = a * b
    nudged = product + np.where(product < 0, 1 - (1 << 30), 1 << 30)
    high = np.where(nudged < 0, -((-nudged) >> 31), nudged >> 31)
    return np.where((a == b) & (a == -(2**31)), 2**31 - 1, high)


def rounding_shift(x: I64, exponent: int | I64) -> I64:
    """x / 2^exponent, rounded to nearest, ties away from zero; exponent ≥ 0."""
    x, exponent = np.asarray(x, dtype=np.int64), np.asarray(exponent, dtype=np.int64)
    mask = (np.int64(1) << exponent) - 1
    threshold = (mask >> 1) + (x < 0)
    return (x >> exponent) + ((x & mask) > threshold)
