"""MaxPool, AveragePool and their global forms."""

from __future__ import annotations

from dataclasses import replace

from tinyc.frontend.onnx.handlers.layout import from_nhwc, spatial_size, to_nhwc
from tinyc.frontend.onnx.handlers.sliding import Axis, Sliding, read_sliding
from tinyc.frontend.onnx.node import NodeView
from tinyc.ops.avg_pool2d import AvgPool2D
from tinyc.ops.max_pool2d import MaxPool2D
from tinyc.ops.mean import Mean
from tinyc.ops.pad import Pad


def max_pool(node: NodeView) -> str:
    """The maximum of each window; cells outside the input never win."""
    node.attributes.ignore("storage_order")  # of the second result, which tinyc does not compute
    sliding, _ = _read_pool(node)
    x = to_nhwc(node, node.value(0))
    y = node.emit(MaxPool2D(kernel=sliding.kernel, stride=sliding.stride, pads=sliding.pads), x)
    return from_nhwc(node, y, len(node.shape(0)))


def average_pool(node: NodeView) -> str:
    """The mean of each window. With count_include_pad the padding counts as zeros, so it is written out."""
    counts_pads = node.attributes.flag("count_include_pad")
    sliding, stated = _read_pool(node)
    x = to_nhwc(node, node.value(0))
    if counts_pads and any(stated.pads):
        # what lies behind the stated pads, where a window of ceil_mode sticks out, does not count even then
        real = [min(a.after, s.after) for a, s in zip(sliding.axes, stated.axes, strict=True)]
        x = node.emit(Pad(before=(0, sliding.pads[0], sliding.pads[1], 0), after=(0, *real, 0)), x)
        rest = [a.after - r for a, r in zip(sliding.axes, real, strict=True)]
        pads = (0, 0, rest[0], rest[1])
    else:
        pads = sliding.pads
    y = node.emit(AvgPool2D(kernel=sliding.kernel, stride=sliding.stride, pads=pads), x)
    return from_nhwc(node, y, len(node.shape(0)))


def global_average_pool(node: NodeView) -> str:
    """The mean over all spatial axes, which stay as axes of size 1."""
    rank = len(node.shape(0))
    if rank < 3:
        raise node.invalid(f"its input must have spatial axes, it has shape {node.shape(0)}")
    return node.emit(Mean(axes=tuple(range(2, rank))), node.value(0))


def global_max_pool(node: NodeView) -> str:
    """The maximum over all spatial axes, which stay as axes of size 1."""
    size = spatial_size(node, 0)
    x = to_nhwc(node, node.value(0))
    y = node.emit(MaxPool2D(kernel=(size[0] if len(size) == 2 else 1, size[-1])), x)
    return from_nhwc(node, y, len(size) + 2)


def _read_pool(node: NodeView) -> tuple[Sliding, Sliding]:
    """The window with pads just large enough for all its places, and as the attributes state it."""
    size = spatial_size(node, 0)
    kernel = node.attributes.integers("kernel_shape") or ()
    ceil = node.attributes.flag("ceil_mode")
    stated = read_sliding(node, size, kernel)
    if stated.dilation != (1, 1):
        raise node.attributes.unsupported("dilations", stated.dilation, "1")
    return Sliding(_fitted(node, stated.height, ceil), _fitted(node, stated.width, ceil)), stated


def _fitted(node: NodeView, axis: Axis, ceil: bool) -> Axis:
    last = (axis.windows(ceil) - 1) * axis.stride
    if axis.before >= axis.kernel or last >= axis.before + axis.size:
        raise node.unsupported(f"a window of {axis.kernel} cells lies wholly in the padding: {axis}")
    return replace(axis, after=max(last + axis.kernel - axis.before - axis.size, 0))
