"""gemmlowp's fixed-point exponential, and quotients with it, as TensorFlow Lite computes them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tinyc.ir.fixed_point import doubling_high_mult, rounding_shift

I64 = NDArray[np.int64]


def exp_of_negative(x: I64, integer_bits: int = 5) -> I64:
    """e^x for x ≤ 0 with 31 − `integer_bits` fractional bits, as a fraction with 31; gemmlowp's exp_on_negative_values.

    A Taylor polynomial of degree four on [−1/4, 0), times e^(−2^k) for each bit k of the rest.
    """
    quarter = 1 << (29 - integer_bits)
    in_range = (x & (quarter - 1)) - quarter
    rest = in_range - x
    a = (in_range << integer_bits) + (1 << 28)
    a2 = doubling_high_mult(a, a)
    a3_a4 = rounding_shift(doubling_high_mult(a2, a2), 2) + doubling_high_mult(a2, a)
    series = rounding_shift(doubling_high_mult(a3_a4, 715827883) + a2, 1)  # 1/3
    result = 1895147668 + doubling_high_mult(a + series, 1895147668)  # e^(−1/8)
    factors = (1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)  # e^−(1/4, 1/2, 1, … 16)
    for bit, factor in enumerate(factors[: integer_bits + 2]):
        result = np.where(rest & (quarter << bit), doubling_high_mult(result, factor), result)
    return np.where(x == 0, 2**31 - 1, result)


def one_over_one_plus(x: I64) -> I64:
    """1 / (1 + x) for x in [0, 1), both with 31 fractional bits."""
    return _saturating_shift(_double_inverse(x), 1)


def one_minus_over_one_plus(x: I64) -> I64:
    """(1 − x) / (1 + x) for x in [0, 1), both with 31 fractional bits."""
    return _saturating_shift(_double_inverse(x) - (1 << 29), 2)


def _double_inverse(x: I64) -> I64:
    """2 / (1 + x) with 29 fractional bits: three Newton-Raphson steps."""
    half = (x + 2**31) >> 1  # (x + 1) / 2, rounded; x + 2^31 − 1 is never negative here
    guess = 1515870810 + doubling_high_mult(half, -1010580540)  # 48/17 − 32/17 · half
    for _ in range(3):
        error = (1 << 29) - doubling_high_mult(half, guess)
        guess = guess + _saturating_shift(doubling_high_mult(guess, error), 2)
    return guess


def _saturating_shift(x: I64, exponent: int) -> I64:
    return np.asarray(np.clip(x << exponent, -(2**31), 2**31 - 1))
