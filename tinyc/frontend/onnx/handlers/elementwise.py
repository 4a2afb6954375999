"""Functions of single elements, with NumPy's broadcasting.

Sums, differences, products and quotients of floats are operators of their own, which have int8 forms; everything else,
all arithmetic on integers and all with infinite constants, as in masks, is a `Map`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tinyc.frontend.onnx.node import NodeView
from tinyc.ir.op import Op
from tinyc.ops.add import Add
from tinyc.ops.div import Div
from tinyc.ops.map import Map
from tinyc.ops.mul import Mul
from tinyc.ops.sub import Sub

Handler = Callable[[NodeView], str]


def function(name: str, *parameters: tuple[str, float]) -> Handler:
    """The handler of an operator that is a function of `Map`; its parameters are attributes with these defaults."""

    def handler(node: NodeView) -> str:
        values = tuple(node.attributes.number(attribute, default) for attribute, default in parameters)
        return node.emit(Map(name, values), *(node.value(i) for i in range(len(node))))

    return handler


def where(node: NodeView) -> str:
    """The second input where the first is true, else the third; one of them if that holds everywhere."""
    if node.is_constant(0):
        condition = node.constant(0, "condition")
        for index, chosen in ((1, condition.all()), (2, not condition.any())):
            if chosen and _is_largest(node, index):
                return node.value(index)
    return node.emit(Map("where"), *(node.value(i) for i in range(3)))


def add(node: NodeView) -> str:
    """A sum, or what a constant adds nothing to."""
    for index in (0, 1):
        if node.is_constant(index) and _is_largest(node, 1 - index) and not node.constant(index, "operand").any():
            return node.value(1 - index)
    return _sum(node)


def _is_largest(node: NodeView, index: int) -> bool:
    """Whether the other inputs broadcast to this one's shape."""
    shape = node.shape(index)
    try:
        return np.broadcast_shapes(*(node.shape(i) for i in range(len(node)))) == shape
    except ValueError:
        return False


def _arithmetic(op: Op, name: str) -> Handler:
    def handler(node: NodeView) -> str:
        given = op if all(node.is_float(i) and node.is_finite(i) for i in (0, 1)) else Map(name)
        return node.emit(given, node.value(0), node.value(1))

    return handler


_sum = _arithmetic(Add(), "add")
sub = _arithmetic(Sub(), "sub")
mul = _arithmetic(Mul(), "mul")
_quotient = _arithmetic(Div(), "div")


def div(node: NodeView) -> str:
    """By a constant, a product. In int8 if divisors are of one sign, from 1/16 of the largest on, or scales given."""
    if node.is_float(1) and node.is_constant(1) and (node.shape(1) in ((), (1,)) or not node.is_stored(1)):
        divisor = node.constant(1, "divisor").astype(np.float64)
        with np.errstate(divide="ignore"):
            reciprocal = 1 / divisor
        if np.isfinite(reciprocal).all() and (np.abs(reciprocal) < np.finfo(np.float32).max).all():
            return node.emit(Mul(), node.value(0), node.store_like(1, reciprocal))
    return _quotient(node)


def neg(node: NodeView) -> str:
    """−x."""
    return node.scaled(node.value(0), -1) if node.is_float(0) else node.emit(Map("neg"), node.value(0))


def mod(node: NodeView) -> str:
    """The remainder, with the sign of the divisor, or of the dividend if fmod is set."""
    return node.emit(Map("fmod" if node.attributes.flag("fmod") else "mod"), node.value(0), node.value(1))


def power(node: NodeView) -> str:
    """x to a power, in the type of x."""
    return node.emit(Map("pow" if node.is_float(0) or not node.is_float(1) else "pow_f"), node.value(0), node.value(1))


def shift(node: NodeView) -> str:
    """Bits moved to the left or to the right."""
    direction = node.attributes.text("direction", "")
    if direction not in ("LEFT", "RIGHT"):
        raise node.invalid(f"direction {direction!r}: it is LEFT or RIGHT")
    return node.emit(Map(f"shift_{direction.lower()}"), node.value(0), node.value(1))


def is_inf(node: NodeView) -> str:
    """Whether an element is infinite, of the signs that are asked for."""
    signs = (node.attributes.flag("detect_negative", True), node.attributes.flag("detect_positive", True))
    return node.emit(Map("is_inf", tuple(map(float, signs))), node.value(0))


def folded(name: str) -> Handler:
    """The handler of a function of any number of tensors that goes through them two by two."""

    def handler(node: NodeView) -> str:
        value = node.value(0)
        for index in range(1, len(node)):
            value = node.emit(Map(name), value, node.value(index))
        return value

    return handler


def sum_of(node: NodeView) -> str:
    """The sum of any number of tensors."""
    value = node.value(0)
    for index in range(1, len(node)):
        value = node.emit(Add(), value, node.value(index))
    return value


def mean_of(node: NodeView) -> str:
    """The mean of any number of tensors."""
    return node.scaled(sum_of(node), 1 / len(node))
