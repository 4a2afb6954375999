"""Layers with a sum behind them in one: the bits of both one by one, on the host and on the cores."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from pathlib import Path

import pytest
from call import Kernels
from chains import ChainProblem, chain_problem, check_on_board, on_dsp_cores, with_weights
from hypothesis import given, settings
from hypothesis import strategies as st
from op_cases import CLAMPS, Case

from tinyc.ir.kernel import KernelTarget
from tinyc.ir.types import Rounding, f32
from tinyc.ops import Add, Conv2D, Dense, DepthwiseConv2D, Sub

TARGET = KernelTarget(dsp=True)
VECTORS = KernelTarget(dsp=True, mve=True)
NAMES = ("tinyc_conv_sum_s8", "tinyc_conv_vectors_sum_s8", "tinyc_winograd_sum_s8")
WEIGHTS = frozenset((1, 2))
WINDOWS = [((1, 1), (1, 1)), ((3, 3), (1, 1)), ((3, 3), (1, 1)), ((3, 3), (2, 1)), ((2, 3), (1, 2))]
Clamp = tuple[float, float]
Shape = tuple[int, ...]


@st.composite
def layers(draw: st.DrawFn) -> Case:
    """Layers whose kernels can sum, of odd sizes and even ones, with all kinds of padding."""
    low, high = draw(CLAMPS)
    seed = draw(st.integers(0, 2**32 - 1))
    if draw(st.integers(0, 5)) == 0:
        rows, depth, out = draw(st.integers(1, 5)), draw(st.integers(1, 30)), draw(st.integers(1, 9))
        return Case(Dense(low=low, high=high), ((rows, depth), (out, depth), (out,)), WEIGHTS, seed)
    kernel, stride = draw(st.sampled_from(WINDOWS))
    pads = tuple(draw(st.integers(0, 2)) for _ in range(4))
    plane = tuple(max(1, kernel[a] - pads[a] - pads[a + 2]) + draw(st.integers(0, 9)) for a in range(2))
    depth, out, batches = draw(st.sampled_from([1, 3, 4, 8, 12])), draw(st.integers(1, 9)), draw(st.integers(1, 2))
    shapes = ((batches, *plane, depth), (out, *kernel, depth), (out,))
    return Case(Conv2D(stride, pads, low=low, high=high), shapes, WEIGHTS, seed)


def with_sum(first: Case, op: Add | Sub, at: int, seed: int, rounding: Rounding) -> ChainProblem:
    """A layer, and the sum of its result, which is operand `at`, and another tensor."""
    (result,) = first.op.infer(*(f32(*shape) for shape in first.shapes))
    return chain_problem([(first, 0), (Case(op, (result.shape, result.shape), frozenset(), seed), at)], rounding)


def test_which_sums_can_be_part_of_a_layer() -> None:
    first = Case(Conv2D(), ((1, 4, 4, 8), (6, 1, 1, 8), (6,)), WEIGHTS, 2)
    names = {call.function for (call,) in with_sum(first, Add(), 0, 2, Rounding.SINGLE).candidates(TARGET)}
    assert names == {"tinyc_conv_sum_s8"}
    row = chain_problem([(first, 0), (Case(Add(), ((1, 4, 4, 6), (6,)), frozenset(), 2), 0)], Rounding.SINGLE)
    assert row.candidates(TARGET) == []  # the other operand is a row that repeats
    assert with_sum(first, Add(), 0, 2, Rounding.SINGLE).candidates(KernelTarget()) == []
    taps = Case(DepthwiseConv2D(), ((1, 4, 4, 6), (1, 3, 3, 6), (6,)), WEIGHTS, 2)
    assert with_sum(taps, Add(), 0, 2, Rounding.SINGLE).candidates(TARGET) == []


@pytest.mark.parametrize("rounding", Rounding)
@settings(deadline=None, max_examples=50)
@given(first=layers(), clamp=CLAMPS, at=st.integers(0, 1), data=st.data(), more=st.integers(0, 40))
def test_same_bits_as_one_by_one(
    rounding: Rounding, kernels_for: Callable[[Rounding], Kernels], first: Case, clamp: Clamp, at: int,
    data: st.DataObject, more: int,
) -> None:  # fmt: skip
    kind, seed = data.draw(st.sampled_from([Add, Sub])), data.draw(st.integers(0, 2**32 - 1))
    problem = with_sum(first, kind(*clamp), at, seed, rounding)
    for target in (TARGET, VECTORS):
        problem.check(kernels_for(rounding), target, more)


Pair = tuple[int, int]
Pads = tuple[int, int, int, int]
AROUND = (1, 1, 1, 1)
NONE = (0, 0, 0, 0)

# even and odd numbers of pixels and of filters; columns short enough to be written out and longer ones, of whole words
# and not; tiles that lie partly outside; rows of several strips of tiles
FIXED = (
    ((1, 6, 7, 12), 8, (1, 1), (1, 1), NONE),
    ((2, 5, 5, 7), 5, (1, 1), (1, 1), NONE),
    ((1, 3, 3, 96), 11, (1, 1), (1, 1), NONE),
    ((1, 1, 1, 20), 6, (1, 1), (1, 1), NONE),
    ((1, 9, 8, 3), 2, (3, 3), (2, 2), AROUND),
    ((1, 7, 6, 10), 6, (2, 3), (1, 1), (1, 0, 1, 2)),
    ((1, 8, 8, 16), 16, (3, 3), (1, 1), AROUND),
    ((2, 7, 9, 4), 5, (3, 3), (1, 1), AROUND),
    ((1, 5, 12, 8), 3, (3, 3), (1, 1), NONE),
    ((1, 4, 13, 64), 2, (3, 3), (1, 1), (2, 0, 1, 2)),
)

TILES = range(6, len(FIXED))


def fixed(number: int, seed: int, rounding: Rounding = Rounding.SINGLE) -> ChainProblem:
    """One of these with a sum; some have clamps."""
    x, out, kernel, stride, pads = FIXED[number]
    low, high = {1: (0.0, inf), 3: (-0.3, 0.4), 5: (-inf, 0.3)}.get(number, (-inf, inf))
    first = Case(Conv2D(stride, pads, low=low), (x, (out, *kernel, x[3]), (out,)), WEIGHTS, seed)
    return with_sum(first, (Add, Sub)[number // 2 % 2](low, high), number % 2, seed, rounding)


def known(number: int, rounding: Rounding = Rounding.SINGLE) -> ChainProblem:
    """The same with a seed whose scales all kernels know."""
    expected = 5 if number in TILES else 3
    problems = (fixed(number, seed, rounding) for seed in range(number, 99))
    return next(p for p in problems if len(p.candidates(TARGET)) == expected)


@pytest.mark.parametrize("number", [0, 6, 7])
def test_one_byte_nearer_to_the_other_operand_is_too_near(
    number: int, kernels_for: Callable[[Rounding], Kernels]
) -> None:
    shown = set()
    for seed in range(number, number + 8):
        problem = fixed(number, seed)
        for (call,) in (*problem.candidates(TARGET), *problem.candidates(VECTORS)):
            other = 4 - number % 2
            assert other in call.lags and call.lags[other] > 0
            outs = problem.problems[-1].sig.outs
            (over,) = kernels_for(Rounding.SINGLE).run((call,), problem.ins, outs, (other, call.lags[other] - 1))
            if over.tobytes() != problem.result.tobytes():
                shown.add(call.function)
    assert shown == set(NAMES[: 2 + (number in TILES)])


@with_weights
@on_dsp_cores
def test_same_bits_on_the_cores(board: str, rounding: Rounding, pick: str, tmp_path: Path) -> None:
    problems = [known(number, rounding) for number in range(len(FIXED))]
    code = check_on_board(problems, board, tmp_path, f"tinyc_conv_sum_s8 {pick}".strip())
    assert ("model_conv_sum_s8_" in code) == bool(pick)


@pytest.mark.parametrize("pick", ["inline", pytest.param("", marks=pytest.mark.slow)])
@on_dsp_cores
def test_tiles_have_the_same_bits_on_the_cores(board: str, rounding: Rounding, pick: str, tmp_path: Path) -> None:
    problems = [known(number, rounding) for number in TILES]
    code = check_on_board(problems, board, tmp_path, f"tinyc_winograd_sum_s8 {pick}".strip())
    assert ("model_winograd_sum_s8_" in code) == bool(pick)


@pytest.mark.parametrize("pick", ["inline", pytest.param("", marks=pytest.mark.slow)])
@pytest.mark.parametrize("rounding", [Rounding.SINGLE, pytest.param(Rounding.TFLITE, marks=pytest.mark.slow)])
def test_vectors_have_the_same_bits_on_the_core(rounding: Rounding, pick: str, tmp_path: Path) -> None:
    some = [[fixed(i, seed, rounding) for seed in range(i, i + 9)] for i in range(len(FIXED))]
    problems = [next(p for p in problems if p.candidates(VECTORS)) for problems in some]
    code = check_on_board(problems, "mps3-an547", tmp_path, f"tinyc_conv_vectors_sum_s8 {pick}".strip())
    assert ("model_conv_vectors_sum_s8_" in code) == bool(pick)
