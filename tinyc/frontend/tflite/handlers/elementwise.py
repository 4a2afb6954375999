"""Functions of single elements, with NumPy's broadcasting.

What is not a sum, difference, product or quotient of floats is a `Map`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tinyc.frontend.tflite.handlers.activation import activated
from tinyc.frontend.tflite.node import NodeView
from tinyc.ir.op import Op
from tinyc.ops.add import Add
from tinyc.ops.clamp import Clamp
from tinyc.ops.div import Div
from tinyc.ops.map import Map
from tinyc.ops.mul import Mul
from tinyc.ops.squared_difference import SquaredDifference
from tinyc.ops.sub import Sub

Handler = Callable[[NodeView], str]


def function(name: str, arity: int = 1) -> Handler:
    """The handler of an operator that is a function of `Map`."""

    def handler(view: NodeView) -> str:
        view.count(arity)
        return view.emit(Map(name), *(view.value(i) for i in range(arity)))

    return handler


def _binary(view: NodeView, op: Op, name: str) -> str:
    view.count(2)
    plain = all(view.is_float(i) and view.is_finite(i) for i in (0, 1))
    return view.emit(op if plain else Map(name), view.value(0), view.value(1))


def add(view: NodeView) -> str:
    view.options.ignore("PotScaleInt16")  # another arithmetic of int16, of the same meaning
    return activated(view, _binary(view, Add(), "add"))


def sub(view: NodeView) -> str:
    view.options.ignore("PotScaleInt16")
    return activated(view, _binary(view, Sub(), "sub"))


def mul(view: NodeView) -> str:
    return activated(view, _binary(view, Mul(), "mul"))


def div(view: NodeView) -> str:
    """Integers are divided towards zero."""
    return activated(view, _binary(view, Div(), "div"))


def add_n(view: NodeView) -> str:
    """The sum of any number of tensors."""
    value = view.value(0)
    for index in range(1, len(view)):
        value = view.emit(Add() if view.is_float(0) else Map("add"), value, view.value(index))
    return value


def extreme(name: str) -> Handler:
    """The handler of MAXIMUM and MINIMUM; with a constant number they are clamps."""

    def handler(view: NodeView) -> str:
        view.count(2)
        for index in (0, 1):
            if view.is_constant(index) and view.is_float(index) and not view.is_constant(1 - index):
                bound = view.constant(index, "bound")
                if bound.size == 1 and bound.ndim <= len(view.shape(1 - index)) and np.isfinite(bound).all():
                    number = float(bound.reshape(()))
                    op = Clamp(low=number) if name == "max" else Clamp(high=number)
                    return view.emit(op, view.value(1 - index))
        return view.emit(Map(name), view.value(0), view.value(1))

    return handler


def squared_difference(view: NodeView) -> str:
    """(a − b)²."""
    if view.is_float(0):
        return _binary(view, SquaredDifference(), "")
    below = _binary(view, Sub(), "sub")
    return view.emit(Map("mul"), below, below)


def square(view: NodeView) -> str:
    view.count(1)
    x = view.value(0)
    return view.emit(Mul() if view.is_float(0) else Map("mul"), x, x)


def rsqrt(view: NodeView) -> str:
    """1 / √x."""
    view.count(1)
    return view.emit(Map("reciprocal"), view.emit(Map("sqrt"), view.value(0)))


def neg(view: NodeView) -> str:
    """−x."""
    view.count(1)
    return view.scaled(view.value(0), -1) if view.is_float(0) else view.emit(Map("neg"), view.value(0))


def floor_div(view: NodeView) -> str:
    """The quotient rounded down."""
    view.count(2)
    a, b = view.value(0), view.value(1)
    if view.is_float(0):
        return view.emit(Map("floor"), view.emit(Map("div"), a, b))
    return view.emit(Map("div"), view.emit(Map("sub"), a, view.emit(Map("mod"), a, b)), b)


def not_equal(view: NodeView) -> str:
    view.count(2)
    return view.emit(Map("not"), view.emit(Map("equal"), view.value(0), view.value(1)))


def select(view: NodeView) -> str:
    """The second input where the first is true, else the third; a condition for each row goes with whole rows."""
    view.count(3)
    condition, shape = view.value(0), view.shape(1)
    if view.code == "SELECT" and len(view.shape(0)) == 1 < len(shape):
        condition = view.reshaped(condition, (*view.shape(0), *(1,) * (len(shape) - 1)))
    return view.emit(Map("where"), condition, view.value(1), view.value(2))
