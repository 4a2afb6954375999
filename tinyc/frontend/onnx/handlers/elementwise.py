"""Operators that work element by element: sums, products, activation functions, normalization."""

from __future__ import annotations

import numpy as np

from tinyc.frontend.onnx.node import NodeView
from tinyc.ops.add import Add
from tinyc.ops.clamp import Clamp
from tinyc.ops.mul import Mul
from tinyc.ops.sigmoid import Sigmoid
from tinyc.ops.sub import Sub
from tinyc.ops.tanh import Tanh

INFINITY = float("inf")
LARGEST = float(np.finfo(np.float32).max)


def add(node: NodeView) -> str:
    return node.emit(Add(), node.value(0), node.value(1))


def sub(node: NodeView) -> str:
    return node.emit(Sub(), node.value(0), node.value(1))


def mul(node: NodeView) -> str:
    return node.emit(Mul(), node.value(0), node.value(1))


def div(node: NodeView) -> str:
    """A division by a constant is a product with its reciprocal."""
    divisor = node.floats(1, "divisor")
    if not divisor.all():
        raise node.invalid("a division by zero")
    return node.emit(Mul(), node.value(0), node.store_like(1, 1 / divisor.astype(np.float64)))


def relu(node: NodeView) -> str:
    return node.emit(Clamp(low=0.0), node.value(0))


def clip(node: NodeView) -> str:
    """Bounds are attributes before opset 11 and inputs from then on; where low > high, high wins."""
    if node.opset < 11:
        low, high = node.attributes.number("min", -INFINITY), node.attributes.number("max", INFINITY)
    else:
        low = node.number(1, "lower bound") if node.has(1) else -INFINITY
        high = node.number(2, "upper bound") if node.has(2) else INFINITY
    if np.isnan(low) or np.isnan(high):
        raise node.invalid("a bound is NaN")
    low = -INFINITY if low <= -LARGEST else low
    high = INFINITY if high >= LARGEST else high
    if low == INFINITY or high == -INFINITY:
        raise node.unsupported(f"bounds {low} and {high} that leave no finite value")
    return node.emit(Clamp(min(low, high), high), node.value(0))


def sigmoid(node: NodeView) -> str:
    return node.emit(Sigmoid(), node.value(0))


def tanh(node: NodeView) -> str:
    return node.emit(Tanh(), node.value(0))


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
