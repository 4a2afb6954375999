"""Functions of one int8 tensor as TensorFlow Lite Micro computes them: its fixed-point arithmetic, as tables.

Each takes the parameters of input and result and gives the stored results for −128 to 127, None where it has none.
Where TensorFlow Lite divides scales in float32, so do these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import floor, inf

import numpy as np
from numpy.typing import NDArray

from tinyc.ir.fixed_point import multiplier_and_shift, requantize, rounding_shift
from tinyc.ir.types import QuantParams, Rounding
from tinyc.ops._exponentials import exp_of_negative, one_minus_over_one_plus, one_over_one_plus

I64 = NDArray[np.int64]
Table = NDArray[np.int8]

LEAST, MOST = -128, 127
SATURATING = 2.0**20
INPUT_BITS = 4  # above the point, of what goes into logistic and tanh


def requantized(x: QuantParams, y: QuantParams) -> Table:
    """The same real numbers in another scale."""
    return _stored(_times(_centred(x), x.per_tensor_scale / y.per_tensor_scale), y)


def clamped(x: QuantParams, y: QuantParams, low: float, high: float) -> Table:
    """In another scale, and clamped to what stands for the bounds there."""
    least = LEAST if low == -inf else _nearest(low, y) + y.zero_point
    most = MOST if high == inf else _nearest(high, y) + y.zero_point
    numbers = _times(_centred(x), _quotient(x, y)) + y.zero_point
    return np.clip(np.clip(numbers, least, most), LEAST, MOST).astype(np.int8)


def absolute(x: QuantParams, y: QuantParams) -> Table:
    """|x|."""
    numbers = np.abs(_centred(x))
    return _stored(numbers if x.scale == y.scale else _times(numbers, _quotient(x, y)), y)


def leaky_relu(x: QuantParams, y: QuantParams, alpha: float) -> Table:
    """x, or alpha · x where x is negative."""
    numbers = _centred(x)
    slope = np.float32(x.per_tensor_scale) * np.float32(alpha) / np.float32(y.per_tensor_scale)
    below = np.sign(slope) * _times(numbers, abs(float(slope)))
    return _stored(np.where(numbers >= 0, _times(numbers, _quotient(x, y)), below).astype(np.int64), y)


def elu(x: QuantParams, y: QuantParams, alpha: float) -> Table | None:
    """x, or e^x − 1 where x is negative, in float32."""
    if alpha != 1:
        return None
    real = _centred(x).astype(np.float32) * np.float32(x.per_tensor_scale)
    powers = np.exp(np.minimum(real, 0).astype(np.float64)).astype(np.float32) - np.float32(1)
    steps = np.where(real < 0, powers, real) * (np.float32(1) / np.float32(y.per_tensor_scale))
    rounded = np.sign(steps) * np.floor(np.abs(steps) + np.float32(0.5))
    return _stored(np.clip(rounded, -SATURATING, SATURATING).astype(np.int64), y)


def logistic(x: QuantParams, y: QuantParams) -> Table | None:
    """1 / (1 + e^−x), in 1/256 from 0, which is the only result that TensorFlow Lite has."""
    if y != QuantParams((1 / 256,), -128):
        return None
    numbers, scaled, radius = _in_sixteenths(x)
    positive = one_over_one_plus(exp_of_negative(-np.abs(scaled), INPUT_BITS))
    result = np.where(scaled > 0, positive, np.where(scaled < 0, 2**31 - 1 - positive, 1 << 30))
    return _saturated(rounding_shift(result, 31 - 8) - 128, numbers, radius)


def tanh(x: QuantParams, y: QuantParams) -> Table | None:
    """tanh x, in 1/128 around 0, which is the only result that TensorFlow Lite has."""
    if y != QuantParams((1 / 128,), 0):
        return None
    numbers, scaled, radius = _in_sixteenths(x)
    # e^(2x): the same number with one more bit above the point
    magnitude = one_minus_over_one_plus(exp_of_negative(-np.abs(scaled), INPUT_BITS + 1))
    result = np.where(scaled == 0, 0, np.where(scaled < 0, -magnitude, magnitude))
    return _saturated(rounding_shift(result, 31 - 7), numbers, radius)


def hard_swish(x: QuantParams, y: QuantParams) -> Table | None:
    """x · clamp(x + 3, 0, 6) / 6, in 16 bits."""
    fine = np.float32(1 / 128) * np.float32(x.per_tensor_scale)
    if not fine / np.float32(y.per_tensor_scale) < 1:
        return None
    out, out_shift = multiplier_and_shift(float(fine / np.float32(y.per_tensor_scale)))
    share, share_shift = multiplier_and_shift(float(fine / (np.float32(3) / np.float32(32768))))
    if out_shift > 0:
        return None
    numbers = _centred(x) << 7
    value = _high_mult_16(numbers, _upper_half(out))
    gate = _left_16(numbers, share_shift - 1) if share_shift > 0 else numbers
    gate = _high_mult_16(gate, _upper_half(share))
    gate = _left_16(gate, 1) if share_shift > 0 else rounding_shift(gate, -share_shift)
    product = ((gate + (1 << 15)) >> 1) * value
    cut = np.where(product < 0, -(-product >> 15), product >> 15)  # towards zero
    return _stored(rounding_shift(cut, -out_shift), y)


FUNCTIONS: Mapping[str, Callable[..., Table | None]] = {
    "abs": absolute,
    "elu": elu,
    "hard_swish": hard_swish,
    "leaky_relu": leaky_relu,
}
"""Those of `Map`; its parameters come behind those of the tensors."""


def _centred(x: QuantParams) -> I64:
    return np.arange(LEAST, MOST + 1, dtype=np.int64) - x.zero_point


def _quotient(x: QuantParams, y: QuantParams) -> float:
    return float(np.float32(x.per_tensor_scale) / np.float32(y.per_tensor_scale))


def _times(numbers: I64, factor: float) -> I64:
    """With a factor of SATURATING or more all results but 0 leave int8."""
    return requantize(numbers, *multiplier_and_shift(min(factor, SATURATING)), Rounding.TFLITE)


def _stored(numbers: I64, y: QuantParams) -> Table:
    return np.clip(numbers + y.zero_point, LEAST, MOST).astype(np.int8)


def _nearest(real: float, y: QuantParams) -> int:
    """In steps, ties away from zero."""
    steps = float(np.clip(np.float32(real) / np.float32(y.per_tensor_scale), -SATURATING, SATURATING))
    return floor(abs(steps) + 0.5) * (1 if steps >= 0 else -1)


def _in_sixteenths(x: QuantParams) -> tuple[I64, I64, int]:
    """Numbers, the same with INPUT_BITS above the point, and the least number that is too large for that."""
    multiplier, shift = multiplier_and_shift(x.per_tensor_scale * 2 ** (31 - INPUT_BITS))
    radius = floor((2**INPUT_BITS - 1) * 2 ** (31 - INPUT_BITS) / 2**shift)
    numbers = _centred(x)
    inside = np.where(np.abs(numbers) < radius, numbers, 0)
    return numbers, requantize(inside, multiplier, shift, Rounding.TFLITE), radius


def _saturated(result: I64, numbers: I64, radius: int) -> Table:
    inside = np.clip(result, LEAST, MOST)
    return np.where(numbers <= -radius, LEAST, np.where(numbers >= radius, MOST, inside)).astype(np.int8)


def _upper_half(multiplier: int) -> int:
    return min((multiplier + (1 << 15)) >> 16, 2**15 - 1)


def _high_mult_16(a: I64, b: int) -> I64:
    """round(a · b / 2^15), ties up."""
    return (a * b + (1 << 14)) >> 15


def _left_16(a: I64, bits: int) -> I64:
    return np.asarray(np.clip(a << bits, -(2**15), 2**15 - 1))
