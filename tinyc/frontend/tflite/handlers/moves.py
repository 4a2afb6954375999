"""Operators that take and put elements together, and compute nothing."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from math import prod

import numpy as np

from tinyc.frontend.borders import bordered, bordered_with
from tinyc.frontend.pieces import MOST_RUNS, Run, picked, repeated, runs_of, taken
from tinyc.frontend.tflite.handlers.activation import activated
from tinyc.frontend.tflite.node import NodeView
from tinyc.ops._places import Form
from tinyc.ops.concat import Concat
from tinyc.ops.gather import Gather


def concatenation(view: NodeView) -> str:
    """One behind the other along an axis."""
    axis = view.axis(view.options.integer("Axis"), len(view.shape(0)))
    parts = [i for i in range(len(view)) if 0 not in view.shape(i)] or [0]
    values = [view.value(i) for i in parts]
    return activated(view, values[0] if len(values) == 1 else view.emit(Concat(axis), *values))


def pack(view: NodeView) -> str:
    """One behind the other along a new axis."""
    view.options.integer("ValuesCount")
    old = view.shape(0)
    axis = view.axis(view.options.integer("Axis"), len(old) + 1)
    values = [view.reshaped(view.value(i), (*old[:axis], 1, *old[axis:])) for i in range(len(view))]
    return values[0] if len(values) == 1 else view.emit(Concat(axis), *values)


def unpack(view: NodeView) -> list[str]:
    """Each index of an axis."""
    view.count(1)
    old = view.shape(0)
    axis = view.axis(view.options.integer("Axis"), len(old))
    count = view.options.integer("Num", len(view.results))
    if count != old[axis] or count != len(view.results):
        raise view.invalid(f"{len(view.results)} results, {count} parts of {old} along axis {axis}")
    parts = [view.result(taken(view, view.value(0), {axis: (1, i, 1)}), i) for i in range(count)]
    return [view.reshaped(part, (*old[:axis], *old[axis + 1 :])) for part in parts]


def split(view: NodeView) -> list[str]:
    """Equal parts along an axis, which is the first input."""
    view.count(2)
    axis, count = _one(view, 0, view.shape(1)), view.options.integer("NumSplits", len(view.results))
    size = view.shape(1)[axis]
    if count < 1 or count != len(view.results) or size % count:
        raise view.invalid(f"{count} equal parts of {size} for {len(view.results)} results")
    return _parts(view, view.value(1), axis, [size // count] * count)


def split_v(view: NodeView) -> list[str]:
    """Parts of given sizes along an axis; −1 is what is left."""
    view.count(3)
    axis, sizes = _one(view, 2, view.shape(0)), view.integers(1, "sizes")
    view.options.integer("NumSplits")
    total = view.shape(0)[axis]
    if sizes.count(-1) == 1:
        sizes = tuple(total - sum(s for s in sizes if s != -1) if s == -1 else s for s in sizes)
    if len(sizes) != len(view.results) or min(sizes, default=0) < 0 or sum(sizes) != total:
        raise view.invalid(f"parts of {sizes} do not make up {total}, or are not one for each result")
    return _parts(view, view.value(0), axis, sizes)


def _one(view: NodeView, index: int, shape: Sequence[int]) -> int:
    """An input that is one axis."""
    given = view.integers(index, "axis")
    if len(given) != 1:
        raise view.invalid(f"its axis must be one number, not {given}")
    return view.axis(given[0], len(shape))


def _parts(view: NodeView, value: str, axis: int, sizes: Sequence[int]) -> list[str]:
    spans = pairwise(accumulate(sizes, initial=0))
    return [taken(view, value, {axis: (stop - start, start if stop > start else 0, 1)}) for start, stop in spans]


def slice_(view: NodeView) -> str:
    """So many elements along each axis from one on; −1 are all that are left."""
    view.count(3)
    shape, begin, size = view.shape(0), view.integers(1, "beginning"), view.integers(2, "size")
    if not len(shape) == len(begin) == len(size):
        raise view.invalid(f"beginning {begin} and size {size} do not fit {shape}")
    runs = {}
    for axis, (old, first, count) in enumerate(zip(shape, begin, size, strict=True)):
        count = old - first if count == -1 else count
        if first < 0 or count < 0 or first + count > old:
            raise view.invalid(f"beginning {begin} and size {size} do not fit {shape}")
        runs[axis] = (count, first if count else 0, 1)
    return taken(view, view.value(0), runs)


def strided_slice(view: NodeView) -> str:
    """Every so many elements along each axis, as Python's slices with masks say it."""
    view.count(4)
    shape = view.shape(0)
    begin, end, strides = (view.integers(i + 1, what) for i, what in enumerate(("beginning", "end", "strides")))
    begins, ends, ellipsis, new, shrink = (
        view.options.integer(f"{name}Mask") for name in ("Begin", "End", "Ellipsis", "NewAxis", "ShrinkAxis")
    )
    if view.options.flag("Offset"):
        end = tuple(b + e for b, e in zip(begin, end, strict=False))
    if not len(begin) == len(end) == len(strides) or 0 in strides or ellipsis & (ellipsis - 1):
        raise view.invalid(f"beginning {begin}, end {end} and strides {strides} do not fit {shape}")
    taking = sum(1 for i in range(len(begin)) if not (new | ellipsis) >> i & 1)
    if taking > len(shape):
        raise view.invalid(f"slices of {taking} axes of {shape}")
    runs: dict[int, Run] = {}
    result: list[int] = []
    axis = 0
    for i in range(len(begin)):
        if ellipsis >> i & 1:
            kept = len(shape) - taking
            result += shape[axis : axis + kept]
            axis += kept
        elif new >> i & 1:
            result.append(1)
        elif shrink >> i & 1:
            first = begin[i] + shape[axis] if begin[i] < 0 else begin[i]
            first = 0 if begins >> i & 1 else first
            if not 0 <= first < shape[axis]:
                raise view.invalid(f"index {begin[i]} of axis {axis} of {shape}")
            runs[axis] = (1, first, 1)
            axis += 1
        else:
            wanted = slice(
                None if begins >> i & 1 else begin[i], None if ends >> i & 1 else _end(end[i], strides[i], shape[axis]),
                strides[i],
            )  # fmt: skip
            places = range(*wanted.indices(shape[axis]))
            runs[axis] = (len(places), places.start if places else 0, strides[i] if len(places) > 1 else 1)
            result.append(len(places))
            axis += 1
    value = view.result(taken(view, view.value(0), runs))
    return view.reshaped(value, (*result, *shape[axis:]))


def _end(end: int, stride: int, size: int) -> int | None:
    """Where to stop. Far below 0 is before the first element, also where steps go back."""
    return None if stride < 0 and end < -size else end


def gather(view: NodeView) -> str:
    """Slices along an axis. Constant indices are taken piece by piece, if these are few."""
    view.count(2)
    old, places = view.shape(0), view.shape(1)
    axis, batch = view.axis(view.options.integer("Axis"), len(old)), view.options.integer("BatchDims")
    if batch:
        raise view.options.unsupported("BatchDims", batch, "0")
    if not view.is_constant(1):
        return view.emit(Gather(axis), view.value(0), view.value(1))
    indices = view.constant(1, "indices").reshape(-1).tolist()
    if any(not 0 <= i < old[axis] for i in indices):
        raise view.invalid(f"an index is not one of axis {axis} of {old}")
    shape = (*old[:axis], *places, *old[axis + 1 :])
    if not indices or len(runs_of(indices)) > MOST_RUNS:
        return view.emit(Gather(axis), view.value(0), view.value(1))
    return view.reshaped(view.result(picked(view, view.value(0), axis, indices)), shape)


def gather_nd(view: NodeView) -> str:
    """Tuples of indices."""
    view.count(2)
    return view.emit(Gather(0, Form.TUPLES.value), view.value(0), view.value(1))


def embedding_lookup(view: NodeView) -> str:
    """Rows of a table."""
    view.count(2)
    return view.emit(Gather(0), view.value(1), view.value(0))


def tile(view: NodeView) -> str:
    """All of it so many times along each axis."""
    view.count(2)
    old, times = view.shape(0), view.integers(1, "repeats")
    if len(times) != len(old) or min(times, default=1) < 1:
        raise view.invalid(f"repeats {times} of a tensor of shape {old}")
    value = view.reshaped(view.value(0), tuple(n for size in old for n in (1, size)))
    value = repeated(view, value, tuple(n for size, count in zip(old, times, strict=True) for n in (count, size)))
    value = view.result(value)
    return view.reshaped(value, tuple(size * count for size, count in zip(old, times, strict=True)))


def reverse(view: NodeView) -> str:
    """Some axes from their ends."""
    view.count(2)
    shape = view.shape(0)
    axes = view.axes(view.integers(1, "axes"), len(shape))
    return taken(view, view.value(0), {a: (shape[a], shape[a] - 1, -1 if shape[a] > 1 else 1) for a in axes})


def depth_to_space(view: NodeView) -> str:
    """Channels as blocks of the image."""
    (n, h, w, c), block = _image(view), _block(view)
    if c % (block * block):
        raise view.invalid(f"{c} channels are not blocks of {block} × {block}")
    value = view.reshaped(view.value(0), (n, h, w, block, block, c // (block * block)))
    return view.reshaped(view.transposed(value, (0, 1, 3, 2, 4, 5)), (n, h * block, w * block, c // (block * block)))


def space_to_depth(view: NodeView) -> str:
    """Blocks of the image as channels."""
    (n, h, w, c), block = _image(view), _block(view)
    if h % block or w % block:
        raise view.invalid(f"an image of {h} × {w} is not made of blocks of {block} × {block}")
    value = view.reshaped(view.value(0), (n, h // block, block, w // block, block, c))
    value = view.transposed(value, (0, 1, 3, 2, 4, 5))
    return view.reshaped(value, (n, h // block, w // block, c * block * block))


def _image(view: NodeView) -> tuple[int, ...]:
    view.count(1)
    if len(view.shape(0)) != 4:
        raise view.invalid(f"its input must be a batch of images, it has shape {view.shape(0)}")
    return view.shape(0)


def _block(view: NodeView) -> int:
    block = view.options.integer("BlockSize")
    if block < 1:
        raise view.invalid(f"option BlockSize = {block}")
    return block


def space_to_batch(view: NodeView) -> str:
    """Every so many cells of the padded image as images of their own, first in the batch."""
    view.count(3)
    shape, blocks = view.shape(0), view.integers(1, "block shape")
    pads = _pairs(view, 2, len(blocks))
    rank, count = len(shape), len(blocks)
    if not 1 <= count < rank or min(blocks) < 1:
        raise view.invalid(f"blocks of {blocks} of {shape}")
    before, after = ([0, *(p[i] for p in pads), *[0] * (rank - count - 1)] for i in (0, 1))
    value = bordered(view, view.value(0), before, after, 0.0) if any(before + after) else view.value(0)
    value, padded = view.result(value), view.shape_of(value)
    if any(size % block for size, block in zip(padded[1:], blocks, strict=False)):
        raise view.invalid(f"{padded} is not made of blocks of {blocks}")
    cells = [n for size, block in zip(padded[1:], blocks, strict=False) for n in (size // block, block)]
    value = view.reshaped(value, (padded[0], *cells, *padded[count + 1 :]))
    inner, outer = range(2, 2 * count + 1, 2), range(1, 2 * count, 2)
    value = view.transposed(value, (*inner, 0, *outer, *range(2 * count + 1, rank + count)))
    sizes = (size // block for size, block in zip(padded[1:], blocks, strict=False))
    return view.reshaped(value, (padded[0] * prod(blocks), *sizes, *padded[count + 1 :]))


def batch_to_space(view: NodeView) -> str:
    """Images of the batch as every so many cells of one, which is cropped."""
    view.count(3)
    shape, blocks = view.shape(0), view.integers(1, "block shape")
    crops = _pairs(view, 2, len(blocks))
    rank, count = len(shape), len(blocks)
    if not 1 <= count < rank or min(blocks) < 1 or shape[0] % prod(blocks):
        raise view.invalid(f"blocks of {blocks} of {shape}")
    value = view.reshaped(view.value(0), (*blocks, shape[0] // prod(blocks), *shape[1:]))
    mixed = [a for i in range(count) for a in (count + 1 + i, i)]
    value = view.transposed(value, (count, *mixed, *range(2 * count + 1, rank + count)))
    whole = [size * block for size, block in zip(shape[1:], blocks, strict=False)]
    value = view.reshaped(value, (shape[0] // prod(blocks), *whole, *shape[count + 1 :]))
    runs = {}
    for axis, (size, (low, high)) in enumerate(zip(whole, crops, strict=True), 1):
        if size - low - high < 1:
            raise view.invalid(f"crops {crops} leave nothing of {whole}")
        runs[axis] = (size - low - high, low, 1)
    return taken(view, value, runs)


def _pairs(view: NodeView, index: int, count: int) -> list[tuple[int, int]]:
    """An input that has two numbers for each axis."""
    data = view.constant(index, "pads")
    if data.shape != (count, 2) or data.dtype.kind not in "iu" or data.min(initial=0) < 0:
        raise view.invalid(f"{count} axes want two pads each, not {data.dtype} of shape {data.shape}")
    return [(int(low), int(high)) for low, high in data]


def pad(view: NodeView) -> str:
    """A border of zeros, or of the number that is the third input."""
    view.count(2, 3)
    pads = _pairs(view, 1, len(view.shape(0)))
    before, after = ([p[i] for p in pads] for i in (0, 1))
    value = view.value(0)
    if not any(before + after):
        return value
    if not view.has(2):
        return bordered(view, value, before, after, 0.0)
    if not view.is_constant(2):
        return bordered_with(view, value, before, after, view.value(2))
    number = view.constant(2, "value")
    if number.size != 1:
        raise view.invalid(f"its value must be one number, not of shape {number.shape}")
    return bordered(view, value, before, after, number.reshape(()).item())


def mirror_pad(view: NodeView) -> str:
    """A border that mirrors what lies inside: the outermost cells too if symmetric."""
    view.count(2)
    symmetric = view.options.integer("Mode")
    if symmetric not in (0, 1):
        raise view.options.unsupported("Mode", symmetric, "REFLECT and SYMMETRIC")
    value = view.value(0)
    for axis, (low, high) in enumerate(_pairs(view, 1, len(view.shape(0)))):
        size = view.shape_of(value)[axis]
        if max(low, high) > size - 1 + symmetric:
            raise view.invalid(f"a mirrored border of {low} and {high} around {size} cells")
        if low or high:
            wanted = np.arange(-low, size + high)
            below = np.where(wanted < 0, -wanted - symmetric, wanted)
            value = picked(view, value, axis, np.where(below >= size, 2 * size - 2 + symmetric - below, below).tolist())
    return value
