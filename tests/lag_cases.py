"""Operators whose results run over an input: random ones, and fixed ones in which one element too near must show."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray
from op_cases import Case, Draw, Problem, Shape, float_problem, int_problem
from op_windows import part_of

from tinyc.ir.op import Op
from tinyc.ir.types import DType, Rounding
from tinyc.ops import Add, AvgPool2D, Conv2D, Dense, DepthwiseConv2D, MatMul, MaxPool2D, Mean, Pad


@st.composite
def window_cases(draw: Draw) -> Case:
    """Convolutions and poolings with kernels of up to 7 cells, on planes of all shapes."""
    single = draw(st.integers(0, 3)) == 0
    kernel = (1, 1) if single else (draw(st.integers(1, 7)), draw(st.integers(1, 7)))
    stride = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    pads = (0, 0, 0, 0) if single else tuple(draw(st.integers(0, kernel[a % 2] - 1)) for a in range(4))
    kind = draw(st.sampled_from([Conv2D, Conv2D, DepthwiseConv2D, MaxPool2D, AvgPool2D]))
    dilation = (1, 1)
    if kind in (Conv2D, DepthwiseConv2D) and not single:
        dilation = draw(st.integers(1, 2)), draw(st.integers(1, 2))
    extents = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    more = 70 if single else 6
    plane = [max(1, extents[a] - pads[a] - pads[a + 2]) + draw(st.integers(0, more if a else 6)) for a in range(2)]
    channels = draw(st.integers(1, 9))
    x = (draw(st.integers(1, 2)), *plane, channels)
    seed = draw(st.integers(0, 2**32 - 1))
    if kind is DepthwiseConv2D:
        out = channels * draw(st.integers(1, 4))
        return Case(kind(stride, pads, dilation), (x, (1, *kernel, out), (out,)), frozenset({1, 2}), seed)
    if kind is Conv2D:
        groups = draw(st.sampled_from([1, 1, 1, channels]))
        out = groups * draw(st.integers(1, 9 if groups == 1 else 2))
        op = Conv2D(stride, pads, dilation, groups)
        return Case(op, (x, (out, *kernel, channels // groups), (out,)), frozenset({1, 2}), seed)
    return Case(kind(kernel, stride, pads), (x,), frozenset(), seed)


def some_rows(data: st.DataObject, problem: Problem) -> Problem:
    """A few neighbouring rows of the result, as regions compute them."""
    first = data.draw(st.integers(0, problem.sig.y.shape[1] - 1))
    last = data.draw(st.integers(first, min(first + 2, problem.sig.y.shape[1] - 1)))
    whole = tuple((0, size) for size in problem.sig.y.shape)
    return part_of(problem, (whole[0], (first, last + 1), *whole[2:]))


def _conv(x: Shape, out: int, kernel: tuple[int, int], op: Conv2D) -> tuple[Op, tuple[Shape, ...]]:
    return op, (x, (out, *kernel, x[3] // op.groups), (out,))


def _depthwise(x: Shape, times: int, kernel: tuple[int, int], op: DepthwiseConv2D) -> tuple[Op, tuple[Shape, ...]]:
    return op, (x, (1, *kernel, x[3] * times), (x[3] * times,))


AROUND = (1, 1, 1, 1)

TIGHT: Sequence[tuple[Op, tuple[Shape, ...]]] = (
    _conv((1, 6, 7, 3), 5, (3, 3), Conv2D(pads=AROUND)),
    _conv((2, 5, 7, 4), 4, (3, 3), Conv2D(pads=AROUND)),
    _conv((1, 9, 9, 2), 6, (3, 3), Conv2D((2, 2), AROUND)),
    _conv((1, 9, 8, 3), 4, (3, 3), Conv2D(dilation=(2, 2), pads=(2, 2, 2, 2))),
    _conv((1, 9, 9, 3), 30, (7, 7), Conv2D((2, 2), (3, 3, 3, 3))),
    _conv((1, 3, 9, 4), 8, (3, 3), Conv2D(pads=(0, 1, 0, 1))),  # one row of a result
    _conv((1, 2, 9, 4), 8, (3, 3), Conv2D(pads=(1, 1, 0, 1))),  # the first one
    _conv((1, 1, 20, 3), 5, (1, 3), Conv2D(pads=(0, 1, 0, 1))),
    _conv((1, 20, 1, 3), 5, (3, 1), Conv2D(pads=(1, 0, 1, 0))),
    _conv((1, 5, 40, 3), 5, (1, 1), Conv2D()),  # strips of pixels
    _conv((1, 5, 26, 4), 7, (1, 1), Conv2D()),
    _conv((1, 3, 43, 3), 6, (1, 1), Conv2D()),  # 129 pixels: two strips
    _conv((1, 1, 30, 8), 8, (1, 1), Conv2D()),
    _conv((2, 1, 66, 4), 8, (1, 1), Conv2D()),
    _conv((1, 4, 9, 2), 6, (1, 1), Conv2D((2, 2))),  # strips of a row each
    _conv((1, 1, 1, 4), 7, (1, 1), Conv2D()),  # one pixel
    _conv((2, 3, 1, 2), 8, (1, 1), Conv2D((2, 1))),  # single pixels
    _depthwise((1, 6, 7, 4), 1, (3, 3), DepthwiseConv2D(pads=AROUND)),
    _depthwise((1, 6, 7, 3), 1, (3, 3), DepthwiseConv2D(pads=AROUND)),
    _depthwise((2, 6, 7, 5), 1, (3, 3), DepthwiseConv2D(pads=AROUND)),
    _depthwise((1, 7, 7, 9), 1, (5, 5), DepthwiseConv2D((2, 2), (2, 2, 2, 2))),
    _depthwise((1, 5, 6, 3), 2, (3, 3), DepthwiseConv2D(pads=AROUND)),
    _depthwise((1, 5, 6, 2), 4, (2, 2), DepthwiseConv2D(pads=(0, 0, 1, 1))),
    _depthwise((1, 5, 6, 1), 8, (3, 3), DepthwiseConv2D(pads=AROUND)),
    _depthwise((1, 2, 9, 8), 1, (3, 3), DepthwiseConv2D(pads=(1, 1, 0, 1))),
    (MaxPool2D((3, 3), (1, 1), AROUND), ((1, 6, 7, 5),)),
    (MaxPool2D((2, 3), (1, 2), (1, 1, 0, 1)), ((2, 4, 9, 4),)),
    (AvgPool2D((3, 3), (1, 1), AROUND), ((1, 6, 7, 5),)),
    (AvgPool2D((2, 2), (1, 1), (1, 1, 0, 0)), ((1, 3, 7, 8),)),
    (Dense(), ((5, 7), (9, 7), (9,))),
    (Dense(), ((5, 12), (8, 12), (8,))),
    (Dense(), ((1, 12), (8, 12), (8,))),
    (MatMul(), ((2, 4, 5), (5, 9))),
    (MatMul(), ((3, 9), (9, 8))),
    (Pad((0, 1, 2, 0), (0, 2, 1, 0), -1.5), ((1, 3, 4, 5),)),
    (Pad((0, 1, 1, 1), (1, 0, 0, 2), -1.5), ((2, 3, 4, 5),)),
)
"""Operators and the shapes of their inputs; the smallest lag is more than nothing and less than the result's size."""

TIGHT_IN_INT8 = (
    *TIGHT,
    _depthwise((1, 5, 6, 5), 1, (1, 1), DepthwiseConv2D()),  # the last four channels overlap the four before
    _conv((1, 1, 5, 1), 2, (1, 1), Conv2D()),  # all filters in one pass
)

NONE_NEEDED: Sequence[tuple[Op, tuple[Shape, ...]]] = (
    (Add(), ((2, 3, 5), (2, 3, 5))),
    (Add(), ((1, 2, 3, 5), (5,))),
    (Mean((1, 2)), ((2, 5, 5, 9),)),
    (AvgPool2D((2, 2), (2, 2)), ((1, 6, 6, 5),)),
    _depthwise((1, 5, 6, 8), 1, (1, 1), DepthwiseConv2D()),
    _conv((1, 8, 8, 12), 4, (3, 3), Conv2D((2, 2))),
)
"""The same, where the result may take the place of the first input."""


def fixed_case(op: Op, shapes: tuple[Shape, ...], seed: int) -> Case:
    """The case; weights and biases are constants."""
    return Case(op, shapes, frozenset({1, 2} if len(shapes) == 3 else ()), seed)


def tight_problem(op: Op, shapes: tuple[Shape, ...], integer: bool, seed: int, rounding: Rounding) -> Problem:
    """Its inputs are spread over all that can be stored, so that hardly any value can change unnoticed."""
    case = fixed_case(op, shapes, seed)
    if not integer:
        return float_problem(case)
    problem = int_problem(case, rounding)
    rng = np.random.default_rng(seed)
    ins = tuple(_spread(rng, x) if i not in problem.sig.constants else x for i, x in enumerate(problem.ins))
    assert all(kind.dtype is DType.I8 for i, kind in enumerate(problem.sig.ins) if i not in problem.sig.constants)
    return Problem(problem.op, problem.sig, ins)


def _spread(rng: np.random.Generator, x: NDArray[Any]) -> NDArray[Any]:
    return rng.integers(-128, 128, x.shape, np.int8)
