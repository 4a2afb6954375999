"""Resize: places worked out by hand, the limits of its fields, and how near the integer blend comes to the real one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from op_cases import CASES, Case, int_problem

from tinyc.errors import VerifyError
from tinyc.ir.types import Rounding, f32
from tinyc.ops import Resize

DOUBLE = Resize((4, 2), (-1, 0), (2, 1), (4, 1), linear=True)
"""Twice the rows, whose centres stay where they are (half_pixel): places −1/4, 1/4, 3/4, 5/4."""


def column(*values: float) -> np.ndarray:
    """One column of a plane."""
    return np.array(values, np.float32).reshape(1, -1, 1, 1)


def test_linear_blends_by_distance() -> None:
    x = np.stack([column(0, 8)[..., 0], column(4, 4)[..., 0]], axis=2)
    (y,) = DOUBLE.eval_float(x)
    assert y[0, :, :, 0].tolist() == [[0, 4], [2, 4], [6, 4], [8, 4]]


def test_nearest_takes_the_integer_part() -> None:
    op = Resize((5, 1), (0, 0), (3, 1), (5, 1))  # places 0, 3/5, 6/5, 9/5, 12/5
    assert op.eval_float(column(10, 20, 30))[0].ravel().tolist() == [10, 10, 20, 20, 30]


def test_places_outside_move_to_the_edge() -> None:
    for linear in (False, True):
        op = Resize((6, 1), (-5, 0), (2, 1), (2, 1), linear)  # places −2.5, −1.5, −0.5, 0.5, 1.5, 2.5
        expected = [10, 10, 10, 15, 20, 20] if linear else [10, 10, 10, 10, 20, 20]
        assert op.eval_float(column(10, 20))[0].ravel().tolist() == expected


def test_ties_of_the_integer_blend_go_up() -> None:
    problem = int_problem(
        Case(Resize((3, 1), (0, 0), (1, 1), (2, 1), True), ((1, 2, 1, 1),), frozenset(), 0), Rounding.SINGLE
    )
    for pair, middle in (((3, 4), 4), ((-4, -3), -3), ((-128, 127), 0), ((127, 127), 127), ((-128, -128), -128)):
        x = np.array(pair, np.int8).reshape(1, 2, 1, 1)
        assert problem.op.eval_int([x], problem.sig)[0].ravel().tolist() == [pair[0], middle, pair[1]]


@pytest.mark.parametrize("rounding", Rounding)
@settings(deadline=None)
@given(data=st.data())
def test_integer_blend_is_near_the_real_one(rounding: Rounding, data: st.DataObject) -> None:
    problem = int_problem(data.draw(CASES["resize"]), rounding)
    (stored,) = problem.op.eval_int(problem.ins, problem.sig)
    (real,) = problem.op.eval_float(problem.ins[0].astype(np.float32))
    # half a step for the rounding, and 2^-12 of up to 255 along each axis for the weights
    assert np.abs(stored - real).max() <= 0.5 + 2 * 255 / 4096


def test_a_part_reads_only_what_it_needs() -> None:
    x = f32(1, 2, 2, 3)
    part, (region,) = DOUBLE.window(((0, 1), (0, 1), (0, 2), (0, 3)), x)
    assert region == ((0, 1), (0, 1), (0, 2), (0, 3))  # the first row lies beyond the centre of the first cell
    part, (region,) = DOUBLE.window(((0, 1), (2, 4), (1, 2), (0, 3)), x)
    assert region == ((0, 1), (0, 2), (1, 2), (0, 3))
    assert part == Resize((2, 1), (3, 0), (2, 1), (4, 1), linear=True)
    part, (region,) = DOUBLE.window(((0, 1), (3, 4), (1, 2), (0, 3)), x)
    assert region == ((0, 1), (1, 2), (1, 2), (0, 3))
    assert part == Resize((1, 1), (1, 0), (2, 1), (4, 1), linear=True)


def test_identity() -> None:
    assert Resize((3, 4), (0, 0), (1, 2), (1, 2), True).is_identity(f32(1, 3, 4, 5))
    assert Resize((3, 4), (1, 1), (2, 4), (2, 4)).is_identity(f32(1, 3, 4, 5))
    assert not Resize((3, 4), (1, 1), (2, 4), (2, 4), True).is_identity(f32(1, 3, 4, 5))
    assert not Resize((3, 4), (0, 0), (1, 1), (1, 1)).is_identity(f32(1, 4, 4, 5))


@pytest.mark.parametrize(
    "op",
    [
        Resize((0, 1), (0, 0), (1, 1), (1, 1)),
        Resize((1, 1), (0, 0), (1, -1), (1, 1)),
        Resize((1, 1), (0, 0), (1, 1), (0, 1)),
        Resize((1, 1), (0, 0), (1, 1), (2**19 + 1, 1)),
        Resize((1, 1), (-(2**31), 0), (1, 1), (1, 1)),
        Resize((2**16, 1), (0, 0), (2**15, 1), (1, 1)),
        Resize((2**16, 1), (-(2**16), 0), (2**15, 1), (1, 1)),
    ],
    ids=str,
)
def test_what_32_bits_do_not_hold(op: Resize) -> None:
    with pytest.raises(VerifyError, match="resize: places beyond"):
        op.infer(f32(1, 2, 2, 1))


def test_it_wants_a_plane() -> None:
    with pytest.raises(VerifyError, match="four axes"):
        DOUBLE.infer(f32(2, 2, 1))
