"""Reductions over whole axes, the places of extremes, and running sums."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tinyc.frontend import reductions
from tinyc.frontend.tflite.node import NodeView
from tinyc.frontend.view import View
from tinyc.ops.accumulate import Accumulate
from tinyc.ops.cast import Cast
from tinyc.ops.map import Map
from tinyc.ops.mul import Mul
from tinyc.ops.normalize import MOST, Normalize
from tinyc.ops.reduce import Reduce
from tinyc.ops.top_k import TopK

L2_LEAST = 1e-6  # of the norm that L2_NORMALIZATION divides by
Over = Callable[[View, str, tuple[int, ...]], str]


def plain(function: str) -> Over:
    """One of the functions of `Reduce`, for elements of any type."""

    def over(view: View, value: str, axes: tuple[int, ...]) -> str:
        return view.emit(Reduce(function, axes), value)

    return over


def reduced(over: Over) -> Callable[[NodeView], str]:
    """The handler of a reduction: `over` reduces a value over some axes, and keeps these as axes of size 1."""

    def handler(view: NodeView) -> str:
        view.count(2)
        shape = view.shape(0)
        axes = tuple(sorted({view.axis(a, len(shape)) for a in view.integers(1, "axes")}))
        value = view.result(over(view, view.value(0), axes))
        if view.options.flag("KeepDims"):
            return value
        return view.reshaped(value, tuple(size for a, size in enumerate(shape) if a not in axes))

    return handler


def _in_one(over: Over) -> Over:
    """In one sum, as TensorFlow Lite has it: axes that are no neighbours are brought together."""

    def together(view: View, value: str, axes: tuple[int, ...]) -> str:
        shape = view.shape_of(value)
        if len(reductions.runs(axes, shape)) < 2:
            return over(view, value, axes)
        kept = tuple(a for a in range(len(shape)) if a not in axes)
        y = over(view, view.transposed(value, (*kept, *axes)), tuple(range(len(kept), len(shape))))
        return view.transposed(y, tuple(np.argsort((*kept, *axes)).tolist()))

    return together


mean = reduced(_in_one(reductions.mean))
total = reduced(_in_one(reductions.total))


def arg(largest: bool) -> Callable[[NodeView], str]:
    """The handler of ARG_MAX and ARG_MIN: of equal elements the first."""

    def handler(view: NodeView) -> str:
        view.count(2)
        view.options.ignore("OutputType")  # which the result has too
        shape, given = view.shape(0), view.integers(1, "axis")
        if len(given) != 1:
            raise view.invalid(f"its axis must be one number, not {given}")
        axis = view.axis(given[0], len(shape))
        value = view.emit(TopK(axis, 1, largest, indices=True), view.value(0))
        value = view.emit(Cast(view.result_type().value), value)
        return view.reshaped(value, (*shape[:axis], *shape[axis + 1 :]))

    return handler


def top_k(view: NodeView) -> list[str]:
    """The k largest elements along the last axis, in order, and their places."""
    view.count(2)
    shape, given = view.shape(0), view.integers(1, "number of elements")
    if len(given) != 1 or not shape or not 1 <= given[0] <= shape[-1]:
        raise view.invalid(f"the first {given} elements along the last axis of {shape}")
    x, axis = view.value(0), len(shape) - 1
    places = view.emit(TopK(axis, given[0], indices=True), x)
    return [view.emit(TopK(axis, given[0]), x), view.emit(Cast(view.result_type(1).value), places)]


def cumsum(view: NodeView) -> str:
    """The sum of all elements up to each along an axis."""
    view.count(2)
    given = view.integers(1, "axis")
    if len(given) != 1:
        raise view.invalid(f"its axis must be one number, not {given}")
    axis = view.axis(given[0], len(view.shape(0)))
    return view.emit(
        Accumulate("sum", axis, view.options.flag("Exclusive"), view.options.flag("Reverse")), view.value(0)
    )


def l2_normalization(view: NodeView) -> str:
    """x over the root of the sum of squares along the last axis."""
    view.count(1)
    if view.options.integer("FusedActivationFunction"):
        raise view.options.unsupported("FusedActivationFunction", "an activation", "NONE")
    x, shape = view.value(0), view.shape(0)
    if not shape:
        raise view.invalid("its input has no axis")
    if view.of_integers(0) and 1 <= shape[-1] <= MOST:
        scale, offset = (np.full(shape[-1:], n, np.float32) for n in (shape[-1] ** -0.5, 0.0))
        constants = (view.store(data, f"{view.name}.{what}") for data, what in ((scale, "scale"), (offset, "offset")))
        return view.emit(Normalize(L2_LEAST**2 / shape[-1], centred=False, unit=True), x, *constants)
    squares = view.emit(Reduce("sum", (len(shape) - 1,)), view.emit(Mul(), x, x))
    norm = view.emit(Map("max"), view.emit(Map("sqrt"), squares), view.store_number(L2_LEAST, "least"))
    return view.emit(Map("div"), x, norm)
