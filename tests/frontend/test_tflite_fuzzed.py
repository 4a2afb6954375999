"""What the fuzzer found: files that once made tinyc fail in another way than by a clear error."""

from __future__ import annotations

from pathlib import Path
from struct import pack_into

import flatbuffers
import numpy as np
import pytest
from test_tflite_files import dense, refused
from tflite_micro.tensorflow.lite.micro.python import schema_py_generated as schema
from tflite_model import TfliteModel, integers, load

from tinyc.errors import TinycError
from tinyc.frontend import inspect_model
from tinyc.ir.types import QuantParams
from tinyc.ops.map import Map


@pytest.mark.parametrize("code", ["RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"])
def test_a_size_beyond_all_memory(code: str) -> None:
    kind = {"RESIZE_BILINEAR": "ResizeBilinearOptions"}.get(code, "ResizeNearestNeighborOptions")
    m, size = TfliteModel(), np.array([2, 2**31 - 1], np.int32)
    m.output(m.op(code, [m.input((1, 3, 3, 2)), m.constant(size)], m.tensor((1, 2, 2, 2)), kind))
    refused(m, f"({code})", "a size of (2, 2147483647) for an input of shape (1, 3, 3, 2)")


def test_an_operator_without_results(tmp_path: Path) -> None:
    m = TfliteModel()
    x = m.input((1, 4))
    m.op("QUANTIZE", [x], [m.tensor((1, 4))])
    m.graph.operators[0].outputs = []
    (tmp_path / "m.tflite").write_bytes(m.output(x).bytes())
    (row,) = inspect_model(tmp_path / "m.tflite")
    assert row.problem == "it has no results"


def test_fewer_results_than_there_must_be() -> None:
    m = TfliteModel()
    refused(m.output(m.op("TOPK_V2", [m.input((1, 4)), m.constant(np.array(2, np.int32))], m.tensor((1, 2)))),
            "it has 1 results, at least 2 are expected")  # fmt: skip


def test_lists_that_overlap() -> None:
    """A small file with many tables that all read one long list would keep its reader busy for hours."""
    builder = flatbuffers.Builder(1024)
    inputs = builder.CreateNumpyVector(np.zeros(2000, np.int32))

    def operator() -> int:
        schema.OperatorStart(builder)
        schema.OperatorAddInputs(builder, inputs)
        return int(schema.OperatorEnd(builder))

    def listed(*tables: int) -> int:
        builder.StartVector(4, len(tables), 4)
        for table in tables:
            builder.PrependUOffsetTRelative(table)
        return int(builder.EndVector())

    operators = listed(*(operator() for _ in range(2000)))
    schema.OperatorCodeStart(builder)
    codes = listed(schema.OperatorCodeEnd(builder))
    schema.SubGraphStart(builder)
    schema.SubGraphAddOperators(builder, operators)
    graphs = listed(schema.SubGraphEnd(builder))
    schema.ModelStart(builder)
    schema.ModelAddVersion(builder, 3)
    schema.ModelAddSubgraphs(builder, graphs)
    schema.ModelAddOperatorCodes(builder, codes)
    builder.Finish(schema.ModelEnd(builder), file_identifier=b"TFL3")
    refused(bytes(builder.Output()), "the file is damaged: its parts overlap")


@pytest.mark.parametrize("part", [0, *(pytest.param(part, marks=pytest.mark.slow) for part in range(1, 8))])
def test_every_word_changed(part: int) -> None:
    """To what offsets and lengths must not be."""
    data = dense().bytes()
    for at in range(4 * part, len(data) - 3, 32):
        for value in (0, 1, 2**31 - 1, 2**31, 2**32 - 1, 2**32 - at, len(data) - at):
            made = bytearray(data)
            pack_into("<I", made, at, value % 2**32)
            try:
                load(bytes(made))
            except TinycError as error:
                assert error.message


@pytest.mark.parametrize("code", ["ABS", "ELU", "HARD_SWISH", "LEAKY_RELU", "RELU6", "LOGISTIC", "TANH"])
@pytest.mark.parametrize("scales", [(3e38, 1e-30), (1e-30, 3e38), (1.0, 1e-38)])
def test_scales_that_are_far_apart(code: str, scales: tuple[float, float]) -> None:
    """Results are zero, or saturate."""
    m = TfliteModel()
    fixed = {"LOGISTIC": (1 / 256, -128), "TANH": (1 / 128, 0)}
    x = m.input((256,), "int8", (scales[0], 0))
    y = m.tensor((256,), "int8", fixed.get(code, (scales[1], 0)))
    options = {"kind": "LeakyReluOptions", "alpha": 1e30} if code == "LEAKY_RELU" else {}
    m.output(m.op(code, [x], y, **options))
    _, (got,) = integers(m.bytes(), [np.arange(-128, 128).astype(np.int8)])
    if scales[0] != 1 or code not in fixed:
        assert np.isin(got[129:], (0, 127)).all()


def test_a_slope_beyond_all_numbers() -> None:
    with np.errstate(over="ignore"):
        table = Map("leaky_relu", (3.4e38,)).tflite_table(QuantParams((0.125,), -119), QuantParams((0.015625,), -34))
    assert table is not None and (table[:9] == -128).all() and table[9] == -34 and table[10] == -34 + 8


@pytest.mark.parametrize("kind", ["uint8", "bool"])
def test_bounds_that_a_type_does_not_have(kind: str) -> None:
    m = TfliteModel()
    m.output(m.op("RELU_N1_TO_1", [m.input((4,), kind)], m.tensor((4,), kind)))
    if kind == "bool":
        refused(m, "bounds of bool elements")
    else:
        _, (got,) = integers(m.bytes(), [np.array([0, 1, 2, 255], np.uint8)])
        assert got.tolist() == [0, 1, 1, 1]
