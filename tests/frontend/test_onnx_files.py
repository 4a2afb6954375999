"""Files that are no models: each gets an error that says what is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from onnx_case import RELU, build, gemm, load, refused

from tinyc.errors import TinycError
from tinyc.frontend.onnx import import_model


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(TinycError, match=r"none.onnx: the model cannot be read: No such file"):
        import_model(tmp_path / "none.onnx")


def test_a_directory(tmp_path: Path) -> None:
    with pytest.raises(TinycError, match="cannot be read: Is a directory"):
        import_model(tmp_path)


def test_an_empty_file() -> None:
    refused(b"", "the file is empty")


@pytest.mark.parametrize("data", [b"hello world, this is text", bytes(range(256)), b"\x08\x08", b"PK\x03\x04" * 50])
def test_not_a_model(data: bytes) -> None:
    refused(data, "this is not an ONNX model")


def test_every_truncation() -> None:
    data = gemm().SerializeToString()
    for length in range(len(data)):
        refused(data[:length])


def test_every_byte_changed() -> None:
    """No damage to any one byte leads to anything but an error that says what is wrong, or to a graph."""
    data = gemm().SerializeToString()
    for place in range(len(data)):
        for value in (0, 0x7F, 0xFF, data[place] ^ 1):
            try:
                load(data[:place] + bytes([value]) + data[place + 1 :])
            except TinycError as error:
                assert error.message


def test_names_that_are_no_text() -> None:
    data = build([RELU], {"x": (3,)}).SerializeToString().replace(b"Relu", b"Re\xff\xff")
    refused(data, "a name in the model is not UTF-8 text")
