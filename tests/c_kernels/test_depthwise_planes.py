"""Depthwise convolution on pairs of rows: every call gives the operator's own results, on the host and on the cores."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
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
from tinyc.ops import DepthwiseConv2D, depthwise_conv2d
from tinyc.ops.kernels import depthwise_planes

NAME = "tinyc_depthwise_planes_s8"
TARGET = KernelTarget(dsp=True)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Layers that the kernel knows."""
    kernel = draw(st.sampled_from([(3, 3), (3, 3), (5, 5), (7, 7), (2, 3), (4, 3), (3, 1), (2, 2), (6, 2), (3, 5)]))
    stride = draw(st.sampled_from([(1, 1), (1, 1), (2, 2), (1, 2), (2, 1)]))
    pads = tuple(draw(st.integers(0, 4)) for _ in range(4))
    plane = tuple(max(1, kernel[a] - pads[a] - pads[a + 2]) + draw(st.integers(0, 13)) for a in range(2))
    channels = draw(st.integers(1, 13))
    out = channels * draw(st.sampled_from([1, 1, 1, 2, 3]))
    low, high = draw(CLAMPS)
    op = DepthwiseConv2D(stride, pads, low=low, high=high)
    shapes = ((draw(st.integers(1, 2)), *plane, channels), (1, *kernel, out), (out,))
    return Case(op, shapes, frozenset((1, 2)), draw(st.integers(0, 2**32 - 1)))


def own_calls(problem: Problem) -> list[Candidate]:
    return [c for c in problem.op.kernels(problem.sig, TARGET) if c[0].function == NAME]


@pytest.mark.parametrize("rounding", Rounding)
@settings(deadline=None, max_examples=300)
@given(case=cases(), more=st.integers(0, 40))
def test_same_bits_as_the_operator(
    rounding: Rounding, kernels_for: Callable[[Rounding], Kernels], case: Case, more: int
) -> None:
    problem = int_problem(case, rounding)
    (want,) = problem.op.eval_int(problem.ins, problem.sig)
    for candidate in own_calls(problem):
        kernels_for(rounding).check(candidate, problem.ins, problem.sig.outs, want, more)


FIXED = (
    ((3, 3), (1, 1), (1, 1, 1, 1), (1, 9, 8, 12)),
    ((3, 3), (1, 1), (1, 1, 1, 1), (2, 6, 13, 7)),
    ((3, 3), (1, 1), (1, 1, 1, 1), (1, 3, 3, 263)),
    ((3, 3), (1, 1), (0, 2, 3, 0), (1, 5, 21, 300)),
    ((3, 3), (1, 1), (2, 0, 0, 0), (1, 4, 3, 2)),
    ((3, 3), (2, 2), (0, 0, 1, 1), (1, 12, 24, 9)),
    ((3, 3), (2, 2), (1, 1, 1, 1), (1, 7, 7, 263)),
    ((3, 3), (1, 2), (1, 1, 1, 1), (1, 7, 20, 5)),
    ((3, 3), (2, 1), (1, 1, 1, 1), (1, 7, 20, 5)),
    ((2, 3), (1, 1), (1, 1, 0, 1), (1, 5, 6, 3)),
    ((5, 5), (1, 1), (2, 2, 2, 2), (1, 11, 14, 6)),
    ((5, 5), (2, 2), (2, 2, 2, 2), (1, 11, 11, 5)),
    ((7, 7), (1, 1), (3, 3, 3, 3), (1, 5, 5, 18)),
    ((7, 7), (2, 2), (2, 2, 3, 3), (1, 12, 12, 8)),
    ((4, 2), (1, 1), (1, 0, 2, 1), (1, 8, 9, 10)),
)  # fmt: skip
CLAMPED = ((-inf, inf), (0.0, 6.0), (-0.3, 0.4))


@pytest.mark.parametrize("which", [0, 1, 2], ids=["spread once", "spread again", "for any numbers"])
@pytest.mark.parametrize(
    ("board", "rounding"),
    [
        ("mps2-an386", Rounding.SINGLE),
        ("mps2-an386", Rounding.TFLITE),
        pytest.param("mps2-an500", Rounding.SINGLE, marks=pytest.mark.slow),
        pytest.param("mps2-an505", Rounding.SINGLE, marks=pytest.mark.slow),
    ],
)
def test_same_bits_on_the_cores(
    board: str, rounding: Rounding, which: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_emulator()
    problems = []
    for index, (kernel, stride, pads, x) in enumerate(FIXED):
        low, high = CLAMPED[index % len(CLAMPED)]
        op = DepthwiseConv2D(stride, pads, low=low, high=high)
        case = Case(op, (x, (1, *kernel, x[3]), (x[3],)), frozenset((1, 2)), index)
        problem = int_problem(case, rounding)
        assert own_calls(problem)
        problems.append(problem)
    some = [lambda *args: depthwise_planes.candidates(*args)[which:]]
    monkeypatch.setattr(depthwise_conv2d, "SOURCES", some)
    text = check_on_board(problems, board, tmp_path)
    assert ("planes_s8_inline(" in text) == (which < 2) and "arm_depthwise" not in text
