"""Whole small networks for sequences: ONNX to int8, and from there the same bits on this machine and on the cores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from generated import check_emulator, generate
from onnx import NodeProto, TensorProto, helper, numpy_helper, save
from tools import need_emulator

from tinyc.driver.phases import Lowered, Quantization, lower
from tinyc.frontend.onnx import import_model
from tinyc.ir.interp import run, to_value

Array = np.ndarray[Any, Any]

BOARDS = ("qemu-m0", "mps2-an385", "mps2-an386", "mps2-an500", "mps2-an505", "mps3-an547")


@dataclass
class Net:
    """A network in the making."""

    rng: np.random.Generator
    nodes: list[NodeProto]
    constants: dict[str, Array]

    def weights(self, *shape: int, scale: float = 0.0) -> str:
        """Random numbers, as large as keeps what comes out as large as what goes in."""
        name = f"w{len(self.constants)}"
        self.constants[name] = (self.rng.normal(size=shape) * (scale or shape[-1] ** -0.5)).astype(np.float32)
        return name

    def array(self, data: Any) -> str:
        name = f"w{len(self.constants)}"
        self.constants[name] = np.asarray(data)
        return name

    def node(self, op: str, *ins: str, results: Sequence[str] = (), **attributes: Any) -> str:
        outs = list(results) or [f"v{len(self.nodes)}"]
        self.nodes.append(helper.make_node(op, list(ins), outs, name=f"{op}_{len(self.nodes)}", **attributes))
        return outs[-1]


def lstm_classifier(net: Net) -> tuple[tuple[int, ...], str]:
    """Two layers, the first in both directions."""
    size = 12
    both = net.node(
        "LSTM", "x", net.weights(2, 4 * size, 10), net.weights(2, 4 * size, size), net.weights(2, 8 * size, scale=0.2),
        hidden_size=size, direction="bidirectional", results=["y"],
    )  # fmt: skip
    flat = net.node("Reshape", net.node("Transpose", both, perm=[0, 2, 1, 3]), net.array(np.array([15, 1, 2 * size])))
    last = net.node(
        "LSTM", flat, net.weights(1, 4 * size, 2 * size), net.weights(1, 4 * size, size), hidden_size=size,
        results=["y2", "h2"],
    )  # fmt: skip
    row = net.node("Squeeze", last, net.array(np.array([0])))
    return (15, 1, 10), net.node("Gemm", row, net.weights(5, size, scale=1.0), net.weights(5), transB=1)


def gru_spotter(net: Net) -> tuple[tuple[int, ...], str]:
    """A convolution along the steps, a GRU that resets behind its product, as frameworks train it."""
    size = 16
    y = net.node("Conv", "x", net.weights(12, 8, 3, scale=0.25), net.weights(12), pads=[1, 1], strides=[2])
    steps = net.node("Transpose", net.node("Relu", y), perm=[2, 0, 1])
    last = net.node(
        "GRU", steps, net.weights(1, 3 * size, 12), net.weights(1, 3 * size, size), net.weights(1, 6 * size, scale=0.2),
        hidden_size=size, linear_before_reset=1, results=["y", "h"],
    )  # fmt: skip
    row = net.node("Squeeze", last, net.array(np.array([0])))
    return (1, 8, 24), net.node("Gemm", row, net.weights(6, size, scale=1.0), net.weights(6), transB=1)


def transformer(net: Net) -> tuple[tuple[int, ...], str]:
    """An encoder block as PyTorch writes it, Gelu in pieces, behind it the mean of all steps."""
    steps, width, heads = 12, 16, 2
    deep = width // heads

    def normalized(value: str) -> str:
        scale = net.array((net.rng.normal(size=width) * 0.2 + 1).astype(np.float32))
        return net.node("LayerNormalization", value, scale, net.weights(width, scale=0.1))

    def layer(value: str, inputs: int, outputs: int) -> str:
        product = net.node("MatMul", value, net.weights(inputs, outputs, scale=inputs**-0.5))
        return net.node("Add", net.weights(outputs, scale=0.1), product)

    def split(value: str, perm: list[int]) -> str:
        parts = net.node("Reshape", value, net.array(np.array([1, steps, heads, deep])))
        return net.node("Transpose", parts, perm=perm)

    x = normalized("x")
    q, k, v = (split(layer(x, width, width), p) for p in ([0, 2, 1, 3], [0, 2, 3, 1], [0, 2, 1, 3]))
    scores = net.node("Div", net.node("MatMul", q, k), net.array(np.float32(deep**0.5)))
    mixed = net.node("MatMul", net.node("Softmax", scores, axis=-1), v)
    joined = net.node("Transpose", mixed, perm=[0, 2, 1, 3])
    joined = net.node("Reshape", joined, net.array(np.array([1, steps, width])))
    x = net.node("Add", "x", layer(joined, width, width))
    wide = layer(normalized(x), width, 4 * width)
    opened = net.node(
        "Add", net.node("Erf", net.node("Div", wide, net.array(np.float32(2**0.5)))), net.array(np.float32(1))
    )
    gelu = net.node("Mul", net.node("Mul", wide, opened), net.array(np.float32(0.5)))
    x = normalized(net.node("Add", x, layer(gelu, 4 * width, width)))
    mean = net.node("ReduceMean", x, net.array(np.array([1])), keepdims=0)
    return (1, steps, width), net.node("Gemm", mean, net.weights(10, width, scale=1.0), net.weights(10), transB=1)


NETWORKS: dict[str, tuple[Callable[[Net], tuple[tuple[int, ...], str]], float]] = {
    "lstm": (lstm_classifier, 25.0),
    "gru": (gru_spotter, 25.0),
    "transformer": (transformer, 25.0),
}
"""How they are made, and the least dB of the result over its error against the float network."""


def lowered(name: str, folder: Path) -> tuple[Lowered, Array]:
    """The network in int8, and inputs that it was not calibrated with."""
    make, _ = NETWORKS[name]
    net = Net(np.random.default_rng(3), [], {})
    shape, result = make(net)
    graph = helper.make_graph(
        net.nodes, name,
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(result, TensorProto.FLOAT, None)],
        [numpy_helper.from_array(a, n) for n, a in net.constants.items()],
    )  # fmt: skip
    folder.mkdir(exist_ok=True)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=9), folder / "net.onnx")
    samples = np.random.default_rng(7).normal(size=(50, *shape)).astype(np.float32)
    return lower(import_model(folder / "net.onnx", {}), Quantization({"x": samples[:40]})), samples[40:]


@pytest.mark.parametrize("name", NETWORKS)
def test_accuracy(name: str, tmp_path: Path) -> None:
    found, samples = lowered(name, tmp_path)
    assert found.graph.is_wholly_integer()
    signal, error = 0.0, 0.0
    for x in samples:
        (want,), (got,) = (run(g, {"x": x}).values() for g in (found.float_graph, found.graph))
        signal, error = signal + (want**2).sum(), error + ((want - got) ** 2).sum()
    assert 10 * np.log10(signal / error) > NETWORKS[name][1]


QUICK = {("lstm", "mps2-an386"), ("transformer", "mps2-an386")}
RUNS = [
    pytest.param(name, board, marks=[] if (name, board) in QUICK else [pytest.mark.slow])
    for name, board in product(NETWORKS, BOARDS)
]


@pytest.mark.parametrize(("name", "board"), RUNS)
def test_same_bits(name: str, board: str, tmp_path: Path) -> None:
    need_emulator()
    found, samples = lowered(name, tmp_path / "onnx")
    model = generate(found.graph, tmp_path / "c", board)
    inputs = [{p.value: to_value(found.graph, p, x) for p in found.graph.inputs} for x in samples[:4]]
    check_emulator(model, inputs)
    if board == "mps2-an386":
        assert b"".join(model.host_outputs(x) for x in inputs) == b"".join(model.output_bytes(x) for x in inputs)
        assert model.sanitized_outputs(inputs) == b"".join(model.output_bytes(x) for x in inputs)
