"""SVDF: a layer over the last inputs, of which it keeps what its first half makes of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinyc.frontend.builder import element_type
from tinyc.frontend.tflite.handlers.activation import activated
from tinyc.frontend.tflite.handlers.convolution import bias
from tinyc.frontend.tflite.model import Quantization
from tinyc.frontend.tflite.node import NodeView, one_scale
from tinyc.ops.concat import Concat
from tinyc.ops.conv2d import Conv2D
from tinyc.ops.dense import Dense
from tinyc.ops.depthwise_conv2d import DepthwiseConv2D
from tinyc.ops.dequantize import Dequantize
from tinyc.ops.quantize import Quantize
from tinyc.ops.strided import Strided

X, FEATURES, TIMES, BIAS, STATE = range(5)


def svdf(view: NodeView) -> str:
    """Features of the input, kept for some steps, and a convolution over these steps. Groups of them make one unit."""
    view.count(5)
    view.options.ignore("AsymmetricQuantizeInputs")  # how to compute what is computed in float
    rank = view.options.integer("Rank", 1)
    x, features, times = view.shape(X), view.shape(FEATURES), view.shape(TIMES)
    fits = len(x) == len(features) == len(times) == 2 and features[1] == x[1] and times[0] == features[0]
    if not fits or rank < 1 or features[0] % rank or view.shape(STATE) != (x[0], features[0] * times[1]):
        raise view.invalid(
            f"an input of shape {x}, weights of shapes {features} and {times}, rank {rank} and a state of shape "
            f"{view.shape(STATE)} do not fit"
        )
    filters, steps = times
    w = view.store_like(FEATURES, view.floats(FEATURES, "weights of features"))
    zeros = view.store(np.zeros(filters, np.float32), f"{view.name}.zeros")
    feature = view.emit(Dense(weight_scales=_scales(view, X, FEATURES, STATE, filters)), view.value(X), w, zeros)
    kept = _kept(view, _as_stored(view, feature), (x[0], 1, steps, filters))
    weights = view.floats(TIMES, "weights of steps")
    offsets = view.store(bias(view, BIAS, filters // rank, STATE, TIMES), f"{view.name}.bias")
    scales = _scales(view, STATE, TIMES, None, filters // rank)
    if rank == 1:
        w = view.store_like(TIMES, np.ascontiguousarray(weights.T).reshape(1, 1, steps, filters))
        y = view.emit(DepthwiseConv2D(weight_scales=scales), kept, w, offsets)
    else:
        groups = weights.reshape(filters // rank, rank, steps).transpose(0, 2, 1)
        w = view.store_like(TIMES, np.ascontiguousarray(groups).reshape(filters // rank, 1, steps, rank))
        y = view.emit(Conv2D(groups=filters // rank, weight_scales=scales), kept, w, offsets)
    y = view.reshaped(y, (x[0], filters // rank))
    if view.result_quantization() is None:
        return activated(view, y)
    view.options.ignore("FusedActivationFunction")  # the range of the result says it all
    return y


def _as_stored(view: NodeView, value: str) -> str:
    """A feature as the state has it."""
    q = view.quantization(STATE)
    return value if q is None else view.emit(Quantize(*_one(view, q), element_type(view.element(STATE)).value), value)


def _kept(view: NodeView, feature: str, shape: Sequence[int]) -> str:
    """The features of the last steps as real numbers, (batch, 1, steps, filters), the newest last."""
    batch, _, steps, filters = shape
    frame = view.reshaped(feature, (batch, 1, 1, filters))
    q = view.quantization(STATE)
    if steps > 1:
        zero = 0 if q is None else int(q.zero[0])
        older = (batch, 1, steps - 1, filters)
        first = np.full(older, zero, view.type_of(feature).dtype.numpy)
        before = view.state(first)
        frame = view.emit(Concat(2), before, frame)
        view.next(before, view.emit(Strided(older, (0, 0, 1, 0), (1, 1, 1, 1)), frame))
    return frame if q is None else view.emit(Dequantize(*_one(view, q)), frame)


def _scales(view: NodeView, x: int, w: int, y: int | None, count: int) -> tuple[float, ...]:
    """The scale of weights, with which the factor from sums to results is TensorFlow Lite's, computed in float32.

    `y`: of the results, which are an input too; None: the operator's.
    """
    found = (
        view.quantization(x),
        view.quantization(w),
        view.result_quantization() if y is None else view.quantization(y),
    )
    scales = [np.float32(_one(view, q)[0]) for q in found if q is not None]
    if len(scales) < len(found):
        return ()
    factor = float(scales[0] * scales[1] / scales[2])
    return (factor * float(scales[2]) / float(scales[0]),) * count


def _one(view: NodeView, q: Quantization) -> tuple[float, int]:
    return one_scale(q, view.outputs[0], view.where)
