"""Float ONNX models with layers that have no int8 form, from the file to checked C and firmware."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto
from qdq import QdqModel, random_inputs, reference

import tinyc
from tinyc.cli.entry import main
from tinyc.driver.check import check
from tinyc.driver.compiled import CompiledModel
from tinyc.errors import UnsupportedError

BOARD = "mps2-an386"
F32, I64 = TensorProto.FLOAT, TensorProto.INT64
Outputs = dict[str, int]


def conv(m: QdqModel, x: str, channels: int, out: int) -> str:
    weights = m.constant((m.rng.normal(size=(out, channels, 3, 3)) / 6).astype(np.float32))
    bias = m.constant((m.rng.normal(size=out) / 10).astype(np.float32))
    return m.op("Conv", x, weights, bias, pads=[1, 1, 1, 1])


def normalized(m: QdqModel) -> Outputs:
    """Layers in float amid int8 ones."""
    ones, zeros = m.constant(np.ones(8, np.float32)), m.constant(np.zeros(8, np.float32))
    x = m.op("Relu", m.op("InstanceNormalization", conv(m, "x", 8, 8), ones, zeros))
    m.op("Softplus", conv(m, m.op("CumSum", x, m.constant(np.array(2))), 8, 4), out="y")
    return {"y": F32}


def indices(m: QdqModel) -> Outputs:
    """Paths of integers: shapes, the places of maxima, and what they point at."""
    x = conv(m, "x", 8, 4)
    batch = m.op("Gather", m.op("Shape", x), m.constant(np.array([0])))
    flat = m.op("Reshape", x, m.op("Concat", batch, m.constant(np.array([-1])), axis=0))
    m.op("ArgMax", x, axis=1, keepdims=1, out="class")
    m.op("GatherElements", x, "class", axis=1, out="best")
    m.op("ReduceMax", flat, axes=[1], out="most")
    m.op("Equal", "class", m.constant(np.array(2)), out="second")
    return {"class": I64, "best": F32, "most": F32, "second": TensorProto.BOOL}


def two_tensors(m: QdqModel) -> Outputs:
    """The larger of two, a choice by a mask, and a division."""
    a, b = conv(m, "x", 8, 4), conv(m, "x", 8, 4)
    mask = m.constant(m.rng.random((1, 1, 6, 6)) < 0.5)
    m.op("Where", mask, m.op("Max", a, b), m.op("Min", a, b), out="y")
    m.op("Div", a, m.op("Add", m.op("Abs", b), m.constant(np.float32(1))), out="z")
    return {"y": F32, "z": F32}


def everything_in_float(m: QdqModel) -> Outputs:
    m.op("CumSum", "x", m.constant(np.array(2)), out="y")
    return {"y": F32}


MODELS: dict[Callable[[QdqModel], Outputs], str] = {
    normalized: "int8 and float32",
    indices: "int8",
    two_tensors: "int8",
    everything_in_float: "float32",
}


def saved(make: Callable[[QdqModel], Outputs], folder: Path) -> Path:
    m = QdqModel()
    outputs = make(m)
    return m.save(folder / "m.onnx", [("x", F32, (1, 8, 6, 6))], outputs)


def compiled(path: Path, out: Path, **options: Any) -> tuple[CompiledModel, list[str]]:
    told: list[str] = []
    data = {"x": np.random.default_rng(0).normal(size=(8, 8, 6, 6)).astype(np.float32)}
    return tinyc.compile(path, BOARD, out, calibration=data, say=told.append, **options), told


@pytest.mark.parametrize("make", MODELS)
def test_models_that_are_partly_in_float(tmp_path: Path, make: Callable[[QdqModel], Outputs]) -> None:
    path = saved(make, tmp_path)
    model, told = compiled(path, tmp_path / "out", link=False)
    report = model.report
    assert report["arithmetic"] == MODELS[make]
    in_float = {layer["name"] for layer in report["layers"] if layer["in_float_because"]}
    assert bool(told) == bool(in_float) == (MODELS[make] != "int8")
    assert all(layer["instructions_estimated"] > 0 for layer in report["layers"])
    result = check(model, random_inputs(model.graph.inputs, 2), model=path)
    assert not result.disagreeing
    for output in result.outputs:
        assert output.onnxruntime_max_abs_error is not None and output.onnxruntime_max_abs_error < 1e-4
        assert output.accuracy.sqnr_db is None or output.accuracy.sqnr_db > 25 or output.name in ("class", "second")


def test_the_firmware_of_a_mixed_model(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, told = compiled(saved(normalized, tmp_path), tmp_path / "out", schedule="auto")
    assert any("accumulate has no int8 form" in line for line in told)
    inputs = random_inputs(model.graph.inputs, 1)
    (port,) = model.graph.outputs
    step = 2 * model.graph.types[port.value].q.per_tensor_scale
    np.testing.assert_allclose(model.run(inputs, on="qemu")["y"], model.run(inputs)["y"], atol=step)
    assert main(["profile", str(tmp_path / "out"), "--json"]) == 0
    profile = json.loads(capsys.readouterr().out)
    assert sum(layer["instructions"] for layer in profile["layers"]) == pytest.approx(profile["instructions"], rel=0.05)


@pytest.mark.parametrize("options", [{"strict_int8": True}, {"kernels": "cmsis-nn"}])
def test_int8_alone(tmp_path: Path, options: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedError, match="node 'n0': accumulate has no int8 form, and int8 alone is allowed"):
        compiled(saved(everything_in_float, tmp_path), tmp_path / "out", link=False, **options)
    assert not (tmp_path / "out").exists()


def test_inspect_says_beforehand_what_stays_in_float(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = saved(normalized, tmp_path)
    assert main(["inspect", str(path), "--json"]) == 0
    layers = json.loads(capsys.readouterr().out)["layers"]
    model, _ = compiled(path, tmp_path / "out", link=False)
    in_float = {e["output"]: e["in_float_because"] for e in model.report["layers"] if e["in_float_because"]}
    said = [(e["name"], e["in_float_because"]) for e in layers if e["in_float_because"]]
    assert said == [(e["name"], e["in_float_because"]) for e in model.report["layers"] if e["output"] in in_float]
    assert {e["compiled_as"] for e in layers} == {"int8", "table", "f32"}
    assert main(["inspect", str(path)]) == 0
    assert "f32: accumulate has no int8 form" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("kernel", "stride", "pads", "groups", "layers"),
    [
        (2, 2, 0, 1, ["conv2d", "reshape", "transpose", "reshape", "conv2d"]),
        (3, 1, 1, 1, ["conv2d", "conv2d"]),
        (4, 2, 1, 8, ["depthwise_conv2d", "reshape", "transpose", "reshape", "strided", "conv2d"]),
    ],
)
def test_transposed_convolutions(
    tmp_path: Path, kernel: int, stride: int, pads: int, groups: int, layers: list[str]
) -> None:
    """An ordinary one and moves, whatever stands behind folded into it."""

    def make(m: QdqModel) -> Outputs:
        w = m.constant((m.rng.normal(size=(8, 8 // groups, kernel, kernel)) / 6).astype(np.float32))
        b = m.constant(m.rng.normal(size=8).astype(np.float32))
        x = m.op("ConvTranspose", "x", w, b, strides=[stride] * 2, pads=[pads] * 4, group=groups)
        if groups == 1:
            x = m.op(
                "BatchNormalization", x, *(m.constant(m.rng.uniform(0.5, 2, 8).astype(np.float32)) for _ in "sbmv")
            )
        return {conv_into(m, m.op("Relu", x), "y"): F32}

    model, told = compiled(path := saved(make, tmp_path), tmp_path / "out", link=False)
    assert [n.op.name for n in model.flat_graph.nodes] == layers and not told
    result = check(model, random_inputs(model.graph.inputs, 2), model=path)
    assert not result.disagreeing
    (output,) = result.outputs
    assert output.onnxruntime_max_abs_error is not None and output.onnxruntime_max_abs_error < 1e-4
    assert output.accuracy.sqnr_db is not None and output.accuracy.sqnr_db > 20


def conv_into(m: QdqModel, x: str, out: str) -> str:
    weights = m.constant((m.rng.normal(size=(3, 8, 3, 3)) / 6).astype(np.float32))
    return m.op("Conv", x, weights, out=out)


def test_quantized_transposed_convolutions(tmp_path: Path) -> None:
    m = QdqModel()
    scales = m.rng.uniform(0.002, 0.01, 4)
    data = m.rng.integers(-127, 128, (8, 4, 4, 4)).astype(np.int8)
    w = m.dq(m.constant(data), scales, np.zeros(4, np.int8), axis=1)
    y = m.op("ConvTranspose", m.qdq("x", 0.03, np.int8(3)), w, strides=[2, 2], pads=[1, 1, 1, 1])
    y = m.qdq(m.op("Relu", y), 0.05, np.int8(-128))
    m.dq(m.q(m.op("Sigmoid", y), 1 / 256, np.int8(-128)), 1 / 256, np.int8(-128), out="y")
    path = m.save(tmp_path / "m.onnx", [("x", F32, (1, 8, 6, 6))], {"y": F32})
    told: list[str] = []
    model = tinyc.compile(path, BOARD, tmp_path / "out", link=False, say=told.append)
    assert not told and model.report["arithmetic"] == "int8"
    inputs = random_inputs(model.graph.inputs, 2)
    got = model.run(inputs)["y"]
    np.testing.assert_array_equal(got, model.run(inputs, on="interpreter")["y"])
    for number in range(2):
        (want,) = reference(path).run(None, {"x": inputs["x"][number]})
        np.testing.assert_allclose(got[number], want[0], atol=1 / 256 + 1e-6)
