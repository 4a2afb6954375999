"""Operators whose results follow from the places of elements."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tinyc.frontend.onnx.handlers.shape import element_attribute
from tinyc.frontend.onnx.node import NodeView
from tinyc.frontend.pieces import taken
from tinyc.frontend.tensors import is_possible
from tinyc.ops.map import Map


def _one(node: NodeView, index: int, what: str) -> int:
    """A constant of one element, as an integer."""
    data = node.constant(index, what)
    if data.size != 1:
        raise node.invalid(f"its {what} must be one number, not {data.shape}")
    return int(data.reshape(()))


def trilu(node: NodeView) -> str:
    """A triangle of matrices; the other elements are 0."""
    shape = node.shape(0)
    if len(shape) < 2:
        raise node.invalid(f"a triangle of shape {shape}")
    diagonal = _one(node, 1, "diagonal") if node.has(1) else 0
    away = np.arange(shape[-1])[None] - np.arange(shape[-2])[:, None]
    kept = away >= diagonal if node.attributes.flag("upper", True) else away <= diagonal
    if kept.all():
        return node.value(0)
    zero = node.store(np.zeros((), node.element(0)), f"{node.name}.zero")
    return node.emit(Map("where"), node.store(kept, f"{node.name}.kept"), node.value(0), zero)


def one_hot(node: NodeView) -> str:
    """The second value where the index along a new axis is the given one, elsewhere the first."""
    shape = node.shape(0)
    depth = _one(node, 1, "depth")
    if depth < 1 or not is_possible((depth,)) or node.shape(2) != (2,):
        raise node.invalid(f"a depth of {depth}, and values of shape {node.shape(2)}")
    axis = node.axis(node.attributes.integer("axis", -1), len(shape) + 1)
    given = node.reshaped(node.value(0), (*shape[:axis], 1, *shape[axis:]))
    element = node.element(0)
    ahead = np.arange(depth).reshape(depth, *(1,) * (len(shape) - axis))
    hot = node.emit(Map("equal"), given, node.store(ahead.astype(element), f"{node.name}.places"))
    if element.kind != "u":
        back = node.store((ahead - depth).astype(element), f"{node.name}.places_from_the_end")
        hot = node.emit(Map("or"), hot, node.emit(Map("equal"), given, back))
    low, high = (node.reshaped(taken(node, node.value(2), {0: (1, i, 1)}), ()) for i in (0, 1))
    return node.emit(Map("where"), hot, high, low)


def eye_like(node: NodeView) -> str:
    """Ones on a diagonal of a matrix like another."""
    shape = node.shape(0)
    if len(shape) != 2:
        raise node.invalid(f"a diagonal of shape {shape}")
    kind = element_attribute(node, "dtype").numpy if node.attributes.has("dtype") else node.element(0)
    return node.store(np.eye(*shape, k=node.attributes.integer("k", 0), dtype=kind), f"{node.name}.eye")


def binarizer(node: NodeView) -> str:
    """1 above a threshold, else 0."""
    element = node.element(0)
    limit, zero, one = (
        node.store(np.array(number, element), f"{node.name}.number")
        for number in (node.attributes.number("threshold", 0.0), 0, 1)
    )
    return node.emit(Map("where"), node.emit(Map("greater"), node.value(0), limit), one, zero)


def of_constants(*inputs: str) -> Callable[[NodeView], str]:
    """The handler of an operator whose result's shape depends on its inputs: they must all be constant.

    Then the node has been computed before it gets here.
    """

    def handler(node: NodeView) -> str:
        for index, what in enumerate(inputs):
            node.constant(index, what)
        raise node.unsupported("a result whose shape is not known")

    return handler
