"""Layers between a model's own scales, one or a few a model: all in integers, and what onnxruntime computes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto
from qdq import QdqModel
from test_adopt import IMAGE, check, compiled, operators

from tinyc.errors import UnsupportedError
from tinyc.ir.types import Rounding

I8, U8, F32 = np.int8, np.uint8, np.float32
X, OUT = 0.02513, 0.03917  # whose quotients are no ties
Make = Callable[[QdqModel, str], str]


def uniform(m: QdqModel, *shape: int, low: float = -1, high: float = 1) -> str:
    return m.constant(m.rng.uniform(low, high, shape).astype(F32))


def stored(m: QdqModel, *shape: int, scale: float = 0.01, zero: object = I8(0)) -> str:
    """A constant in bytes, dequantized."""
    info = np.iinfo(np.asarray(zero).dtype)
    data = m.rng.integers(info.min, info.max, shape, endpoint=True).astype(np.asarray(zero).dtype)
    return m.dq(m.constant(data), scale, zero)


def lopsided(m: QdqModel, x: str) -> str:
    """uint8 weights around another number than 128: what is multiplied has 9 bits."""
    y = m.qdq(m.op("Relu", m.op("Conv", x, stored(m, 6, 3, 3, 3, scale=0.004, zero=U8(120)))), 0.03, U8(0))
    y = m.qdq(m.op("Conv", y, stored(m, 6, 1, 3, 3, zero=U8(0)), group=6, pads=[0, 1, 2, 1]), 0.1, U8(60))
    y = m.qdq(m.op("Conv", y, stored(m, 4, 3, 1, 1, scale=0.003, zero=U8(255)), group=2), 0.05, U8(170))
    y = m.op("ConvTranspose", y, stored(m, 4, 2, 2, 2, zero=U8(131)), strides=[2, 2])
    y = m.op("Flatten", m.qdq(y, 0.06, U8(128)))
    return m.op("Gemm", y, stored(m, 2 * 12 * 20, 5, scale=0.0005, zero=I8(-100)))


def least_weights(m: QdqModel, x: str) -> str:
    """Weights of −128, as PyTorch has them."""
    w = m.constant(np.where(m.rng.random((5, 3, 3, 3)) < 0.2, -128, 90).astype(I8))
    return m.op("Conv", x, m.dq(w, np.full(5, 0.002), np.zeros(5, I8), axis=0))


def own_normalization(m: QdqModel, x: str) -> str:
    """Batch normalizations that a convolution's own scale keeps from being part of it, one of them clamped."""

    def normalized(value: str, channels: int) -> str:
        given = [uniform(m, channels, low=low) for low in (0.5, -1, -1, 0.5)]
        return m.op("BatchNormalization", value, *given)

    y = m.qdq(m.op("Conv", m.qdq(normalized(x, 3), 0.05, I8(3)), m.weights(5, 3, 3, 3)), 0.05, I8(0))
    y = m.qdq(m.op("Relu", normalized(y, 5)), 0.04, I8(-128))
    return m.op("Conv", y, m.weights(4, 5, 1, 1))


def slopes(m: QdqModel, x: str) -> str:
    y = m.qdq(m.op("Conv", x, m.weights(5, 3, 3, 3)), 0.05, I8(0))
    y = m.qdq(m.op("PRelu", y, stored(m, 5, 1, 1, scale=0.00409)), 0.0411, I8(-100))
    return m.op("Conv", y, m.weights(4, 5, 1, 1))


def gelu_in_pieces(m: QdqModel, x: str) -> str:
    """Numbers that are the same bytes under different scales."""
    number = [m.constant(I8(127)) for _ in range(3)]
    root, one, half = (m.dq(n, value / 127, I8(0)) for n, value in zip(number, (2**0.5, 1, 0.5), strict=True))
    y = m.qdq(m.op("Erf", m.qdq(m.op("Div", x, root), 0.02, I8(3))), 1 / 127, I8(0))
    y = m.qdq(m.op("Mul", x, m.qdq(m.op("Add", y, one), 2 / 255, I8(-128))), 0.06, I8(-120))
    return m.op("Mul", y, half)


def averages(m: QdqModel, x: str) -> str:
    """Other scales than the input's, and cells outside that count."""
    y = m.qdq(m.op("AveragePool", x, kernel_shape=[2, 2], strides=[2, 2]), 0.01307, I8(5))
    return m.op("AveragePool", y, kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1)


def matrices(m: QdqModel, x: str) -> str:
    y = m.qdq(m.op("MatMul", stored(m, 4, 8, scale=0.004), x), 0.03, I8(0))
    y = m.op("Reshape", y, m.constant(np.array([3, 48])))
    bias = m.dq(m.constant(m.rng.integers(-900, 900, 6).astype(np.int32)), 0.0001, np.int32(0))
    return m.op("Gemm", y, stored(m, 6, 48, scale=0.003), bias, alpha=-0.5, beta=2.0, transB=1)


def quotients(m: QdqModel, x: str) -> str:
    divisor = m.dq(m.constant(m.rng.integers(30, 127, (3, 1, 1)).astype(I8)), 0.02, I8(0))
    return m.op("Div", x, divisor)


@pytest.mark.parametrize(
    "make",
    [lopsided, least_weights, own_normalization, slopes, gelu_in_pieces, averages, matrices, quotients],
    ids=lambda make: make.__name__,
)
def test_layers_in_integers(tmp_path: Path, make: Make) -> None:
    m = QdqModel(seed=3)
    m.dq(m.q(make(m, m.qdq("x", X, I8(3))), OUT, I8(2)), OUT, I8(2), out="y")
    path = m.save(tmp_path / "m.onnx", [("x", TensorProto.FLOAT, (1, 3, 8, 12))], {"y": TensorProto.FLOAT})
    model, told = compiled(path, tmp_path / "out", strict_int8=True)
    assert model.report["arithmetic"] == "int8" and not told
    assert "transpose" not in operators(model) or make in (lopsided, matrices)
    check(model, path)


def test_constants_that_are_in_float_alone(tmp_path: Path) -> None:
    """As ONNX Runtime leaves those of operators that it does not know: int8 is close, and costs up to a step."""
    m = QdqModel()
    y = m.qdq(m.op("Conv", m.qdq("x", X, I8(3)), m.weights(5, 3, 3, 3)), 0.05, I8(0))
    y = m.qdq(m.op("PRelu", y, uniform(m, 5, 1, 1, low=0, high=0.4)), OUT, I8(-100))
    m.dq(m.q(y, OUT, I8(-100)), OUT, I8(-100), out="y")
    path = m.save(tmp_path / "m.onnx", [IMAGE], {"y": TensorProto.FLOAT})
    model, told = compiled(path, tmp_path / "out")
    assert operators(model) == ["conv2d", "prelu"] and not told
    check(model, path, steps=1, scale=OUT)


def test_parameters_in_bytes_of_layers_in_float(tmp_path: Path) -> None:
    """What is computed of dequantized constants is known when the model is compiled."""
    m = QdqModel()
    w, r = stored(m, 1, 5, 12, scale=0.004, zero=I8(3)), stored(m, 1, 5, 5, scale=0.004)
    x = m.op("Reshape", m.qdq("x", X, I8(3)), m.constant(np.array([16, 1, 12])))
    y = m.op("Squeeze", m.op("RNN", x, w, r, stored(m, 1, 10), hidden_size=5), m.constant(np.array([1])))
    y = m.op("InstanceNormalization", m.op("Transpose", y, perm=[1, 2, 0]), stored(m, 5), uniform(m, 5))
    m.dq(m.q(y, OUT, I8(2)), OUT, I8(2), out="y")
    path = m.save(tmp_path / "m.onnx", [IMAGE], {"y": TensorProto.FLOAT})
    model, _ = compiled(path, tmp_path / "out")
    check(model, path)


def test_wide_weights_with_other_arithmetic_and_kernels(tmp_path: Path) -> None:
    m = QdqModel()
    m.dq(m.q(m.op("Conv", m.qdq("x", X, I8(3)), stored(m, 6, 3, 3, 3, zero=U8(120))), 0.9, I8(2)), 0.9, I8(2), out="y")
    path = m.save(tmp_path / "m.onnx", [IMAGE], {"y": TensorProto.FLOAT})
    model, _ = compiled(path, tmp_path / "out", rounding=Rounding.TFLITE)
    check(model, path, steps=1, scale=0.9)
    with pytest.raises(UnsupportedError, match="'cmsis-nn' has no function for gather"):
        compiled(path, tmp_path / "cmsis", kernels="cmsis-nn")


def test_choices_and_sizes_of_stored_numbers(tmp_path: Path) -> None:
    """Operators of ONNX Runtime on bytes. Its own Resize cuts off what is behind the point."""
    m = QdqModel()
    scale, zero = m.constant(F32(0.03)), m.constant(U8(100))
    x = m.q("x", 0.03, U8(100))
    mask, other = m.constant(m.rng.random((8, 8)) < 0.5), m.constant(m.rng.integers(0, 256, (3, 1, 1)).astype(U8))
    given = [m.constant(F32(0.02)), m.constant(U8(90))]
    y = m.op("QLinearWhere", mask, x, scale, zero, other, *given, scale, zero, domain="com.microsoft")
    sizes = m.constant(np.array([1, 3, 13, 9]))
    m.dq(m.op("Resize", y, "", "", sizes, mode="linear"), 0.03, U8(100), out="y")
    path = m.save(tmp_path / "m.onnx", [IMAGE], {"y": TensorProto.FLOAT})
    model, told = compiled(path, tmp_path / "out")
    assert model.report["arithmetic"] == "int8" and not told
    check(model, path, steps=1, scale=0.03)


@pytest.mark.parametrize("rounding", list(Rounding))
def test_pieces_of_a_function_are_one_table(tmp_path: Path, rounding: Rounding) -> None:
    """Each with its rounding, and a sigmoid with a scale that TensorFlow Lite does not have."""
    m = QdqModel()
    x = m.qdq(m.op("Conv", m.qdq("x", X, I8(3)), m.weights(5, 3, 3, 3)), 0.05, I8(0))
    y = m.qdq(m.op("Mul", x, m.qdq(m.op("Sigmoid", x), 0.00371, I8(-120))), 0.0213, I8(-110))
    m.dq(m.q(m.op("Tanh", y), 0.0071, I8(-9)), 0.0071, I8(-9), out="y")
    path = m.save(tmp_path / "m.onnx", [IMAGE], {"y": TensorProto.FLOAT})
    model, _ = compiled(path, tmp_path / "out", rounding=rounding)
    assert operators(model) == ["conv2d", "lookup"]
    check(model, path, steps=0 if rounding is Rounding.SINGLE else 6, scale=0.0071)


def test_borders_are_put_together_of_stored_numbers(tmp_path: Path) -> None:
    m = QdqModel()
    x = m.op("Pad", m.qdq("x", X, I8(3)), m.constant([0, 0, 2, 1, 0, 0, 1, 2]), mode="reflect")
    m.dq(m.q(m.op("Conv", m.qdq(x, X, I8(3)), m.weights(4, 3, 3, 3)), OUT, I8(0)), OUT, I8(0), out="y")
    path = m.save(tmp_path / "m.onnx", [IMAGE], {"y": TensorProto.FLOAT})
    model, told = compiled(path, tmp_path / "out", strict_int8=True)
    assert {"concat", "conv2d"} <= set(operators(model)) and not told
    check(model, path)
