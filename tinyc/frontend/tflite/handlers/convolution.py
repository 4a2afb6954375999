"""CONV_2D, DEPTHWISE_CONV_2D and TRANSPOSE_CONV."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tinyc.frontend.phases import Filters, in_phases, transposed_axis
from tinyc.frontend.sliding import MAX_VALUE, Axis, Sliding, plane
from tinyc.frontend.tensors import as_float32
from tinyc.frontend.tflite.handlers.activation import activated
from tinyc.frontend.tflite.node import NodeView
from tinyc.ops.conv2d import Conv2D
from tinyc.ops.depthwise_conv2d import DepthwiseConv2D

SAME, VALID = 0, 1


def window(view: NodeView, kernel: Sequence[int], dilated: bool = True) -> Sliding:
    """The window that the operator moves over the plane of input 0, by its strides, dilations and padding."""
    if len(view.shape(0)) != 4:
        raise view.invalid(f"its input must be a batch of images, it has shape {view.shape(0)}")
    padding = view.options.integer("Padding")
    if padding not in (SAME, VALID):
        raise view.options.unsupported("Padding", padding, "SAME and VALID")
    axes = []
    for size, cells, letter in zip(view.shape(0)[1:3], kernel, "HW", strict=True):
        stride = view.options.integer(f"Stride{letter}", 1)
        dilation = view.options.integer(f"Dilation{letter}Factor", 1) if dilated else 1
        if not all(1 <= n <= MAX_VALUE for n in (cells, stride, dilation)):
            raise view.invalid(f"a window of {cells} cells with stride {stride} and dilation {dilation}")
        axis = Axis(size, cells, stride, 1 if cells == 1 else dilation)
        axes.append(axis.same(upper=True) if padding == SAME else axis)
        if padding == VALID and axis.extent > size:
            raise view.invalid(f"a window of {axis.extent} cells is larger than the input's {size}")
    return plane(view, axes)


def bias(view: NodeView, index: int, count: int, x: int = 0, w: int = 1) -> NDArray[np.float32]:
    """The bias, zeros if there is none: integers are in units of the products of inputs `x` and `w`."""
    if not view.has(index):
        return np.zeros(count, np.float32)
    data = view.stored(index, "bias")
    if data.size != count:
        raise view.invalid(f"a bias of shape {data.shape} does not fit {count} channels")
    if data.dtype.kind == "f":
        return view.floats(index, "bias").reshape(count)
    inputs, weights = view.quantization(x), view.quantization(w)
    if data.dtype.kind != "i" or inputs is None or weights is None:
        raise view.unsupported(f"a bias of {data.dtype} elements with inputs or weights that are not integers")
    units = inputs.scale[0].astype(np.float64) * weights.scale.astype(np.float64)
    with np.errstate(over="ignore"):
        numbers = np.asarray(data.reshape(count) * units, np.float32)
    return as_float32(numbers, "the bias", view.where)


def conv_2d(view: NodeView) -> str:
    """Weights have filters first; groups show in how many channels they see."""
    view.count(2, 3)
    view.options.ignore("QuantizedBiasType")
    weights, channels = view.floats(1, "weights"), view.shape(0)[-1] if view.shape(0) else 0
    if weights.ndim != 4 or not weights.shape[3] or channels % weights.shape[3]:
        raise view.invalid(f"weights of shape {weights.shape} do not fit an input of shape {view.shape(0)}")
    sliding = window(view, weights.shape[1:3])
    op = Conv2D(
        sliding.stride, sliding.pads, sliding.dilation, groups=channels // weights.shape[3],
        weight_scales=view.scales(1, axis=0),
    )  # fmt: skip
    return _linear(view, op, weights, weights.shape[0])


def depthwise_conv_2d(view: NodeView) -> str:
    """Some filters for each channel."""
    view.count(2, 3)
    weights, channels = view.floats(1, "weights"), view.shape(0)[-1] if view.shape(0) else 0
    if weights.ndim != 4 or weights.shape[0] != 1 or not channels or weights.shape[3] % channels:
        raise view.invalid(f"weights of shape {weights.shape} do not fit an input of shape {view.shape(0)}")
    multiplier = view.options.integer("DepthMultiplier", 0)
    if multiplier not in (0, weights.shape[3] // channels):
        raise view.invalid(f"option DepthMultiplier = {multiplier} with {weights.shape[3]} filters for {channels}")
    sliding, scales = window(view, weights.shape[1:3]), view.scales(1, axis=3)
    slides = (sliding.stride, sliding.pads, sliding.dilation)
    if channels == 1:
        op = Conv2D(*slides, weight_scales=scales)
        return _linear(view, op, weights.transpose(3, 1, 2, 0), weights.shape[3])
    return _linear(view, DepthwiseConv2D(*slides, weight_scales=scales), weights, weights.shape[3])


def _linear(view: NodeView, op: Conv2D | DepthwiseConv2D, weights: NDArray[np.float32], filters: int) -> str:
    offsets = bias(view, 2, filters)
    w = view.store_like(1, weights)
    b = view.store_like(2, offsets) if view.has(2) else view.store(offsets, f"{view.name}.bias")
    return activated(view, view.emit(op, view.value(0), w, b))


def transpose_conv(view: NodeView) -> str:
    """Each cell of the input adds a window to the result, whose shape is the first input."""
    view.count(3, 4)
    view.options.ignore("QuantizedBiasType")
    size, weights, x = view.integers(0, "output shape"), view.floats(1, "weights"), view.shape(2)
    if len(size) != 4 or weights.ndim != 4 or len(x) != 4 or weights.shape[3] != x[3] or weights.shape[0] != size[3]:
        raise view.invalid(f"weights of shape {weights.shape} do not fit {x} and a result of {size}")
    if size[0] != x[0] or min(size) < 1:
        raise view.invalid(f"a result of {size} from an input of {x}")
    padding, axes = view.options.integer("Padding"), []
    if padding not in (SAME, VALID):
        raise view.options.unsupported("Padding", padding, "SAME and VALID")
    for axis, letter in ((1, "H"), (2, "W")):
        stride = view.options.integer(f"Stride{letter}", 1)
        if not 1 <= stride <= MAX_VALUE:
            raise view.invalid(f"a stride of {stride}")
        forward = Axis(size[axis], weights.shape[axis], stride, 1)
        if padding == SAME:
            forward = forward.same(upper=True)
        if (padding == VALID and forward.extent > size[axis]) or forward.windows(False) != x[axis]:
            raise view.invalid(f"a result of {size} does not come from {x} with strides of {stride}")
        axes.append(transposed_axis(x[axis], weights.shape[axis], stride, 1, forward.before, size[axis]))
    filters = Filters(weights.transpose(3, 0, 1, 2), bias(view, 3, size[3], x=2), view.scales(1, axis=0))
    return activated(view, in_phases(view, view.value(2), filters, axes, bias_index=3))
