"""Means and sums over whole axes."""

from __future__ import annotations

from math import prod

from tinyc.frontend.onnx.node import NodeView
from tinyc.ops.mean import Mean


def reduce_mean(node: NodeView) -> str:
    """The mean over some axes."""
    return _reduced(node, first_input_opset=18, total=False)


def reduce_sum(node: NodeView) -> str:
    """The sum over some axes: their mean times how many elements it is of."""
    return _reduced(node, first_input_opset=13, total=True)


def _reduced(node: NodeView, first_input_opset: int, total: bool) -> str:
    """The mean over some axes or all, one run of neighbouring axes after the other."""
    shape = node.shape(0)
    given = node.axes_list(1, first_input_opset)
    keep = node.attributes.flag("keepdims", True)
    noop = node.opset >= first_input_opset and node.attributes.flag("noop_with_empty_axes")
    value = node.value(0)
    if noop and not given:
        return value
    axes = node.axes(given, len(shape)) if given else tuple(range(len(shape)))
    for run in _runs(axes, shape):
        value = node.emit(Mean(axes=run), value)
    value = node.scaled(value, prod(shape[a] for a in axes) if total else 1)
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
