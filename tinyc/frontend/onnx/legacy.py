"""Operators as they were before opset 7, written as opset 7 has them.

What changed until then are ways of writing: broadcasting had attributes, `Cast` named types by texts, `Reshape` had its
shape as an attribute, some said that they may work in place. Everything behind this file knows opset 7 and later only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from onnx import NodeProto, TensorProto, helper, numpy_helper

from tinyc.errors import TinycError, UnsupportedError

FIRST_MODERN = 7

_HINTS = {"consumed_inputs", "output_sequence"}  # what was of no influence on results
_ARITHMETIC = {"Add", "And", "Div", "Equal", "Greater", "Less", "Mul", "Or", "Pow", "Sub", "Xor"}

Shape = tuple[int, ...]


def modern(node: NodeProto, shape: Callable[[str], Shape], at: str) -> list[NodeProto]:
    """The nodes of opset 7 that mean what `node` meant before; `shape` tells that of one of its inputs."""
    old = _Old(node, shape, at)
    if node.op_type in _ARITHMETIC:
        _broadcast(old)
    elif node.op_type in _RULES:
        _RULES[node.op_type](old)
    return old.nodes()


class _Old:
    """A node in the course of being written anew."""

    def __init__(self, node: NodeProto, shape: Callable[[str], Shape], at: str) -> None:
        self.shape, self.at = shape, at
        self._before: list[NodeProto] = []
        self._inputs = list(node.input)
        self._node = node
        self._attributes = {a.name: a for a in node.attribute if a.name not in _HINTS}

    def has(self, name: str) -> bool:
        return name in self._attributes

    def take(self, name: str, default: Any) -> Any:
        """The value of an attribute that is no more."""
        attribute = self._attributes.pop(name, None)
        return default if attribute is None else helper.get_attribute_value(attribute)

    def give(self, name: str, value: Any) -> None:
        """An attribute that is new, or of another type."""
        self._attributes[name] = helper.make_attribute(name, value)

    def give_integers(self, name: str, values: np.ndarray[Any, Any]) -> None:
        """A further input that is constant."""
        made = f"{self._node.output[0]}/{name}"
        self._before.append(helper.make_node("Constant", [], [made], value=numpy_helper.from_array(values, made)))
        self._inputs.append(made)

    def input_shape(self, index: int) -> Shape:
        return self.shape(self._inputs[index])

    def count(self) -> int:
        """The number of inputs."""
        return len(self._inputs)

    def align(self, index: int, axis: int, rank: int) -> None:
        """The axes of an input are those from `axis` on of a tensor of so many axes."""
        behind = rank - axis - len(self.input_shape(index))
        if behind <= 0:
            return
        given, made = self._inputs[index], f"{self._node.output[0]}/aligned{index}"
        own = len(self.input_shape(index))
        axes = list(range(own, own + behind))
        self._before.append(helper.make_node("Unsqueeze", [given], [made], name=self._node.name, axes=axes))
        self._inputs[index] = made

    def nodes(self) -> list[NodeProto]:
        made = NodeProto(op_type=self._node.op_type, domain=self._node.domain, name=self._node.name)
        made.input.extend(self._inputs)
        made.output.extend(self._node.output)
        made.attribute.extend(self._attributes.values())
        return [*self._before, made]


def _broadcast(old: _Old) -> None:
    """The second operand's axes were the last of the first's, or those from `axis` on."""
    wanted, axis = old.take("broadcast", 0), old.take("axis", None)
    a, b = old.input_shape(0), old.input_shape(1)
    if not wanted:
        if a != b:
            raise TinycError(f"operands of the shapes {a} and {b} without the attribute broadcast", old.at)
        return
    start = len(a) - len(b) if axis is None else axis + (len(a) if axis < 0 else 0)
    under = a[start : start + len(b)] if start >= 0 else ()
    if len(under) != len(b) or any(size not in (1, full) for size, full in zip(b, under, strict=True)):
        raise TinycError(f"an operand of the shape {b} does not fit {a} from axis {axis} on", old.at)
    old.align(1, start, len(a))


def _slopes(old: _Old) -> None:
    """One slope for all, or one for each channel."""
    if len(old.input_shape(1)) == 1 and old.input_shape(1) != (1,):
        old.align(1, 1, len(old.input_shape(0)))


def _inference(old: _Old) -> None:
    if not old.take("is_test", 0):
        raise UnsupportedError(
            "attribute is_test = 0 is not supported, only 1", old.at, "export the model for inference, not for training"
        )


def _gemm(old: _Old) -> None:
    old.take("broadcast", 0)  # what could be broadcast then always can be now


def _cast(old: _Old) -> None:
    to = old.take("to", b"")
    if isinstance(to, bytes):
        name = to.decode("utf-8", "replace").upper()
        if name not in TensorProto.DataType.keys():  # noqa: SIM118 # which is not a dict
            raise UnsupportedError(f"attribute to = '{name}' is not a type", old.at)
        to = TensorProto.DataType.Value(name)
    old.give("to", to)


def _reshape(old: _Old) -> None:
    if old.count() == 1:
        old.give_integers("shape", np.array(old.take("shape", ()), np.int64))


def _renamed(before: str, after: str) -> Callable[[_Old], None]:
    def rule(old: _Old) -> None:
        value = old.take(before, None)
        if value is not None:
            old.give(after, value)

    return rule


def _power(old: _Old) -> None:
    p = old.take("p", 2)
    if p != int(p):
        raise UnsupportedError(f"attribute p = {p} is not supported, only whole numbers", old.at)
    old.give("p", int(p))


def _concat(old: _Old) -> None:
    old.give("axis", old.take("axis", 1))


def _split(old: _Old) -> None:
    if old.count() > 1:
        raise UnsupportedError("sizes of parts as an input", old.at, "give them as the attribute split")


def _tile(old: _Old) -> None:
    if old.count() > 2:
        raise UnsupportedError("repetitions along one axis", old.at, "export the model with opset 6 or later")


def _upsample(old: _Old) -> None:
    if not old.has("scales"):
        old.give("scales", [1.0, 1.0, old.take("height_scale", 1.0), old.take("width_scale", 1.0)])


_RULES: Mapping[str, Callable[[_Old], None]] = {
    "BatchNormalization": _inference,
    "Cast": _cast,
    "Concat": _concat,
    "Dropout": _inference,
    "Gemm": _gemm,
    "GlobalLpPool": _power,
    "LpPool": _power,
    "PRelu": _slopes,
    "Pad": _renamed("paddings", "pads"),
    "Reshape": _reshape,
    "Split": _split,
    "Tile": _tile,
    "Upsample": _upsample,
}
