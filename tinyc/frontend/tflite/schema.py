"""Reading a .tflite file: its flatbuffer as plain data. The one file that uses the schema's bindings.

A flatbuffer is full of offsets and lengths, and the bindings follow them unchecked. What comes of a damaged file is
contained here: every list is measured against the file before it is read, and all that the bindings raise becomes one
error. What they make of garbage is checked as any other model is, by those who use it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import tflite
from flatbuffers import Builder
from numpy.typing import NDArray

from tinyc.errors import TinycError, UnsupportedError
from tinyc.frontend.tflite.model import Model, Operator, Quantization, Tensor
from tinyc.frontend.tflite.options import Options
from tinyc.frontend.tflite.variables import called_once

T = TypeVar("T")

IDENTIFIER = b"TFL3"
VERSION = 3
MOST_AXES = 32
MOST_READ = 16  # times the file's bytes: parts that are alike may be stored once
HINT = "convert the model anew; a viewer such as Netron shows what a file holds"


def _names(enum: type) -> dict[int, str]:
    return {value: name for name, value in vars(enum).items() if isinstance(value, int)}


OPERATORS: Mapping[int, str] = _names(tflite.BuiltinOperator)
_TYPES: Mapping[int, str] = _names(tflite.TensorType)
_OPTIONS: Mapping[int, str] = _names(tflite.BuiltinOptions)
_OPTIONS_2: Mapping[int, str] = _names(tflite.BuiltinOptions2)
ACTIVATIONS: Mapping[int, str] = _names(tflite.ActivationFunctionType)


def read_file(path: Path) -> Model:
    """The file as plain data; TinycError for what is not a TensorFlow Lite model, or more than one graph."""
    file = str(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TinycError(f"the model cannot be read: {error.strerror}", file) from None
    if not data:
        raise TinycError("the file is empty", file, HINT)
    if len(data) < 8 or data[4:8] != IDENTIFIER:
        raise TinycError("this is not a TensorFlow Lite model: its identifier is not TFL3", file, HINT)
    try:
        return _Reader(data, file).model()
    except TinycError:
        raise
    except Exception:  # struct.error, IndexError, … : whatever following a wrong offset leads to
        raise TinycError("the file is damaged: an offset in it leads nowhere", file, HINT) from None


class _Reader:
    def __init__(self, data: bytes, file: str) -> None:
        self.data, self.file = data, file
        self.root: Any = tflite.Model.GetRootAs(data, 0)
        self.left = MOST_READ * len(data)

    def model(self) -> Model:
        if self.root.Version() != VERSION:
            raise UnsupportedError(f"schema version {self.root.Version()}; tinyc reads {VERSION}", self.file)
        graphs = self.listed(self.root, "Subgraphs")
        buffers = self.listed(self.root, "Buffers")
        codes = self.listed(self.root, "OperatorCodes")
        if not graphs:
            raise TinycError("the model has 0 subgraphs", self.file)
        model, *others = (self.graph(i, graph, buffers, codes) for i, graph in enumerate(graphs))
        if not model.outputs:
            raise TinycError("the model has no outputs", self.file)
        if len(others) != len(called_once(model.operators).keys() & range(1, len(graphs))):
            raise UnsupportedError(
                f"the model has {len(graphs)} subgraphs, beside the first only those of CALL_ONCE are supported",
                self.file, "IF and WHILE need others: convert the model without control flow",
            )  # fmt: skip
        return replace(model, others=tuple(others))

    def graph(self, number: int, graph: Any, buffers: list[Any], codes: list[Any]) -> Model:
        return Model(
            f"{self.file}: subgraph {number}" if number else self.file,
            tuple(self.tensor(i, tensor, buffers) for i, tensor in enumerate(self.listed(graph, "Tensors"))),
            tuple(self.operator(i, operator, codes) for i, operator in enumerate(self.listed(graph, "Operators"))),
            self.integers(graph, "Inputs"),
            self.integers(graph, "Outputs"),
        )

    # Lists

    def count(self, table: Any, name: str, least_bytes: int) -> int:
        """How many elements a list has, which lie in the file."""
        count: int = getattr(table, f"{name}Length")()
        self.read(count * least_bytes, f"{count} {name.lower()}")
        return count

    def read(self, size: int, what: str) -> None:
        """Take note of so many bytes. A list that is read again and again makes an hour's work of a small file."""
        self.left -= size
        if size > len(self.data):
            raise TinycError(f"the file is damaged: {what} do not fit into it", self.file, HINT)
        if self.left < 0:
            raise TinycError("the file is damaged: its parts overlap", self.file, HINT)

    def text(self, data: bytes | None) -> str:
        """UTF-8, as far as it is that."""
        self.read(len(data or b""), "its texts")
        return "" if data is None else data.decode("utf-8", "replace")

    def listed(self, table: Any, name: str) -> list[Any]:
        """A list of tables."""
        found = [getattr(table, name)(i) for i in range(self.count(table, name, 4))]
        if None in found:
            raise TinycError(f"the file is damaged: an element of its {name.lower()} is missing", self.file, HINT)
        return found

    def numbers(self, table: Any, name: str, least_bytes: int = 1) -> NDArray[Any]:
        """A list of numbers."""
        if self.count(table, name, least_bytes) == 0:
            return np.zeros(0, np.int64)
        return np.asarray(getattr(table, f"{name}AsNumpy")())

    def integers(self, table: Any, name: str) -> tuple[int, ...]:
        return tuple(map(int, self.numbers(table, name, 4)))

    # Parts

    def tensor(self, index: int, table: Any, buffers: list[Any]) -> Tensor:
        name = self.text(table.Name()) or f"tensor_{index}"
        where = f"{self.file}: tensor '{name}'"
        axes = max(self.count(table, "Shape", 4), self.count(table, "ShapeSignature", 4))
        if axes > MOST_AXES:
            raise TinycError(f"{axes} axes are not possible", where)
        return Tensor(
            index, name,
            self.integers(table, "Shape"), self.integers(table, "ShapeSignature"),
            _TYPES.get(table.Type(), f"type {table.Type()}"),
            self.quantization(table.Quantization(), where),
            self.bytes(table.Buffer(), buffers, where),
            bool(table.IsVariable()), table.Sparsity() is not None,
        )  # fmt: skip

    def bytes(self, index: int, buffers: list[Any], where: str) -> NDArray[np.uint8] | None:
        """The data of a buffer, which lie in it or behind the flatbuffer; None if it is empty."""
        if not 0 <= index < len(buffers):
            raise TinycError(f"its data are in buffer {index}, there are {len(buffers)}", where)
        buffer = buffers[index]
        offset, size = buffer.Offset(), buffer.Size()
        if offset > 1:  # since schema 3b: for files beyond two gigabytes
            if offset + size > len(self.data):
                raise TinycError(f"its data end at byte {offset + size}, the file has {len(self.data)}", where, HINT)
            return np.frombuffer(self.data, np.uint8, size, offset)
        data = self.numbers(buffer, "Data")
        return data.astype(np.uint8, copy=False) if data.size else None

    def quantization(self, table: Any, where: str) -> Quantization | None:
        if table is None:
            return None
        if table.DetailsType():
            raise UnsupportedError("custom quantization", where)
        scale, zero = self.numbers(table, "Scale", 4), self.numbers(table, "ZeroPoint", 8)
        if not scale.size:
            return None
        if not zero.size:
            zero = np.zeros(scale.size, np.int64)
        return Quantization(scale.astype(np.float32), zero.astype(np.int64), table.QuantizedDimension())

    def operator(self, index: int, table: Any, codes: list[Any]) -> Operator:
        where = f"{self.file}: operator {index}"
        at = table.OpcodeIndex()
        if not 0 <= at < len(codes):
            raise TinycError(f"its code is number {at} of {len(codes)}", where)
        number = max(codes[at].BuiltinCode(), codes[at].DeprecatedBuiltinCode())
        if number not in OPERATORS:
            raise UnsupportedError(f"operator code {number} is not known to the installed package tflite", where,
                                   "pip install -U tflite")  # fmt: skip
        custom = self.text(codes[at].CustomCode()) if OPERATORS[number] == "CUSTOM" else ""
        return Operator(
            index, OPERATORS[number], custom, codes[at].Version(), self.integers(table, "Inputs"),
            self.integers(table, "Outputs"), self.options(table, where),
        )  # fmt: skip

    def options(self, table: Any, where: str) -> Options:
        number, names, union = table.BuiltinOptionsType(), _OPTIONS, table.BuiltinOptions()
        if not number and table.BuiltinOptions2Type():
            number, names, union = table.BuiltinOptions2Type(), _OPTIONS_2, table.BuiltinOptions2()
        if number not in names:
            raise TinycError(f"its options are of an unknown type {number}", where, "pip install -U tflite")
        if not number or union is None:
            return Options("", {}, {})
        found = getattr(tflite, names[number])()
        found.Init(union.Bytes, union.Pos)
        return Options(names[number], self.fields(found), self.fields(_empty(type(found))))

    def fields(self, table: Any) -> dict[str, Any]:
        """All fields of a table of numbers and lists of numbers."""
        values = {}
        for name in (n for n in vars(type(table)) if n[0].isupper() and not n.startswith("GetRootAs")):
            if name == "Init" or name.endswith(("BufferHasIdentifier", "AsNumpy", "Length", "IsNone")):
                continue
            if hasattr(table, f"{name}AsNumpy"):
                values[name] = tuple(self.numbers(table, name).tolist())
            elif not hasattr(table, f"{name}Length"):
                values[name] = getattr(table, name)()
        return values


def _empty(kind: Callable[[], Any]) -> Any:
    """A table in which nothing is given, so that all its fields have their defaults."""
    builder = Builder(16)
    builder.StartObject(0)
    builder.Finish(builder.EndObject())
    data = bytes(builder.Output())
    table = kind()
    table.Init(data, int.from_bytes(data[:4], "little"))
    return table
