"""BatchNormalization and Softmax."""

from __future__ import annotations

from math import prod

import numpy as np

from tinyc.frontend.onnx.node import NodeView
from tinyc.ops.add import Add
from tinyc.ops.mul import Mul
from tinyc.ops.softmax import Softmax


def batch_normalization(node: NodeView) -> str:
    """y = scale · (x − mean) / √(variance + epsilon) + offset for each channel, as a product and a sum."""
    node.attributes.ignore("momentum")  # of training
    if node.opset >= 14 and node.attributes.flag("training_mode"):
        raise node.attributes.unsupported("training_mode", 1, "0", "export the model in evaluation mode")
    if node.opset < 9 and not node.attributes.flag("spatial", True):
        raise node.attributes.unsupported("spatial", 0, "1")
    epsilon = node.attributes.number("epsilon", 1e-5)
    shape = node.shape(0)
    if len(shape) < 2:
        raise node.invalid(f"its input must have a batch and channels, it has shape {shape}")
    names = ("scale", "offset", "mean", "variance")
    scale, offset, mean, variance = (node.floats(i + 1, n).astype(np.float64) for i, n in enumerate(names))
    for name, values in zip(names, (scale, offset, mean, variance), strict=True):
        if values.shape != (shape[1],):
            raise node.invalid(f"{shape[1]} channels want a {name} of shape ({shape[1]},), not {values.shape}")
    if (variance + epsilon <= 0).any():
        raise node.invalid("a variance plus epsilon is not positive")
    factor = scale / np.sqrt(variance + epsilon)
    per_channel = (shape[1],) + (1,) * (len(shape) - 2)
    scaled = node.emit(Mul(), node.value(0), node.store_like(1, factor.reshape(per_channel)))
    return node.emit(Add(), scaled, node.store_like(2, (offset - mean * factor).reshape(per_channel)))


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
