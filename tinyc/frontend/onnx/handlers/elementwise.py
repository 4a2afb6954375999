"""Arithmetic element by element, with NumPy's broadcasting."""

from __future__ import annotations

import numpy as np

from tinyc.frontend.onnx.node import NodeView
from tinyc.ops.add import Add
from tinyc.ops.mul import Mul
from tinyc.ops.sub import Sub


def add(node: NodeView) -> str:
    """a + b."""
    return node.emit(Add(), node.value(0), node.value(1))


def sub(node: NodeView) -> str:
    """a − b."""
    return node.emit(Sub(), node.value(0), node.value(1))


def mul(node: NodeView) -> str:
    """a · b."""
    return node.emit(Mul(), node.value(0), node.value(1))


def div(node: NodeView) -> str:
    """A division by a constant is a product with its reciprocal."""
    divisor = node.floats(1, "divisor")
    if not divisor.all():
        raise node.invalid("a division by zero")
    return node.emit(Mul(), node.value(0), node.store_like(1, 1 / divisor.astype(np.float64)))


def neg(node: NodeView) -> str:
    """−x."""
    return node.scaled(node.value(0), -1)


def sum_of(node: NodeView) -> str:
    """The sum of any number of tensors."""
    value = node.value(0)
    for index in range(1, len(node)):
        value = node.emit(Add(), value, node.value(index))
    return value


def mean_of(node: NodeView) -> str:
    """The mean of any number of tensors."""
    return node.scaled(sum_of(node), 1 / len(node))
