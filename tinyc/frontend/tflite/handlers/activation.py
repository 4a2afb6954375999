"""Activation functions, also those that are options of other operators."""

from __future__ import annotations

from collections.abc import Callable
from math import floor

import numpy as np

from tinyc.frontend.tflite.model import Quantization
from tinyc.frontend.tflite.node import NodeView
from tinyc.frontend.tflite.schema import ACTIVATIONS
from tinyc.ops.add import Add
from tinyc.ops.clamp import Clamp
from tinyc.ops.log_softmax import FINEST, MOST_IN_ROW, LogSoftmax
from tinyc.ops.map import Map
from tinyc.ops.mul import Mul
from tinyc.ops.prelu import Prelu
from tinyc.ops.reduce import Reduce
from tinyc.ops.sigmoid import Sigmoid
from tinyc.ops.softmax import Softmax
from tinyc.ops.sub import Sub
from tinyc.ops.tanh import Tanh

INFINITY = float("inf")
MOST_STEPS = 2.0**20  # far beyond what any integer stands for here

BOUNDS = {"RELU": (0.0, INFINITY), "RELU6": (0.0, 6.0), "RELU_N1_TO_1": (-1.0, 1.0), "RELU_0_TO_1": (0.0, 1.0)}


def activated(view: NodeView, value: str) -> str:
    """`value` with the activation function that the operator's options name."""
    number = view.options.integer("FusedActivationFunction")
    name = ACTIVATIONS.get(number, str(number))
    if name == "NONE":
        return value
    if name == "TANH":
        return view.emit(Tanh(), value)
    if name not in BOUNDS:
        raise view.options.unsupported("FusedActivationFunction", name, f"NONE, TANH, {', '.join(BOUNDS)}")
    return _clamped(view, value, *BOUNDS[name])


def bounded(name: str) -> Callable[[NodeView], str]:
    """The handler of a clamp."""

    def handler(view: NodeView) -> str:
        view.count(1)
        return _clamped(view, view.value(0), *BOUNDS[name])

    return handler


def _clamped(view: NodeView, value: str, low: float, high: float) -> str:
    kind = view.type_of(value).dtype
    if not kind.is_float:
        if kind.numpy.kind not in "iu":
            raise view.unsupported(f"bounds of {kind.value} elements")
        info = np.iinfo(kind.numpy)
        for function, bound in (("max", low), ("min", high)):
            if info.min < bound < info.max:
                value = view.emit(Map(function), value, view.store(np.array(bound, kind.numpy), f"{view.name}.bound"))
        return value
    q = view.result_quantization()
    return view.emit(Clamp(low=_as_stored(low, q), high=_as_stored(high, q)), value)


def _as_stored(bound: float, q: Quantization | None) -> float:
    """The bound that TensorFlow Lite takes in integers: it rounds a tie away from zero, where others go to even."""
    if q is None or abs(bound) == INFINITY:
        return bound
    with np.errstate(over="ignore"):
        steps = float(np.float32(bound) / q.scale[0])
    if abs(steps) > MOST_STEPS:
        return bound
    wanted = floor(abs(steps) + 0.5) * (1 if bound >= 0 else -1)
    return bound if round(bound / float(q.scale[0])) == wanted else wanted * float(q.scale[0])


def logistic(view: NodeView) -> str:
    """1 / (1 + e^−x)."""
    view.count(1)
    return view.emit(Sigmoid(), view.value(0))


def tanh(view: NodeView) -> str:
    view.count(1)
    return view.emit(Tanh(), view.value(0))


def hard_swish(view: NodeView) -> str:
    """x · clamp(x + 3, 0, 6) / 6."""
    view.count(1)
    x = view.value(0)
    if view.of_integers(0):
        return view.emit(Map("hard_swish"), x)
    lifted = view.emit(Add(low=0.0, high=1.0), view.scaled(x, 1 / 6), view.store_number(0.5, "offset"))
    return view.emit(Mul(), x, lifted)


def leaky_relu(view: NodeView) -> str:
    """x, or alpha · x where x is negative."""
    view.count(1)
    x, alpha = view.value(0), view.options.number("Alpha")
    if view.of_integers(0):
        return view.emit(Map("leaky_relu", (alpha,)), x)
    below = view.scaled(view.emit(Clamp(high=0.0), x), alpha)
    return view.emit(Add(), view.emit(Clamp(low=0.0), x), below)


def prelu(view: NodeView) -> str:
    """x, or alpha · x where x is negative; alpha broadcasts."""
    view.count(2)
    if view.of_integers(0) or not view.is_constant(1):
        op = Prelu() if view.is_float(0) and view.is_float(1) else Map("prelu")
        return view.emit(op, view.value(0), view.value(1))
    x, slope = view.value(0), view.floats(1, "alpha")
    below = view.emit(Mul(), view.emit(Clamp(high=0.0), x), view.store_like(1, slope))
    if view.shape_of(below) != view.shape_of(x):
        raise view.invalid(f"alpha of shape {slope.shape} does not broadcast to {view.shape_of(x)}")
    return view.emit(Add(), view.emit(Clamp(low=0.0), x), below)


def elu(view: NodeView) -> str:
    """x, or e^x − 1 where x is negative."""
    view.count(1)
    return view.emit(Map("elu", (1.0,)), view.value(0))


def gelu(view: NodeView) -> str:
    """x · Φ(x), the normal distribution; or, if approximate, x · sigmoid-like of a cubic."""
    view.count(1)
    x = view.value(0)
    if view.options.flag("Approximate"):
        cube = view.emit(Mul(), view.emit(Mul(), x, x), x)
        inner = view.scaled(view.emit(Add(), x, view.scaled(cube, 0.044715)), float(np.sqrt(2 / np.pi)))
        share = view.emit(Tanh(), inner)
    else:
        share = view.emit(Map("erf"), view.scaled(x, float(np.sqrt(0.5))))
    return view.emit(Mul(), view.scaled(x, 0.5), view.emit(Add(), share, view.store_number(1.0, "one")))


def softmax(view: NodeView) -> str:
    """Of beta · x over the last axis."""
    view.count(1)
    return view.emit(Softmax(), view.scaled(view.value(0), view.options.number("Beta")))


def log_softmax(view: NodeView) -> str:
    """The logarithm of a softmax over the last axis."""
    view.count(1)
    x, last = view.value(0), len(view.shape(0)) - 1
    q = view.quantization(0)
    if q is not None and last >= 0 and view.shape(0)[last] <= MOST_IN_ROW and float(q.scale[0]) >= FINEST:
        return view.emit(LogSoftmax(), x)
    below = view.emit(Sub(), x, view.emit(Reduce("max", (last,)), x))
    total = view.emit(Reduce("sum", (last,)), view.emit(Map("exp"), below))
    return view.emit(Sub(), below, view.emit(Map("log"), total))
