"""What quantize_dynamic of ONNX Runtime writes: the float model with the same weights."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from onnx import ModelProto, NodeProto, helper, numpy_helper
from onnx_case import Array, build, evaluate, load, normal, ops, random_inputs, refused

from tinyc.errors import UnsupportedError


def dynamic(kind: str, weights: Array, scale: Array, zero: Array, swapped: bool = False, **given: object) -> ModelProto:
    """A product of x, quantized at run time, and of constant weights."""
    scales, parts = ["xs", "s"], ["real", "both"]
    nodes = [
        helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "xs", "xz"]),
        helper.make_node("Mul", scales[::-1] if swapped else scales, ["both"]),
        helper.make_node(kind, ["q", "w", "xz", "z"], ["sums"], name="product", **given),
        helper.make_node("Cast", ["sums"], ["real"], to=1),
        helper.make_node("Mul", parts[::-1] if swapped else parts, ["y"]),
    ]
    shape = (2, 5) if kind == "MatMulInteger" else (1, 2, 6, 6)
    return build(nodes, {"x": shape}, {"w": weights, "s": scale, "z": zero})


@pytest.mark.parametrize("swapped", [False, True])
@pytest.mark.parametrize(
    ("kind", "shape", "scale", "layer"),
    [
        ("MatMulInteger", (5, 4), (), "dense"),
        ("MatMulInteger", (5, 4), (4,), "dense"),
        ("ConvInteger", (3, 2, 3, 3), (1,), "conv2d"),
        ("ConvInteger", (3, 2, 3, 3), (3, 1, 1), "conv2d"),
    ],
)
def test_products(kind: str, shape: tuple[int, ...], scale: tuple[int, ...], layer: str, swapped: bool) -> None:
    rng = np.random.default_rng(1)
    weights = rng.integers(0, 128, shape).astype(np.uint8)  # of 7 bits, which onnxruntime sums up exactly everywhere
    scales = rng.uniform(0.01, 0.02, scale).astype(np.float32)
    zero = rng.integers(40, 90, scale if kind == "MatMulInteger" else ()).astype(np.uint8)
    model = dynamic(kind, weights, scales, zero, swapped)
    graph = load(model)
    assert ops(graph).count(layer) == 1 and set(ops(graph)) <= {layer, "reshape", "transpose"}
    inputs = random_inputs(graph)
    (want,) = onnxruntime.InferenceSession(model.SerializeToString()).run(None, dict(inputs))
    steps = np.ptp(inputs["x"]) / 255 * weights.size / 2 * 128 * 0.02  # of x, which is rounded there
    np.testing.assert_allclose(evaluate(graph, inputs)["y"], want, atol=steps / 10)


def lstm(domain: str, shape: tuple[int, ...]) -> tuple[ModelProto, ModelProto]:
    """A quantized cell, and a plain one with the same weights."""
    rng = np.random.default_rng(2)
    w, r = (rng.integers(-127, 128, (1, n, 12)).astype(np.int8) for n in (4, 3))
    scales, zeros = rng.uniform(0.002, 0.004, (2, *shape)).astype(np.float32), np.zeros((2, *shape), np.int8)
    names = ["x", "w", "r", "b", "", "", "", "", "s0", "z0", "s1", "z1"]
    node = helper.make_node("DynamicQuantizeLSTM", names, ["y"], name="cell", domain=domain, hidden_size=3)
    b = normal(1, 24)
    given = {"w": w, "r": r, "b": b, "s0": scales[0], "z0": zeros[0], "s1": scales[1], "z1": zeros[1]}
    wide = [s.reshape(1, 1, -1) for s in scales]
    plain = {"w": (w * wide[0]).transpose(0, 2, 1), "r": (r * wide[1]).transpose(0, 2, 1), "b": b}
    cell: NodeProto = helper.make_node("LSTM", ["x", "w", "r", "b"], ["y"], hidden_size=3)
    return build([node], {"x": (5, 1, 4)}, given), build([cell], {"x": (5, 1, 4)}, plain)


@pytest.mark.parametrize("shape", [(1,), (1, 12)])
def test_cells(shape: tuple[int, ...]) -> None:
    model, plain = lstm("com.microsoft", shape)
    graph = load(model)
    inputs = random_inputs(graph)
    (want,) = onnxruntime.InferenceSession(plain.SerializeToString()).run(None, dict(inputs))
    np.testing.assert_allclose(evaluate(graph, inputs)["y"], want, rtol=1e-4, atol=1e-5)


def test_what_is_not_constant_is_refused() -> None:
    model, _ = lstm("com.microsoft", (1,))
    scale = next(t for t in model.graph.initializer if t.name == "s0")
    model.graph.initializer.remove(scale)
    model.graph.input.append(helper.make_tensor_value_info("s0", 1, numpy_helper.to_array(scale).shape))
    refused(model, "DynamicQuantizeLSTM of the domain 'com.microsoft'", "QuantFormat.QDQ", kind=UnsupportedError)
