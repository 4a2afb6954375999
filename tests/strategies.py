"""Random small networks: float graphs in the IR, in NHWC, as the importer and the passes could have made them.

`random_graph` builds one from a `random.Random`, so that hypothesis can shrink what it draws (`float_graphs`) and
tests that compile C can take the graph of a seed. Now and then channels are planted that are dead or constant.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import inf, prod
from random import Random
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from tinyc.ir.graph import Graph, Node, Port, constant_type
from tinyc.ir.op import Op
from tinyc.ir.types import DType, Rounding, TensorType, f32
from tinyc.ops import (
    Add,
    AvgPool2D,
    Clamp,
    Concat,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Div,
    LogSoftmax,
    MatMul,
    MaxPool2D,
    Mean,
    Mul,
    Normalize,
    Pad,
    Prelu,
    Recurrent,
    Reshape,
    Resize,
    Sigmoid,
    Softmax,
    SquaredDifference,
    Sub,
    Tanh,
    Transpose,
)
from tinyc.quant.calibrate import calibrate, random_samples
from tinyc.quant.observers import ObserverChoice
from tinyc.quant.quantize import quantize

Array = NDArray[Any]

CLAMPS = ((-inf, inf), (0.0, inf), (0.0, inf), (0.0, 6.0), (-1.0, 1.0))
LARGEST = 700  # elements of an activation


class Builder:
    """A graph in the making. `values` has the activations of floats made so far, oldest first."""

    def __init__(self, rng: Random, name: str = "net") -> None:
        self.rng = rng
        self.numbers = np.random.default_rng(rng.getrandbits(32))
        self.graph = Graph(name, (), (), (), {})
        self.values: list[str] = []

    def input(self, *shape: int) -> str:
        """A new float input of the model."""
        value = f"x{len(self.graph.inputs)}"
        port = Port(value, f"input {len(self.graph.inputs)}", shape, "float32", tuple(range(len(shape))))
        types = {**self.graph.types, value: f32(*shape)}
        self.graph = replace(self.graph, types=types, inputs=(*self.graph.inputs, port))
        self.values.append(value)
        return value

    def constant(self, data: Array) -> str:
        """A new constant."""
        name = f"c{len(self.graph.constants)}"
        types = {**self.graph.types, name: constant_type(data)}
        self.graph = replace(self.graph, types=types, constants={**self.graph.constants, name: data})
        return name

    def normal(self, *shape: int, scale: float = 1.0) -> Array:
        """Normally distributed numbers."""
        return (self.numbers.normal(size=shape) * scale).astype(np.float32)

    def apply(self, op: Op, *ins: str) -> str:
        """A new node with one result."""
        (kind,) = op.infer(*(self.type(v) for v in ins))
        value = f"v{len(self.graph.nodes)}"
        node = Node(op, ins, (value,), f"{op.name} {len(self.graph.nodes)}")
        types = {**self.graph.types, value: kind}
        self.graph = replace(self.graph, types=types, nodes=(*self.graph.nodes, node))
        if kind.dtype.is_float:
            self.values.append(value)
        return value

    def type(self, value: str) -> TensorType:
        return self.graph.types[value]

    def finish(self, *outputs: str) -> Graph:
        """The graph with these outputs."""
        ports = tuple(
            Port(v, f"output {i}", self.type(v).shape, "float32", tuple(range(self.type(v).rank)))
            for i, v in enumerate(outputs)
        )
        return replace(self.graph, outputs=ports)

    def linear(self, op: Op, x: str, weights: Array, axis: int, plant: bool) -> str:
        """A node with weights and a bias; with `plant` some of its channels do nothing."""
        channels = weights.shape[axis]
        bias = self.normal(channels, scale=0.3)
        if plant:
            weights, bias = self._planted(op, weights, bias, axis)
        return self.apply(op, x, self.constant(weights), self.constant(bias))

    def _planted(self, op: Op, weights: Array, bias: Array, axis: int) -> tuple[Array, Array]:
        weights, bias = np.moveaxis(weights.copy(), axis, 0), bias.copy()
        for channel in range(len(bias)):
            match self.rng.choice(("live", "live", "zero", "constant", "tiny", "low", "high", "strong and low")):
                case "zero":  # always 0 before the clamp
                    weights[channel], bias[channel] = 0, 0
                case "constant":
                    weights[channel] = 0
                case "tiny":
                    weights[channel] *= 1e-8
                case "low":  # far below a clamp at 0
                    bias[channel] = -40 * np.abs(weights[channel]).sum() - 1
                case "high":  # far above a clamp at 6
                    bias[channel] = 40 * np.abs(weights[channel]).sum() + 7
                case "strong and low":
                    weights[channel] *= 8
                    bias[channel] = -40 * np.abs(weights[channel]).sum() - 1
        return np.ascontiguousarray(np.moveaxis(weights, 0, axis)), bias


# Steps: each adds a node or a few that read values made before, or does nothing where none fits.

Step = Callable[[Builder, str, bool], object]


def _window(b: Builder, x: str, largest: int, dilate: bool) -> tuple[Any, Any, Any, Any] | None:
    """Kernel, stride, pads and dilation that fit the plane of x."""
    rng, plane = b.rng, b.type(x).shape[1:3]
    kernel = rng.randint(1, largest), rng.randint(1, largest)
    stride = rng.choice(((1, 1), (1, 1), (2, 2), (2, 1), (3, 3)))
    dilation = rng.choice(((1, 1), (1, 1), (2, 2), (1, 2))) if dilate else (1, 1)
    pads = rng.choice(((0, 0, 0, 0), (1, 1, 1, 1), (0, 0, 1, 1), (2, 1, 0, 1)))
    extents = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    if any(plane[a] + pads[a] + pads[a + 2] < extents[a] for a in range(2)):
        return None
    return kernel, stride, pads, dilation


def conv(b: Builder, x: str, plant: bool) -> None:
    found = _window(b, x, 5, dilate=True)
    if b.type(x).rank != 4 or found is None:
        return
    kernel, stride, pads, dilation = found
    depth, out = b.type(x).shape[3], b.rng.randint(1, 9)
    groups = b.rng.choice([g for g in (1, 1, 1, 2, 3) if depth % g == 0])
    out = -(-out // groups) * groups
    weights = b.normal(out, *kernel, depth // groups, scale=(prod(kernel) * depth / groups) ** -0.5)
    low, high = b.rng.choice(CLAMPS)
    b.linear(Conv2D(stride, pads, dilation, groups, low=low, high=high), x, weights, 0, plant)


def pointwise(b: Builder, x: str, plant: bool) -> None:
    depth = b.type(x).shape[-1]
    weights = b.normal(b.rng.randint(1, 12), 1, 1, depth, scale=depth**-0.5)
    b.linear(Conv2D(low=0.0, high=b.rng.choice((6.0, inf))), x, weights, 0, plant)


def depthwise(b: Builder, x: str, plant: bool) -> None:
    found = _window(b, x, 5, dilate=True)
    if found is None:
        return
    kernel, stride, pads, dilation = found
    channels = b.type(x).shape[3] * b.rng.choice((1, 1, 1, 2, 3))
    weights = b.normal(1, *kernel, channels, scale=prod(kernel) ** -0.5)
    low, high = b.rng.choice(CLAMPS)
    b.linear(DepthwiseConv2D(stride, pads, dilation, low=low, high=high), x, weights, 3, plant)


def pool(b: Builder, x: str, plant: bool) -> None:
    found = _window(b, x, 3, dilate=False)
    if found is None:
        return
    kernel, stride, pads, _ = found
    pads = tuple(min(p, kernel[a % 2] - 1) for a, p in enumerate(pads))
    plane = b.type(x).shape[1:3]
    if all(plane[a] + pads[a] + pads[a + 2] >= kernel[a] for a in range(2)):
        b.apply(b.rng.choice((MaxPool2D, AvgPool2D))(kernel, stride, pads, *b.rng.choice(CLAMPS)), x)


def residual(b: Builder, x: str, plant: bool) -> None:
    """An elementwise operator of two activations, of one shape or broadcasting."""
    shape = b.type(x).shape
    fitting = [v for v in b.values if b.type(v).shape in (shape, (*(1,) * (len(shape) - 1), shape[-1]))]
    operands = [x, b.rng.choice(fitting)]
    b.rng.shuffle(operands)
    b.apply(b.rng.choice((Add, Add, Sub, Mul))(*b.rng.choice(CLAMPS)), *operands)


def with_constant(b: Builder, x: str, plant: bool) -> None:
    """An elementwise operator of an activation and a constant that broadcasts."""
    shape = b.type(x).shape
    operands = [x, b.constant(b.normal(*b.rng.choice((shape[-1:], (1,), shape, (*shape[:-1], 1)))))]
    b.rng.shuffle(operands)
    b.apply(b.rng.choice((Add, Sub, Mul))(*b.rng.choice(CLAMPS)), *operands)


def concat(b: Builder, x: str, plant: bool) -> None:
    shape = b.type(x).shape
    axis = b.rng.choice((1, 3, 3))

    def fits(value: str) -> bool:
        other = b.type(value).shape
        return len(other) == 4 and all(other[a] == shape[a] for a in range(4) if a != axis)

    others = b.rng.sample([v for v in b.values if fits(v)], k=1)
    b.apply(Concat(axis), *[x, *others, x][: b.rng.randint(2, 3)])


def unary(b: Builder, x: str, plant: bool) -> None:
    b.apply(b.rng.choice((Sigmoid(), Tanh(), Clamp(0.0, inf), Clamp(-0.5, 0.5))), x)


def mean(b: Builder, x: str, plant: bool) -> None:
    b.apply(Mean(b.rng.choice(((1, 2), (1,), (2,), (2, 3)))), x)


def pad(b: Builder, x: str, plant: bool) -> None:
    before = (0, b.rng.randint(0, 2), b.rng.randint(0, 2), b.rng.choice((0, 0, 1)))
    b.apply(Pad(before, (0, b.rng.randint(0, 1), 1, 0), b.rng.choice((0.0, 0.0, 0.5))), x)


def resize(b: Builder, x: str, plant: bool) -> None:
    """Another plane, from places inside and a little outside."""
    size, first, step, unit = ((b.rng.randint(*r), b.rng.randint(*r)) for r in ((1, 9), (-3, 3), (1, 4), (1, 4)))
    b.apply(Resize(size, first, step, unit, linear=b.rng.random() < 0.5), x)


def transpose(b: Builder, x: str, plant: bool) -> None:
    b.apply(Transpose(b.rng.choice(((0, 2, 1, 3), (0, 3, 1, 2), (0, 2, 3, 1)))), x)


def softmax(b: Builder, x: str, plant: bool) -> None:
    b.apply(Softmax(), x)


CMSIS_STEPS: tuple[Step, ...] = (conv, conv, pointwise, pointwise, depthwise, depthwise, pool, mean, pad, concat)
"""What Arm's library has functions for whatever the shapes."""
STEPS: tuple[Step, ...] = (*CMSIS_STEPS, residual, residual, with_constant, unary, resize, transpose, softmax)


def random_graph(rng: Random, steps: Sequence[Step] = STEPS, most: int = 8) -> Graph:
    """A network of up to `most` steps, sometimes with a flat end of dense layers."""
    b = Builder(rng)
    b.input(1, rng.randint(2, 9), rng.randint(2, 9), rng.randint(1, 6))
    plant = rng.random() < 0.6
    pointwise(b, b.values[0], plant)
    for _ in range(rng.randint(1, most)):
        planes = [v for v in b.values if b.type(v).rank == 4 and b.type(v).size <= LARGEST]
        rng.choice(steps)(b, planes[-1] if rng.random() < 0.7 else rng.choice(planes), plant)
    if rng.random() < 0.5:
        _flat_end(b, plant)
    last = b.values[-1]
    unread = [v for v in b.values[1:-1] if b.graph.use_counts()[v] == 0]
    return b.finish(*unread[-2:], last)


def _flat_end(b: Builder, plant: bool) -> None:
    kind = b.type(b.values[-1])
    flat = b.apply(Reshape((kind.shape[0], prod(kind.shape[1:]))), b.values[-1])
    depth = b.type(flat).shape[1]
    b.linear(Dense(low=0.0), flat, b.normal(b.rng.randint(2, 10), depth, scale=depth**-0.5), 0, plant)
    depth = b.type(b.values[-1]).shape[1]
    b.linear(Dense(), b.values[-1], b.normal(b.rng.randint(2, 6), depth, scale=depth**-0.5), 0, False)


CHANNEL_STEPS: tuple[Step, ...] = (conv, conv, pointwise, depthwise, depthwise, pool, residual, with_constant)
"""What channels can be removed from."""


def random_chain(rng: Random, most: int = 6) -> Graph:
    """A network in which all layers have channels planted that do nothing, and only the end is an output."""
    b = Builder(rng)
    b.input(1, rng.randint(3, 9), rng.randint(3, 9), rng.randint(1, 6))
    pointwise(b, b.values[0], True)
    for _ in range(rng.randint(1, most)):
        if b.type(b.values[-1]).size <= LARGEST:
            rng.choice(CHANNEL_STEPS)(b, b.values[-1], True)
    _flat_end(b, True)
    return b.finish(b.values[-1])


def recurrent() -> Recurrent:
    """A cell with one result."""
    return Recurrent("gru", ("sigmoid", "tanh"), ((), ()), variant=True)


def _cell_constants(b: Builder, inputs: int, size: int) -> list[str]:
    """Its inputs behind the first, for one sequence of four steps."""
    weights = b.normal(3 * size, inputs), b.normal(3 * size, size), b.normal(3 * size)
    first = np.array([4], np.int32), np.zeros((1, 1, size), np.float32), b.normal(size)
    return [b.constant(data) for data in (*weights, *first)]


def every_operator(rng: Random) -> Graph:
    """A network in which each operator of a float graph occurs."""
    b = Builder(rng, "everything")
    b.input(1, 6, 6, 4)
    for step in (pointwise, depthwise):
        step(b, b.values[0], True)
    x = b.linear(Conv2D((1, 1), (1, 1, 1, 1), groups=2), b.values[0], b.normal(4, 3, 3, 2), 0, True)
    y = b.linear(DepthwiseConv2D(pads=(1, 1, 1, 1), low=0.0, high=6.0), x, b.normal(1, 3, 3, 4), 3, False)
    total = b.apply(Mul(), b.apply(Sub(), b.apply(Add(0.0), x, y), b.constant(b.normal(4))), y)
    total = b.apply(Mul(-2.0, 2.0), total, b.constant(b.normal(1, 6, 6, 1)))
    total = b.apply(Div(), total, b.apply(Clamp(1.0, 9.0), y))
    total = b.apply(SquaredDifference(), b.apply(Prelu(), total, b.constant(b.normal(4))), x)
    joined = b.apply(Concat(3), b.apply(Sigmoid(), total), b.apply(Tanh(), total), total)
    smaller = b.apply(Resize((4, 5), (1, 0), (3, 6), (2, 5)), b.apply(Clamp(-1.0, 1.0), joined))
    larger = b.apply(Resize((6, 6), (-1, 0), (4, 4), (6, 5), linear=True), smaller)
    padded = b.apply(Pad((0, 1, 0, 0), (0, 0, 1, 0)), larger)
    pooled = b.apply(AvgPool2D((2, 2), (2, 2)), b.apply(MaxPool2D((3, 3), (1, 1), (1, 1, 1, 1)), padded))
    turned = b.apply(Transpose((0, 3, 1, 2)), pooled)
    even = b.apply(Normalize(1e-5), turned, b.constant(b.normal(3)), b.constant(b.normal(3)))
    product = b.apply(MatMul(), turned, even)
    means = b.apply(Mean((2, 3)), product)
    flat = b.apply(Reshape((1, 12)), means)
    states = b.apply(recurrent(), b.apply(Reshape((4, 1, 3)), flat), *_cell_constants(b, 3, 5))
    last = b.apply(Reshape((1, 25)), states)
    scores = b.apply(Softmax(), b.linear(Dense(), last, b.normal(5, 25), 0, False))
    return b.finish(b.values[2], scores, b.apply(LogSoftmax(), last))


def float_graphs(steps: Sequence[Step] = STEPS, most: int = 8) -> st.SearchStrategy[Graph]:
    """`random_graph` for hypothesis."""
    return st.randoms(use_true_random=False).map(lambda rng: random_graph(rng, steps, most))


def float_chains(most: int = 6) -> st.SearchStrategy[Graph]:
    """`random_chain` for hypothesis."""
    return st.randoms(use_true_random=False).map(lambda rng: random_chain(rng, most))


def quantized(graph: Graph, rounding: Rounding = Rounding.SINGLE, seed: int = 0) -> Graph:
    """The integer graph, calibrated on random inputs."""
    return quantize(graph, calibrate(graph, random_samples(graph, seed), ObserverChoice()), rounding)


def float_inputs(graph: Graph, seed: int = 0) -> dict[str, Array]:
    """Normally distributed input values of a float graph."""
    rng = np.random.default_rng(seed)
    return {p.value: rng.normal(size=graph.types[p.value].shape).astype(np.float32) for p in graph.inputs}


def int_inputs(graph: Graph, seed: int = 0) -> dict[str, Array]:
    """Input values of an integer graph: every int8 value is as likely as any other."""
    rng = np.random.default_rng(seed)
    kinds = {p.value: graph.types[p.value] for p in graph.inputs}
    assert all(k.dtype is DType.I8 for k in kinds.values())
    return {v: rng.integers(-128, 128, k.shape).astype(np.int8) for v, k in kinds.items()}
