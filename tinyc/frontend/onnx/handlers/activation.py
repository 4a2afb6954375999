"""Activation functions."""

from __future__ import annotations

import numpy as np

from tinyc.frontend.onnx.handlers.elementwise import folded
from tinyc.frontend.onnx.node import NodeView
from tinyc.ops.add import Add
from tinyc.ops.clamp import Clamp
from tinyc.ops.map import Map
from tinyc.ops.mul import Mul
from tinyc.ops.prelu import Prelu
from tinyc.ops.sigmoid import Sigmoid
from tinyc.ops.tanh import Tanh

INFINITY = float("inf")
LARGEST = float(np.finfo(np.float32).max)


def relu(node: NodeView) -> str:
    """max(x, 0)."""
    return node.emit(Clamp(low=0.0), node.value(0))


def clip(node: NodeView) -> str:
    """Bounds are attributes before opset 11 and inputs from then on; where low > high, high wins."""
    constant = all(node.is_constant(i) for i in (1, 2) if node.has(i))
    if node.opset >= 11 and not (constant and node.is_float(0)):
        value = node.value(0)
        value = node.emit(Map("max"), value, node.value(1)) if node.has(1) else value
        return node.emit(Map("min"), value, node.value(2)) if node.has(2) else value
    if node.opset < 11:
        low, high = node.attributes.number("min", -INFINITY), node.attributes.number("max", INFINITY)
    else:
        low = node.number(1, "lower bound") if node.has(1) else -INFINITY
        high = node.number(2, "upper bound") if node.has(2) else INFINITY
    return _clamped(node, low, high)


def maximum(node: NodeView) -> str:
    """The largest of any number of tensors; of a tensor and constant numbers, a clamp."""
    found = _tensor_and_bounds(node)
    if found is None:
        return folded("max")(node)
    return _clamped(node, max(found[1], default=-INFINITY), INFINITY, found[0])


def minimum(node: NodeView) -> str:
    """The smallest of any number of tensors; of a tensor and constant numbers, a clamp."""
    found = _tensor_and_bounds(node)
    if found is None:
        return folded("min")(node)
    return _clamped(node, -INFINITY, min(found[1], default=INFINITY), found[0])


def sigmoid(node: NodeView) -> str:
    """1 / (1 + e^−x)."""
    return node.emit(Sigmoid(), node.value(0))


def tanh(node: NodeView) -> str:
    """tanh x."""
    return node.emit(Tanh(), node.value(0))


def hard_sigmoid(node: NodeView) -> str:
    """alpha · x + beta, clamped to [0, 1]."""
    return _hard_sigmoid(node, node.attributes.number("alpha", 0.2), node.attributes.number("beta", 0.5))


def hard_swish(node: NodeView) -> str:
    """x times a hard sigmoid of x."""
    return node.emit(Mul(), node.value(0), _hard_sigmoid(node, 1 / 6, 0.5))


def swish(node: NodeView) -> str:
    """x · sigmoid(alpha · x)."""
    x = node.value(0)
    return node.emit(Mul(), x, node.emit(Sigmoid(), node.scaled(x, node.attributes.number("alpha", 1.0))))


def leaky_relu(node: NodeView) -> str:
    """x, or alpha · x where x is negative."""
    x = node.value(0)
    below = node.scaled(node.emit(Clamp(high=0.0), x), node.attributes.number("alpha", 0.01))
    return node.emit(Add(), node.emit(Clamp(low=0.0), x), below)


def prelu(node: NodeView) -> str:
    """x, or slope · x where x is negative; the slope broadcasts."""
    op = Prelu() if node.is_float(0) and node.is_float(1) and node.is_finite(1) else Map("prelu")
    y = node.emit(op, node.value(0), node.value(1))
    if node.shape_of(y) != node.shape(0):
        raise node.invalid(f"a slope of shape {node.shape(1)} does not broadcast to {node.shape(0)}")
    return y


def _clamped(node: NodeView, low: float, high: float, index: int = 0) -> str:
    if np.isnan(low) or np.isnan(high):
        raise node.invalid("a bound is NaN")
    low = -INFINITY if low <= -LARGEST else low
    high = INFINITY if high >= LARGEST else high
    if low == INFINITY or high == -INFINITY:
        raise node.unsupported(f"bounds {low} and {high}, which leave no finite value")
    if (low, high) == (-INFINITY, INFINITY):
        return node.value(index)
    return node.emit(Clamp(low=min(low, high), high=high), node.value(index))


def _hard_sigmoid(node: NodeView, alpha: float, beta: float) -> str:
    offset = node.store(np.array(beta, np.float32), f"{node.name}.offset")
    return node.emit(Add(low=0.0, high=1.0), node.scaled(node.value(0), alpha), offset)


def _tensor_and_bounds(node: NodeView) -> tuple[int, list[float]] | None:
    """Which input is computed, and the constant numbers that the others are; None if there is more to it."""
    tensors = [i for i in range(len(node)) if not node.is_constant(i)]
    rank = len(node.shape(tensors[0]))
    bounds = [node.constant(i, "bound") for i in range(len(node)) if node.is_constant(i)]
    if len(tensors) != 1 or not node.is_float(tensors[0]) or any(b.size != 1 or b.ndim > rank for b in bounds):
        return None
    return tensors[0], [float(b.reshape(())) for b in bounds]
