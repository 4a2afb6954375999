"""Pools."""

from __future__ import annotations

from collections.abc import Callable

from tinyc.frontend.tflite.handlers.activation import activated
from tinyc.frontend.tflite.handlers.convolution import window
from tinyc.frontend.tflite.node import NodeView
from tinyc.ops.avg_pool2d import AvgPool2D
from tinyc.ops.map import Map
from tinyc.ops.max_pool2d import MaxPool2D
from tinyc.ops.mul import Mul


def pool(kind: type[AvgPool2D] | type[MaxPool2D]) -> Callable[[NodeView], str]:
    """The handler of a pool; cells outside the input do not count."""

    def handler(view: NodeView) -> str:
        return activated(view, _pooled(view, kind, view.value(0)))

    return handler


def l2_pool_2d(view: NodeView) -> str:
    """The root of the mean square of each window."""
    squares = view.emit(Mul(), view.value(0), view.value(0))
    return activated(view, view.emit(Map("sqrt"), _pooled(view, AvgPool2D, squares)))


def _pooled(view: NodeView, kind: type[AvgPool2D] | type[MaxPool2D], value: str) -> str:
    view.count(1)
    kernel = (view.options.integer("FilterHeight"), view.options.integer("FilterWidth"))
    sliding = window(view, kernel, dilated=False)
    return view.emit(kind(sliding.kernel, sliding.stride, sliding.pads), value)
