"""Models that bring their quantization: which layers become int8, and that they compute what the model says."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from onnx import TensorProto
from qdq import QdqModel, random_inputs, reference

import tinyc
from tinyc.driver.check import check as run_check
from tinyc.driver.compiled import CompiledModel
from tinyc.errors import TinycError, UnsupportedError

BOARD = "mps2-an386"
IMAGE = ("x", TensorProto.FLOAT, (1, 3, 8, 8))
I8, U8 = np.int8, np.uint8


def compiled(path: Path, out: Path, **options: Any) -> tuple[CompiledModel, list[str]]:
    """The model, and what the user is told."""
    told: list[str] = []
    return tinyc.compile(path, BOARD, out, link=False, say=told.append, **options), told


def check(model: CompiledModel, path: Path, steps: float = 0, scale: float = 1.0, on: str = "host") -> None:
    """C and interpreter agree; onnxruntime differs by at most so many steps of the result's scale."""
    inputs = random_inputs(model.graph.inputs, 3)
    got = model.run(inputs, on=on)
    for name, data in model.run(inputs, on="interpreter").items():
        np.testing.assert_allclose(data, got[name], rtol=1e-5, atol=1e-6)
    session = reference(path)
    for number in range(3):
        wanted = session.run(None, {name: data[number] for name, data in inputs.items()})
        for output, want in zip(session.get_outputs(), wanted, strict=True):
            have = got[output.name][number].reshape(want.shape).astype(np.float64)
            np.testing.assert_allclose(have, want, rtol=1e-5, atol=1e-5 + steps * scale)


def operators(model: CompiledModel) -> list[str]:
    return [node.op.name for node in model.graph.nodes]


def test_padding_clamps_bias_and_layout_around_a_convolution(tmp_path: Path) -> None:
    m = QdqModel()
    x = m.qdq(m.op("Pad", m.qdq("x", 0.03, I8(3)), m.constant([0, 0, 0, 0, 0, 0, 1, 1])), 0.03, I8(3))
    bias = m.constant(m.rng.normal(size=4).astype(np.float32))
    y = m.qdq(m.op("Relu", m.op("Conv", x, m.weights(4, 3, 3, 3), bias, strides=[2, 2])), 0.02, I8(-128))
    y = m.op("Reshape", m.op("Transpose", y, perm=[0, 2, 3, 1]), m.constant([1, -1]))
    y = m.op("MatMul", y, m.op("Transpose", m.weights(6, 64), perm=[1, 0]))
    y = m.op("Add", y, m.constant(np.ones(6, np.float32)))
    m.dq(m.q(y, 0.05, I8(9)), 0.05, I8(9), out="y")
    path = m.save(tmp_path / "m.onnx", [IMAGE], {"y": TensorProto.FLOAT})
    model, told = compiled(path, tmp_path / "out")
    assert operators(model) == ["conv2d", "reshape", "dense"] and not told
    assert model.report["arithmetic"] == "int8" and model.report["calibration"] == "the model's own"
    check(model, path)


def test_bytes_at_the_ports(tmp_path: Path) -> None:
    m = QdqModel()
    y = m.op("Conv", m.dq("x", 1 / 255, U8(0)), m.weights(4, 3, 3, 3))
    m.q(m.op("Relu", y), 0.02, U8(0), out="y")
    path = m.save(tmp_path / "m.onnx", [("x", TensorProto.UINT8, (1, 3, 8, 8))], {"y": TensorProto.UINT8})
    model, _ = compiled(path, tmp_path / "out")
    assert operators(model) == ["recentre", "conv2d", "recentre"]
    assert model.report["arithmetic"] == "int8"
    check(model, path)
    assert not run_check(model, random_inputs(model.graph.inputs, 1)).disagreeing


def test_an_output_is_never_an_input(tmp_path: Path) -> None:
    m = QdqModel()
    m.dq("x", 0.5, I8(3), out="y")
    m.q("z", 0.5, U8(3), out="w")
    given = [("x", TensorProto.INT8, (1, 8)), ("z", TensorProto.FLOAT, (1, 7))]
    path = m.save(tmp_path / "m.onnx", given, {"y": TensorProto.FLOAT, "w": TensorProto.UINT8})
    model, _ = compiled(path, tmp_path / "out")
    check(model, path)


def test_constants_functions_and_rescaling(tmp_path: Path) -> None:
    """A product with int8 constants, one elementwise function as a table, a concatenation of other scales."""
    m = QdqModel()
    x = m.qdq("x", 0.03, I8(3))
    k = m.dq(m.constant(m.rng.integers(-128, 128, (1, 3, 1, 1)).astype(I8)), 0.01, I8(5))
    y = m.qdq(m.op("Mul", x, k), 0.02, U8(128))
    z = m.qdq(m.op("HardSwish", y), 0.02, U8(20))
    both = m.qdq(m.op("Concat", y, z, axis=1), 0.02, U8(128))
    both = m.qdq(m.op("MaxPool", both, kernel_shape=[2, 2], strides=[2, 2]), 0.02, U8(128))
    both = m.qdq(m.op("AveragePool", both, kernel_shape=[3, 3]), 0.01, U8(128))
    m.dq(m.q(m.op("Sigmoid", both), 1 / 255, U8(0)), 1 / 255, U8(0), out="y")
    path = m.save(tmp_path / "m.onnx", [IMAGE], {"y": TensorProto.FLOAT})
    model, told = compiled(path, tmp_path / "out")
    wanted = {"concat", "depthwise_conv2d", "lookup", "max_pool2d", "mul"}
    assert not told and set(operators(model)) - {"transpose"} == wanted
    check(model, path, steps=1, scale=1 / 255, on="sanitized")


def partial(m: QdqModel) -> None:
    y = m.qdq(m.op("Conv", m.qdq("x", 0.03, I8(3)), m.weights(4, 3, 3, 3)), 0.05, I8(-3))
    ones, zeros = m.constant(np.ones(4, np.float32)), m.constant(np.zeros(4, np.float32))
    y = m.qdq(m.op("InstanceNormalization", y, ones, zeros), 0.03, I8(0))
    y = m.qdq(m.op("Conv", y, m.weights(5, 4, 1, 1)), 0.05, I8(0))
    m.op("Exp", y, out="y")


def twice(m: QdqModel) -> None:
    """A result that is quantized in two ways and used as it is."""
    y = m.op("Conv", m.qdq("x", 0.03, I8(3)), m.weights(4, 3, 3, 3))
    m.op("Sub", m.op("Add", m.qdq(y, 0.05, I8(0)), m.qdq(y, 0.02, I8(10))), y, out="y")


@pytest.mark.parametrize(
    ("make", "in_int8", "in_float"),
    [
        (partial, 2, "in float: 'n13', because exp has no int8 form"),
        (twice, 0, "in float: 'n3', 'n8', 'n9', because the model does not say how to quantize it"),
    ],
)
def test_the_rest_stays_in_float(tmp_path: Path, make: Any, in_int8: int, in_float: str) -> None:
    m = QdqModel()
    make(m)
    path = m.save(tmp_path / "m.onnx", [IMAGE], {"y": TensorProto.FLOAT})
    model, told = compiled(path, tmp_path / "out")
    kinds = [model.graph.types[n.outs[0]] for n in model.graph.nodes if n.op.name == "conv2d"]
    assert sum(kind.quant is not None for kind in kinds) == in_int8
    assert in_float in told
    why = {layer["name"]: layer["in_float_because"] for layer in model.report["layers"]}
    assert all(why[name] for name in re.findall(r"'(n\d+)'", in_float))
    with pytest.raises(UnsupportedError, match=r"node 'n\d+': .*, and int8 alone is allowed"):
        compiled(path, tmp_path / "strict", strict_int8=True)
    assert model.report["arithmetic"] == "int8 and float32"
    check(model, path, on="sanitized")


def test_partly_float_models_in_the_emulator(tmp_path: Path) -> None:
    m = QdqModel()
    partial(m)
    path = m.save(tmp_path / "m.onnx", [IMAGE], {"y": TensorProto.FLOAT})
    model = tinyc.compile(path, BOARD, tmp_path / "out")
    inputs = random_inputs(model.graph.inputs, 1)
    np.testing.assert_allclose(model.run(inputs, on="qemu")["y"], model.run(inputs)["y"], rtol=1e-5)


def test_in_float_and_with_calibration_data(tmp_path: Path) -> None:
    m = QdqModel()
    partial(m)
    path = m.save(tmp_path / "m.onnx", [IMAGE], {"y": TensorProto.FLOAT})
    model, told = compiled(path, tmp_path / "float", float=True)
    assert model.report["arithmetic"] == "float32" and not told
    check(model, path)
    _, told = compiled(path, tmp_path / "out", calibration="random:1")
    assert told[0] == "the model brings its quantization, which is kept: calibration data are not needed"


QUANTIZED = [("x", TensorProto.FLOAT, (1, 4, 6, 6))]


def qoperators(m: QdqModel, kind: type) -> None:
    """One of each operator on quantized tensors."""
    zero = m.constant(kind(3))
    scale = m.constant(np.float32(0.03))

    def ms(op: str, *ins: str, **attributes: object) -> str:
        return m.op(op, *ins, domain="com.microsoft", **attributes)

    x = [m.q("x", 0.03, kind(3)), scale, zero]
    w = m.constant(m.rng.integers(-127, 128, (4, 4, 3, 3)).astype(I8))
    ws, wz = m.constant(np.full(4, 0.004, np.float32)), m.constant(np.zeros(4, I8))
    bias = m.constant(m.rng.integers(-900, 900, 4).astype(np.int32))
    y = [m.op("QLinearConv", *x, w, ws, wz, scale, zero, bias, pads=[1, 1, 1, 1]), scale, zero]
    y = [ms("QLinearAdd", *x, *y, scale, zero), scale, zero]
    y = [ms("QLinearLeakyRelu", *y, scale, zero, alpha=0.1), scale, zero]
    s = [ms("QLinearSigmoid", *y, scale, zero), scale, zero]
    y = [ms("QLinearMul", *y, *s, scale, zero), scale, zero]
    y = [m.op("MaxPool", y[0], kernel_shape=[2, 2]), scale, zero]
    y = [ms("QLinearConcat", scale, zero, *y, *y, axis=1), scale, zero]
    y = [ms("QLinearAveragePool", *y, scale, zero, kernel_shape=[2, 2]), scale, zero]
    y = [ms("QLinearGlobalAveragePool", *y, scale, zero, channels_last=0), scale, zero]
    y = [m.op("Flatten", y[0]), scale, zero]
    gemm = m.constant(m.rng.integers(-127, 128, (5, 8)).astype(I8))
    one, none = m.constant(np.float32(0.01)), m.constant(I8(0))
    bias = m.constant(m.rng.integers(-900, 900, 5).astype(np.int32))
    y = [ms("QGemm", *y, gemm, one, none, bias, scale, zero, transB=1), scale, zero]
    product = m.constant(m.rng.integers(-127, 128, (5, 3)).astype(I8))
    m.dq(m.op("QLinearMatMul", *y, product, one, none, scale, zero), 0.03, kind(3), out="y")


@pytest.mark.parametrize("kind", [I8, U8])
def test_operators_on_quantized_tensors(tmp_path: Path, kind: type) -> None:
    m = QdqModel()
    qoperators(m, kind)
    path = m.save(tmp_path / "m.onnx", QUANTIZED, {"y": TensorProto.FLOAT})
    model, told = compiled(path, tmp_path / "out")
    assert not told and model.report["arithmetic"] == "int8"
    check(model, path, steps=2, scale=0.03)


def test_scales_that_are_computed_are_refused(tmp_path: Path) -> None:
    m = QdqModel()
    scale, zero = m.constant(np.float32(0.03)), m.constant(I8(0))
    x = m.op("QLinearAdd", "x", "s", zero, "x", scale, zero, scale, zero, domain="com.microsoft")
    m.dq(x, 0.03, I8(0), out="y")
    given: Sequence[tuple[str, int, Sequence[int]]] = [("x", TensorProto.INT8, (4,)), ("s", TensorProto.FLOAT, ())]
    path = m.save(tmp_path / "m.onnx", given, {"y": TensorProto.FLOAT})
    with pytest.raises(TinycError, match="QLinearAdd of the domain"):
        compiled(path, tmp_path / "out")
