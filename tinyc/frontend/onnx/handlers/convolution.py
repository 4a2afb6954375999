"""Conv and ConvTranspose."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from tinyc.frontend.onnx.handlers.layout import from_nhwc, to_nhwc
from tinyc.frontend.onnx.handlers.sliding import attribute_values, check_values, read_axes, read_sliding
from tinyc.frontend.onnx.node import NodeView
from tinyc.frontend.phases import SINGLE, Filters, PhaseAxis, in_phases, transposed_axis
from tinyc.ops.add import Add
from tinyc.ops.conv2d import Conv2D
from tinyc.ops.convolve import Convolve
from tinyc.ops.depthwise_conv2d import DepthwiseConv2D


def conv(node: NodeView) -> str:
    """Constant weights over one or two axes make the fast operators, which have int8 forms."""
    rank = len(node.shape(0))
    if rank < 3:
        raise node.invalid(f"its input must have a batch, channels and space, it has shape {node.shape(0)}")
    if rank > 4 or not node.is_constant(1) or (node.has(2) and not node.is_constant(2)):
        return with_bias(node, convolved(node, node.value(0), node.value(1)), 2)
    weights = node.floats(1, "weights")
    groups = _groups(node, node.shape(0), weights.shape)
    kernel = _kernel(node, weights.shape)
    out, channels = weights.shape[0], node.shape(0)[1]
    sliding = read_sliding(node, node.shape(0)[2:], kernel)
    bias = node.floats(2, "bias") if node.has(2) else np.zeros(out, np.float32)
    b = node.store_like(2, bias) if node.has(2) else node.store(bias, f"{node.name}.bias")

    planes = weights if rank == 4 else weights[:, :, None, :]
    x, scales = to_nhwc(node, node.value(0)), node.scales(1, axis=0)
    slides = (sliding.stride, sliding.pads, sliding.dilation)
    if groups == channels and groups > 1:
        w = node.store_like(1, planes.transpose(1, 2, 3, 0))
        y = node.emit(DepthwiseConv2D(*slides, weight_scales=scales), x, w, b)
    else:
        w = node.store_like(1, planes.transpose(0, 2, 3, 1))
        y = node.emit(Conv2D(*slides, groups=groups, weight_scales=scales), x, w, b)
    return from_nhwc(node, y, rank)


def convolved(node: NodeView, x: str, w: str) -> str:
    """The convolution of any values, with the attributes of the node: without a bias."""
    shape, weights = node.shape_of(x), node.shape_of(w)
    groups = _groups(node, shape, weights)
    axes = read_axes(node, shape[2:], _kernel(node, weights))
    op = Convolve(
        size=tuple(axis.windows(False) for axis in axes),
        stride=tuple(axis.stride for axis in axes),
        before=tuple(axis.before for axis in axes),
        dilation=tuple(axis.dilation for axis in axes),
        groups=groups,
    )
    return node.emit(op, x, w)


def with_bias(node: NodeView, value: str, index: int) -> str:
    """`value` plus input `index`, one number a channel, if that is given."""
    if not node.has(index):
        return value
    shape = node.shape_of(value)
    if prod(node.shape(index)) != shape[1]:
        raise node.invalid(f"a bias of shape {node.shape(index)} does not fit {shape[1]} channels")
    return node.emit(Add(), value, node.reshaped(node.value(index), (1, shape[1], *(1 for _ in shape[2:]))))


def conv_transpose(node: NodeView) -> str:
    """Each cell of the input adds a window to the result."""
    shape, weights = node.shape(0), node.shape(1)
    rank = len(shape) - 2
    groups = node.attributes.integer("group", 1)
    if rank < 1 or len(weights) != len(shape):
        raise node.invalid(f"weights of shape {weights} do not fit an input of shape {shape}")
    if groups < 1 or weights[0] != shape[1] or weights[0] % groups:
        raise node.invalid(f"weights of shape {weights} in {groups} groups do not fit {shape[1]} channels")
    kernel = _kernel(node, weights)
    strides, dilations = (attribute_values(node, name, rank) for name in ("strides", "dilations"))
    extra = node.attributes.integers("output_padding") or (0,) * rank
    check_values(node, "output_padding", extra, rank, least=0)
    spans = [
        s * (n - 1) + e + (k - 1) * d + 1
        for s, n, e, k, d in zip(strides, shape[2:], extra, kernel, dilations, strict=True)
    ]  # of the results without pads
    before, size = _cropped(node, shape[2:], strides, spans)
    if rank <= 2 and node.is_constant(1) and (node.is_constant(2) or not node.has(2)):
        axes = list(map(transposed_axis, shape[2:], kernel, strides, dilations, before, size))
        return _in_phases(node, [SINGLE, *axes][-2:], groups)
    op = Convolve(size=size, stride=strides, before=before, dilation=dilations, groups=groups, transposed=True)
    return with_bias(node, node.emit(op, node.value(0), node.value(1)), 2)


def _in_phases(node: NodeView, axes: Sequence[PhaseAxis], groups: int) -> str:
    """The transposed convolution with constant weights and bias."""
    weights, rank = node.floats(1, "weights"), len(node.shape(0))
    out = groups * weights.shape[1]
    if node.has(2) and node.shape(2) != (out,):
        raise node.invalid(f"a bias of shape {node.shape(2)} does not fit {out} channels")
    bias = node.floats(2, "bias") if node.has(2) else np.zeros(out, np.float32)
    planes = weights.reshape(*weights.shape[:2], -1, weights.shape[-1])
    filters = Filters(planes, bias, node.scales(1, axis=1) * groups, groups)
    return from_nhwc(node, in_phases(node, to_nhwc(node, node.value(0)), filters, axes), rank)


def _cropped(
    node: NodeView, size: Sequence[int], strides: Sequence[int], spans: Sequence[int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """How many of the results along each axis fall away in front, and how many are left."""
    rank = len(size)
    auto_pad = node.attributes.text("auto_pad", "NOTSET")
    wanted, pads = node.attributes.integers("output_shape"), node.attributes.integers("pads") or (0,) * (2 * rank)
    if auto_pad not in ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"):
        raise node.attributes.unsupported("auto_pad", auto_pad, "NOTSET, VALID, SAME_UPPER or SAME_LOWER")
    if wanted is None and auto_pad.startswith("SAME"):
        wanted = tuple(n * s for n, s in zip(size, strides, strict=True))
    if wanted is None:
        check_values(node, "pads", pads, 2 * rank, least=0)
        left = tuple(span - a - b for span, a, b in zip(spans, pads[:rank], pads[rank:], strict=True))
        if min(left) < 1:
            raise node.invalid(f"nothing is left of {tuple(spans)} results with pads {pads}")
        return pads[:rank], left
    check_values(node, "output_shape", wanted[-rank:], rank, least=1)
    totals = [max(span - n, 0) for span, n in zip(spans, wanted[-rank:], strict=True)]
    before = tuple(t // 2 if auto_pad == "SAME_UPPER" else t - t // 2 for t in totals)
    return before, wanted[-rank:]


def _groups(node: NodeView, shape: Sequence[int], weights: Sequence[int]) -> int:
    groups = node.attributes.integer("group", 1)
    if len(weights) != len(shape) or len(shape) < 3:
        raise node.invalid(f"weights of shape {tuple(weights)} do not fit an input of shape {tuple(shape)}")
    out, depth = weights[:2]
    if groups < 1 or depth * groups != shape[1] or out % groups or out == 0:
        raise node.invalid(f"weights of shape {tuple(weights)} in {groups} groups do not fit {shape[1]} channels")
    return groups


def _kernel(node: NodeView, weights: Sequence[int]) -> tuple[int, ...]:
    kernel = node.attributes.integers("kernel_shape") or tuple(weights[2:])
    if kernel != tuple(weights[2:]):
        raise node.invalid(f"attribute kernel_shape = {kernel} contradicts weights of shape {tuple(weights)}")
    if min(weights) < 1:
        raise node.invalid(f"weights of shape {tuple(weights)} have no cells")
    return kernel
