"""Normalizations by the mean and the variance of some last axes, or of a channel's or a group's cells."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from tinyc.frontend import reductions
from tinyc.frontend.onnx.node import NodeView
from tinyc.ops.add import Add
from tinyc.ops.map import Map
from tinyc.ops.mul import Mul
from tinyc.ops.normalize import MOST, Normalize
from tinyc.ops.sub import Sub


def layer_normalization(node: NodeView) -> list[str | None]:
    """All axes from `axis` on less their mean, over their standard deviation; then a scale and an offset."""
    node.attributes.ignore("stash_type")  # all is computed in float32
    axis, shape = _axis(node), node.shape(0)
    epsilon = node.attributes.number("epsilon", 1e-5)
    y = _scaled(node, axis, epsilon, centred=True)
    if not any(node.results[1:]):
        return [y]
    mean, variance = statistics(node, node.value(0), tuple(range(axis, len(shape))))
    root = node.emit(Map("sqrt"), node.emit(Add(), variance, node.store_number(epsilon, "epsilon")))
    return [y, mean, node.emit(Map("reciprocal"), root)]


def rms_normalization(node: NodeView) -> str:
    """All axes from `axis` on over the root of the mean of their squares; then a scale."""
    node.attributes.ignore("stash_type")
    return _scaled(node, _axis(node), node.attributes.number("epsilon", 1e-5), centred=False)


def instance_normalization(node: NodeView) -> str:
    """Each channel of each sample less its mean, over its standard deviation; then a scale and an offset a channel."""
    return _groups(node, node.shape(0)[1] if len(node.shape(0)) > 2 else 0)


def group_normalization(node: NodeView) -> str:
    """Each group of channels less its mean, over its standard deviation; then a scale and an offset a channel."""
    node.attributes.ignore("stash_type")
    return _groups(node, node.attributes.integer("num_groups", 0))


def statistics(node: NodeView, x: str, axes: tuple[int, ...]) -> tuple[str, str]:
    """Mean and variance over some axes, which stay as axes of size 1."""
    mean = reductions.mean(node, x, axes)
    centred = node.emit(Sub(), x, mean)
    return mean, reductions.mean(node, node.emit(Mul(), centred, centred), axes)


def _axis(node: NodeView) -> int:
    return node.axis(node.attributes.integer("axis", -1), len(node.shape(0)))


def _scaled(node: NodeView, axis: int, epsilon: float, centred: bool) -> str:
    """Rows of all axes from `axis` on, scaled by input 1, input 2 added."""
    shape = node.shape(0)
    row, parameters = shape[axis:], [i for i in (1, 2) if node.has(i)]
    for index in parameters:
        given = (1,) * (len(shape) - len(node.shape(index))) + node.shape(index)
        if len(given) > len(shape) or any(s not in (1, size) for s, size in zip(given, shape, strict=True)):
            raise node.invalid(f"input {index} of shape {node.shape(index)} does not broadcast to {shape}")
    x = node.reshaped(node.value(0), (*shape[:axis], prod(row)))
    if prod(row) <= MOST and all(_is_row(node, i, row) for i in parameters):
        scale, offset = (
            np.broadcast_to(node.floats(i, what), row).reshape(-1) if node.has(i) else np.full(prod(row), i == 1)
            for i, what in ((1, "scale"), (2, "offset"))
        )
        constants = (node.store(a.astype(np.float32), f"{node.name}.{i}") for i, a in ((1, scale), (2, offset)))
        return node.reshaped(node.emit(Normalize(epsilon, centred), x, *constants), shape)
    y = node.reshaped(_rows(node, x, epsilon, centred), shape)
    for index, op in ((1, Mul()), (2, Add())):
        y = node.emit(op, y, node.value(index)) if node.has(index) else y
    return y


def _is_row(node: NodeView, index: int, row: Sequence[int]) -> bool:
    """Whether the input is constant and the same for all rows."""
    shape = node.shape(index)
    return node.is_constant(index) and prod(shape[: max(len(shape) - len(row), 0)]) == 1 and len(shape) <= len(row)


def _rows(node: NodeView, x: str, epsilon: float, centred: bool) -> str:
    """The last axis normalized, whatever its length."""
    shape = node.shape_of(x)
    if shape[-1] <= MOST:
        ones, zeros = (node.store(np.full(shape[-1], i, np.float32), f"{node.name}.{i}") for i in (1, 0))
        return node.emit(Normalize(epsilon, centred), x, ones, zeros)
    last = (len(shape) - 1,)
    if centred:
        mean, power = statistics(node, x, last)
        x = node.emit(Sub(), x, mean)
    else:
        power = reductions.mean(node, node.emit(Mul(), x, x), last)
    root = node.emit(Map("sqrt"), node.emit(Add(), power, node.store_number(epsilon, "epsilon")))
    return node.emit(Map("div"), x, root)


def _groups(node: NodeView, groups: int) -> str:
    """All cells of a group of channels are a row."""
    shape = node.shape(0)
    if len(shape) < 2 or any(node.shape(i) != (shape[1],) for i in (1, 2)):
        raise node.invalid(f"scale {node.shape(1)} and offset {node.shape(2)} do not fit channels of {shape}")
    if groups < 1 or shape[1] % groups:
        raise node.invalid(f"{groups} groups of {shape[1]} channels in an input of shape {shape}")
    epsilon = node.attributes.number("epsilon", 1e-5)
    rows = node.reshaped(node.value(0), (shape[0], groups, prod(shape[1:]) // groups))
    y = node.reshaped(_rows(node, rows, epsilon, centred=True), shape)
    per_channel = (shape[1],) + (1,) * (len(shape) - 2)
    scaled = node.emit(Mul(), y, node.reshaped(node.value(1), per_channel))
    return node.emit(Add(), scaled, node.reshaped(node.value(2), per_channel))
