"""Models of all formats into float graphs of the IR: the one place that looks which format a file has."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING

from tinyc.errors import TinycError

if TYPE_CHECKING:
    from types import ModuleType

    from tinyc.frontend.summary import NodeSummary
    from tinyc.ir.graph import Graph

_TFLITE_AT, _TFLITE_MARK = 4, b"TFL3"


class Format(Enum):
    """The formats, by the names that people call them by."""

    ONNX = "ONNX"
    TFLITE = "TensorFlow Lite"


def format_of(path: Path) -> Format:
    """The format, by what the file says of itself, else by its name; ONNX files say nothing."""
    head = b""
    with suppress(OSError):  # whoever reads it says why it cannot be read
        if path.is_file():
            with path.open("rb") as stream:
                head = stream.read(_TFLITE_AT + len(_TFLITE_MARK))
    marked = head[_TFLITE_AT:] == _TFLITE_MARK
    return Format.TFLITE if marked or path.suffix.lower() in (".tflite", ".lite") else Format.ONNX


def import_model(
    path: Path, shapes: Mapping[str, tuple[int, ...]] = {}, states: Mapping[str, str] = {}
) -> Graph:  # fmt: skip
    """The float graph of the model at `path`, named after the file; see the packages of the formats.

    `states` names inputs, and for each the output of one run that it is in the next.
    TinycError says what is wrong with a bad file, UnsupportedError what tinyc does not do.
    """
    graph: Graph = _front_end(path).import_model(path, shapes, states)
    return graph


def inspect_model(path: Path, shapes: Mapping[str, tuple[int, ...]] = {}) -> list[NodeSummary]:
    """Every node of the model, in an order in which they can run, with all that stands in the way of compiling it."""
    nodes: list[NodeSummary] = _front_end(path).inspect_model(path, shapes)
    return nodes


def _front_end(path: Path) -> ModuleType:
    """The package that reads the file; each takes a while to load. TinycError for what may not end."""
    if path.exists() and not path.is_file() and not path.is_dir():
        raise TinycError("this is not a regular file", str(path), "save the model to a file")
    if format_of(path) is Format.ONNX:
        from tinyc.frontend import onnx

        return onnx
    try:
        from tinyc.frontend import tflite
    except ModuleNotFoundError as error:
        if error.name not in ("tflite", "flatbuffers"):
            raise
        raise TinycError(
            f"the Python package '{error.name}', which reads TensorFlow Lite models, is not installed", str(path),
            "pip install 'tinyc[tflite]'",
        ) from None  # fmt: skip
    return tflite
