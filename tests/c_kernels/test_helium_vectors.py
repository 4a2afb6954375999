"""Kernels for Helium: every call gives the operator's own results, in portable C and on the core."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from call import Kernels
from hypothesis import given, settings
from hypothesis import strategies as st
from layers import check_on_board
from op_cases import CLAMPS, Case, Problem, int_problem
from tools import need_emulator

from tinyc.ir.kernel import Candidate, KernelTarget
from tinyc.ir.types import Rounding
from tinyc.ops import Conv2D, Dense, DepthwiseConv2D
from tinyc.program.choice import kind

TARGET = KernelTarget(dsp=True, mve=True)
CHANNELS = st.sampled_from([1, 2, 3, 4, 5, 7, 8, 12, 15, 16, 17, 24, 31, 32, 33, 48])
SEEDS = st.integers(0, 2**32 - 1)


@st.composite
def convolutions(draw: st.DrawFn) -> Case:
    single = draw(st.integers(0, 2)) == 0
    kernel = (1, 1) if single else (draw(st.integers(1, 4)), draw(st.integers(1, 4)))
    stride = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    dilation = (draw(st.integers(1, 2)), 1)
    some = st.just(0) if single and draw(st.booleans()) else st.integers(0, 4)
    pads = tuple(draw(some) for _ in range(4))
    extents = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    plane = [max(1, extents[a] - pads[a] - pads[a + 2]) + draw(st.integers(0, 12)) for a in range(2)]
    channels, out = draw(CHANNELS), draw(st.integers(1, 21))
    low, high = draw(CLAMPS)
    op = Conv2D(stride, pads, dilation, low=low, high=high)
    shapes = ((draw(st.integers(1, 2)), *plane, channels), (out, *kernel, channels), (out,))
    return Case(op, shapes, frozenset({1, 2}), draw(SEEDS))


@st.composite
def depthwise(draw: st.DrawFn) -> Case:
    kernel = draw(st.sampled_from([(3, 3), (3, 3), (1, 1), (5, 5), (7, 7), (8, 8), (2, 4), (4, 6), (5, 2), (7, 1)]))
    stride = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    dilation = (draw(st.sampled_from([1, 1, 2])), 1)
    pads = tuple(draw(st.integers(0, 4)) for _ in range(4))
    extents = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    plane = [max(1, extents[a] - pads[a] - pads[a + 2]) + draw(st.integers(0, 12)) for a in range(2)]
    channels = draw(st.integers(4, 21))
    low, high = draw(CLAMPS)
    op = DepthwiseConv2D(stride, pads, dilation, low=low, high=high)
    shapes = ((draw(st.integers(1, 2)), *plane, channels), (1, *kernel, channels), (channels,))
    return Case(op, shapes, frozenset({1, 2}), draw(SEEDS))


@st.composite
def dense(draw: st.DrawFn) -> Case:
    lead = draw(st.sampled_from([(1,), (1,), (3,), (2, 9)]))
    depth, out = draw(st.one_of(CHANNELS, st.integers(1, 200))), draw(st.integers(1, 21))
    low, high = draw(CLAMPS)
    return Case(Dense(low=low, high=high), ((*lead, depth), (out, depth), (out,)), frozenset({1, 2}), draw(SEEDS))


KINDS: dict[str, st.SearchStrategy[Case]] = {
    "tinyc_conv_vectors_s8": convolutions(),
    "tinyc_conv_vectors_s8 dense": dense(),
    "tinyc_depthwise_vectors_s8": depthwise(),
}


def calls_of(name: str, problem: Problem) -> list[Candidate]:
    """The candidates that call the kernel."""
    function = name.split()[0]
    return [c for c in problem.op.kernels(problem.sig, TARGET) if c[0].function == function]


@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize("name", KINDS)
@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_same_bits_in_portable_c(
    name: str, rounding: Rounding, kernels_for: Callable[[Rounding], Kernels], data: st.DataObject
) -> None:
    problem = int_problem(data.draw(KINDS[name]), rounding)
    (want,) = problem.op.eval_int(problem.ins, problem.sig)
    more = data.draw(st.integers(0, 20))
    for candidate in calls_of(name, problem):
        kernels_for(rounding).check(candidate, problem.ins, problem.sig.outs, want, more)


@pytest.mark.parametrize(
    "made", [True, pytest.param(False, marks=pytest.mark.slow)], ids=["made for the layer", "shared"]
)
@pytest.mark.parametrize("rounding", [Rounding.SINGLE, pytest.param(Rounding.TFLITE, marks=pytest.mark.slow)])
@pytest.mark.parametrize("name", KINDS)
def test_same_bits_on_the_core(name: str, rounding: Rounding, made: bool, tmp_path: Path) -> None:
    need_emulator()
    problems: list[Problem] = []

    @settings(max_examples=100, database=None, derandomize=True)
    @given(case=KINDS[name])
    def collect(case: Case) -> None:
        problem = int_problem(case, rounding)
        if calls_of(name, problem):
            problems.append(problem)

    collect()
    assert len(problems) > 40
    (pick,) = {kind(c) for p in problems for c in calls_of(name, p) if c[0].inline is made}
    text = check_on_board(problems, "mps3-an547", tmp_path, pick)
    assert (f"{pick.split()[0]}_inline(" in text, f"{pick}(" in text) == (made, not made)
