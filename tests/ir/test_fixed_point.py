"""Fixed-point arithmetic against exact fractions."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tinyc.ir.fixed_point import (
    doubling_high_mult,
    multiplier_and_shift,
    multipliers_and_shifts,
    requantize,
    rounding_shift,
    whole_factors,
)
from tinyc.ir.types import Rounding

HALF = Fraction(1, 2)
INT32 = st.integers(-(2**31), 2**31 - 1)
MULTIPLIERS = st.integers(2**30, 2**31 - 1)
POWERS_OF_TWO = st.sampled_from([2**30])  # exact ties are found with these
FACTORS = st.floats(2.0**-30, 2.0**8, allow_nan=False)


def half_up(x: Fraction) -> int:
    return floor(x + HALF)


def half_away(x: Fraction) -> int:
    return half_up(x) if x >= 0 else -half_up(-x)


def one(result: object) -> int:
    return int(np.asarray(result).item())


@given(INT32, MULTIPLIERS | POWERS_OF_TWO, st.integers(-30, 8))
@settings(deadline=None)
@example(-1, 2**30, 0)  # −1/2 becomes 0
@example(-3, 2**30, 0)  # −3/2 becomes −1
@example(2**31 - 1, 2**31 - 1, 0)
@example(-(2**31), 2**31 - 1, 0)
def test_single_rounds_once_ties_up(acc: int, multiplier: int, shift: int) -> None:
    got = requantize(np.array([acc]), multiplier, shift, Rounding.SINGLE)
    assert one(got) == half_up(Fraction(acc * multiplier, 2 ** (31 - shift)))


@given(INT32, MULTIPLIERS | POWERS_OF_TWO, st.integers(-30, 8))
@settings(deadline=None)
@example(-1, 2**30, 0)
@example(-2, 2**30, -1)  # −1/2: the second rounding goes away from zero
@example(3, 2**30, -1)  # 3/4 is rounded to 2 halves, and those to 1
def test_tflite_rounds_twice_the_second_time_away_from_zero(acc: int, multiplier: int, shift: int) -> None:
    acc >>= max(shift, 0)  # shifted left it must stay within 32 bits
    got = requantize(np.array([acc]), multiplier, shift, Rounding.TFLITE)
    high = half_up(Fraction((acc << max(shift, 0)) * multiplier, 2**31))
    assert one(got) == half_away(Fraction(high, 2 ** max(-shift, 0)))


def test_the_two_modes_differ_on_a_negative_tie() -> None:
    tie = np.array([-2, -6, 2, 6])  # −1/2, −3/2, 1/2, 3/2
    assert requantize(tie, 2**30, -1, Rounding.SINGLE).tolist() == [0, -1, 1, 2]
    assert requantize(tie, 2**30, -1, Rounding.TFLITE).tolist() == [-1, -2, 1, 2]


@given(st.lists(st.tuples(INT32, MULTIPLIERS, st.integers(-30, 0)), min_size=1), st.sampled_from(list(Rounding)))
@settings(deadline=None)
def test_channels_are_requantized_one_by_one(rows: list[tuple[int, int, int]], rounding: Rounding) -> None:
    acc, multipliers, shifts = (list(column) for column in zip(*rows, strict=True))
    together = requantize(np.array([acc, acc]), multipliers, shifts, rounding)
    alone = [one(requantize(np.array([a]), m, s, rounding)) for a, m, s in rows]
    assert together.tolist() == [alone, alone]


@given(FACTORS)
@settings(deadline=None)
@example(1.0)
@example(0.5)
@example(1 - 2.0**-40)  # the mantissa is rounded up to a whole one
def test_a_factor_is_kept_to_31_bits(real: float) -> None:
    multiplier, shift = multiplier_and_shift(real)
    assert 2**30 <= multiplier < 2**31
    value = Fraction(multiplier) * Fraction(2) ** (shift - 31)
    assert abs(value - Fraction(real)) <= Fraction(real) / 2**31


@pytest.mark.parametrize("real", [0.0, 2.0**-33])
def test_a_factor_that_cannot_matter_is_zero(real: float) -> None:
    assert multiplier_and_shift(real) == (0, 0)


@given(st.lists(FACTORS, min_size=1, max_size=5))
@settings(deadline=None)
def test_channels_share_a_shift_under_single_only(reals: list[float]) -> None:
    own = [multiplier_and_shift(real) for real in reals]
    assert multipliers_and_shifts(reals, Rounding.TFLITE) == ([m for m, _ in own], [s for _, s in own])
    multipliers, shifts = multipliers_and_shifts(reals, Rounding.SINGLE)
    assert shifts == [max(s for _, s in own)] * len(reals)
    unit = Fraction(2) ** (shifts[0] - 31)
    for real, multiplier in zip(reals, multipliers, strict=True):
        assert 0 <= multiplier < 2**31
        # half a unit, or a whole one where the nearest multiplier needs a bit more than there is
        assert abs(multiplier * unit - Fraction(real)) <= (unit / 2 if multiplier < 2**31 - 1 else unit)


@given(INT32, INT32)
@settings(deadline=None)
@example(-(2**31), -(2**31))  # the one product that saturates
@example(-(2**30), 1)  # −1/2 becomes 0
def test_doubling_high_mult(a: int, b: int) -> None:
    want = min(half_up(Fraction(a * b, 2**31)), 2**31 - 1)
    assert one(doubling_high_mult(np.array([a]), np.array([b]))) == want


@given(INT32, st.integers(0, 31))
@settings(deadline=None)
@example(-3, 1)
def test_rounding_shift(x: int, exponent: int) -> None:
    assert one(rounding_shift(np.array([x]), exponent)) == half_away(Fraction(x, 2**exponent))


@given(st.floats(2.0**-30, 2.0**8), st.floats(2.0**-30, 2.0**8), st.integers(1, 2**15))
@settings(deadline=None)
@example(0.1, 0.1, 2**15 - 1)
@example(1.0, 2.0**-20, 2**15 - 1)  # the smaller one is next to nothing
@example(1.0, 1 - 2.0**-20, 2**15 - 1)  # or next to the larger
def test_whole_factors_have_the_ratio(a: float, b: float, most: int) -> None:
    first, second = whole_factors(a, b, most)
    assert whole_factors(b, a, most) == (second, first)
    assert most < 2 * max(first, second) <= 2 * most
    ratio = Fraction(min(a, b)) / Fraction(max(a, b))
    assert abs(ratio - Fraction(min(first, second), max(first, second))) <= Fraction(1, 2 * most)


@given(st.floats(2.0**-4, 1), st.integers(1, 60))
@settings(deadline=None)
def test_no_whole_factors_are_nearer_to_the_ratio(ratio: float, most: int) -> None:
    larger, smaller = whole_factors(1.0, ratio, most)
    errors = [abs(Fraction(p, q) - Fraction(ratio)) for q in range(1, most + 1) for p in range(q + 1)]
    assert abs(Fraction(smaller, larger) - Fraction(ratio)) == min(errors)
