"""Layers on cores without the DSP extension: the same bits as `eval_int`, on the host and on M0 and M3."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from call import Kernels
from hypothesis import given, settings
from hypothesis import strategies as st
from layers import check_on_board
from op_cases import CLAMPS, Case, Draw, Problem, int_problem
from op_windows import draw_region, part_of
from tools import need_emulator

from tinyc.ir.kernel import KernelTarget
from tinyc.ir.types import Rounding
from tinyc.ops import Conv2D, Dense, DepthwiseConv2D

KernelsFor = Callable[[Rounding], Kernels]

TARGETS = st.sampled_from([KernelTarget(), KernelTarget(thumb1=True)])
BOARDS = ("qemu-m0", "mps2-an385")
KERNELS = [(1, 1), (3, 3), (1, 5), (4, 1), (2, 3), (5, 5), (10, 4)]


@st.composite
def convolutions(draw: Draw) -> Case:
    """Kernels of all shapes over few and many channels; planes of any size, odd ones too."""
    kernel = draw(st.sampled_from(KERNELS))
    stride = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    pads = tuple(draw(st.integers(0, kernel[a % 2])) for a in range(4))
    plane = [max(1, kernel[a] - pads[a] - pads[a + 2]) + draw(st.integers(0, 5)) for a in range(2)]
    channels, out = draw(st.integers(1, 20)), draw(st.integers(1, 7))
    low, high = draw(CLAMPS)
    shapes = ((draw(st.integers(1, 2)), *plane, channels), (out, *kernel, channels), (out,))
    return Case(Conv2D(stride, pads, low=low, high=high), shapes, frozenset({1, 2}), draw(st.integers(0, 2**32 - 1)))


@st.composite
def depthwise_convolutions(draw: Draw) -> Case:
    """Windows over planes of any size, one or more filters a channel."""
    kernel = draw(st.sampled_from([(1, 1), (3, 3), (5, 5), (1, 4), (7, 2), (2, 3)]))
    stride = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    pads = tuple(draw(st.integers(0, kernel[a % 2])) for a in range(4))
    plane = [max(1, kernel[a] - pads[a] - pads[a + 2]) + draw(st.integers(0, 7)) for a in range(2)]
    channels = draw(st.integers(1, 9))
    out = channels * draw(st.integers(1, 3))
    low, high = draw(CLAMPS)
    op = DepthwiseConv2D(stride, pads, low=low, high=high)
    shapes = ((draw(st.integers(1, 2)), *plane, channels), (1, *kernel, out), (out,))
    return Case(op, shapes, frozenset({1, 2}), draw(st.integers(0, 2**32 - 1)))


@st.composite
def dense_layers(draw: Draw) -> Case:
    rows, depth, out = (
        draw(st.integers(1, 5)),
        draw(st.integers(1, 200) | st.integers(250, 600)),
        draw(st.integers(1, 9)),
    )
    low, high = draw(CLAMPS)
    shapes = ((rows, depth), (out, depth), (out,))
    return Case(Dense(low=low, high=high), shapes, frozenset({1, 2}), draw(st.integers(0, 2**32 - 1)))


def check(problem: Problem, target: KernelTarget, kernels: Kernels, more: int) -> None:
    """Every call of these kernels, apart from its input and over it."""
    (want,) = problem.op.eval_int(problem.ins, problem.sig)
    for candidate in problem.op.kernels(problem.sig, target):
        (call,) = candidate
        if "_plain_" not in call.function:
            continue
        (got,) = kernels.run(candidate, problem.ins, problem.sig.outs)
        np.testing.assert_array_equal(got, want)
        for lag in call.lags.values():
            (over,) = kernels.run(candidate, problem.ins, problem.sig.outs, (0, lag + more))
            np.testing.assert_array_equal(over, want)


@settings(deadline=None, max_examples=300)
@given(
    case=st.one_of(convolutions(), depthwise_convolutions(), dense_layers()),
    rounding=st.sampled_from(Rounding), target=TARGETS, more=st.integers(0, 5), data=st.data(),
)  # fmt: skip
def test_results(
    case: Case, rounding: Rounding, target: KernelTarget, more: int, kernels_for: KernelsFor, data: st.DataObject
) -> None:
    problem = int_problem(case, rounding)
    if data.draw(st.booleans()):
        problem = part_of(problem, draw_region(data, problem))
    check(problem, target, kernels_for(rounding), more)


def test_sums_that_no_lane_of_23_bits_holds(kernels_for: KernelsFor) -> None:
    """A core without long products has no lanes, and the host must give what it gives."""
    case = Case(Conv2D(pads=(0, 0, 1, 0)), ((1, 9, 4, 16), (5, 10, 4, 16), (5,)), frozenset({1, 2}), seed=1517)
    check(int_problem(case, Rounding.SINGLE), KernelTarget(thumb1=True), kernels_for(Rounding.SINGLE), 0)


def some_cases() -> list[Case]:
    """Every shape of kernel, with and without padding; filters and pixels that fill no block; extreme weights."""
    cases = []
    for seed, kernel in enumerate(KERNELS * 3):
        stride, pads = (1 + seed % 2, 1 + seed % 3), ((kernel[0] // 2, kernel[1] // 2) * 2 if seed % 3 else (0,) * 4)
        shapes = ((1 + seed % 2, 11, 7, 1 + seed % 9), (1 + seed % 6, *kernel, 1 + seed % 9), (1 + seed % 6,))
        clamp = ((-np.inf, np.inf), (0.0, np.inf), (-1.0, 1.0))[seed % 3]
        cases.append(Case(Conv2D(stride, pads, low=clamp[0], high=clamp[1]), shapes, frozenset({1, 2}), seed))
    for seed, kernel in enumerate([(3, 3), (5, 5), (7, 7), (1, 4), (2, 2), (1, 1)] * 3):
        pads = (kernel[0] // 2, kernel[1] // 2) * 2 if seed % 4 else (0,) * 4
        out = (1 + seed % 5) * (1 + seed % 2)
        shapes = ((1 + seed % 2, 9, 8 + seed % 4, 1 + seed % 5), (1, *kernel, out), (out,))
        cases.append(Case(DepthwiseConv2D((1 + seed % 3 // 2,) * 2, pads), shapes, frozenset({1, 2}), seed))
    for seed, (rows, depth, out) in enumerate([(1, 37, 5), (1, 600, 12), (4, 10, 3), (7, 21, 4), (2, 9, 9)]):
        cases.append(Case(Dense(), ((rows, depth), (out, depth), (out,)), frozenset({1, 2}), seed))
    return cases


@pytest.mark.parametrize("rounding", [Rounding.SINGLE, pytest.param(Rounding.TFLITE, marks=pytest.mark.slow)])
@pytest.mark.parametrize("board", BOARDS)
def test_on_boards(board: str, rounding: Rounding, tmp_path: Path) -> None:
    need_emulator()
    made = check_on_board([int_problem(case, rounding) for case in some_cases()], board, tmp_path)
    assert made.count("tinyc_conv_plain_s8_inline") > 20
    assert made.count("tinyc_depthwise_plain_s8_inline") > 15
    assert made.count("tinyc_dense_plain_s8_inline") > 2
