"""Operators whose activations are quantized anew at each run, as plain ones with the same weights.

What `quantize_dynamic` of ONNX Runtime writes: DynamicQuantizeLinear, MatMulInteger or ConvInteger, Cast, and Mul by
both scales; and DynamicQuantizeLSTM. With the weights in integers and all else in real numbers it is a float model.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper

from tinyc.frontend.onnx.qoperators import RUNTIME_DOMAIN
from tinyc.frontend.onnx.tensors import to_array
from tinyc.frontend.tensors import Array

_PLAIN = {"ConvInteger": "Conv", "MatMulInteger": "MatMul"}
_WEIGHTS, _BEHIND = (1, 2), 8  # of an LSTM: matrices, and what comes behind the inputs of a plain one


def with_plain_activations(
    nodes: Sequence[NodeProto], tensors: Mapping[str, TensorProto], directory: Path, file: str
) -> tuple[list[NodeProto], dict[str, TensorProto]]:
    """The nodes and the initializers of the float model."""
    writer = _Writer(tensors, {o: n for n in nodes for o in n.output if o}, directory, file)
    for node in nodes:
        if not any(node.output) or not (writer.lstm(node) or writer.product(node)):
            writer.nodes.append(node)
    return writer.nodes, {**tensors, **writer.made}


@dataclass
class _Writer:
    tensors: Mapping[str, TensorProto]
    producers: Mapping[str, NodeProto]
    directory: Path
    file: str
    nodes: list[NodeProto] = field(default_factory=list)
    made: dict[str, TensorProto] = field(default_factory=dict)

    def product(self, node: NodeProto) -> bool:
        """Write what ends in a Mul by the scales of both operands, if it is of that kind."""
        if node.op_type != "Mul" or node.domain or len(node.input) != 2:
            return False
        for value, scales in (node.input, reversed(node.input)):
            cast, both = self._made(value, "Cast"), self._made(scales, "Mul")
            sums = self._made(cast.input[0], *_PLAIN) if cast and cast.input else None
            if sums is None or both is None or len(sums.input) < 3 or len(both.input) != 2:
                continue
            source = self._made(sums.input[0], "DynamicQuantizeLinear")
            if source is None or len(source.input) != 1 or len(source.output) < 3:
                continue
            if list(sums.input[:3:2]) != list(source.output[::2]):
                continue
            given = [name for name in both.input if name != source.output[1]]
            if len(given) == 1 and given[0] in self.tensors and sums.input[1] in self.tensors:
                self._plain(node, sums, source.input[0], given[0])
                return True
        return False

    def _plain(self, node: NodeProto, sums: NodeProto, x: str, scale: str) -> None:
        name = f"{node.output[0]}/weights"
        zero = sums.input[3:4]
        axis = 0 if sums.op_type == "ConvInteger" else -1
        real = helper.make_node(
            "DequantizeLinear", [sums.input[1], self._flat(scale, name), *(self._flat(z, name) for z in zero if z)],
            [name], sums.name, axis=axis,
        )  # fmt: skip
        plain = NodeProto(op_type=_PLAIN[sums.op_type], name=sums.name, input=[x, name], output=node.output)
        plain.attribute.extend(sums.attribute)
        self.nodes += [real, plain]

    def lstm(self, node: NodeProto) -> bool:
        """Write a plain LSTM, if its weights and their scales are constant."""
        if (node.domain, node.op_type) != (RUNTIME_DOMAIN, "DynamicQuantizeLSTM") or len(node.input) > _BEHIND + 4:
            return False
        given = [*node.input, *[""] * (_BEHIND + 4 - len(node.input))]
        parameters = [given[i] for i in (*_WEIGHTS, *range(_BEHIND, _BEHIND + 4))]
        if not all(name in self.tensors for name in parameters):
            return False
        stem = next(filter(None, node.output))
        for index, name in zip(_WEIGHTS, (f"{stem}/w", f"{stem}/r"), strict=True):
            at = _BEHIND + 2 * (index - _WEIGHTS[0])
            real = _dequantized(*(self._array(given[i]) for i in (index, at, at + 1)))
            if real is None:
                return False
            self.made[name] = numpy_helper.from_array(np.ascontiguousarray(real.transpose(0, 2, 1)), name)
            given[index] = name
        plain = NodeProto(op_type="LSTM", name=node.name, input=given[:_BEHIND], output=node.output)
        plain.attribute.extend(node.attribute)
        self.nodes.append(plain)
        return True

    def _made(self, name: str, *kinds: str) -> NodeProto | None:
        node = self.producers.get(name)
        return node if node is not None and node.op_type in kinds and not node.domain else None

    def _array(self, name: str) -> Array:
        return to_array(self.tensors[name], self.directory, self.file)

    def _flat(self, name: str, stem: str) -> str:
        """A constant of one number, or a list of them."""
        if name not in self.tensors or len(self.tensors[name].dims) < 2:
            return name
        flat = f"{stem}/{name}"
        self.made[flat] = numpy_helper.from_array(self._array(name).reshape(-1), flat)
        return flat


def _dequantized(weights: Array, scale: Array, zero: Array) -> Array | None:
    """A matrix a direction, with one scale for each of them, or for each of their columns; None for anything else."""
    if weights.ndim != 3 or weights.dtype.kind + zero.dtype.kind not in ("ii", "uu") or scale.dtype.kind != "f":
        return None
    directions, _, columns = weights.shape
    if scale.shape != zero.shape or scale.shape not in ((directions,), (directions, columns)):
        return None
    shape = (directions, 1, -1)
    return (weights.astype(np.float32) - zero.astype(np.float32).reshape(shape)) * scale.reshape(shape)
