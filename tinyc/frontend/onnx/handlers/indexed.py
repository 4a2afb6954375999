"""Operators that read or change elements at places that indices name."""

from __future__ import annotations

from collections.abc import Callable
from math import prod

import numpy as np

from tinyc.frontend.onnx.node import NodeView
from tinyc.frontend.pieces import MOST_RUNS, picked, repeated, runs_of, taken
from tinyc.frontend.tensors import is_possible
from tinyc.ops._places import Form
from tinyc.ops.gather import Gather
from tinyc.ops.map import Map
from tinyc.ops.scatter import REPLACE, Scatter

_FUNCTIONS = {"none": REPLACE, "add": "add", "mul": "mul", "max": "max", "min": "min"}


def _axis(node: NodeView, default: int = 0) -> int:
    return node.axis(node.attributes.integer("axis", default), len(node.shape(0)))


def gather(node: NodeView) -> str:
    """Slices along an axis. Constant indices are taken piece by piece, if these are few."""
    axis, shape = _axis(node), node.shape(0)
    if node.is_constant(1):
        data = node.constant(1, "indices")
        if data.dtype.kind not in "iu":
            raise node.invalid(f"indices of {data.dtype} elements")
        size = shape[axis]
        indices = [int(i) + size * int(i < 0) for i in data.reshape(-1)]
        if any(not 0 <= i < size for i in indices):
            raise node.invalid(f"its indices leave axis {axis} of shape {shape}")
        if indices and len(runs_of(indices)) <= MOST_RUNS:
            value = picked(node, node.value(0), axis, indices)
            return node.reshaped(value, (*shape[:axis], *data.shape, *shape[axis + 1 :]))
    return node.emit(Gather(axis), node.value(0), node.value(1))


def gather_elements(node: NodeView) -> str:
    """An index along an axis for each element."""
    return node.emit(Gather(_axis(node), Form.ELEMENTS.value), node.value(0), node.value(1))


def gather_nd(node: NodeView) -> str:
    """Tuples of indices."""
    batch = node.attributes.integer("batch_dims", 0)
    return node.emit(Gather(batch, Form.TUPLES.value), node.value(0), node.value(1))


def scatter(form: Form) -> Callable[[NodeView], str]:
    """The handler of an operator that changes elements at indices of a form."""

    def handler(node: NodeView) -> str:
        axis = 0 if form is Form.TUPLES else _axis(node)
        reduction = node.attributes.text("reduction", "none")
        if reduction not in _FUNCTIONS:
            raise node.attributes.unsupported("reduction", reduction, ", ".join(map(repr, _FUNCTIONS)))
        if prod(node.shape(2)) == 0:
            return node.value(0)
        op = Scatter(axis, form.value, _FUNCTIONS[reduction])
        return node.emit(op, node.value(0), node.value(1), node.value(2))

    return handler


def tensor_scatter(node: NodeView) -> str:
    """New entries of a cache, behind those that each batch has, or around its end."""
    mode = node.attributes.text("mode", "linear")
    if mode not in ("linear", "circular"):
        raise node.attributes.unsupported("mode", mode, "'linear' and 'circular'")
    cache, update, axis = node.shape(0), node.shape(1), _axis(node, -2)
    rank = len(cache)
    if axis == 0 or len(update) != rank:
        raise node.invalid(f"updates {update} along axis {axis} of {cache}")
    count = tuple(update[axis] if a == axis else 1 for a in range(rank))
    places = node.store(np.arange(update[axis], dtype=np.int64).reshape(count), f"{node.name}.places")
    if node.has(2):
        starts = node.reshaped(node.value(2), (update[0], *(1,) * (rank - 1)))
        places = node.emit(Map("add"), starts, places)
    if mode == "circular":
        size = node.store(np.array(cache[axis], np.int64), f"{node.name}.size")
        places = node.emit(Map("mod"), places, size)
    return node.emit(Scatter(axis), node.value(0), places, node.value(1))


def reverse_sequence(node: NodeView) -> str:
    """The first so many steps of each sequence of a batch in reverse order."""
    shape, lengths = node.shape(0), node.shape(1)
    rank = len(shape)
    batch, time = node.attributes.integer("batch_axis", 1), node.attributes.integer("time_axis", 0)
    if {batch, time} != {0, 1} or rank < 2 or lengths != (shape[batch],):
        raise node.invalid(f"lengths of {lengths} for shape {shape} with batch axis {batch} and time axis {time}")

    def along(axis: int) -> tuple[int, ...]:
        return tuple(shape[a] if a == axis else 1 for a in range(rank))

    steps = node.store(np.arange(shape[time], dtype=np.int64).reshape(along(time)), f"{node.name}.steps")
    ends = node.reshaped(node.value(1), along(batch))
    last = node.emit(Map("sub"), ends, node.store(np.array(1, np.int64), f"{node.name}.one"))
    back = node.emit(Map("sub"), last, steps)
    places = node.emit(Map("where"), node.emit(Map("less"), steps, ends), back, steps)
    return node.emit(Gather(time, Form.ELEMENTS.value), node.value(0), repeated(node, places, shape))


def col2im(node: NodeView) -> str:
    """The sum of overlapping blocks of an image: each element is added at its place, those outside are left out."""
    image, block = node.integers(1, "image shape"), node.integers(2, "block shape")
    rank = len(image)
    dilations = node.attributes.integers("dilations") or (1,) * rank
    strides = node.attributes.integers("strides") or (1,) * rank
    pads = node.attributes.integers("pads") or (0,) * (2 * rank)
    given = (len(node.shape(0)), len(block), len(dilations), len(strides), len(pads))
    if rank < 1 or given != (3, rank, rank, rank, 2 * rank) or min(*dilations, *strides, *block) < 1:
        raise node.invalid(f"{node.shape(0)} as blocks {block} of images {image}: {strides}, {dilations}, {pads}")
    n, rows, columns = node.shape(0)
    outside = prod(image)
    if min(image) < 1 or not is_possible((outside, n, rows)):
        raise node.invalid(f"images of {image} are not possible")
    kernel = prod(block)
    windows = [
        (image[a] + pads[a] + pads[rank + a] - dilations[a] * (block[a] - 1) - 1) // strides[a] + 1 for a in range(rank)
    ]
    if rows % kernel or min(windows) < 1 or prod(windows) != columns:
        raise node.invalid(f"{node.shape(0)} are not blocks {block} of images {image}")
    place, inside = np.zeros((1,) * (2 * rank), np.int64), np.ones((1,) * (2 * rank), bool)
    for a in range(rank):
        at = np.arange(block[a])[:, None] * dilations[a] + np.arange(windows[a])[None] * strides[a] - pads[a]
        at = at.reshape(tuple(at.shape[(0, rank).index(i - a)] if i - a in (0, rank) else 1 for i in range(2 * rank)))
        place, inside = place * image[a] + at, inside & (at >= 0) & (at < image[a])
    channels = n * (rows // kernel)
    places = node.store(np.where(inside, place, outside).astype(np.int32).reshape(1, -1), f"{node.name}.places")
    zeros = node.store(np.zeros((channels, outside + 1), node.element(0)), f"{node.name}.zeros")
    updates = node.reshaped(node.value(0), (channels, kernel * columns))
    value = node.emit(Scatter(1, function="add"), zeros, places, updates)
    return node.reshaped(taken(node, value, {1: (outside, 0, 1)}), (n, rows // kernel, *image))


def array_feature_extractor(node: NodeView) -> str:
    """Indices of the last axis; a vector counts as one row."""
    shape = node.shape(0)
    count = prod(node.shape(1))
    value = node.reshaped(node.value(0), (1, *shape) if len(shape) == 1 else shape)
    indices = node.reshaped(node.value(1), (count,))
    return node.emit(Gather(max(len(shape), 2) - 1), value, indices)
