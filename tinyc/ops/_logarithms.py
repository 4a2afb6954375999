"""The logarithm of numbers from 1 on in fixed point, as TensorFlow Lite computes it, after gemmlowp."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tinyc.ir.fixed_point import doubling_high_mult, rounding_shift
from tinyc.ops._exponentials import one_over_one_plus

I64 = NDArray[np.int64]

SUM_BITS = 12  # before the point of what the logarithm is taken of
INNER_BITS = 6  # before the point of logarithms, one more than the result has
LOG_2, ROOT_OF_HALF, FOURTH_ROOT_OF_HALF = 1488522236, 1518500250, 1805811301  # with 31 fraction bits
# 11/240, 1/20, 1/4 times the fourth root of 2; 2 over that root, less the root
OF_CUBE, OF_SQUARE, OF_Q, OF_ONE = 117049297, 127690142, 638450708, 1057819769


def logarithm(z: I64) -> I64:
    """log z, with 26 fraction bits, of numbers from 1 on with 19 of them.

    z is a power of two times r from √½ to 1, whose logarithm is a fraction of polynomials of q = 2 (r − ⁴√½).
    """
    quarter = 1 << (29 - INNER_BITS)
    zeros = _zeros(z)
    r_a = _raised(doubling_high_mult(z << (zeros - 1), ROOT_OF_HALF), 1)
    power_a = (SUM_BITS - zeros << 31 - INNER_BITS) + quarter
    room = _zeros(doubling_high_mult(z, ROOT_OF_HALF)) - 1
    r_b = _raised(z, room)
    power_b = (SUM_BITS - room << 31 - INNER_BITS) - quarter
    r, power = np.minimum(r_a, r_b), np.maximum(power_a, power_b)
    p, q = (r + FOURTH_ROOT_OF_HALF + 1) >> 1, 2 * (r - FOURTH_ROOT_OF_HALF)
    square = doubling_high_mult(q, q)
    above = doubling_high_mult(q, r) + doubling_high_mult(doubling_high_mult(q, square), OF_CUBE)
    factor = OF_ONE + q + doubling_high_mult(square, OF_SQUARE)
    below = doubling_high_mult(p, factor) + doubling_high_mult(q, OF_Q)
    rest = doubling_high_mult(rounding_shift(above, INNER_BITS), one_over_one_plus(below))
    return _raised(doubling_high_mult(power, LOG_2) + rest, 1)


def _zeros(x: I64) -> I64:
    """Leading zeros of positive numbers of 32 bits."""
    return np.asarray(32 - np.frexp(x.astype(np.float64))[1].astype(np.int64))


def _raised(x: I64, bits: int | I64) -> I64:
    return np.asarray(np.clip(x << bits, -(2**31), 2**31 - 1))
