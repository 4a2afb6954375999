"""Random networks as they run in parts: bodies of CNNs over planes or over one dimension, and ways to cut them up.

As in `strategies`, everything is built from a `random.Random`: `region_network` takes what hypothesis draws, or a seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf, prod
from random import Random
from typing import Any

from hypothesis import strategies as st
from strategies import CLAMPS, Builder, quantized, with_constant

from tinyc.errors import VerifyError
from tinyc.ir.graph import Graph
from tinyc.ir.parts import Mode, Tiling
from tinyc.ir.region import RegionOp
from tinyc.ir.types import Rounding
from tinyc.ir.verify import verify
from tinyc.ops import (
    Add,
    AvgPool2D,
    Clamp,
    Concat,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    MaxPool2D,
    Mean,
    Mul,
    Pad,
    Reshape,
    Resize,
    Sigmoid,
    Softmax,
    Tanh,
    Transpose,
)
from tinyc.passes.remove_channels import remove_channels
from tinyc.schedule.regions import Cut, with_regions

LARGEST = 1500  # elements of an activation
MODES = (Mode.STREAM, Mode.STREAM, Mode.STREAM2D, Mode.PATCH)


def _is_line(b: Builder) -> bool:
    return b.type(b.values[0]).shape[1] == 1


def _window(b: Builder, x: str, largest: int, dilations: Sequence[int]) -> tuple[Any, Any, Any, Any] | None:
    """Kernel, stride, pads and dilation that fit the plane of x; over one dimension they leave the other alone."""
    rng, plane = b.rng, b.type(x).shape[1:3]
    kernel = [rng.randint(1, largest), rng.randint(1, largest)]
    stride = list(rng.choice(((1, 1), (1, 1), (1, 1), (2, 2), (2, 1), (1, 3), (3, 2))))
    dilation = [rng.choice(dilations), rng.choice(dilations)]
    pads = [rng.randint(0, k // 2 * d + rng.randint(0, 1)) for k, d in zip(kernel * 2, dilation * 2, strict=True)]
    if _is_line(b):
        kernel[0], stride[0], dilation[0], pads[0], pads[2] = 1, 1, 1, 0, 0
    if any(plane[a] + pads[a] + pads[a + 2] < (kernel[a] - 1) * dilation[a] + 1 for a in range(2)):
        return None
    return tuple(kernel), tuple(stride), tuple(pads), tuple(dilation)


def _same(b: Builder) -> tuple[Any, Any]:
    """A kernel of odd sizes, and pads that keep the plane."""
    kernel = (1 if _is_line(b) else b.rng.choice((1, 3, 5)), b.rng.choice((1, 3, 3)))
    return kernel, (kernel[0] // 2, kernel[1] // 2) * 2


def _conv(b: Builder, x: str, out: int, kernel: Any = (1, 1), op: Conv2D | None = None) -> str:
    op = op or Conv2D(pads=(kernel[0] // 2, kernel[1] // 2) * 2, low=0.0)
    depth = b.type(x).shape[3] // op.groups
    weights = b.normal(out, *kernel, depth, scale=(prod(kernel) * depth) ** -0.5)
    return b.linear(op, x, weights, 0, False)


def _depthwise(b: Builder, x: str, kernel: Any, op: DepthwiseConv2D, factor: int = 1) -> str:
    weights = b.normal(1, *kernel, b.type(x).shape[3] * factor, scale=prod(kernel) ** -0.5)
    return b.linear(op, x, weights, 3, False)


def conv(b: Builder, x: str) -> None:
    if found := _window(b, x, 7, (1, 1, 2)):
        kernel, stride, pads, dilation = found
        groups = b.rng.choice([g for g in (1, 1, 1, 2) if b.type(x).shape[3] % g == 0])
        low, high = b.rng.choice(CLAMPS)
        op = Conv2D(stride, pads, dilation, groups, low=low, high=high)
        _conv(b, x, groups * b.rng.randint(1, 6), kernel, op)


def pointwise(b: Builder, x: str) -> None:
    _conv(b, x, b.rng.randint(1, 8))


def depthwise(b: Builder, x: str) -> None:
    if found := _window(b, x, 7, (1, 1, 2)):
        kernel, stride, pads, dilation = found
        low, high = b.rng.choice(CLAMPS)
        op = DepthwiseConv2D(stride, pads, dilation, low=low, high=high)
        _depthwise(b, x, kernel, op, b.rng.choice((1, 1, 1, 2)))


def pool(b: Builder, x: str) -> None:
    if found := _window(b, x, 3, (1,)):
        kernel, stride, pads, _ = found
        pads = tuple(min(p, kernel[a % 2] - 1) for a, p in enumerate(pads))
        plane = b.type(x).shape[1:3]
        op = b.rng.choice((MaxPool2D, AvgPool2D))(kernel, stride, pads, *b.rng.choice(CLAMPS))
        if all(plane[a] + pads[a] + pads[a + 2] >= kernel[a] for a in range(2)):
            b.apply(op, x)


def inverted(b: Builder, x: str) -> None:
    """An inverted residual: wider, filtered, narrow again, and added to where it came from."""
    kernel, pads = _same(b)
    depth = b.type(x).shape[3]
    wide = _conv(b, x, depth + b.rng.randint(1, 4))
    filtered = _depthwise(b, wide, kernel, DepthwiseConv2D(pads=pads, low=0.0, high=6.0))
    b.apply(Add(), *b.rng.sample([x, _conv(b, filtered, depth)], 2))


def merge(b: Builder, x: str) -> None:
    """The sum or product of two values made at different times."""
    fitting = [v for v in b.values if b.type(v).shape == b.type(x).shape]
    b.apply(b.rng.choice((Add, Add, Mul))(*b.rng.choice(CLAMPS)), x, b.rng.choice(fitting))


def branches(b: Builder, x: str) -> None:
    """Two ways from x, one behind the other in the result: along channels, or as more rows or columns."""
    kernel, pads = _same(b)
    axis = b.rng.choice((2, 3, 3) if _is_line(b) else (1, 2, 3, 3))
    depth = b.type(x).shape[3]
    other = _conv(b, x, depth if axis != 3 else b.rng.randint(1, 4), kernel, Conv2D(pads=pads))
    b.apply(Concat(axis), *b.rng.sample([x, other], 2), *([x] if b.rng.random() < 0.2 else []))


def gate(b: Builder, x: str) -> None:
    """Squeeze and excite: channels weighted by what their means say."""
    depth = b.type(x).shape[3]
    squeezed = b.apply(Mean((1, 2)), x)
    if b.rng.random() < 0.5:
        weights = b.apply(Sigmoid(), _conv(b, squeezed, depth))
    else:
        flat = b.apply(Reshape((1, depth)), squeezed)
        dense = b.linear(Dense(), flat, b.normal(depth, depth, scale=depth**-0.5), 0, False)
        weights = b.apply(Reshape((1, 1, 1, depth)), b.apply(Sigmoid(), dense))
    b.apply(Mul(), x, weights)


def pad(b: Builder, x: str) -> None:
    rows = (0, 0) if _is_line(b) else (b.rng.randint(0, 2), b.rng.randint(0, 2))
    columns = b.rng.randint(0, 2), b.rng.randint(0, 2)
    b.apply(Pad((0, rows[0], columns[0], 0), (0, rows[1], columns[1], 0), b.rng.choice((0.0, 0.0, 0.5))), x)


def resize(b: Builder, x: str) -> None:
    """To up to twice the plane, or down to half of it."""
    plane = b.type(x).shape[1:3]
    size = tuple(1 if _is_line(b) and a == 0 else max(1, s * b.rng.randint(2, 8) // 4) for a, s in enumerate(plane))
    halves = b.rng.random() < 0.5
    first, step, unit = zip(
        *((i - o, 2 * i, 2 * o) if halves else (0, i, o) for i, o in zip(plane, size, strict=True)), strict=True
    )
    b.apply(Resize(size, first, step, unit, b.rng.random() < 0.5), x)


def unary(b: Builder, x: str) -> None:
    b.apply(b.rng.choice((Sigmoid(), Tanh(), Clamp(0.0, inf), Clamp(-0.5, 0.5))), x)


def constant(b: Builder, x: str) -> None:
    with_constant(b, x, False)


def turn(b: Builder, x: str) -> None:
    """The axes in another order, as around what a model computes in another layout; a line also without its height."""
    _, *sizes = shape = b.type(x).shape
    if _is_line(b):
        line = b.apply(Reshape((1, *sizes[1:])), x)
        turned = b.apply(Transpose((0, 2, 1)), line) if b.rng.random() < 0.7 else line
        b.apply(Reshape((1, 1, *b.type(turned).shape[1:])), turned)
        return
    there = b.rng.choice(((0, 3, 1, 2), (0, 3, 1, 2), (0, 2, 1, 3), (0, 1, 3, 2)))
    if b.rng.random() < 0.2:  # as a plane of another shape
        b.apply(Transpose(there), b.apply(Reshape((1, sizes[1], sizes[0], sizes[2])), x))
        return
    turned = b.apply(Transpose(there), x)
    if b.rng.random() < 0.5:
        fitting = [v for v in b.values if b.type(v).shape == b.type(turned).shape]
        summed = b.apply(Add(), *b.rng.sample([turned, b.rng.choice(fitting)], 2))
        back = b.apply(Transpose((0, *(there.index(axis) for axis in (1, 2, 3)))), summed)
        assert b.type(back).shape == shape


STEPS = (
    *(conv, conv, pointwise, depthwise, depthwise, pool, inverted, inverted),
    *(merge, branches, pad, resize, unary, constant, gate, turn),
)


def tail(b: Builder, x: str) -> None:
    """The end of a classifier, or of nothing."""
    plane = b.type(x).shape[1:3]
    end = b.rng.choice(("nothing", "mean", "average", "maximum", "flat", "flat"))
    if end in ("mean", "average", "maximum"):
        op = {"mean": Mean((1, 2)), "average": AvgPool2D(plane), "maximum": MaxPool2D(plane)}[end]
        x = b.apply(op, x)
        if b.rng.random() < 0.5:
            return
    if end != "nothing":
        depth = b.type(x).size
        flat = b.apply(Reshape((1, depth)), x)
        scores = b.linear(Dense(), flat, b.normal(b.rng.randint(2, 6), depth, scale=depth**-0.5), 0, False)
        if b.rng.random() < 0.5:
            b.apply(Softmax(), scores)


def random_cnn(rng: Random, most: int = 6) -> Graph:
    """A float network of up to `most` steps. Whatever nothing reads is a result."""
    b = Builder(rng)
    height = 1 if rng.random() < 0.25 else rng.randint(2, 14)
    shape = (1, height, rng.randint(6, 30) if height == 1 else rng.randint(2, 14), rng.randint(1, 4))
    b.input(*shape)
    if rng.random() < 0.2:
        b.input(*shape)
    pointwise(b, b.values[0])
    for _ in range(rng.randint(1, most)):
        planes = [v for v in b.values if b.type(v).size <= LARGEST and b.type(v).rank == 4]
        rng.choice(STEPS)(b, planes[-1] if rng.random() < 0.7 else rng.choice(planes))
    last = b.values[-1]
    if b.type(last).rank == 4:
        tail(b, last)
    last = b.values[-1]
    given = {p.value for p in b.graph.inputs}
    unread = [v for v in b.values[:-1] if v not in given and not b.graph.use_counts()[v]]
    return b.finish(*unread, last)


def random_cuts(rng: Random, graph: Graph, fed: bool = False) -> list[Cut]:
    """Where regions could be, and how they might run: one or two anywhere, or one that the first input feeds."""
    count = len(graph.nodes)
    axis = 2 if graph.types[graph.inputs[0].value].shape[1] == 1 else 1
    if fed:
        readers = [i for i, n in enumerate(graph.nodes) if graph.inputs[0].value in n.ins]
        first, last = readers[0], rng.randint(readers[-1] + 1, count)
        return [Cut(first, last, Tiling(Mode.STREAM, rng.randint(1, 4), 1, axis), fed=True)]
    ends = sorted(rng.sample(range(count + 1), min(count + 1, rng.choice((2, 2, 2, 4)))))
    if rng.random() < 0.3:
        ends = [0, count]
    cuts = []
    for first, last in zip(ends[::2], ends[1::2], strict=False):
        strips = 1 if axis == 2 else rng.choice((1, 1, 2, 3, 5))
        cuts.append(Cut(first, last, Tiling(rng.choice(MODES), rng.randint(1, 5), strips, axis)))
    return cuts


def cut_up(rng: Random, graph: Graph, fed: bool = False) -> Graph | None:
    """The graph with random regions, or None where that cannot be."""
    parted = with_regions(graph, random_cuts(rng, graph, fed))
    try:
        verify(parted)
        for node in parted.nodes:
            _ = node.op.parts if isinstance(node.op, RegionOp) else ()  # some operators cannot make parts of channels
    except VerifyError:
        return None
    return parted


def region_network(rng: Random, rounding: Rounding = Rounding.SINGLE, fed: bool = False) -> Graph:
    """An integer network with at least one region."""
    graph = quantized(random_cnn(rng), rounding)
    if rng.random() < 0.3:
        graph = remove_channels(graph)
    for _ in range(20):
        parted = cut_up(rng, graph, fed)
        if parted is not None:
            return parted
    return region_network(rng, rounding, fed)


def region_networks(rounding: Rounding = Rounding.SINGLE, fed: bool = False) -> st.SearchStrategy[Graph]:
    """`region_network` for hypothesis."""
    return st.randoms(use_true_random=False).map(lambda rng: region_network(rng, rounding, fed))
