"""Operators on quantized tensors, ONNX's own and those of ONNX Runtime, as plain ones between DequantizeLinear and
QuantizeLinear: one form for all quantized models. Scales and zero points must be constant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from onnx import AttributeProto, NodeProto, TensorProto, helper, numpy_helper

from tinyc.frontend.onnx.tensors import to_array
from tinyc.frontend.tensors import Array

RUNTIME_DOMAIN = "com.microsoft"

_UNARY = {
    "QLinearAveragePool": "AveragePool",
    "QLinearGlobalAveragePool": "GlobalAveragePool",
    "QLinearLeakyRelu": "LeakyRelu",
    "QLinearSigmoid": "Sigmoid",
    "QLinearSoftmax": "Softmax",
}
_BINARY = {"QLinearAdd": "Add", "QLinearMul": "Mul"}
_OWN_ATTRIBUTES = {"channels_last", "opset"}  # which the plain operators do not have
_LEAST_INPUTS = {
    "DequantizeLinear": 2, "QGemm": 6, "QLinearAdd": 6, "QLinearAveragePool": 4, "QLinearConcat": 4, "QLinearConv": 8,
    "QLinearGlobalAveragePool": 4, "QLinearLeakyRelu": 4, "QLinearMatMul": 8, "QLinearMul": 6, "QLinearSigmoid": 4,
    "QLinearSoftmax": 4, "QLinearWhere": 9, "QuantizeLinear": 2,
}  # fmt: skip
_STANDARD = {"QLinearConv", "QLinearMatMul"}
_MOVING = {"Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"}
_PICKING = {"GlobalMaxPool", "MaxPool", "Resize"}  # of real numbers what they are of stored ones


def with_plain_operators(
    nodes: Iterable[NodeProto], tensors: Mapping[str, TensorProto], directory: Path, file: str
) -> tuple[list[NodeProto], dict[str, TensorProto]]:
    """The nodes and the initializers of the same model."""
    writer = _Writer(tensors, directory, file)
    for node in nodes:
        rule = _rule(node)
        if not _is_whole(node, rule is not None):
            writer.nodes.append(node)  # whoever imports it says what is wrong
        elif (
            node.op_type in _PICKING and not any(node.output[1:]) and not node.domain and node.input[0] in writer.stored
        ):
            ins = [writer.real(node, 0), *node.input[1:]]
            writer.compute(node, node.op_type, ins, writer.stored[node.input[0]])
        elif rule is None or not writer.knows(node):
            writer.keep(node)
        else:
            rule(writer, node)
    return writer.nodes, {**tensors, **writer.made}


def _picks(node: NodeProto) -> bool:
    return node.op_type in _PICKING and not node.domain and not any(node.output[1:])


def _is_whole(node: NodeProto, quantized: bool) -> bool:
    """Whether it has the inputs and the result that are looked at here."""
    inputs = _LEAST_INPUTS.get(node.op_type, 0) if quantized else int(node.op_type in _MOVING | _PICKING)
    return len(node.input) >= inputs and all(node.input[: min(inputs, 1)]) and any(node.output[:1])


def _rule(node: NodeProto) -> Callable[[_Writer, NodeProto], None] | None:
    if node.domain not in ("", RUNTIME_DOMAIN) or (not node.domain and node.op_type not in _STANDARD):
        return None
    if any(a.name == "channels_last" and a.i for a in node.attribute):
        return None
    if node.op_type in _UNARY:
        return _unary
    if node.op_type in _BINARY:
        return _binary
    return {
        "DequantizeLinear": _plain, "QuantizeLinear": _plain, "QGemm": _gemm, "QLinearConcat": _concat,
        "QLinearConv": _conv, "QLinearMatMul": _matmul, "QLinearWhere": _where,
    }.get(node.op_type)  # fmt: skip


@dataclass
class _Writer:
    """The nodes so far."""

    tensors: Mapping[str, TensorProto]
    directory: Path
    file: str
    nodes: list[NodeProto] = field(default_factory=list)
    made: dict[str, TensorProto] = field(default_factory=dict)
    stored: dict[str, Sequence[str]] = field(default_factory=dict)
    """Scale and zero point of tensors that came from QuantizeLinear."""

    def keep(self, node: NodeProto) -> None:
        """The node as it is."""
        self.nodes.append(node)
        if node.op_type == "QuantizeLinear" and all(n in self.tensors for n in node.input[1:] if n):
            self.stored[node.output[0]] = node.input[1:]
        elif node.op_type in _MOVING and not node.domain and node.input[0] in self.stored:
            self.stored[node.output[0]] = self.stored[node.input[0]]

    def knows(self, node: NodeProto) -> bool:
        """Whether its scales and zero points, and what else is not a tensor of bytes, are initializers."""
        return all(name in self.tensors for name in node.input if name and _is_parameter(node, name))

    def array(self, name: str) -> Array:
        return to_array(self.tensors[name], self.directory, self.file)

    def real(self, node: NodeProto, index: int, axis: int | None = None) -> str:
        """Input `index` in real numbers; its scale and zero point are listed behind it, or with what made it."""
        name = f"{node.output[0]}/real{index}"
        parameters = (
            node.input[index + 1 : index + 3] if node.op_type not in _PICKING else self.stored[node.input[index]]
        )
        self._emit("DequantizeLinear", node, [node.input[index], *parameters], name, _with_axis(axis))
        return name

    def bias(self, node: NodeProto, index: int, scale: Array) -> str:
        """int32 input `index` in real numbers."""
        name, scale_name = f"{node.output[0]}/bias", f"{node.output[0]}/bias_scale"
        self.made[scale_name] = numpy_helper.from_array(scale.astype(np.float32), scale_name)
        self._emit("DequantizeLinear", node, [node.input[index], scale_name], name, _with_axis(0))
        return name

    def compute(
        self, node: NodeProto, op: str, ins: Sequence[str], result: Sequence[str], given: Iterable[AttributeProto] = ()
    ) -> None:
        """The plain operator, whose result is stored with the scale and zero point `result`."""
        kept = [a for a in (given or node.attribute) if a.name not in _OWN_ATTRIBUTES]
        if not result or not result[0]:
            self._emit(op, node, ins, node.output[0], kept)
            return
        name = f"{node.output[0]}/real"
        self._emit(op, node, ins, name, kept)
        self._emit("QuantizeLinear", node, [name, *result], node.output[0], [])

    def _emit(
        self, op: str, node: NodeProto, ins: Sequence[str], out: str, attributes: Iterable[AttributeProto]
    ) -> None:
        made = NodeProto(op_type=op, name=node.name, input=ins, output=[out])
        made.attribute.extend(attributes)
        self.keep(made)


def _is_parameter(node: NodeProto, name: str) -> bool:
    """Whether it is a scale or a zero point of the operator."""
    at = list(node.input).index(name)
    if node.op_type in _UNARY or node.op_type in ("DequantizeLinear", "QuantizeLinear"):
        return at != 0 and node.op_type in _UNARY
    if node.op_type == "QLinearWhere":
        return at not in (0, 1, 4)
    if node.op_type == "QLinearConcat":
        return at < 2 or (at - 2) % 3 != 0
    return at not in ((0, 3, 8) if node.op_type == "QLinearConv" else (0, 3, 6) if node.op_type == "QGemm" else (0, 3))


def _with_axis(axis: int | None) -> list[AttributeProto]:
    return [] if axis is None else [helper.make_attribute("axis", axis)]


def _plain(writer: _Writer, node: NodeProto) -> None:
    plain = NodeProto()
    plain.CopyFrom(node)
    plain.domain = ""
    writer.keep(plain)


def _unary(writer: _Writer, node: NodeProto) -> None:
    writer.compute(node, _UNARY[node.op_type], [writer.real(node, 0)], node.input[3:5])


def _binary(writer: _Writer, node: NodeProto) -> None:
    ins = [writer.real(node, 0), writer.real(node, 3)]
    writer.compute(node, _BINARY[node.op_type], ins, node.input[6:8])


def _concat(writer: _Writer, node: NodeProto) -> None:
    ins = [writer.real(node, index) for index in range(2, len(node.input), 3)]
    writer.compute(node, "Concat", ins, node.input[:2])


def _where(writer: _Writer, node: NodeProto) -> None:
    ins = [node.input[0], writer.real(node, 1), writer.real(node, 4)]
    writer.compute(node, "Where", ins, node.input[7:9])


def _conv(writer: _Writer, node: NodeProto) -> None:
    ins = [writer.real(node, 0), writer.real(node, 3, axis=0)]
    if len(node.input) > 8 and node.input[8]:
        ins.append(writer.bias(node, 8, writer.array(node.input[1]) * writer.array(node.input[4])))
    writer.compute(node, "Conv", ins, node.input[6:8])


def _matmul(writer: _Writer, node: NodeProto) -> None:
    writer.compute(node, "MatMul", [writer.real(node, 0), writer.real(node, 3, axis=-1)], node.input[6:8])


def _gemm(writer: _Writer, node: NodeProto) -> None:
    values = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    ins = [writer.real(node, 0), writer.real(node, 3, axis=0 if values.get("transB") else 1)]
    if len(node.input) > 6 and node.input[6]:
        scale = values.get("alpha", 1.0) * writer.array(node.input[1]) * writer.array(node.input[4])
        ins.append(writer.bias(node, 6, scale))
    writer.compute(node, "Gemm", ins, node.input[7:9])
