"""Operators that take elements at even distances: slices, parts, repetitions, blocks, borders."""

from __future__ import annotations

from itertools import accumulate, pairwise

import numpy as np

from tinyc.frontend.onnx.handlers.layout import from_nhwc, to_nhwc
from tinyc.frontend.onnx.node import NodeView
from tinyc.frontend.pieces import repeated, taken


def expand(node: NodeView) -> str:
    """Broadcast against a shape."""
    old, wanted = node.shape(0), node.integers(1, "shape")
    try:
        shape = np.broadcast_shapes(old, wanted)
    except ValueError:
        raise node.invalid(f"{old} does not broadcast to {wanted}") from None
    return repeated(node, node.value(0), shape)


def tile(node: NodeView) -> str:
    """All of it so many times along each axis."""
    old, times = node.shape(0), node.integers(1, "repeats")
    if len(times) != len(old) or min(times, default=1) < 0:
        raise node.invalid(f"repeats {times} of a tensor of shape {old}")
    split: list[tuple[int, int]] = []
    for size, count in zip(old, times, strict=True):
        split += [(1, count), (size, size)] if count != 1 and size != 1 else [(size, size * count)]
    value = node.reshaped(node.value(0), tuple(size for size, _ in split))
    value = repeated(node, value, tuple(size for _, size in split))
    return node.reshaped(value, tuple(s * t for s, t in zip(old, times, strict=True)))


def slice_(node: NodeView) -> str:
    """Every so many elements from one index to before another. Attributes before opset 10, inputs from then on."""
    shape = node.shape(0)
    if node.opset < 10:
        starts, ends = (node.attributes.integers(name) or () for name in ("starts", "ends"))
        axes, steps = node.attributes.integers("axes"), None
    else:
        starts, ends = node.integers(1, "starts"), node.integers(2, "ends")
        axes = node.integers(3, "axes") if node.has(3) else None
        steps = node.integers(4, "steps") if node.has(4) else None
    axes = tuple(range(len(starts))) if axes is None else tuple(node.axis(a, len(shape)) for a in axes)
    steps = (1,) * len(starts) if steps is None else steps
    if not len(starts) == len(ends) == len(axes) == len(steps) == len(set(axes)) or len(axes) > len(shape):
        raise node.invalid(f"starts {starts}, ends {ends}, axes {axes} and steps {steps} do not fit {shape}")
    if 0 in steps:
        raise node.invalid("a step of 0")
    runs = {}
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        places = range(*slice(start, end, step).indices(shape[axis]))
        runs[axis] = (len(places), places.start if places else 0, step if len(places) > 1 else 1)
    return taken(node, node.value(0), runs)


def split(node: NodeView) -> list[str | None]:
    """Parts behind one another along an axis: of given sizes, or as equal as can be."""
    shape = node.shape(0)
    axis = node.axis(node.attributes.integer("axis", 0), len(shape))
    count = len(node.results)
    if node.opset >= 18:
        count = node.attributes.integer("num_outputs", count)
    if count != len(node.results):
        raise node.invalid(f"attribute num_outputs = {count}, it has {len(node.results)} results")
    if node.opset < 13:
        sizes = node.attributes.integers("split")
    else:
        sizes = node.integers(1, "split") if node.has(1) else None
    if sizes is None:
        each = -(-shape[axis] // count)
        sizes = tuple(min(each, max(shape[axis] - i * each, 0)) for i in range(count))
    if sum(sizes) != shape[axis] or len(sizes) != count or min(sizes) < 0:
        raise node.invalid(f"parts of {sizes} do not make up axis {axis} of {shape}, or are not one for each result")
    value = node.value(0)
    spans = pairwise(accumulate(sizes, initial=0))
    return [
        taken(node, value, {axis: (stop - start, start if stop > start else 0, 1)}) if name else None
        for name, (start, stop) in zip(node.results, spans, strict=True)
    ]


def depth_to_space(node: NodeView) -> str:
    """Channels as blocks of the image."""
    n, c, h, w = _image(node)
    block, channels_last = _blocks(node)
    depth = c // (block * block)
    if c % (block * block):
        raise node.invalid(f"{c} channels are not blocks of {block} × {block}")
    value = to_nhwc(node, node.value(0))
    if channels_last:
        value = node.transposed(node.reshaped(value, (n, h, w, block, block, depth)), (0, 1, 3, 2, 4, 5))
    else:
        value = node.transposed(node.reshaped(value, (n, h, w, depth, block, block)), (0, 1, 4, 2, 5, 3))
    return from_nhwc(node, node.reshaped(value, (n, h * block, w * block, depth)), 4)


def space_to_depth(node: NodeView) -> str:
    """Blocks of the image as channels."""
    n, c, h, w = _image(node)
    block, channels_last = _blocks(node)
    if h % block or w % block:
        raise node.invalid(f"an image of {h} × {w} is not made of blocks of {block} × {block}")
    value = node.reshaped(to_nhwc(node, node.value(0)), (n, h // block, block, w // block, block, c))
    value = node.transposed(value, (0, 1, 3, 2, 4, 5) if channels_last else (0, 1, 3, 5, 2, 4))
    return from_nhwc(node, node.reshaped(value, (n, h // block, w // block, c * block * block)), 4)


def _image(node: NodeView) -> tuple[int, int, int, int]:
    shape = node.shape(0)
    if len(shape) != 4:
        raise node.invalid(f"its input must be a batch of images, it has shape {shape}")
    return shape


def _blocks(node: NodeView) -> tuple[int, bool]:
    """The size of blocks, and whether channels are the innermost axis of those that are blocks."""
    block, mode = node.attributes.integer("blocksize", 0), node.attributes.text("mode", "DCR")
    if block < 1:
        raise node.invalid(f"blocksize {block}")
    if mode not in ("DCR", "CRD"):
        raise node.attributes.unsupported("mode", mode, "'DCR' and 'CRD'")
    return block, mode == "DCR"
