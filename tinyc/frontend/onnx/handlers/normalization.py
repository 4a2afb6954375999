"""Normalizations: by statistics that are known or taken here, by lengths, by sums of exponentials."""

from __future__ import annotations

from math import prod

import numpy as np

from tinyc.frontend.onnx.handlers import reduction
from tinyc.frontend.onnx.handlers.rows import statistics
from tinyc.frontend.onnx.node import NodeView
from tinyc.ops.add import Add
from tinyc.ops.avg_pool2d import AvgPool2D
from tinyc.ops.cast import Cast
from tinyc.ops.map import Map
from tinyc.ops.mul import Mul
from tinyc.ops.pad import Pad
from tinyc.ops.reduce import Reduce
from tinyc.ops.softmax import Softmax
from tinyc.ops.sub import Sub
from tinyc.ops.top_k import TopK


def batch_normalization(node: NodeView) -> str | list[str | None]:
    """y = scale · (x − mean) / √(variance + epsilon) + offset for each channel, as a product and a sum."""
    training = node.opset >= 14 and node.attributes.flag("training_mode")
    momentum = node.attributes.number("momentum", 0.9)
    if node.opset < 9 and not node.attributes.flag("spatial", True):
        raise node.attributes.unsupported("spatial", 0, "1")
    epsilon = node.attributes.number("epsilon", 1e-5)
    shape = node.shape(0)
    if len(shape) < 2:
        raise node.invalid(f"its input must have a batch and channels, it has shape {shape}")
    names = ("scale", "offset", "mean", "variance")
    for index, name in enumerate(names, 1):
        if node.shape(index) != (shape[1],):
            raise node.invalid(f"{shape[1]} channels want a {name} of shape ({shape[1]},), not {node.shape(index)}")
    if training:
        return _trained(node, momentum, epsilon)
    if not all(node.is_constant(i) for i in range(1, 5)):
        mean, variance = (_per_channel(node, node.value(i)) for i in (3, 4))
        return _standardized(node, node.value(0), mean, variance, epsilon)
    scale, offset, average, spread = (node.floats(i + 1, n).astype(np.float64) for i, n in enumerate(names))
    if (spread + epsilon <= 0).any():
        raise node.invalid("a variance plus epsilon is not positive")
    factor = scale / np.sqrt(spread + epsilon)
    per_channel = (shape[1],) + (1,) * (len(shape) - 2)
    scaled = node.emit(Mul(), node.value(0), node.store_like(1, factor.reshape(per_channel)))
    return node.emit(Add(), scaled, node.store_like(2, (offset - average * factor).reshape(per_channel)))


def _trained(node: NodeView, momentum: float, epsilon: float) -> list[str | None]:
    """With the statistics of the batch, and what the running ones become."""
    x = node.value(0)
    mean, variance = statistics(node, x, (0, *range(2, len(node.shape(0)))))
    running: list[str | None] = []
    for index, value in ((3, mean), (4, variance)):
        new = node.scaled(node.reshaped(value, node.shape(index)), 1 - momentum)
        running.append(node.emit(Add(), node.scaled(node.value(index), momentum), new))
    return [_standardized(node, x, mean, variance, epsilon), *running]


def _standardized(node: NodeView, x: str, mean: str, variance: str, epsilon: float) -> str:
    """(x − mean) / √(variance + epsilon) times input 1, a scale for each channel, plus input 2."""
    widened = node.emit(Add(), variance, node.store_number(epsilon, "epsilon"))
    divided = node.emit(Map("div"), node.emit(Sub(), x, mean), node.emit(Map("sqrt"), widened))
    scaled = node.emit(Mul(), divided, _per_channel(node, node.value(1)))
    return node.emit(Add(), scaled, _per_channel(node, node.value(2)))


def _per_channel(node: NodeView, value: str) -> str:
    return node.reshaped(value, (node.shape(0)[1],) + (1,) * (len(node.shape(0)) - 2))


def lp_normalization(node: NodeView) -> str:
    """x over the sum of absolute values along an axis, or over the root of the sum of squares; 0 if that is 0."""
    axis = node.axis(node.attributes.integer("axis", -1), len(node.shape(0)))
    p = node.attributes.integer("p", 2)
    if p not in (1, 2):
        raise node.attributes.unsupported("p", p, "1 and 2")
    norm = (reduction.plain("l1") if p == 1 else reduction.l2)(node, node.value(0), (axis,))
    least = node.store_number(float(np.finfo(np.float32).tiny), "least")
    return node.emit(Map("div"), node.value(0), node.emit(Map("max"), norm, least))


def local_response_normalization(node: NodeView) -> str:
    """x / (bias + alpha · the mean square of `size` neighbouring channels, zeros beyond the outer ones)^beta."""
    shape, size = node.shape(0), node.attributes.integer("size", 0)
    if len(shape) < 3 or size < 1:
        raise node.invalid(f"windows of {size} channels of shape {shape}")
    x = node.value(0)
    plane = (shape[0], shape[1], 1, prod(shape[2:]))  # channels become rows
    squares = node.reshaped(node.emit(Mul(), x, x), plane)
    if size > 1:
        before = (0, (size - 1) // 2, 0, 0)
        squares = node.emit(Pad(before, (0, size - 1 - before[1], 0, 0), 0.0), squares)
    means = node.reshaped(node.emit(AvgPool2D((size, 1), (1, 1), (0, 0, 0, 0)), squares), shape)
    scaled = node.scaled(means, node.attributes.number("alpha", 1e-4))
    base = node.emit(Add(), scaled, node.store_number(node.attributes.number("bias", 1.0), "bias"))
    return node.emit(
        Map("div"), x, node.emit(Map("pow"), base, node.store_number(node.attributes.number("beta", 0.75), "beta"))
    )


def log_softmax(node: NodeView) -> str:
    """The logarithm of a softmax: x less the largest, less the logarithm of the sum of exponentials of that."""
    rows, axis = _rows(node)
    below = node.emit(Sub(), rows, node.emit(Reduce("max", (axis,)), rows))
    total = node.emit(Reduce("sum", (axis,)), node.emit(Map("exp"), below))
    return node.reshaped(node.emit(Sub(), below, node.emit(Map("log"), total)), node.shape(0))


def hardmax(node: NodeView) -> str:
    """1 at the first largest element along an axis, 0 elsewhere."""
    rows, axis = _rows(node)
    shape = node.shape_of(rows)
    places = np.arange(shape[axis]).reshape((-1,) + (1,) * (len(shape) - axis - 1))
    found = node.emit(TopK(axis, 1, indices=True), rows)
    hits = node.emit(Map("equal"), found, node.store(places, f"{node.name}.places"))
    return node.reshaped(node.emit(Cast("f32"), hits), node.shape(0))


def _rows(node: NodeView) -> tuple[str, int]:
    """What is normalized, and along which axis: before opset 13 all axes from `axis` (default 1) on are one."""
    shape = node.shape(0)
    axis = node.axis(node.attributes.integer("axis", 1 if node.opset < 13 else -1), len(shape))
    if node.opset >= 13:
        return node.value(0), axis
    return node.reshaped(node.value(0), (prod(shape[:axis]), prod(shape[axis:]))), 1


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
