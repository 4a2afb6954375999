"""Operators over whole axes: means and softmax."""

from __future__ import annotations

from math import prod

from tinyc.frontend.onnx.node import NodeView
from tinyc.ops.mean import Mean
from tinyc.ops.softmax import Softmax


def reduce_mean(node: NodeView) -> str:
    """The mean over some axes, one run of neighbouring axes after the other."""
    shape = node.shape(0)
    given = node.axes_list(1, first_input_opset=18)
    keep = node.attributes.flag("keepdims", True)
    noop = node.opset >= 18 and node.attributes.flag("noop_with_empty_axes")
    if noop and not given:
        return node.value(0)
    axes = node.axes(given, len(shape)) if given else tuple(range(len(shape)))
    value = node.value(0)
    for run in _runs(axes, shape):
        value = node.emit(Mean(run), value)
    return value if keep else node.reshaped(value, tuple(s for a, s in enumerate(shape) if a not in axes))


def _runs(axes: tuple[int, ...], shape: tuple[int, ...]) -> list[tuple[int, ...]]:
    """The axes in runs of neighbours. Axes of size 1 take part only between others, to join them."""
    runs: list[tuple[int, ...]] = []
    for axis in (a for a in axes if shape[a] > 1):
        if runs and prod(shape[runs[-1][-1] + 1 : axis]) == 1:
            runs[-1] = tuple(range(runs[-1][0], axis + 1))
        else:
            runs.append((axis,))
    return runs


def softmax(node: NodeView) -> str:
    """Before opset 13 over all axes from `axis` (default 1) on together, since then over `axis` (default −1) alone."""
    shape = node.shape(0)
    axis = node.axis(node.attributes.integer("axis", 1 if node.opset < 13 else -1), len(shape))
    x = node.value(0)
    if node.opset < 13:
        rows = node.reshaped(x, (prod(shape[:axis]), prod(shape[axis:]))) if axis < len(shape) - 1 else x
        return node.reshaped(node.emit(Softmax(), rows), shape)
    if axis == len(shape) - 1:
        return node.emit(Softmax(), x)
    swap = list(range(len(shape)))
    swap[axis], swap[-1] = swap[-1], swap[axis]
    return node.transposed(node.emit(Softmax(), node.transposed(x, swap)), swap)
