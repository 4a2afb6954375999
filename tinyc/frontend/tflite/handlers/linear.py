"""FULLY_CONNECTED and BATCH_MATMUL."""

from __future__ import annotations

from math import prod

import numpy as np

from tinyc.frontend.pieces import repeated
from tinyc.frontend.tflite.handlers.activation import activated
from tinyc.frontend.tflite.handlers.convolution import bias
from tinyc.frontend.tflite.node import NodeView
from tinyc.ops.add import Add
from tinyc.ops.dense import Dense
from tinyc.ops.matmul import MatMul


def fully_connected(view: NodeView) -> str:
    """The last axis, or with it as many before as the weights have columns, is one row."""
    view.count(2, 3)
    view.options.ignore("AsymmetricQuantizeInputs", "QuantizedBiasType")  # how to compute what is computed in float
    if view.options.integer("WeightsFormat"):
        raise view.options.unsupported("WeightsFormat", "SHUFFLED4x16INT8", "DEFAULT")
    x, w = view.shape(0), view.shape(1)
    if len(w) != 2 or not x or prod(x) % w[1]:
        raise view.invalid(f"weights of shape {w} do not fit an input of shape {x}")
    rows: tuple[int, ...] = (prod(x) // w[1],)
    if view.options.flag("KeepNumDims"):
        if x[-1] != w[1]:
            raise view.invalid(f"weights of shape {w} do not fit the last axis of {x}")
        rows = x[:-1]
    flat = view.reshaped(view.value(0), (*rows, w[1]))
    if not view.is_constant(1):
        y = view.emit(MatMul(), flat, view.transposed(view.value(1), (1, 0)))
        return activated(view, view.emit(Add(), y, view.value(2)) if view.has(2) else y)
    offsets = bias(view, 2, w[0])
    b = view.store_like(2, offsets) if view.has(2) else view.store(offsets, f"{view.name}.bias")
    weights = view.store_like(1, view.floats(1, "weights"))
    return activated(view, view.emit(Dense(weight_scales=view.scales(1, axis=0)), flat, weights, b))


def batch_matmul(view: NodeView) -> str:
    """The product of matrices, each of which may be transposed; leading axes are a batch and broadcast."""
    view.count(2)
    view.options.ignore("AsymmetricQuantizeInputs")
    flips = view.options.flag("AdjX"), view.options.flag("AdjY")
    if min(len(view.shape(0)), len(view.shape(1))) < 2:
        raise view.invalid(f"shapes {view.shape(0)} and {view.shape(1)} are no matrices")
    a = _flipped(view, view.value(0), flips[0])
    if view.is_constant(1) and prod(view.shape(1)[:-2]) == 1:
        weights = view.floats(1, "weights").reshape(view.shape(1)[-2:])
        w = view.store_like(1, weights if flips[1] else weights.T)
        zeros = view.store(np.zeros(view.shape_of(w)[0], np.float32), f"{view.name}.bias")
        scales = view.scales(1, axis=len(view.shape(1)) - (2 if flips[1] else 1))
        y = view.emit(Dense(weight_scales=scales), a, w, zeros)
        batch = np.broadcast_shapes(view.shape(0)[:-2], view.shape(1)[:-2])
        return view.reshaped(y, (*batch, *view.shape_of(y)[-2:]))
    b = _flipped(view, view.value(1), flips[1])
    left, right = view.shape_of(a), view.shape_of(b)
    try:
        batch = np.broadcast_shapes(left[:-2], right[:-2])
    except ValueError:
        raise view.invalid(f"shapes {left} and {right} do not fit") from None
    if left[-1] != right[-2]:
        raise view.invalid(f"shapes {left} and {right} do not fit")
    return view.emit(MatMul(), repeated(view, a, (*batch, *left[-2:])), repeated(view, b, (*batch, *right[-2:])))


def _flipped(view: NodeView, value: str, flip: bool) -> str:
    rank = len(view.shape_of(value))
    return view.transposed(value, (*range(rank - 2), rank - 1, rank - 2)) if flip else value
