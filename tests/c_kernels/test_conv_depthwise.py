"""Convolutions with a depthwise one behind them in one: the bits of both one by one, on the host and on the cores."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from pathlib import Path

import pytest
from call import Kernels
from chains import (
    ChainProblem,
    chain_problem,
    check_on_board,
    convolutions,
    depthwise,
    on_dsp_cores,
    result_shape,
    with_weights,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from op_cases import Case

from tinyc.ir.kernel import KernelTarget
from tinyc.ir.types import Rounding
from tinyc.ops import Conv2D, DepthwiseConv2D

TARGET = KernelTarget(dsp=True)


@st.composite
def chains(draw: st.DrawFn, rounding: Rounding) -> ChainProblem:
    """Layers that the kernel knows, of odd sizes and even ones, with all kinds of padding."""
    conv = draw(convolutions())
    return chain_problem([(conv, 0), (draw(depthwise(result_shape(conv), (1, 1, 1, 2))), 0)], rounding)


@pytest.mark.parametrize("rounding", [Rounding.SINGLE, pytest.param(Rounding.TFLITE, marks=pytest.mark.slow)])
@settings(deadline=None, max_examples=50)
@given(data=st.data(), more=st.integers(0, 40))
def test_same_bits_as_one_by_one(
    rounding: Rounding, kernels_for: Callable[[Rounding], Kernels], data: st.DataObject, more: int
) -> None:
    data.draw(chains(rounding)).check(kernels_for(rounding), TARGET, more)


def test_one_byte_nearer_is_too_near(kernels_for: Callable[[Rounding], Kernels]) -> None:
    # stride 1 and more channels than x has: what is written soon reaches what is still to be read
    problem = fixed((1, 9, 8, 3), 5, (1, 1), (1, 1), (0, 0, 0, 0), (3, 3), (1, 1), (1, 1, 1, 1), -inf, seed=1)
    for candidate in problem.candidates(TARGET):
        (lag,) = candidate[0].lags.values()
        outs = problem.problems[-1].sig.outs
        (over,) = kernels_for(Rounding.SINGLE).run(candidate, problem.ins, outs, (0, lag - 1))
        assert lag > 0 and over.tobytes() != problem.result.tobytes()


Pair = tuple[int, int]
Pads = tuple[int, int, int, int]


def fixed(
    x: tuple[int, int, int, int],
    channels: int,
    kernel: Pair,
    stride: Pair,
    pads: Pads,
    own_kernel: Pair,
    own_stride: Pair,
    own_pads: Pads,
    low: float,
    seed: int,
    rounding: Rounding = Rounding.SINGLE,
) -> ChainProblem:
    """A convolution with a clamp of its own, and a depthwise one behind it that every third time has one."""
    middle = tuple((x[1 + a] + pads[a] + pads[a + 2] - kernel[a]) // stride[a] + 1 for a in range(2))
    shapes = (x, (channels, *kernel, x[3]), (channels,))
    first = Case(Conv2D(stride, pads, low=low), shapes, frozenset((1, 2)), seed)
    op = DepthwiseConv2D(own_stride, own_pads, high=inf if seed % 3 else 0.4)
    shapes = ((x[0], *middle, channels), (1, *own_kernel, channels), (channels,))
    return chain_problem([(first, 0), (Case(op, shapes, frozenset((1, 2)), seed), 0)], rounding)


AROUND = (1, 1, 1, 1)
NONE = (0, 0, 0, 0)

# even and odd rows, with and without a partner for the first and the last; channels that are left over; columns short
# enough to be written out and longer ones; planes that the assembly does not reach
FIXED = (
    ((1, 9, 8, 12), 8, (1, 1), (1, 1), NONE, (3, 3), (1, 1), AROUND),
    ((2, 6, 13, 7), 5, (1, 1), (1, 1), NONE, (3, 3), (1, 1), AROUND),
    ((1, 3, 3, 70), 63, (1, 1), (1, 1), NONE, (3, 3), (1, 1), AROUND),
    ((1, 12, 24, 9), 10, (1, 1), (1, 1), NONE, (3, 3), (2, 2), (0, 0, 1, 1)),
    ((1, 7, 7, 20), 11, (1, 1), (1, 1), NONE, (5, 5), (1, 1), (2, 2, 2, 2)),
    ((1, 10, 9, 6), 7, (1, 1), (1, 1), NONE, (7, 7), (2, 2), (3, 3, 3, 3)),
    ((1, 12, 12, 3), 8, (3, 3), (2, 2), (0, 0, 1, 1), (3, 3), (1, 1), AROUND),
    ((1, 8, 9, 5), 6, (3, 3), (1, 1), AROUND, (4, 2), (1, 1), (1, 0, 2, 1)),
    ((1, 13, 10, 1), 6, (10, 4), (2, 2), (4, 1, 5, 1), (3, 3), (1, 1), AROUND),
    ((1, 3, 140, 4), 3, (1, 1), (1, 1), NONE, (7, 3), (1, 1), (3, 1, 3, 1)),
    ((1, 1, 1, 4), 4, (1, 1), (1, 1), NONE, (3, 3), (1, 1), AROUND),
)  # fmt: skip


@with_weights
@on_dsp_cores
def test_same_bits_on_the_cores(board: str, rounding: Rounding, pick: str, tmp_path: Path) -> None:
    lows = (0.0, -inf, -0.3)
    some = [[fixed(*sizes, lows[i % 3], i + 3 * k, rounding) for k in range(9)] for i, sizes in enumerate(FIXED)]
    problems = [next(p for p in seeds if len(p.candidates(TARGET)) == 3) for seeds in some]
    code = check_on_board(problems, board, tmp_path, f"tinyc_conv_depthwise_s8 {pick}".strip())
    assert ("model_conv_depthwise_s8_" in code) == bool(pick)
