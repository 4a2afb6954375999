"""The kernel calls that add up parts and finish the sums give the bits that `eval_int` gives for the whole."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from call import Kernels
from hypothesis import given, settings
from hypothesis import strategies as st
from op_cases import Case, int_problem
from op_tails import TAILS, draw_parts

from tinyc.ir.kernel import KernelTarget, Out, tinyc_call
from tinyc.ir.op import Array, Op, Region, Signature
from tinyc.ir.parts import cut
from tinyc.ir.types import Rounding
from tinyc.ops import AvgPool2D, Dense, MaxPool2D, Mean

KernelsFor = Callable[[Rounding], Kernels]


def summed(kernels: Kernels, op: Op, sig: Signature, ins: tuple[Array, ...], parts: list[Region]) -> Array:
    """The result, computed by the calls for these parts."""
    accumulation = op.accumulation(sig, KernelTarget())
    assert accumulation is not None
    kind = accumulation.sums
    (sums,) = kernels.run((tinyc_call("tinyc_fill", Out(), accumulation.start(), kind.bytes),), [], [kind])
    for region in parts:
        operands = [cut(ins[0], region), *ins[1:], sums]  # the last one is where the result starts from
        (sums,) = kernels.run(accumulation.add_calls(region), operands, [kind], over=(len(ins), 0))
    (result,) = kernels.run(accumulation.finish_calls(), [sums, *ins[1:]], sig.outs)
    return result


@pytest.mark.parametrize("rounding", [Rounding.SINGLE, pytest.param(Rounding.TFLITE, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", TAILS)
@settings(deadline=None)
@given(data=st.data())
def test_sums_over_parts(name: str, rounding: Rounding, kernels_for: KernelsFor, data: st.DataObject) -> None:
    problem = int_problem(data.draw(TAILS[name]), rounding)
    parts = draw_parts(data, problem.sig.x.shape)
    result = summed(kernels_for(rounding), problem.op, problem.sig, problem.ins, parts)
    np.testing.assert_array_equal(result, problem.op.eval_int(problem.ins, problem.sig)[0])


LARGE = [
    Case(Mean((1, 2)), ((1, 40, 50, 3),), frozenset(), 1),
    Case(AvgPool2D((40, 50)), ((1, 40, 50, 3),), frozenset(), 2),
    Case(MaxPool2D((40, 50)), ((1, 40, 50, 3),), frozenset(), 3),
    Case(Dense(), ((1, 2000), (5, 2000), (5,)), frozenset({1, 2}), 4),
]


@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize("value", [-128, 127])
@pytest.mark.parametrize("case", LARGE, ids=lambda case: case.op.name)
def test_sums_of_many_extreme_values(case: Case, value: int, rounding: Rounding, kernels_for: KernelsFor) -> None:
    problem = int_problem(case, rounding)
    shape = problem.sig.x.shape
    ins = (np.full(shape, value, np.int8), *problem.ins[1:])
    rest = tuple((0, size) for size in shape[2:])
    parts: list[Region] = [((0, 1), (0, 7), *rest), ((0, 1), (7, shape[1]), *rest)]
    result = summed(kernels_for(rounding), problem.op, problem.sig, ins, parts)
    np.testing.assert_array_equal(result, problem.op.eval_int(ins, problem.sig)[0])
