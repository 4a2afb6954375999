"""Every kernel call an operator can lower to computes what the operator's `eval_float` or `eval_int` says.

Integer kernels, tinyc's own and those of the CMSIS-NN interface, bit for bit and in both roundings.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from call import Kernels
from hypothesis import given, settings
from hypothesis import strategies as st
from op_cases import CASES, Case, float_problem, int_problem
from op_windows import draw_region, part_of

from tinyc.ir.kernel import Candidate, KernelTarget
from tinyc.ir.parts import cut
from tinyc.ir.types import Rounding
from tinyc.ops import Conv2D

KernelsFor = Callable[[Rounding], Kernels]

COMPUTED = [name for name in CASES if name != "reshape"]  # a view has no kernel
FLOAT = [name for name in COMPUTED if name != "requantize"]  # it is not in float graphs
TARGETS = st.sampled_from([KernelTarget(), KernelTarget(dsp=True), KernelTarget(dsp=True, mve=True)])


def places(candidate: Candidate) -> list[tuple[int, int] | None]:
    """The inputs whose place the result may take, none of them below it; None for a place of its own."""
    lags = candidate[0].lags if len(candidate) == 1 else {}
    return [None, *((i, 0) for i, lag in lags.items() if lag == 0)]


@pytest.mark.parametrize("name", FLOAT)
@settings(deadline=None)
@given(data=st.data())
def test_float_kernels(name: str, kernels_for: KernelsFor, data: st.DataObject) -> None:
    problem = float_problem(data.draw(CASES[name]))
    (expected,) = problem.op.eval_float(*problem.ins)
    candidates = problem.op.kernels(problem.sig, data.draw(TARGETS))
    assert candidates
    for candidate in candidates:
        for place in places(candidate):
            (result,) = kernels_for(Rounding.SINGLE).run(candidate, problem.ins, problem.sig.outs, place)
            np.testing.assert_allclose(result, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize("name", COMPUTED)
@settings(deadline=None)
@given(data=st.data())
def test_integer_kernels(name: str, rounding: Rounding, kernels_for: KernelsFor, data: st.DataObject) -> None:
    problem = int_problem(data.draw(CASES[name]), rounding)
    (expected,) = problem.op.eval_int(problem.ins, problem.sig)
    candidates = problem.op.kernels(problem.sig, data.draw(TARGETS))
    assert candidates
    for candidate in candidates:
        for place in places(candidate):
            (result,) = kernels_for(rounding).run(candidate, problem.ins, problem.sig.outs, place)
            np.testing.assert_array_equal(result, expected, str([call.function for call in candidate]))


PADDED = [
    # one cell: CMSIS-NN has a shortcut that knows no padding
    Case(Conv2D(pads=(0, 0, 1, 2)), ((2, 3, 2, 4), (5, 1, 1, 4), (5,)), frozenset({1, 2}), seed=1),
    Case(Conv2D(pads=(0, 0, 2, 0), stride=(2, 2)), ((1, 3, 3, 4), (5, 1, 1, 4), (5,)), frozenset({1, 2}), seed=2),
    Case(Conv2D(pads=(0, 2, 0, 0)), ((1, 1, 1, 4), (5, 1, 1, 4), (5,)), frozenset({1, 2}), seed=3),
    # one row: another, that wants the padding split evenly, and at stride 2 none
    Case(Conv2D(pads=(0, 1, 0, 0)), ((1, 1, 6, 4), (5, 1, 3, 4), (5,)), frozenset({1, 2}), seed=4),
    Case(Conv2D(stride=(1, 2)), ((2, 1, 10, 4), (5, 1, 3, 4), (5,)), frozenset({1, 2}), seed=5),
    Case(Conv2D(pads=(0, 2, 0, 2), stride=(1, 2)), ((1, 1, 9, 4), (5, 1, 5, 4), (5,)), frozenset({1, 2}), seed=6),
]


@pytest.mark.parametrize("target", [KernelTarget(), KernelTarget(dsp=True, mve=True)], ids=["scalar", "vector"])
@pytest.mark.parametrize("case", PADDED, ids=lambda case: str(case.op))
def test_padding_that_shortcuts_of_cmsis_nn_overlook(case: Case, target: KernelTarget, kernels_for: KernelsFor) -> None:
    problem = int_problem(case, Rounding.SINGLE)
    for candidate in problem.op.kernels(problem.sig, target):
        (result,) = kernels_for(Rounding.SINGLE).run(candidate, problem.ins, problem.sig.outs)
        np.testing.assert_array_equal(result, problem.op.eval_int(problem.ins, problem.sig)[0])


@pytest.mark.parametrize("name", FLOAT)
@settings(deadline=None)
@given(data=st.data())
def test_part_of_a_float_result_has_the_same_bits(name: str, kernels_for: KernelsFor, data: st.DataObject) -> None:
    problem = float_problem(data.draw(CASES[name]))
    region = draw_region(data, problem)
    part = part_of(problem, region)
    whole_result, part_result = (
        kernels_for(Rounding.SINGLE).run(p.op.kernels(p.sig, KernelTarget())[0], p.ins, p.sig.outs)[0]
        for p in (problem, part)
    )
    assert part_result.tobytes() == cut(whole_result, region).tobytes()
