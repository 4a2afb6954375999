"""Quantized ONNX models over the reals: layers as exact as float64, rounded to the nearest step, ties to even.

That is what QuantizeLinear and DequantizeLinear say, with none of the errors of float32: an oracle that neither tinyc
nor ONNX Runtime has a part in. Biases have the product of the scales of x and w, as QLinearConv wants, and not
what float32 made of it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import onnx
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from onnx import numpy_helper

Array = NDArray[Any]
Attributes = dict[str, Any]


def cut(model: onnx.ModelProto, value: str) -> onnx.ModelProto:
    """The model up to the int8 `value`, which becomes its only output."""
    made = onnx.ModelProto()
    made.CopyFrom(model)
    needed, nodes = {value}, []
    for node in reversed(model.graph.node):
        if needed.intersection(node.output):
            nodes.insert(0, node)
            needed.update(node.input)
    del made.graph.node[:], made.graph.output[:]
    made.graph.node.extend(nodes)
    made.graph.output.append(onnx.helper.make_tensor_value_info(value, onnx.TensorProto.INT8, None))
    return made


def logits(model: onnx.ModelProto) -> str:
    """The last value that is quantized, or that which goes into a softmax at the end."""
    stored = [node.output[0] for node in model.graph.node if node.op_type == "QuantizeLinear"]
    return stored[-2] if any(node.op_type == "Softmax" for node in model.graph.node) else stored[-1]


def run(model: onnx.ModelProto, x: Array) -> Array:
    """The only output for the only input `x`."""
    values = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}
    scales = _bias_scales(model, values)
    values[model.graph.input[0].name] = x
    for node in model.graph.node:
        attributes = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
        ins = [values[name] for name in node.input]
        if node.output[0] in scales:
            ins[1] = scales[node.output[0]]
        values[node.output[0]] = OPERATORS[node.op_type](attributes, *ins)
    return values[model.graph.output[0].name]


def _bias_scales(model: onnx.ModelProto, constants: dict[str, Array]) -> dict[str, Array]:
    """The scales of what is dequantized to become a bias, by the name of that."""
    producers = {node.output[0]: node for node in model.graph.node}

    def scale(value: str) -> Array:
        while producers[value].op_type != "DequantizeLinear":
            value = producers[value].input[0]
        return constants[producers[value].input[1]].astype(np.float64)

    scales: dict[str, Array] = {}
    for node in model.graph.node:
        product = producers[node.input[0]] if node.op_type == "Add" else node
        if node.op_type in ("Conv", "Gemm") or (product is not node and product.op_type == "MatMul"):
            x, w = product.input[:2]
            scales[node.input[-1]] = scale(x) * scale(w)
    return scales


def _along(values: Array, axis: int, rank: int) -> Array:
    return values if values.ndim == 0 else values.reshape([-1 if a == axis else 1 for a in range(rank)])


def _dequantize(attributes: Attributes, x: Array, scale: Array, zero: Array) -> Array:
    axis = attributes.get("axis", 1) % max(x.ndim, 1)
    centred = x.astype(np.float64) - _along(zero.astype(np.float64), axis, x.ndim)
    return centred * _along(scale.astype(np.float64), axis, x.ndim)


def _quantize(_: Attributes, x: Array, scale: Array, zero: Array) -> Array:
    bounds = np.iinfo(zero.dtype)
    steps = np.round(x / np.float64(scale), 9)  # without the errors of float64, which would decide what becomes of ties
    return np.clip(np.rint(steps) + int(zero), bounds.min, bounds.max).astype(zero.dtype)


def _windows(attributes: Attributes, x: Array, kernel: tuple[int, ...]) -> Array:
    top, left, bottom, right = attributes.get("pads", (0, 0, 0, 0))
    rows, columns = attributes.get("strides", (1, 1))
    padded = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)))
    return sliding_window_view(padded, kernel, (2, 3))[:, :, ::rows, ::columns]


def _conv(attributes: Attributes, x: Array, w: Array, b: Array) -> Array:
    assert set(attributes.get("dilations", ())) <= {1} and attributes.get("auto_pad", b"NOTSET") == b"NOTSET"
    windows, groups = _windows(attributes, x, w.shape[2:]), attributes.get("group", 1)
    if groups == x.shape[1] == w.shape[0]:
        sums = np.einsum("nchwkl,ckl->nchw", windows, w[:, 0])
    else:
        assert groups == 1
        sums = np.tensordot(windows, w, ((1, 4, 5), (1, 2, 3))).transpose(0, 3, 1, 2)
    return np.asarray(sums + b[:, None, None])


def _average_pool(attributes: Attributes, x: Array) -> Array:
    assert not any(attributes.get("pads", ()))
    return np.asarray(_windows(attributes, x, tuple(attributes["kernel_shape"])).mean(axis=(4, 5)))


def _gemm(attributes: Attributes, a: Array, b: Array, c: Array) -> Array:
    assert attributes.get("alpha", 1) == attributes.get("beta", 1) == 1 and not attributes.get("transA", 0)
    return np.asarray(a @ (b.T if attributes.get("transB", 0) else b) + c)


def _pad(_: Attributes, x: Array, pads: Array, value: Array | float = 0) -> Array:
    before, after = pads.reshape(2, -1).tolist()
    return np.pad(x, list(zip(before, after, strict=True)), constant_values=value)


OPERATORS: dict[str, Callable[..., Array]] = {
    "Add": lambda _, a, b: a + b,
    "AveragePool": _average_pool,
    "Clip": lambda _, x, low, high: np.clip(x, low, high),
    "Conv": _conv,
    "DequantizeLinear": _dequantize,
    "Gemm": _gemm,
    "GlobalAveragePool": lambda _, x: x.mean(axis=tuple(range(2, x.ndim)), keepdims=True),
    "MatMul": lambda _, a, b: a @ b,
    "Pad": _pad,
    "QuantizeLinear": _quantize,
    "ReduceMean": lambda at, x: x.mean(axis=tuple(at["axes"]), keepdims=bool(at.get("keepdims", 1))),
    "Relu": lambda _, x: np.maximum(x, 0),
    "Reshape": lambda _, x, shape: x.reshape(shape),
    "Squeeze": lambda _, x, axes: np.squeeze(x, tuple(axes.tolist())),
}
