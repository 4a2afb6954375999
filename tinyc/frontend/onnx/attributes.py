"""The attributes of a node: typed, with a record of which ones have been asked for."""

from __future__ import annotations

from typing import Any

from onnx import AttributeProto, NodeProto, TensorProto, defs, helper

from tinyc.errors import TinycError, UnsupportedError

KINDS: dict[int, str] = {
    AttributeProto.INT: "an integer",
    AttributeProto.INTS: "integers",
    AttributeProto.FLOAT: "a number",
    AttributeProto.FLOATS: "numbers",
    AttributeProto.STRING: "a text",
    AttributeProto.STRINGS: "texts",
    AttributeProto.TENSOR: "a tensor",
}
"""What the values of attributes are called."""


class Attributes:
    """What a node's attributes say. `finish` complains of those that nobody asked for."""

    def __init__(self, node: NodeProto, where: str) -> None:
        self.where = where
        self._operator = (node.op_type, node.domain)
        self._left = {a.name: a for a in node.attribute}
        if len(self._left) != len(node.attribute):
            raise TinycError("an attribute is given twice", where)
        if any(a.ref_attr_name for a in node.attribute):
            raise TinycError("an attribute refers to one of a function, outside of any function", where)

    def has(self, name: str) -> bool:
        """Whether the attribute is given and has not been asked for."""
        return name in self._left

    def integer(self, name: str, default: int) -> int:
        value = self._take(name, AttributeProto.INT)
        return default if value is None else int(value)

    def flag(self, name: str, default: bool = False) -> bool:
        """An integer that is 0 or 1."""
        value = self.integer(name, int(default))
        if value not in (0, 1):
            raise self.unsupported(name, value, "0 or 1")
        return bool(value)

    def integers(self, name: str) -> tuple[int, ...] | None:
        """None if it is not given."""
        value = self._take(name, AttributeProto.INTS)
        return None if value is None else tuple(map(int, value))

    def number(self, name: str, default: float) -> float:
        value = self._take(name, AttributeProto.FLOAT)
        return default if value is None else float(value)

    def numbers(self, name: str) -> tuple[float, ...] | None:
        """None if it is not given."""
        value = self._take(name, AttributeProto.FLOATS)
        return None if value is None else tuple(map(float, value))

    def text(self, name: str, default: str) -> str:
        value = self._take(name, AttributeProto.STRING)
        return default if value is None else value.decode("utf-8", "replace")

    def texts(self, name: str) -> tuple[str, ...] | None:
        """None if it is not given."""
        value = self._take(name, AttributeProto.STRINGS)
        return None if value is None else tuple(text.decode("utf-8", "replace") for text in value)

    def tensor(self, name: str) -> TensorProto | None:
        """None if it is not given."""
        value: TensorProto | None = self._take(name, AttributeProto.TENSOR)
        return value

    def ignore(self, *names: str) -> None:
        """These have no influence on the results that tinyc computes."""
        for name in names:
            self._left.pop(name, None)

    def unsupported(self, name: str, value: object, wanted: str, hint: str = "") -> UnsupportedError:
        """The error for a value that tinyc does not do."""
        return UnsupportedError(f"attribute {name} = {value!r} is not supported, only {wanted}", self.where, hint)

    def finish(self, opset: int) -> None:
        """UnsupportedError for a given attribute that nobody asked for, unless it says what holds anyway."""
        op, domain = self._operator
        known = defs.get_schema(op, opset, domain).attributes
        for name, given in self._left.items():
            if given.type == AttributeProto.GRAPH or self._value(given) != self._value(known[name].default_value):
                raise self.unsupported(name, self._value(given), "its default")

    def _take(self, name: str, kind: AttributeProto.AttributeType) -> Any:
        attribute = self._left.pop(name, None)
        if attribute is None:
            return None
        if attribute.type != kind:
            raise TinycError(f"attribute {name} must be {KINDS[kind]}", self.where)
        return helper.get_attribute_value(attribute)

    @staticmethod
    def _value(attribute: AttributeProto) -> object:
        if attribute.type in KINDS and attribute.type != AttributeProto.TENSOR:
            return helper.get_attribute_value(attribute)
        return attribute.SerializeToString()
