"""Nodes that can be computed at compile time: constants, arithmetic on them, and the shapes of static tensors."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from pathlib import Path

import numpy as np
from onnx import (
    AttributeProto,
    ModelProto,
    NodeProto,
    TensorProto,
    ValueInfoProto,
    helper,
    numpy_helper,
)

from tinyc.errors import TinycError, UnsupportedError
from tinyc.frontend.onnx.attributes import Attributes
from tinyc.frontend.onnx.inference import infer_shapes
from tinyc.frontend.onnx.tensors import to_array
from tinyc.frontend.tensors import Array, is_possible

Shape = tuple[int, ...]

_RANDOM = {
    "Bernoulli", "Dropout", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform", "RandomUniformLike",
}  # fmt: skip
_NORMALIZING = {"Hardmax", "LogSoftmax", "Softmax"}  # onnx.reference knows only what they mean since opset 13
_SINCE = {"DequantizeLinear": 19, "QuantizeLinear": 19}  # what onnx.reference knows; they meant the same before
_MODEST = {
    "Abs", "Add", "And", "Cast", "Ceil", "Concat", "Constant", "DequantizeLinear", "Div", "Equal", "Exp", "Flatten",
    "Floor", "Gather", "Greater", "Identity", "Less", "Log", "MatMul", "Max", "Min", "Mod", "Mul", "Neg", "Not", "Or",
    "Pow", "Reciprocal", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceSum", "Reshape", "Slice", "Sqrt", "Squeeze",
    "Sub", "Transpose", "Unsqueeze", "Where",
}  # fmt: skip
_MAX_SHAPE_ELEMENTS = 1024  # of a constant that may say how large a result is


def can_evaluate(node: NodeProto, opset: int) -> bool:
    """Whether `evaluate` knows what the node means, given that all its inputs are constant."""
    plain = not any(a.type in (AttributeProto.GRAPH, AttributeProto.GRAPHS) for a in node.attribute)
    return plain and node.op_type not in _RANDOM and not (node.op_type in _NORMALIZING and opset < 13)


def evaluate(node: NodeProto, opset: int, ins: Mapping[str, Array], directory: Path, where: str) -> list[Array]:
    """The results of a node whose inputs `ins` are all constant."""
    if node.op_type == "Constant":
        return [_constant(Attributes(node, where), directory, where)]
    if node.op_type == "ConstantOfShape":
        return [_filled(node, ins, where)]
    if not _is_modest(node, ins):
        for shape in result_shapes(node, opset, ins):
            if shape is not None and not is_possible(shape):
                raise TinycError(f"its result's shape {shape} is not possible", where)
    from onnx.reference import ReferenceEvaluator

    try:
        with np.errstate(all="ignore"):
            results = ReferenceEvaluator(_alone(node, max(opset, _SINCE.get(node.op_type, 0)), ins)).run(
                None, dict(ins)
            )
    except Exception as error:  # whatever onnx.reference raises for a node that makes no sense
        raise UnsupportedError(f"it cannot be computed at compile time: {error}", where) from None
    if not all(isinstance(r, np.ndarray | np.generic) for r in results):
        raise UnsupportedError("its results are not tensors", where)
    return [_plain(np.asarray(r)) for r in results]


def _is_modest(node: NodeProto, ins: Mapping[str, Array]) -> bool:
    """Whether the result has no more elements than there are combinations of the inputs', and these are few enough."""
    return node.op_type in _MODEST and is_possible(max(data.size, 1) for data in ins.values())


def _plain(data: Array) -> Array:
    """bfloat16 as float32, as `to_array` reads it."""
    return data.astype(np.float32) if data.dtype.name == "bfloat16" else data


def static_shape(node: NodeProto, shape: Shape, where: str) -> Array:
    """The result of Shape or Size of a tensor with that shape."""
    if node.op_type == "Size":
        return np.array(prod(shape), np.int64)
    attributes = Attributes(node, where)
    start, end = attributes.integer("start", 0), attributes.integer("end", len(shape))
    return np.array(shape[start:end], np.int64)


def result_shapes(
    node: NodeProto, opset: int, ins: Mapping[str, Array], activations: Mapping[str, Shape] | None = None
) -> list[Shape | None]:
    """The shapes of the named results as far as ONNX's own inference finds them, None for the others."""
    inferred = infer_shapes(_alone(node, opset, ins, activations or {}))
    if inferred is None:
        return [None for name in node.output if name]
    return [_known_shape(o) for o in inferred.graph.output]


def _known_shape(info: ValueInfoProto) -> Shape | None:
    kind = info.type.tensor_type
    if not kind.HasField("shape") or any(d.WhichOneof("value") != "dim_value" for d in kind.shape.dim):
        return None
    return tuple(d.dim_value for d in kind.shape.dim)


def _alone(
    node: NodeProto, opset: int, ins: Mapping[str, Array], activations: Mapping[str, Shape] | None = None
) -> ModelProto:
    """A model of this node only. Small constants carry their data, for they may say how large the results are."""
    kinds = {name: (helper.np_dtype_to_tensor_dtype(a.dtype), a.shape) for name, a in ins.items()}
    kinds |= {name: (TensorProto.FLOAT, shape) for name, shape in (activations or {}).items()}
    data = [numpy_helper.from_array(a, name) for name, a in ins.items() if a.size <= _MAX_SHAPE_ELEMENTS]
    graph = helper.make_graph(
        [node], "alone",
        [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in kinds.items()],
        [ValueInfoProto(name=o) for o in node.output if o],
        data,
    )  # fmt: skip
    return helper.make_model(graph, opset_imports=[helper.make_opsetid(node.domain, opset)])


def _filled(node: NodeProto, ins: Mapping[str, Array], where: str) -> Array:
    """The result of ConstantOfShape."""
    (given,) = ins.values()
    shape = tuple(map(int, given.reshape(-1)))
    if given.ndim != 1 or not is_possible(shape):
        raise TinycError(f"its result's shape {shape} is not possible", where)
    tensor = Attributes(node, where).tensor("value")
    value = np.zeros(1, np.float32) if tensor is None else to_array(tensor, Path(), where)
    if value.size != 1:
        raise TinycError(f"its value has the shape {value.shape}, wanted is one number", where)
    return np.full(shape, value.reshape(-1)[0], value.dtype)


def _constant(attributes: Attributes, directory: Path, where: str) -> Array:
    """The value of a Constant node, in any of the forms that ONNX has."""
    if (tensor := attributes.tensor("value")) is not None:
        return to_array(tensor, directory, where)
    if attributes.has("value_float"):
        return np.array(attributes.number("value_float", 0.0), np.float32)
    if attributes.has("value_int"):
        return np.array(attributes.integer("value_int", 0), np.int64)
    if (numbers := attributes.numbers("value_floats")) is not None:
        return np.array(numbers, np.float32)
    if (integers := attributes.integers("value_ints")) is not None:
        return np.array(integers, np.int64)
    raise UnsupportedError("a constant that is not a tensor of numbers", where, "store it as a dense tensor")
