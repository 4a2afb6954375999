"""The layers that bench_kernels.py measures kernels on, one by one and several in one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from tinyc.ir.op import Op
from tinyc.ir.types import f32
from tinyc.ops import (
    Add,
    AvgPool2D,
    Clamp,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Div,
    MatMul,
    MaxPool2D,
    Mean,
    Mul,
    Normalize,
    Prelu,
    Recurrent,
    Softmax,
    SquaredDifference,
    Sub,
)
from tinyc.ops.recurrent import CELLS

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Layer:
    """An operator with the shapes of its inputs; all but the first `fed` are random constants.

    The first input of each of `behind` is the result of the one before: what is measured is kernels for all in one.
    """

    op: Op
    shapes: tuple[Shape, ...]
    fed: int = 1
    behind: tuple[Layer, ...] = ()
    integers: Mapping[int, int] = field(default_factory=dict)
    """The inputs that are int32, and what all of their elements are."""

    @property
    def name(self) -> str:
        """The operators in one, such as conv2d+max_pool2d."""
        return "+".join(layer.op.name for layer in (self, *self.behind))


def convolution(height: int, width: int, depth: int, out: int, kernel: int | Shape, stride: int = 1) -> Layer:
    """A convolution with as much padding as keeps the size at stride 1."""
    kernel_h, kernel_w = (kernel, kernel) if isinstance(kernel, int) else kernel
    op = Conv2D(stride=(stride, stride), pads=_same(kernel_h, kernel_w))
    return Layer(op, ((1, height, width, depth), (out, kernel_h, kernel_w, depth), (out,)))


def depthwise(height: int, width: int, channels: int, kernel: int = 3, stride: int = 1) -> Layer:
    """A depthwise convolution, padded likewise."""
    op = DepthwiseConv2D(stride=(stride, stride), pads=_same(kernel, kernel))
    return Layer(op, ((1, height, width, channels), (1, kernel, kernel, channels), (channels,)))


def max_pool(height: int, width: int, channels: int, window: int | Shape) -> Layer:
    """Maxima over windows that part the plane."""
    window_h, window_w = (window, window) if isinstance(window, int) else window
    op = MaxPool2D((window_h, window_w), (window_h, window_w))
    return Layer(op, ((1, height, width, channels),))


def dense(rows: int, depth: int, out: int) -> Layer:
    """A fully connected layer."""
    return Layer(Dense(), ((rows, depth), (out, depth), (out,)))


def recurrence(cell: str, steps: int, sequences: int, depth: int, size: int) -> Layer:
    """A recurrent layer of the cell's usual functions, all of whose sequences have the same length."""
    form = CELLS[cell]
    functions = ("sigmoid", "tanh", "tanh")[: form.functions]
    rows, state = form.gates * size, (1, sequences, size)
    shapes = ((steps, sequences, depth), (rows, depth), (rows, size), (rows,), (sequences,), state)
    more = (*([(form.parameters * size,)] if form.parameters else []), *([state] if form.states > 1 else []))
    op = Recurrent(cell, functions, ((),) * form.functions)
    return Layer(op, (*shapes, *more), integers={len(shapes) - 2: steps})


def _same(kernel_h: int, kernel_w: int) -> tuple[int, int, int, int]:
    return (kernel_h - 1) // 2, (kernel_w - 1) // 2, kernel_h // 2, kernel_w // 2


def sweep() -> Iterator[Layer]:
    """The layers: those of well-known networks, and others to tell what their cost depends on."""
    yield from linear()
    for size, channels, kernel, stride in (
        (48, 8, 3, 1), (48, 16, 3, 2), (24, 32, 3, 1), (24, 32, 3, 2), (12, 64, 3, 1), (12, 64, 3, 2), (6, 128, 3, 1),
        (6, 128, 3, 2), (3, 256, 3, 1), (20, 48, 5, 1), (20, 48, 5, 2), (10, 96, 5, 1), (10, 96, 7, 1), (5, 160, 5, 1),
        (5, 96, 7, 1), (9, 7, 3, 1), (40, 16, 7, 2), (13, 30, 3, 1), (6, 107, 3, 1), (12, 27, 3, 1), (5, 200, 7, 1),
        (20, 40, 5, 1),
    ):  # fmt: skip
        yield depthwise(size, size, channels, kernel, stride)
    yield depthwise(25, 5, 64)
    for shape in ((1, 32, 32, 16), (1, 8, 8, 64), (1, 5, 7, 9)):
        yield Layer(Add(), (shape, shape), fed=2)
        yield Layer(Mul(), (shape, shape), fed=2)
        yield Layer(Div(), (shape, shape), fed=2)
        yield Layer(Div(), (shape, (*shape[:3], 1)), fed=2)
        yield Layer(Prelu(), (shape, shape[3:]))
        yield Layer(SquaredDifference(), (shape, shape), fed=2)
    for size, channels, kernel, stride in (
        (8, 64, 8, 8), (16, 16, 2, 2), (13, 24, 3, 2), (25, 10, 5, 5), (32, 8, 2, 2), (6, 40, 3, 1), (9, 13, 2, 1),
        (4, 128, 2, 2), (12, 6, 4, 4),
    ):  # fmt: skip
        for pool in (MaxPool2D, AvgPool2D):
            yield Layer(pool((kernel, kernel), (stride, stride)), ((1, size, size, channels),))
        even = AvgPool2D((kernel, kernel), (stride, stride)).with_even_ties()  # for which Helium has no kernel of Arm's
        yield Layer(even, ((1, size, size, channels),))
    for shape in ((1, 8, 8, 64), (1, 3, 3, 256), (1, 5, 25, 64)):
        yield Layer(Mean((1, 2)), (shape,))
    yield from chains()
    for shape in ((1, 2), (1, 12), (1, 100), (16, 16), (5, 3)):
        yield Layer(Softmax(), (shape,))
    yield Layer(Clamp(0.0, 1.0), ((1, 9, 9, 9),))
    for a, b in (
        ((16, 16, 16), (16, 16, 16)), ((4, 33), (33, 18)), ((1, 64), (64, 10)), ((4, 49, 16), (4, 16, 49)),
        ((32, 64), (64, 64)), ((2, 10, 7), (7, 12)), ((25, 100), (100, 30)),
    ):  # fmt: skip
        yield Layer(MatMul(), (a, b), fed=2)
    for rows, row in ((16, 64), (1, 128), (49, 32), (100, 10), (8, 257), (3, 1000)):
        yield Layer(Normalize(1e-5), ((rows, row), (row,), (row,)))
        yield Layer(Normalize(1e-5, centred=False), ((rows, row), (row,), (row,)))
    for cell in ("rnn", "gru", "lstm"):
        for steps, sequences, depth, size in ((10, 1, 8, 16), (5, 2, 13, 20), (28, 1, 28, 32), (4, 1, 40, 64)):
            yield recurrence(cell, steps, sequences, depth, size)


def linear() -> Iterator[Layer]:
    """Convolutions, with windows of one cell and of more, and dense layers."""
    for size, depth, out in (
        (48, 8, 16), (24, 16, 32), (24, 32, 32), (12, 64, 64), (6, 128, 128), (3, 256, 256), (10, 24, 144), (5, 96, 40),
        (20, 16, 96), (10, 40, 17), (7, 20, 30), (1, 64, 12), (16, 3, 8), (8, 64, 5),
    ):  # fmt: skip
        yield convolution(size, size, depth, out, 1)
    yield convolution(25, 5, 64, 64, 1)
    yield convolution(32, 32, 16, 32, 1, 2)
    for size, depth, out, kernel, stride in (
        (32, 16, 16, 3, 1), (16, 32, 32, 3, 1), (8, 64, 64, 3, 1), (32, 16, 32, 3, 2), (16, 32, 64, 3, 2),
        (32, 3, 16, 3, 1), (96, 3, 8, 3, 2), (80, 3, 16, 3, 2), (28, 1, 8, 3, 1), (7, 10, 6, 3, 1), (9, 12, 20, 3, 1),
        (14, 8, 24, 5, 1), (5, 33, 9, 3, 1), (12, 24, 24, 3, 1), (20, 5, 12, 5, 2),
    ):  # fmt: skip
        yield convolution(size, size, depth, out, kernel, stride)
    yield convolution(49, 10, 1, 64, (10, 4), 2)
    yield convolution(128, 1, 3, 16, (5, 1), 1)
    for rows, depth, out in (
        (1, 640, 128), (1, 128, 128), (1, 128, 8), (1, 8, 128), (1, 128, 640), (1, 64, 10), (4, 33, 17),
    ):  # fmt: skip
        yield dense(rows, depth, out)


def chains() -> Iterator[Layer]:
    """Layers that can be computed in one."""
    for size, depth, channels, kernel, stride in (
        (48, 8, 16, 3, 2), (24, 16, 32, 3, 1), (24, 32, 32, 3, 2), (12, 64, 64, 3, 1), (6, 61, 107, 3, 1),
        (5, 24, 96, 5, 1), (20, 16, 48, 7, 1), (40, 16, 48, 7, 2), (10, 24, 120, 5, 1), (3, 96, 96, 3, 1),
        (9, 7, 5, 3, 1), (13, 10, 22, 5, 2), (20, 16, 48, 5, 1), (10, 32, 100, 7, 1), (20, 16, 48, 3, 1),
        (48, 8, 13, 3, 2), (24, 13, 27, 3, 1), (12, 64, 61, 3, 2), (6, 107, 58, 3, 1), (12, 32, 64, 3, 1),
        (6, 58, 31, 3, 1), (3, 28, 32, 3, 1),
    ):  # fmt: skip
        yield _in_one(convolution(size, size, depth, channels, 1), depthwise(size, size, channels, kernel, stride))
    for height, width, channels in ((25, 5, 64), (12, 11, 20)):
        yield _in_one(convolution(height, width, channels, channels, 1), depthwise(height, width, channels))
    yield _in_one(convolution(96, 96, 3, 8, 3, 2), depthwise(48, 48, 8))
    yield _in_one(convolution(16, 16, 5, 12, 3), depthwise(16, 16, 12))
    yield _in_one(convolution(49, 10, 1, 64, (10, 4), 2), depthwise(25, 5, 64))
    for height, width, depth, out, kernel, window in (
        (28, 28, 1, 6, 5, 2), (14, 14, 6, 16, 5, 2), (32, 32, 3, 32, 3, 2), (15, 17, 32, 32, 3, 2),
        (8, 8, 32, 64, 5, 2), (16, 16, 16, 33, 3, 2), (24, 24, 8, 16, 1, 2), (7, 9, 12, 10, 3, 2),
        (64, 1, 6, 16, (5, 1), (2, 1)), (1, 49, 13, 8, (1, 3), (1, 2)), (1, 24, 32, 16, (1, 3), (1, 2)),
        (20, 20, 8, 12, 3, (1, 2)), (18, 18, 6, 8, 3, 3), (1, 96, 4, 12, (1, 9), (1, 4)), (1, 61, 8, 5, (1, 4), (1, 3)),
        (8, 8, 64, 64, 3, 2),
    ):  # fmt: skip
        yield _in_one(convolution(height, width, depth, out, kernel), max_pool(height, width, out, window))
    yield from map(_with_sum, linear())
    for size, depth, channels, kernel, stride, out in (
        (24, 16, 32, 3, 1, 32), (24, 13, 27, 3, 2, 20), (6, 61, 107, 3, 1, 90), (14, 12, 60, 3, 1, 80),
        (28, 6, 36, 3, 1, 4), (8, 32, 32, 3, 1, 128), (12, 32, 20, 5, 1, 60), (40, 8, 47, 3, 2, 16),
        (20, 16, 48, 7, 1, 16), (20, 16, 48, 5, 2, 24), (20, 14, 38, 3, 1, 11), (10, 24, 137, 3, 1, 24),
        (10, 24, 118, 7, 1, 24), (10, 24, 126, 5, 2, 40), (5, 40, 198, 5, 1, 40), (5, 40, 214, 3, 1, 48),
        (5, 48, 192, 7, 1, 48), (5, 48, 240, 5, 2, 96), (3, 96, 96, 3, 1, 160), (3, 96, 301, 5, 1, 96),
        (9, 7, 5, 3, 1, 9), (24, 8, 16, 3, 2, 32), (48, 16, 32, 3, 2, 24), (12, 64, 64, 3, 1, 64),
        (13, 10, 22, 7, 2, 13),
    ):  # fmt: skip
        yield _in_one(
            convolution(size, size, depth, channels, 1),
            depthwise(size, size, channels, kernel, stride),
            convolution(-(-size // stride), -(-size // stride), channels, out, 1),
        )
    yield _in_one(convolution(80, 80, 3, 16, 3, 2), depthwise(40, 40, 16), convolution(40, 40, 16, 8, 1))
    yield _in_one(convolution(96, 96, 3, 8, 3, 2), depthwise(48, 48, 8), convolution(48, 48, 8, 16, 1))
    yield _in_one(convolution(49, 10, 1, 64, (10, 4), 2), depthwise(25, 5, 64), convolution(25, 5, 64, 64, 1))
    yield _in_one(convolution(25, 5, 64, 64, 1), depthwise(25, 5, 64), convolution(25, 5, 64, 64, 1))
    for size, channels, kernel, stride, out in (
        (48, 8, 3, 1, 16), (24, 16, 3, 2, 32), (12, 64, 3, 1, 64), (6, 128, 3, 1, 128), (3, 256, 3, 1, 200),
        (20, 48, 5, 1, 24), (20, 48, 7, 2, 32), (5, 160, 5, 1, 40), (9, 7, 3, 1, 5), (10, 90, 7, 1, 18),
        (13, 30, 5, 2, 11), (25, 64, 3, 1, 64), (40, 16, 3, 2, 24), (5, 64, 3, 1, 64),
        (10, 137, 3, 1, 24), (12, 27, 3, 2, 61), (6, 74, 3, 1, 54), (6, 60, 3, 2, 30), (3, 30, 3, 1, 36),
        (5, 200, 7, 1, 48), (20, 70, 3, 1, 20),
    ):  # fmt: skip
        yield _in_one(
            depthwise(size, size, channels, kernel, stride),
            convolution(-(-size // stride), -(-size // stride), channels, out, 1),
        )


def _in_one(first: Layer, *behind: Layer) -> Layer:
    """A chain, whose first layers are clamped as by a ReLU."""
    *between, last = behind
    clamped = (with_clamp(layer, {"low": 0.0}) for layer in between)
    return replace(with_clamp(first, {"low": 0.0}), behind=(*clamped, last))


def _with_sum(first: Layer) -> Layer:
    """A layer whose result is an operand of a sum."""
    kinds = (f32(*shape) for shape in first.shapes)
    (result,) = first.op.infer(*kinds)
    return replace(first, behind=(Layer(Add(), (result.shape, result.shape), fed=2),))


def float_sweep() -> Iterator[Layer]:
    """The layers that are measured in float: with clamps too, whose comparisons cost something there."""
    relu, both = {"low": 0.0}, {"low": 0.0, "high": 6.0}
    for size, depth, out, clamp in (
        (24, 8, 16, both), (12, 16, 32, relu), (12, 64, 64, {}), (6, 128, 32, relu), (10, 24, 40, {}),
        (5, 96, 17, both), (1, 64, 12, {}), (16, 3, 8, relu),
    ):  # fmt: skip
        yield with_clamp(convolution(size, size, depth, out, 1), clamp)
    for size, depth, out, kernel, stride, clamp in (
        (16, 16, 16, 3, 1, relu), (8, 64, 64, 3, 1, {}), (16, 16, 32, 3, 2, relu), (16, 3, 16, 3, 1, both),
        (32, 3, 8, 3, 2, both), (7, 10, 6, 3, 1, {}), (14, 8, 24, 5, 1, relu), (5, 33, 9, 3, 1, {}),
        (20, 5, 12, 5, 2, {}), (28, 1, 8, 3, 1, relu),
    ):  # fmt: skip
        yield with_clamp(convolution(size, size, depth, out, kernel, stride), clamp)
    yield with_clamp(convolution(49, 10, 1, 64, (10, 4), 2), both)
    for size, channels, kernel, stride, clamp in (
        (24, 8, 3, 1, both), (24, 16, 3, 2, relu), (12, 32, 3, 1, {}), (12, 64, 3, 2, both), (6, 128, 3, 1, relu),
        (10, 48, 5, 1, {}), (5, 96, 7, 1, relu), (9, 7, 3, 1, {}), (13, 30, 3, 1, both),
    ):  # fmt: skip
        yield with_clamp(depthwise(size, size, channels, kernel, stride), clamp)
    for rows, depth, out in ((1, 640, 128), (1, 128, 8), (1, 8, 128), (1, 64, 10), (4, 33, 17), (9, 64, 64)):
        yield dense(rows, depth, out)
    for a, b in (((16, 16, 16), (16, 16, 16)), ((4, 33), (33, 18)), ((1, 64), (64, 10))):
        yield Layer(MatMul(), (a, b), fed=2)
    for shape in ((1, 16, 16, 16), (1, 5, 7, 9)):
        for op in (Add, Sub, Mul, Div, Prelu, SquaredDifference):
            yield Layer(op(), (shape, shape), fed=2)
            yield Layer(op(low=0.0), (shape, shape[-1:]), fed=2)
    for size, channels, kernel, stride in ((8, 64, 8, 8), (16, 16, 2, 2), (13, 24, 3, 2), (25, 10, 5, 5)):
        for pool in (MaxPool2D, AvgPool2D):
            yield Layer(pool((kernel, kernel), (stride, stride), high=1.0), ((1, size, size, channels),))


def with_clamp(layer: Layer, bounds: Mapping[str, float]) -> Layer:
    """The layer with its results within bounds."""
    clamped = layer.op.clamped(bounds.get("low", -np.inf), bounds.get("high", np.inf))
    assert clamped is not None
    return replace(layer, op=clamped)


SWEEPS = {"int8": sweep, "float": float_sweep}
