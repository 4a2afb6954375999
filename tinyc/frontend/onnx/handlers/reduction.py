"""Reductions over whole axes, orders along an axis, and running totals."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tinyc.frontend.builder import element_type
from tinyc.frontend.onnx.node import NodeView
from tinyc.frontend.reductions import Axes
from tinyc.ops.accumulate import Accumulate
from tinyc.ops.add import Add
from tinyc.ops.cast import Cast
from tinyc.ops.map import Map
from tinyc.ops.reduce import Reduce
from tinyc.ops.sub import Sub
from tinyc.ops.top_k import TopK

LARGEST = float(np.finfo(np.float32).max)


def reduced(over: Callable[[NodeView, str, Axes], str], first_input_opset: int = 18) -> Callable[[NodeView], str]:
    """The handler of a reduction: `over` reduces a value over some axes, and keeps these as axes of size 1.

    The axes are an attribute before opset `first_input_opset`, an input from then on.
    """

    def handler(node: NodeView) -> str:
        shape = node.shape(0)
        given = node.axes_list(1, first_input_opset)
        keep = node.attributes.flag("keepdims", True)
        noop = node.opset >= first_input_opset and node.attributes.flag("noop_with_empty_axes")
        axes = node.axes(given, len(shape)) if given else () if noop else tuple(range(len(shape)))
        value = over(node, node.value(0), axes)
        return value if keep else node.reshaped(value, tuple(s for a, s in enumerate(shape) if a not in axes))

    return handler


def plain(function: str) -> Callable[[NodeView, str, Axes], str]:
    """One of the functions of `Reduce`, for elements of any type."""

    def over(node: NodeView, value: str, axes: Axes) -> str:
        return node.emit(Reduce(function, axes), value)

    return over


def l2(node: NodeView, value: str, axes: Axes) -> str:
    """The square root of the sum of squares."""
    return _in_float(node, value, lambda x: node.emit(Map("sqrt"), node.emit(Reduce("sum_square", axes), x)))


def log_sum(node: NodeView, value: str, axes: Axes) -> str:
    """The logarithm of the sum."""
    return _in_float(node, value, lambda x: node.emit(Map("log"), node.emit(Reduce("sum", axes), x)))


def log_sum_exp(node: NodeView, value: str, axes: Axes) -> str:
    """The logarithm of the sum of exponentials, which are taken of differences to the largest."""
    return _in_float(node, value, lambda x: _log_sum_exp(node, x, axes))


def _log_sum_exp(node: NodeView, x: str, axes: Axes) -> str:
    bounds = (node.store_number(bound, "bound") for bound in (-LARGEST, LARGEST))
    largest = node.emit(Map("clip"), node.emit(Reduce("max", axes), x), *bounds)
    powers = node.emit(Map("exp"), node.emit(Sub(), x, largest))
    return node.emit(Add(), node.emit(Map("log"), node.emit(Reduce("sum", axes), powers)), largest)


def _in_float(node: NodeView, value: str, function: Callable[[str], str]) -> str:
    """A function of floats on elements of any type: its results are cut off where they are integers."""
    if node.is_float(0):
        return function(value)
    return node.emit(Cast(element_type(node.element(0)).value), function(node.emit(Cast("f32"), value)))


def extreme(largest: bool) -> Callable[[NodeView], str]:
    """The handler of ArgMax and ArgMin."""

    def handler(node: NodeView) -> str:
        shape = node.shape(0)
        axis = node.axis(node.attributes.integer("axis", 0), len(shape))
        keep = node.attributes.flag("keepdims", True)
        last = node.opset >= 12 and node.attributes.flag("select_last_index")
        value = node.emit(TopK(axis, 1, largest, last, indices=True), node.value(0))
        return value if keep else node.reshaped(value, (*shape[:axis], *shape[axis + 1 :]))

    return handler


def top_k(node: NodeView) -> list[str]:
    """The k largest or smallest elements along an axis, in order, and their indices; k is an input since opset 10."""
    shape = node.shape(0)
    axis = node.axis(node.attributes.integer("axis", -1), len(shape))
    if node.opset < 10:
        given: Sequence[int] = (node.attributes.integer("k", 0),)
    else:
        given = node.integers(1, "number of elements")
    largest = node.opset < 11 or node.attributes.flag("largest", True)
    if node.opset >= 11:
        node.attributes.ignore("sorted")  # any order will do where it is not set
    if len(given) != 1 or not 1 <= given[0] <= shape[axis]:
        raise node.invalid(f"the first {', '.join(map(str, given))} elements along an axis of {shape[axis]}")
    x = node.value(0)
    return [node.emit(TopK(axis, given[0], largest, indices=indices), x) for indices in (False, True)]


def accumulated(function: str) -> Callable[[NodeView], str]:
    """The handler of CumSum and CumProd."""

    def handler(node: NodeView) -> str:
        given = node.integers(1, "axis")
        if len(given) != 1:
            raise node.invalid(f"its axis must be one number, not {given}")
        axis = node.axis(given[0], len(node.shape(0)))
        exclusive, reverse = node.attributes.flag("exclusive"), node.attributes.flag("reverse")
        return node.emit(Accumulate(function, axis, exclusive, reverse), node.value(0))

    return handler
