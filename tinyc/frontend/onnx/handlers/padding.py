"""Borders around tensors: constant, mirrored, repeated, and crops, which are negative borders."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tinyc.frontend.borders import bordered, bordered_with
from tinyc.frontend.onnx.node import NodeView
from tinyc.frontend.pieces import picked, taken

MOST_MIRRORED = 2**16
"""Cells beyond the ends of an axis that are taken from elsewhere."""

Indices = np.ndarray[tuple[int, ...], np.dtype[np.int64]]

_MODES: dict[str, Callable[[Indices, int], Indices]] = {
    "edge": lambda wanted, size: np.clip(wanted, 0, size - 1),
    "wrap": lambda wanted, size: wanted % size,
    "reflect": lambda wanted, size: size - 1 - np.abs(wanted % max(2 * (size - 1), 1) - (size - 1)),
}
"""Which element stands for an index that may lie outside."""


def pad(node: NodeView) -> str:
    """Pads and value are attributes before opset 11, inputs from then on. Negative pads crop."""
    mode = node.attributes.text("mode", "constant")
    if mode != "constant" and mode not in _MODES:
        raise node.attributes.unsupported("mode", mode, "'constant', 'edge', 'reflect' and 'wrap'")
    before, after = _pads(node)
    value = _cropped(node, node.value(0), before, after)
    before, after = (tuple(max(count, 0) for count in counts) for counts in (before, after))
    if mode != "constant" or not any(before + after):
        node.attributes.ignore("value")
    if not any(before + after):
        return value
    if mode == "constant":
        return _filled(node, value, before, after)
    for axis, size in enumerate(node.shape_of(value)):
        if before[axis] or after[axis]:
            if before[axis] + after[axis] > MOST_MIRRORED:
                raise node.invalid(f"{before[axis]} and {after[axis]} more of {size} is not possible")
            wanted = np.arange(-before[axis], size + after[axis])
            value = picked(node, value, axis, _MODES[mode](wanted, size).tolist())
    return value


def center_crop_pad(node: NodeView) -> str:
    """The middle of each axis, or zeros around it, so that it has the wanted size."""
    shape = node.shape(0)
    given = node.attributes.integers("axes")
    axes = range(len(shape)) if given is None else [node.axis(a, len(shape)) for a in given]
    wanted = node.integers(1, "shape")
    if len(wanted) != len(axes):
        raise node.invalid(f"a shape of {wanted} for {len(axes)} axes")
    before, after = [0] * len(shape), [0] * len(shape)
    for axis, size in zip(axes, wanted, strict=True):
        missing = size - shape[axis]
        before[axis] = missing // 2 if missing > 0 else -(-missing // 2)
        after[axis] = missing - before[axis]
    value = _cropped(node, node.value(0), before, after)
    low, high = ([max(count, 0) for count in counts] for counts in (before, after))
    if not any(low + high):
        return value
    return _filled(node, value, low, high)


def _pads(node: NodeView) -> tuple[Sequence[int], Sequence[int]]:
    """How many cells before and after each axis."""
    rank = len(node.shape(0))
    pads = (node.attributes.integers("pads") or ()) if node.opset < 11 else node.integers(1, "pads")
    axes = tuple(range(rank))
    if node.has(3):
        axes = tuple(node.axis(a, rank) for a in node.integers(3, "axes"))
        if len(set(axes)) != len(axes):
            raise node.invalid(f"axes {axes} name one twice")
    if len(pads) != 2 * len(axes):
        raise node.invalid(f"{len(axes)} axes want {2 * len(axes)} pads, not {len(pads)}")
    before, after = [0] * rank, [0] * rank
    for place, axis in enumerate(axes):
        before[axis], after[axis] = pads[place], pads[len(axes) + place]
    return before, after


def _cropped(node: NodeView, value: str, before: Sequence[int], after: Sequence[int]) -> str:
    runs = {}
    for axis, (size, low, high) in enumerate(zip(node.shape_of(value), before, after, strict=True)):
        if min(low, 0) + min(high, 0) < 0:
            left = size + min(low, 0) + min(high, 0)
            if left < 1:
                raise node.invalid(f"pads {low} and {high} leave nothing of axis {axis} of size {size}")
            runs[axis] = (left, max(-low, 0), 1)
    return taken(node, value, runs)


def _filled(node: NodeView, value: str, before: Sequence[int], after: Sequence[int]) -> str:
    """A border of one value."""
    if node.opset < 11 or not node.has(2):
        number = 0.0 if node.opset >= 11 else node.attributes.number("value", 0.0)
        return bordered(node, value, before, after, number)
    if node.is_constant(2) and node.is_float(0):
        return bordered(node, value, before, after, node.number(2, "value"))
    return bordered_with(node, value, before, after, node.value(2))
