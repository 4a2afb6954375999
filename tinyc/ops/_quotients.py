"""Quotients of stored numbers, without divisions: a table has what belongs to each of the 256 divisors.

`nearest`, under `single` rounding: a divisor's word is a factor f with FACTOR_BITS behind the point, and a result is
round(a · f), ties up. A factor is off by half a unit and the product is cut below 2^−RESULT_BITS, so what is
rounded is at most 2^−13 of a step from the exact quotient: a result is the nearest one, or that beside it where the
quotient is so near to the middle between both.

`of_tflite` is TensorFlow Lite Micro's arithmetic, which rounds thrice. A divisor has two words: its reciprocal, that of
a negative one negative, and a shift.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tinyc.ir.fixed_point import doubling_high_mult, multiplier_and_shift, rounding_shift
from tinyc.ops._exponentials import one_over_one_plus

I64 = NDArray[np.int64]

FACTOR_BITS = 23  # of factors below 2^8: with larger ones every result saturates
RESULT_BITS = 14  # behind the point, before rounding
MOST = 2**31 - 1
LARGEST = float(np.finfo(np.float32).max)
BY_ZERO = 127  # a shift with which every result saturates


def factors(divisors: I64, scale: float) -> I64:
    """`scale` / divisor as `nearest` takes it; that of zero is the largest."""
    safe = np.where(divisors == 0, 1, divisors)
    exact = np.where(divisors == 0, np.inf, scale / safe * 2.0**FACTOR_BITS)
    return np.asarray(np.rint(np.clip(exact, -MOST, MOST)), np.int64)


def nearest(a: I64, factor: I64, _: int = 0) -> I64:
    """a · factor; |a| at most 255."""
    product = (a << (32 + RESULT_BITS - FACTOR_BITS)) * factor >> 32
    return np.asarray((product + (1 << (RESULT_BITS - 1))) >> RESULT_BITS)


def tflite_multiplier(a: float, b: float, y: float) -> tuple[int, int]:
    """Of the ratio of scales, which TensorFlow Lite Micro takes in float32."""
    with np.errstate(over="ignore", under="ignore", divide="ignore"):
        ratio = np.float32(a) / (np.float32(b) * np.float32(y))
    return multiplier_and_shift(min(float(ratio), LARGEST))


def tflite_reciprocals(divisors: I64, a: float, b: float, y: float) -> I64:
    """For each divisor its reciprocal times a power of two, in [2^30, 2^31), and the shift that undoes this."""
    _, shift = tflite_multiplier(a, b, y)
    size = np.where(divisors == 0, 1, np.abs(divisors))
    bits = _bits(size)
    reciprocal = one_over_one_plus((size << (32 - bits)) - 2**31)
    shifts = np.where(divisors == 0, BY_ZERO, shift - (bits - 1))
    return np.stack([np.where(divisors < 0, -reciprocal, reciprocal), shifts], axis=-1)


def of_tflite(a: I64, table: I64, multiplier: int) -> I64:
    """a times the reciprocal of each, in the scale of the result; |a| at most 255.

    Shifts that TensorFlow Lite's own arithmetic does not provide for give 0, or saturate.
    """
    reciprocal, shift = table[..., 0], table[..., 1]
    a, reciprocal = np.broadcast_arrays(np.where(reciprocal < 0, -a, a), np.abs(reciprocal))
    room = _sign_bits(a)
    quotient = doubling_high_mult(a << room, reciprocal)
    right = room - shift
    rounded = rounding_shift(doubling_high_mult(quotient, multiplier), np.clip(right, 0, 31))
    return np.where(right > 31, 0, np.clip(rounded, -256, 256))


def _sign_bits(a: I64) -> I64:
    """By how many bits numbers can be shifted to the left within an int32."""
    return np.asarray(31 - _bits(np.where(a < 0, -a - 1, a)))


def _bits(size: I64) -> I64:
    """Of a number at least 0."""
    return np.asarray(np.frexp(size.astype(np.float64))[1].astype(np.int64))
