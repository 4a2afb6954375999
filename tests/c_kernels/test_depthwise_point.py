"""Depthwise convolutions with one of single cells behind, and another before, in one: the bits of all one by one."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from pathlib import Path

import pytest
from call import Kernels
from chains import ChainProblem, chain_problem, check_on_board, convolutions, depthwise, on_dsp_cores, result_shape
from hypothesis import given, settings
from hypothesis import strategies as st
from op_cases import CLAMPS, Case, Shape

from tinyc.ir.kernel import KernelTarget
from tinyc.ir.types import Rounding
from tinyc.ops import Conv2D, DepthwiseConv2D

TARGET = KernelTarget(dsp=True)


@st.composite
def chains(draw: st.DrawFn, rounding: Rounding) -> ChainProblem:
    """Layers that the kernels know: two of them, or three."""
    cases = []
    if draw(st.booleans()):
        cases.append(draw(convolutions()))
        x = result_shape(cases[0])
    else:
        x = (draw(st.integers(1, 2)), draw(st.integers(1, 9)), draw(st.integers(1, 9)), draw(st.integers(1, 18)))
    cases.append(draw(depthwise(x)))
    low, high = draw(CLAMPS)
    cases.append(point(result_shape(cases[-1]), draw(st.integers(1, 9)), low, high, draw(st.integers(0, 2**32 - 1))))
    return chain_problem([(case, 0) for case in cases], rounding)


def point(x: Shape, out: int, low: float, high: float, seed: int) -> Case:
    """A convolution of single cells."""
    shapes = (x, (out, 1, 1, x[3]), (out,))
    return Case(Conv2D(low=low, high=high), shapes, frozenset((1, 2)), seed)


@pytest.mark.parametrize("rounding", Rounding)
@settings(deadline=None, max_examples=30)
@given(data=st.data(), more=st.integers(0, 40))
def test_same_bits_as_one_by_one(
    rounding: Rounding, kernels_for: Callable[[Rounding], Kernels], data: st.DataObject, more: int
) -> None:
    data.draw(chains(rounding)).check(kernels_for(rounding), TARGET, more)


Pair = tuple[int, int]
Pads = tuple[int, int, int, int]
First = tuple[int, Pair, Pair, Pads]  # filters, kernel, stride, padding


def fixed(
    x: Shape,
    first: First | None,
    kernel: Pair,
    stride: Pair,
    pads: Pads,
    out: int,
    low: float,
    seed: int,
    rounding: Rounding = Rounding.SINGLE,
) -> ChainProblem:
    """The layers, each with a clamp every now and then."""
    cases = []
    if first:
        channels, cells, steps, around = first
        shapes = (x, (channels, *cells, x[3]), (channels,))
        cases.append(Case(Conv2D(steps, around, low=low), shapes, frozenset((1, 2)), seed))
        x = result_shape(cases[0])
    shapes = (x, (1, *kernel, x[3]), (x[3],))
    op = DepthwiseConv2D(stride, pads, high=inf if seed % 3 else 0.4)
    cases.append(Case(op, shapes, frozenset((1, 2)), seed))
    cases.append(point(result_shape(cases[-1]), out, -inf, inf if seed % 5 else 0.4, seed))
    return chain_problem([(case, 0) for case in cases], rounding)


AROUND = (1, 1, 1, 1)
NONE = (0, 0, 0, 0)


def cells(channels: int) -> First:
    """A convolution of single cells before the others."""
    return channels, (1, 1), (1, 1), NONE


@pytest.mark.parametrize("first", [None, cells(5)], ids=["two", "three"])
def test_one_byte_nearer_is_too_near(first: First | None, kernels_for: Callable[[Rounding], Kernels]) -> None:
    # stride 1 and more channels than x has: what is written soon reaches what is still to be read
    problem = fixed((1, 9, 8, 3), first, (3, 3), (1, 1), AROUND, 7, -inf, seed=1)
    candidates = problem.candidates(TARGET)
    assert candidates
    for candidate in candidates:
        (lag,) = candidate[0].lags.values()
        outs = problem.problems[-1].sig.outs
        (over,) = kernels_for(Rounding.SINGLE).run(candidate, problem.ins, outs, (0, lag - 1))
        assert lag > 0 and over.tobytes() != problem.result.tobytes()


@pytest.mark.parametrize(
    ("kernel", "stride", "pads"),
    [((1, 1), (2, 2), NONE), ((1, 1), (1, 1), AROUND), ((3, 3), (1, 1), AROUND), ((1, 2), (1, 1), (0, 0, 0, 1))],
)
def test_only_single_cells_one_by_one(kernel: Pair, stride: Pair, pads: Pads) -> None:
    before = fixed((1, 8, 8, 3), cells(5), (3, 3), (1, 1), AROUND, 4, -inf, seed=1).problems
    x = before[-1].sig.x.shape
    last = Case(Conv2D(stride, pads), (x, (4, *kernel, x[3]), (4,)), frozenset((1, 2)), 1)
    cases = [Case(p.op, tuple(t.shape for t in p.sig.ins), frozenset((1, 2)), 1) for p in before[:-1]]
    problem = chain_problem([(case, 0) for case in (*cases, last)], Rounding.SINGLE)
    assert not problem.candidates(TARGET)
    assert before[-1].op.fused_kernels(ChainProblem(before, (0, 0, 0)).chain, TARGET)


# even and odd rows, the last of them alone; steps near enough for a store, for offsets, and too far for both; loops and
# rows that are written out; channels and filters that are left over; columns written out and longer ones
FIXED = (
    ((1, 9, 8, 12), cells(8), (3, 3), (1, 1), AROUND, 6),
    ((2, 7, 13, 7), cells(5), (3, 3), (1, 1), AROUND, 9),
    ((1, 3, 3, 20), cells(437), (3, 3), (1, 1), AROUND, 16),
    ((1, 5, 21, 8), cells(70), (3, 3), (1, 1), AROUND, 12),
    ((1, 4, 6, 8), cells(301), (3, 3), (1, 1), AROUND, 5),
    ((1, 12, 24, 9), cells(10), (3, 3), (2, 2), (0, 0, 1, 1), 7),
    ((1, 10, 10, 6), cells(66), (3, 3), (2, 2), AROUND, 8),
    ((1, 7, 7, 20), cells(11), (5, 5), (1, 1), (2, 2, 2, 2), 10),
    ((1, 9, 20, 6), cells(7), (7, 7), (2, 2), (3, 3, 3, 3), 11),
    ((1, 12, 12, 3), (8, (3, 3), (2, 2), (0, 0, 1, 1)), (3, 3), (1, 1), AROUND, 8),
    ((1, 8, 9, 5), (6, (3, 3), (1, 1), AROUND), (4, 2), (1, 1), (1, 0, 2, 1), 3),
    ((1, 1, 1, 4), cells(4), (3, 3), (1, 1), AROUND, 2),
    ((1, 1, 5, 4), cells(3), (3, 3), (1, 1), AROUND, 4),
    ((1, 8, 40, 16), None, (3, 3), (1, 1), AROUND, 128),
    ((2, 7, 9, 13), None, (3, 3), (2, 2), AROUND, 15),
    ((1, 5, 5, 66), None, (5, 5), (1, 1), (2, 2, 2, 2), 7),
)  # fmt: skip


@pytest.mark.parametrize(
    "kind", ["wide inline", pytest.param("inline", marks=pytest.mark.slow)], ids=["int16", "bytes"]
)
@on_dsp_cores
def test_same_bits_on_the_cores(board: str, rounding: Rounding, kind: str, tmp_path: Path) -> None:
    lows = (0.0, -inf, -0.3)
    problems, picks = [], []
    for i, sizes in enumerate(FIXED):
        three = sizes[1] is not None
        some = [fixed(*sizes, lows[i % 3], i + 3 * k, rounding) for k in range(9)]
        problems.append(next(p for p in some if len(p.candidates(TARGET)) == (2 if three else 1)))
        picks.append(f"tinyc_conv_depthwise_point_s8 {kind}" if three else "tinyc_depthwise_point_s8 inline")
    code = check_on_board(problems, board, tmp_path, picks)
    assert "model_conv_depthwise_point_s8_" in code and "model_depthwise_point_s8_" in code
