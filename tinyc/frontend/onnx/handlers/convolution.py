"""Conv."""

from __future__ import annotations

import numpy as np

from tinyc.frontend.onnx.handlers.layout import from_nhwc, spatial_size, to_nhwc
from tinyc.frontend.onnx.handlers.sliding import read_sliding
from tinyc.frontend.onnx.node import NodeView
from tinyc.ops.conv2d import Conv2D
from tinyc.ops.depthwise_conv2d import DepthwiseConv2D


def conv(node: NodeView) -> str:
    """One or two spatial axes; as many groups as channels make a depthwise convolution."""
    size = spatial_size(node, 0)
    weights = node.floats(1, "weights")
    channels, rank = node.shape(0)[1], len(size) + 2
    groups = node.attributes.integer("group", 1)
    if weights.ndim != rank:
        raise node.invalid(f"weights of shape {weights.shape} do not fit an input of shape {node.shape(0)}")
    out, depth = weights.shape[:2]
    if groups < 1 or depth * groups != channels or out % groups or out == 0:
        raise node.invalid(f"weights of shape {weights.shape} in {groups} groups do not fit {channels} channels")
    kernel = node.attributes.integers("kernel_shape") or weights.shape[2:]
    if kernel != weights.shape[2:]:
        raise node.invalid(f"attribute kernel_shape = {kernel} contradicts weights of shape {weights.shape}")
    sliding = read_sliding(node, size, kernel)
    bias = node.floats(2, "bias") if node.has(2) else np.zeros(out, np.float32)
    b = node.store_like(2, bias) if node.has(2) else node.store(bias, f"{node.name}.bias")

    planes = weights if rank == 4 else weights[:, :, None, :]
    x = to_nhwc(node, node.value(0))
    if groups == channels and groups > 1:
        w = node.store_like(1, planes.transpose(1, 2, 3, 0))
        y = node.emit(DepthwiseConv2D(stride=sliding.stride, pads=sliding.pads, dilation=sliding.dilation), x, w, b)
    else:
        w = node.store_like(1, planes.transpose(0, 2, 3, 1))
        op = Conv2D(stride=sliding.stride, pads=sliding.pads, dilation=sliding.dilation, groups=groups)
        y = node.emit(op, x, w, b)
    return from_nhwc(node, y, rank)
