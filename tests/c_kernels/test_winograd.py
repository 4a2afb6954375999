"""Winograd convolution: every call gives the operator's own results, on the host and on the cores."""

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
from tinyc.ops import Conv2D

NAME = "tinyc_winograd_s8"
TARGET = KernelTarget(dsp=True)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    """Layers that the kernel knows."""
    pads = tuple(draw(st.integers(0, 3)) for _ in range(4))
    plane = tuple(max(1, 3 - pads[a] - pads[a + 2]) + draw(st.integers(0, 12)) for a in range(2))
    channels, out = 4 * draw(st.integers(1, 6)), draw(st.integers(1, 9))
    low, high = draw(CLAMPS)
    op = Conv2D(pads=pads, low=low, high=high)
    shapes = ((draw(st.integers(1, 2)), *plane, channels), (out, 3, 3, channels), (out,))
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
    ((1, 1, 1, 1), (1, 8, 8, 16), 16),
    ((1, 1, 1, 1), (2, 7, 9, 4), 5),
    ((0, 0, 0, 0), (1, 5, 12, 8), 3),
    ((2, 0, 1, 2), (1, 4, 3, 12), 2),
    ((1, 1, 1, 1), (1, 5, 5, 64), 3),
    ((1, 1, 1, 1), (1, 3, 3, 68), 2),
    ((1, 1, 1, 1), (1, 2, 5, 132), 3),
    ((1, 1, 1, 1), (1, 3, 2, 196), 1),
)
CLAMPED = ((-inf, inf), (0.0, 6.0), (-0.3, 0.4))


@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize(
    "board", ["mps2-an386", *(pytest.param(b, marks=pytest.mark.slow) for b in ("mps2-an500", "mps2-an505"))]
)
def test_same_bits_on_the_cores(board: str, rounding: Rounding, tmp_path: Path) -> None:
    need_emulator()
    problems = []
    for index, (pads, x, out) in enumerate(FIXED):
        low, high = CLAMPED[index % len(CLAMPED)]
        op = Conv2D(pads=pads, low=low, high=high)
        case = Case(op, (x, (out, 3, 3, x[3]), (out,)), frozenset((1, 2)), index)
        problem = int_problem(case, rounding)
        assert own_calls(problem)
        problems.append(problem)
    assert NAME in check_on_board(problems, board, tmp_path)
