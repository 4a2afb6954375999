"""A result added up from parts of the input, in any order, has the bits of the result of the whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from op_cases import CASES, Case, float_problem, int_problem
from op_tails import TAILS, draw_parts

from tinyc.ir.kernel import KernelTarget
from tinyc.ir.op import Op
from tinyc.ir.parts import cut
from tinyc.ir.types import Rounding
from tinyc.ops import AvgPool2D, Dense, MaxPool2D, Mean


@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize("name", TAILS)
@settings(deadline=None)
@given(data=st.data())
def test_sums_over_parts(name: str, rounding: Rounding, data: st.DataObject) -> None:
    problem = int_problem(data.draw(TAILS[name]), rounding)
    accumulation = problem.op.accumulation(problem.sig, KernelTarget())
    assert accumulation is not None
    kind = accumulation.sums
    sums = np.full(kind.shape, accumulation.start(), kind.dtype.numpy)
    for region in draw_parts(data, problem.sig.x.shape):
        sums = accumulation.add(region, cut(problem.ins[0], region), sums, problem.ins)
        assert (sums.shape, sums.dtype) == (kind.shape, kind.dtype.numpy)
    result = accumulation.finish(sums)
    assert (result.shape, result.dtype) == (problem.sig.y.shape, np.int8)
    np.testing.assert_array_equal(result, problem.op.eval_int(problem.ins, problem.sig)[0])


@pytest.mark.parametrize("name", TAILS)
@settings(deadline=None, max_examples=10)
@given(data=st.data())
def test_floats_are_not_added_up(name: str, data: st.DataObject) -> None:
    problem = float_problem(data.draw(TAILS[name]))
    assert problem.op.accumulation(problem.sig, KernelTarget()) is None


# A part of the input makes a part of the result, or parts along another axis than they may be cut along.
OTHERWISE: list[tuple[Op, tuple[int, ...]]] = [
    (Mean((2,)), (1, 4, 5, 3)),
    (Mean((1,)), (1, 4, 5, 3)),
    (Mean((3,)), (1, 4, 5, 3)),
    (Mean((1, 2)), (2, 4, 5, 3)),
    (Mean((1,)), (1, 4, 3)),
    (MaxPool2D((4, 4)), (1, 4, 5, 3)),
    (MaxPool2D((4, 5)), (2, 4, 5, 3)),
    (AvgPool2D((4, 4), (4, 4)), (1, 4, 5, 3)),  # one window, which does not see the last column
]


@pytest.mark.parametrize("op, shape", OTHERWISE, ids=str)
def test_what_is_not_a_sum_over_the_plane(op: Op, shape: tuple[int, ...]) -> None:
    problem = int_problem(Case(op, (shape,), frozenset(), 1), Rounding.SINGLE)
    assert op.accumulation(problem.sig, KernelTarget()) is None


def test_dense_layers_of_several_rows_are_not_sums() -> None:
    for shape in ((2, 6), (1, 4, 5, 6), (6,)):
        case = Case(Dense(), (shape, (3, 6), (3,)), frozenset({1, 2}), 1)
        assert case.op.accumulation(int_problem(case, Rounding.SINGLE).sig, KernelTarget()) is None


@settings(deadline=None)
@given(data=st.data())
def test_only_tails_are_sums(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(CASES.keys() - TAILS.keys())))
    problem = int_problem(data.draw(CASES[name]), Rounding.SINGLE)
    assert problem.op.accumulation(problem.sig, KernelTarget()) is None
