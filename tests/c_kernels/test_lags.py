"""Results that run over an input: as near as `lags` says they have the same bits, one element nearer they have not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from call import Kernels
from hypothesis import given, settings
from hypothesis import strategies as st
from lag_cases import NONE_NEEDED, TIGHT, TIGHT_IN_INT8, some_rows, tight_problem, window_cases
from op_cases import CASES, Problem, Shape, float_problem, int_problem

from tinyc.ir.kernel import KernelTarget
from tinyc.ir.op import Op
from tinyc.ir.types import Rounding

KernelsFor = Callable[[Rounding], Kernels]

TARGETS = st.sampled_from([KernelTarget(), KernelTarget(dsp=True), KernelTarget(dsp=True, mve=True)])
COMPUTED = [name for name in CASES if name != "reshape"]
SEEDS = range(6)


def check_lags(problem: Problem, kernels: Kernels, target: KernelTarget, more: int) -> None:
    """The portable code, which every target must get along with, with results at the lag and `more` elements below."""
    item = problem.sig.y.dtype.bytes
    for candidate in problem.op.kernels(problem.sig, target):
        (apart,) = kernels.run(candidate, problem.ins, problem.sig.outs)
        for call in candidate:
            assert not call.lags or len(candidate) == 1
            for index, lag in call.lags.items():
                assert index not in problem.sig.constants
                assert 0 <= lag < problem.sig.y.bytes and lag % item == 0
                for distance in {lag, lag + more * item}:
                    (over,) = kernels.run(candidate, problem.ins, problem.sig.outs, (index, distance))
                    assert over.tobytes() == apart.tobytes(), f"{call.function} {distance} bytes below input {index}"


@pytest.mark.parametrize("integer", [True, False], ids=["int8", "float32"])
@pytest.mark.parametrize("name", COMPUTED)
@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_same_bits_at_the_lag(name: str, integer: bool, kernels_for: KernelsFor, data: st.DataObject) -> None:
    case = data.draw(CASES[name])
    if name == "requantize" and not integer:
        return
    problem = int_problem(case, Rounding.SINGLE) if integer else float_problem(case)
    check_lags(problem, kernels_for(Rounding.SINGLE), data.draw(TARGETS), data.draw(st.integers(0, 9)))


@pytest.mark.parametrize("integer", [True, False], ids=["int8", "float32"])
@settings(deadline=None, max_examples=200)
@given(data=st.data())
def test_windows_over_planes_and_over_some_rows(integer: bool, kernels_for: KernelsFor, data: st.DataObject) -> None:
    case = data.draw(window_cases())
    problem = int_problem(case, Rounding.SINGLE) if integer else float_problem(case)
    if data.draw(st.booleans()):
        problem = some_rows(data, problem)
    check_lags(problem, kernels_for(Rounding.SINGLE), data.draw(TARGETS), data.draw(st.integers(0, 9)))


@pytest.mark.parametrize(
    ("op", "shapes", "integer"),
    [*((*case, True) for case in TIGHT_IN_INT8), *((*case, False) for case in TIGHT)],
    ids=str,
)
def test_one_element_nearer_is_too_near(
    op: Op, shapes: tuple[Shape, ...], integer: bool, kernels_for: KernelsFor
) -> None:
    kernels = kernels_for(Rounding.SINGLE)
    spoilt: dict[str, bool] = {}
    for seed in SEEDS:
        problem = tight_problem(op, shapes, integer, seed, Rounding.SINGLE)
        for candidate in problem.op.kernels(problem.sig, KernelTarget()):
            (call,) = candidate
            lag = call.lags.get(0, 0) - problem.sig.y.dtype.bytes
            if lag < 0:
                continue
            (apart,) = kernels.run(candidate, problem.ins, problem.sig.outs)
            (over,) = kernels.run(candidate, problem.ins, problem.sig.outs, (0, lag))
            spoilt[call.function] = spoilt.get(call.function, False) or over.tobytes() != apart.tobytes()
    assert spoilt and all(spoilt.values()), spoilt


@pytest.mark.parametrize("integer", [True, False], ids=["int8", "float32"])
@pytest.mark.parametrize(("op", "shapes"), NONE_NEEDED, ids=str)
def test_some_results_can_take_the_place_of_the_input(op: Op, shapes: tuple[Shape, ...], integer: bool) -> None:
    problem = tight_problem(op, shapes, integer, 0, Rounding.SINGLE)
    assert problem.op.kernels(problem.sig, KernelTarget())[0][0].lags[0] == 0
