"""A part of a result, computed by the operator's `window` from parts of its inputs, equals that part of the whole."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from op_cases import CASES, float_problem, int_problem
from op_windows import draw_region, part_of

from tinyc.ir.parts import cut
from tinyc.ir.types import Rounding, f32
from tinyc.ops import ALL_OPS, Conv2D, Recurrent
from tinyc.ops._plain import PlainOp
from tinyc.ops.lookup import Lookup


def test_every_operator_has_cases() -> None:
    without = (Lookup, Recurrent)  # the one has no float form, the other no parts
    with_both = [op.name for op in ALL_OPS if not issubclass(op, PlainOp) and op not in without]
    assert list(CASES) == with_both


@pytest.mark.parametrize("name", CASES)
@settings(deadline=None)
@given(data=st.data())
def test_part_of_float_result(name: str, data: st.DataObject) -> None:
    problem = float_problem(data.draw(CASES[name]))
    region = draw_region(data, problem)
    part = part_of(problem, region)
    assert part.op.infer(*part.sig.ins)[0].shape == part.sig.y.shape
    expected = cut(problem.op.eval_float(*problem.ins)[0], region)
    np.testing.assert_allclose(part.op.eval_float(*part.ins)[0], expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize("name", CASES)
@settings(deadline=None)
@given(data=st.data())
def test_part_of_integer_result(name: str, rounding: Rounding, data: st.DataObject) -> None:
    problem = int_problem(data.draw(CASES[name]), rounding)
    region = draw_region(data, problem)
    part = part_of(problem, region)
    expected = cut(problem.op.eval_int(problem.ins, problem.sig)[0], region)
    np.testing.assert_array_equal(part.op.eval_int(part.ins, part.sig)[0], expected)


def test_part_wholly_in_the_padding() -> None:
    problem = Conv2D(pads=(0, 0, 3, 0))
    x, w, b = f32(1, 2, 1, 1), f32(1, 1, 1, 1), f32(1)
    op, parts = problem.window(((0, 1), (3, 5), (0, 1), (0, 1)), x, w, b)
    assert op == Conv2D(pads=(0, 0, 2, 0))  # rows 3 and 4 of the result see two rows of padding,
    assert parts[0] == ((0, 1), (2, 2), (0, 1), (0, 1))  # and none of the input
