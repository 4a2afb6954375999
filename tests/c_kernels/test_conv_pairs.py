"""Convolutions and dense layers as products of pairs of pixels and pairs of filters: the same bits as `eval_int`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
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

from tinyc.ir.kernel import Candidate, KernelTarget
from tinyc.ir.types import Rounding
from tinyc.ops import Conv2D, Dense
from tinyc.ops.kernels import conv_pairs

KernelsFor = Callable[[Rounding], Kernels]

DSP = KernelTarget(dsp=True)
SEEDS = st.integers(0, 2**32 - 1)


@st.composite
def convolutions(draw: Draw) -> Case:
    """Kernels of all shapes over few and many channels; planes of any size, odd ones too."""
    kernel = draw(st.sampled_from([(1, 1), (3, 3), (1, 5), (4, 1), (2, 3), (5, 5), (10, 4)]))
    stride = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    some = st.just(0) if draw(st.booleans()) else st.integers(0, 5)
    pads = tuple(min(draw(some), kernel[a % 2]) for a in range(4))
    plane = [max(1, kernel[a] - pads[a] - pads[a + 2]) + draw(st.integers(0, 5 + 20 * a)) for a in range(2)]
    channels, out = draw(st.integers(1, 20)), draw(st.integers(1, 7))
    low, high = draw(CLAMPS)
    op = Conv2D(stride, pads, low=low, high=high)
    shapes = ((draw(st.integers(1, 2)), *plane, channels), (out, *kernel, channels), (out,))
    return Case(op, shapes, frozenset({1, 2}), draw(SEEDS))


@st.composite
def dense_layers(draw: Draw) -> Case:
    rows, depth, out = draw(st.integers(1, 5)), draw(st.integers(1, 200)), draw(st.integers(1, 9))
    low, high = draw(CLAMPS)
    shapes = ((rows, depth), (out, depth), (out,))
    return Case(Dense(low=low, high=high), shapes, frozenset({1, 2}), draw(SEEDS))


LAYERS: dict[str, st.SearchStrategy[Case]] = {"conv2d": convolutions(), "dense": dense_layers()}


def candidates(problem: Problem) -> list[Candidate]:
    """Those of these kernels."""
    op, clamp = problem.op, (problem.op.low, problem.op.high)
    if isinstance(op, Conv2D):
        found = conv_pairs.convolutions(problem.sig, DSP, clamp, op.window_over(problem.sig.ins[1].shape))
    else:
        found = conv_pairs.dense(problem.sig, DSP, clamp)
    return list(found)


@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize("layer", LAYERS)
@settings(deadline=None, max_examples=150)
@given(data=st.data(), more=st.integers(0, 5))
def test_on_this_machine(
    layer: str, rounding: Rounding, kernels_for: KernelsFor, data: st.DataObject, more: int
) -> None:
    problem = int_problem(data.draw(LAYERS[layer]), rounding)
    if data.draw(st.booleans()):
        problem = part_of(problem, draw_region(data, problem))
    (want,) = problem.op.eval_int(problem.ins, problem.sig)
    for candidate in candidates(problem):
        (got,) = kernels_for(rounding).run(candidate, problem.ins, problem.sig.outs)
        np.testing.assert_array_equal(got, want)
        for lag in candidate[0].lags.values():
            (over,) = kernels_for(rounding).run(candidate, problem.ins, problem.sig.outs, (0, lag + more))
            np.testing.assert_array_equal(over, want)


def _conv(x: tuple[int, int, int], out: int, kernel: tuple[int, int], op: Conv2D, low: float = -np.inf) -> Case:
    shapes = ((1, *x), (out, *kernel, x[2]), (out,))
    return Case(replace(op, low=low), shapes, frozenset({1, 2}), 7)


AROUND = (1, 1, 1, 1)

# What the compiler is given constants for: depths that are written out, that take rounds and leave some over; a pixel
# that is left over, a filter that is; borders of short windows and of long ones.
ON_BOARD = (
    _conv((6, 6, 16), 8, (1, 1), Conv2D()),
    _conv((5, 5, 64), 4, (1, 1), Conv2D()),
    _conv((3, 3, 76), 4, (1, 1), Conv2D()),
    _conv((2, 3, 300), 3, (1, 1), Conv2D()),
    _conv((4, 18, 5), 6, (1, 1), Conv2D((2, 1))),
    _conv((6, 16, 16), 6, (3, 3), Conv2D(pads=AROUND)),
    _conv((6, 16, 16), 6, (3, 3), Conv2D(pads=AROUND), low=0.0),
    _conv((7, 7, 13), 5, (3, 3), Conv2D(pads=AROUND)),
    _conv((9, 33, 3), 8, (3, 3), Conv2D((2, 2), (0, 0, 1, 1))),
    _conv((9, 36, 3), 7, (3, 3), Conv2D((2, 2), (1, 1, 1, 1))),
    _conv((13, 10, 1), 6, (10, 4), Conv2D((2, 2), (4, 1, 5, 1))),
    _conv((3, 2, 2), 4, (5, 5), Conv2D(pads=(2, 2, 2, 2))),
    _conv((1, 1, 3), 2, (3, 3), Conv2D(pads=AROUND)),
    *(Case(Dense(), shapes, frozenset({1, 2}), 7) for shapes in (
        ((1, 128), (12, 128), (12,)),
        ((1, 9), (3, 9), (3,)),
        ((1, 4), (2, 4), (2,)),
        ((4, 333), (5, 333), (5,)),
        ((5, 20), (1, 20), (1,)),
    )),
)  # fmt: skip


WIDE, BYTES, SIZE = "tinyc_conv_pairs_wide_s8", "tinyc_conv_pairs_s8", "size"


@pytest.mark.parametrize(
    ("board", "rounding", "form"),
    [
        *(("mps2-an386", rounding, form) for rounding in Rounding for form in (WIDE, BYTES, SIZE)),
        ("mps2-an500", Rounding.SINGLE, WIDE),
        ("mps2-an505", Rounding.SINGLE, BYTES),
    ],
)
def test_on_the_cores(
    board: str, rounding: Rounding, form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need_emulator()
    problems = [int_problem(case, rounding) for case in ON_BOARD]
    offered = {id(p.sig.constants[1]): candidates(p) for p in problems}

    def chosen(candidates: list[Candidate]) -> list[Candidate]:
        return [(c,) for (c,) in candidates if (c.function if c.inline else SIZE) == form]

    picked = [p for p in problems if chosen(offered[id(p.sig.constants[1])])]
    assert len(picked) > len(problems) // 2
    for kind in (Conv2D, Dense):
        monkeypatch.setattr(kind, "kernels", lambda op, sig, target: chosen(offered[id(sig.constants[1])]))
    made = check_on_board(picked, board, tmp_path)
    assert ("conv_pairs" in made) if form == SIZE else (f"{form}_inline" in made)
