"""MaxPool, AveragePool, LpPool, their global forms, and MaxUnpool."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod

import numpy as np

from tinyc.frontend.onnx.handlers.layout import from_nhwc, spatial_size, to_nhwc
from tinyc.frontend.onnx.handlers.sliding import attribute_values, check_values, read_axes
from tinyc.frontend.onnx.node import NodeView
from tinyc.frontend.sliding import Axis, Sliding, plane
from tinyc.ops.avg_pool2d import AvgPool2D
from tinyc.ops.map import Map
from tinyc.ops.max_pool2d import MaxPool2D
from tinyc.ops.mean import Mean
from tinyc.ops.mul import Mul
from tinyc.ops.pad import Pad
from tinyc.ops.pool import Pool
from tinyc.ops.scatter import Scatter


def max_pool(node: NodeView) -> str | list[str]:
    """The maximum of each window, and where it is; cells outside the input never win."""
    column_major = node.attributes.flag("storage_order")  # of the places, the second result
    places, ceil = any(node.results[1:]), node.attributes.flag("ceil_mode")
    axes = _read_axes(node)
    if _is_plain(node, axes) and not places:
        sliding = _fitted_plane(node, axes, ceil)
        x = to_nhwc(node, node.value(0))
        y = node.emit(MaxPool2D(kernel=sliding.kernel, stride=sliding.stride, pads=sliding.pads), x)
        return from_nhwc(node, y, len(node.shape(0)))
    value = node.emit(_pool("max", axes, ceil), node.value(0))
    if not places:
        return value
    where = node.emit(_pool("where", axes, ceil), node.value(0))
    return [value, _in_columns(node, where) if column_major else where]


def average_pool(node: NodeView) -> str:
    """The mean of each window. With count_include_pad the padding counts as zeros, so it is written out."""
    counts_pads, ceil = node.attributes.flag("count_include_pad"), node.attributes.flag("ceil_mode")
    axes = _read_axes(node)
    if not _is_plain(node, axes):
        return _any_average_pool(node, axes, counts_pads, ceil)
    sliding, stated = _fitted_plane(node, axes, ceil), plane(node, axes)
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


def _any_average_pool(node: NodeView, axes: Sequence[Axis], counts_pads: bool, ceil: bool) -> str:
    if not counts_pads:
        return node.emit(_pool("mean", axes, ceil), node.value(0))
    value = node.emit(_pool("sum", axes, ceil), node.value(0))
    for place, axis in enumerate(axes):  # a mean along each axis, of as many cells as lie within the pads
        cells = np.arange(axis.windows(ceil))[:, None] * axis.stride + np.arange(axis.kernel) * axis.dilation
        share = 1 / (cells < axis.before + axis.size + axis.after).sum(1)
        factor = share if len(set(share)) > 1 else share[0]
        shape = (-1, *(1 for _ in axes[place + 1 :])) if np.ndim(factor) else ()
        value = node.emit(Mul(), value, node.store(np.reshape(factor, shape), f"{node.name}.share"))
    return value


def lp_pool(node: NodeView) -> str:
    """The norm of each window, of any exponent."""
    p = float(node.attributes.integer("p", 2))
    ceil = node.attributes.flag("ceil_mode")
    return node.emit(_pool("norm", _read_axes(node), ceil, p), node.value(0))


def max_unpool(node: NodeView) -> str:
    """Zeros, with the elements of the input at the given places."""
    shape = node.shape(0)
    kernel = node.attributes.integers("kernel_shape") or ()
    rank = len(shape) - 2
    check_values(node, "kernel_shape", kernel, rank, least=1)
    strides = attribute_values(node, "strides", rank)
    pads = node.attributes.integers("pads") or (0,) * (2 * rank)
    check_values(node, "pads", pads, 2 * rank, least=0)
    if node.shape(1) != shape:
        raise node.invalid(f"places of shape {node.shape(1)} for an input of shape {shape}")
    along = zip(shape[2:], kernel, strides, pads[:rank], pads[rank:], strict=True)
    size = (*shape[:2], *((n - 1) * s + k - a - b for n, k, s, a, b in along))
    if min(size) < 1:
        raise node.invalid(f"pads {pads} leave nothing of {size}")
    if node.has(2) and node.integers(2, "output shape") != size:
        raise node.unsupported(
            f"an output shape other than {size}: ONNX and ONNX Runtime then put elements at different places",
            "leave it out, or pad the result",
        )
    zeros = node.store(np.zeros(prod(size), np.float32), f"{node.name}.zeros")
    places, values = (node.reshaped(node.value(i), (prod(shape),)) for i in (1, 0))
    return node.reshaped(node.emit(Scatter(), zeros, places, values), size)


def global_average_pool(node: NodeView) -> str:
    """The mean over all spatial axes, which stay as axes of size 1."""
    rank = len(node.shape(0))
    if rank < 3:
        raise node.invalid(f"its input must have spatial axes, it has shape {node.shape(0)}")
    return node.emit(Mean(axes=tuple(range(2, rank))), node.value(0))


def global_max_pool(node: NodeView) -> str:
    """The maximum over all spatial axes, which stay as axes of size 1."""
    shape = node.shape(0)
    if len(shape) > 4 or not node.is_float(0):
        return node.emit(_pool("max", [Axis(n, n, 1, 1) for n in shape[2:]], False), node.value(0))
    size = spatial_size(node, 0)
    x = to_nhwc(node, node.value(0))
    y = node.emit(MaxPool2D(kernel=(size[0] if len(size) == 2 else 1, size[-1])), x)
    return from_nhwc(node, y, len(size) + 2)


def global_lp_pool(node: NodeView) -> str:
    """The norm over all spatial axes, which stay as axes of size 1."""
    p = float(node.attributes.integer("p", 2))
    return node.emit(_pool("norm", [Axis(n, n, 1, 1) for n in node.shape(0)[2:]], False, p), node.value(0))


def _is_plain(node: NodeView, axes: Sequence[Axis]) -> bool:
    """Whether the fast operators, which have int8 forms, can do it."""
    return node.is_float(0) and len(axes) <= 2 and all(axis.dilation == 1 for axis in axes)


def _read_axes(node: NodeView) -> tuple[Axis, ...]:
    if len(node.shape(0)) < 3:
        raise node.invalid(f"its input must have a batch, channels and space, it has shape {node.shape(0)}")
    return read_axes(node, node.shape(0)[2:], node.attributes.integers("kernel_shape") or ())


def _pool(function: str, axes: Sequence[Axis], ceil: bool, p: float = 2.0) -> Pool:
    return Pool(
        function=function,
        size=tuple(axis.windows(ceil) for axis in axes),
        kernel=tuple(axis.kernel for axis in axes),
        stride=tuple(axis.stride for axis in axes),
        before=tuple(axis.before for axis in axes),
        dilation=tuple(axis.dilation for axis in axes),
        p=p,
    )


def _in_columns(node: NodeView, where: str) -> str:
    """Places in planes that are stored row by row, counted column by column."""
    if len(node.shape(0)) == 3:
        return where
    if len(node.shape(0)) != 4:
        raise node.attributes.unsupported("storage_order", 1, "0 for more than two axes")
    height, width = node.shape(0)[2:]

    def number(value: int) -> str:
        return node.store(np.array(value, np.int64), f"{node.name}.{value}")

    column = node.emit(Map("mod"), where, number(width))
    row = node.emit(Map("mod"), node.emit(Map("div"), where, number(width)), number(height))
    plane = node.emit(Map("sub"), where, node.emit(Map("mod"), where, number(height * width)))
    inside = node.emit(Map("add"), node.emit(Map("mul"), column, number(height)), row)
    return node.emit(Map("add"), plane, inside)


def _fitted_plane(node: NodeView, axes: Sequence[Axis], ceil: bool) -> Sliding:
    """The window with pads just large enough for all its places."""
    stated = plane(node, axes)
    return Sliding(_fitted(node, stated.height, ceil), _fitted(node, stated.width, ceil))


def _fitted(node: NodeView, axis: Axis, ceil: bool) -> Axis:
    last = (axis.windows(ceil) - 1) * axis.stride
    if axis.before >= axis.kernel or last >= axis.before + axis.size:
        raise node.unsupported(f"a window of {axis.kernel} cells lies wholly in the padding: {axis}")
    return replace(axis, after=max(last + axis.kernel - axis.before - axis.size, 0))
