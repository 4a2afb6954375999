"""Normalizations that are written out become one operator; what only looks like one does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper, save
from texts import read

import tinyc
from tinyc.driver.phases import simplify
from tinyc.frontend.onnx import import_model
from tinyc.ir.graph import Graph
from tinyc.ir.interp import run
from tinyc.passes.fuse_normalization import fuse_normalization

LAYER = """
    input %x: 2x5x12xf32
    const %two: f32
    const %epsilon: f32
    %m = mean(%x) {axes = (2)} : 2x5x1xf32
    %d = sub(%x, %m) : 2x5x12xf32
    %s = map(%d, %two) {function = "pow"} : 2x5x12xf32
    %v = mean(%s) {axes = (2)} : 2x5x1xf32
    %e = add(%v, %epsilon) : 2x5x1xf32
    %r = map(%e) {function = "sqrt"} : 2x5x1xf32
    %y = div(%d, %r) : 2x5x12xf32
    output %y
"""
SQUARE = '%s = map(%d, %two) {function = "pow"}'


def checked(text: str, two: float = 2.0) -> Graph:
    """The pass keeps the meaning."""
    if "const %two: f32" in text and "%two)" not in text:
        text = text.replace("    const %two: f32\n", "")
        before = read(text, epsilon=np.float32(0.01).reshape(()))
    else:
        before = read(text, two=np.float32(two).reshape(()), epsilon=np.float32(0.01).reshape(()))
    after = fuse_normalization(before)
    x = np.random.default_rng(0).normal(1.0, 2.0, (2, 5, 12)).astype(np.float32)
    for name, data in run(before, {"x": x}).items():
        np.testing.assert_allclose(run(after, {"x": x})[name], data, rtol=1e-4, atol=1e-5)
    return after


def operators(graph: Graph) -> list[str]:
    return [node.op.name for node in graph.nodes]


WAYS = {
    "a power": LAYER,
    "a product": LAYER.replace(SQUARE, "%s = mul(%d, %d)"),
    "a squared difference": LAYER.replace(SQUARE, "%s = squared_difference(%x, %m)"),
    "a reciprocal": LAYER.replace(
        "%y = div(%d, %r)", '%i = map(%r) {function = "reciprocal"} : 2x5x1xf32\n    %y = mul(%i, %d)'
    ),
    "epsilon first": LAYER.replace("add(%v, %epsilon)", "add(%epsilon, %v)"),
}


@pytest.mark.parametrize("way", WAYS)
def test_layer_normalization(way: str) -> None:
    (node,) = checked(WAYS[way]).nodes
    assert node.op.name == "normalize" and node.op.centred and node.op.epsilon == pytest.approx(0.01)


def test_without_a_mean() -> None:
    text = LAYER.replace("%d = sub(%x, %m)", "%d = add(%x, %x)").replace("%m = mean(%x) {axes = (2)} : 2x5x1xf32", "")
    last = checked(text).nodes[-1]
    assert last.op.name == "normalize" and not last.op.centred and operators(checked(text)) == ["add", "normalize"]


OTHERS = {
    "another axis": LAYER.replace("(2)", "(1)").replace("2x5x1xf32", "2x1x12xf32"),
    "the mean of something else": LAYER.replace("%m = mean(%x)", "%n = add(%x, %x) : 2x5x12xf32\n    %m = mean(%n)"),
    "a sum": LAYER.replace("mean(%s) {axes = (2)}", "mean(%s) {axes = (2), total = true}"),
    "the other difference": LAYER.replace(SQUARE, "%s = squared_difference(%d, %m)"),
    "another square": LAYER.replace(SQUARE, "%s = mul(%d, %x)"),
    "a clamped quotient": LAYER.replace("div(%d, %r)", "div(%d, %r) {low = 0.0}"),
    "a variance that is an output": LAYER + "    output %v\n",
}


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_none(name: str) -> None:
    left = checked(OTHERS[name])
    assert "div" in operators(left) or not left.nodes[-1].op.centred


def test_a_cube_is_no_square() -> None:
    assert "normalize" not in operators(checked(LAYER, two=4.0))


def exported(path: Path) -> Path:
    """As PyTorch's exporter wrote a layer normalization until opset 17, between two dense layers."""
    rng, node = np.random.default_rng(1), helper.make_node
    constants = {
        "w": rng.normal(0, 0.2, (32, 32)), "gamma": rng.normal(1, 0.2, 32), "beta": rng.normal(0, 0.2, 32),
        "two": np.array(2.0), "epsilon": np.array(1e-5),
    }  # fmt: skip
    nodes = [
        node("MatMul", ["x", "w"], ["h"]),
        node("ReduceMean", ["h"], ["mean"], axes=[-1]),
        node("Sub", ["h", "mean"], ["d"]),
        node("Pow", ["d", "two"], ["square"]),
        node("ReduceMean", ["square"], ["variance"], axes=[-1]),
        node("Add", ["variance", "epsilon"], ["e"]),
        node("Sqrt", ["e"], ["root"]),
        node("Div", ["d", "root"], ["n"]),
        node("Mul", ["n", "gamma"], ["g"]),
        node("Add", ["g", "beta"], ["b"]),
        node("MatMul", ["b", "w"], ["y"]),
    ]
    info = [helper.make_tensor_value_info(n, TensorProto.FLOAT, (1, 7, 32)) for n in "xy"]
    stored = [numpy_helper.from_array(np.asarray(data, np.float32), name) for name, data in constants.items()]
    graph = helper.make_graph(nodes, "g", info[:1], info[1:], stored)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8), path)
    return path


def test_in_int8_with_its_scale_and_offset(tmp_path: Path) -> None:
    path = exported(tmp_path / "m.onnx")
    assert operators(simplify(import_model(path))) == ["dense", "normalize", "dense"]
    samples = np.random.default_rng(2).normal(size=(20, 1, 7, 32)).astype(np.float32)
    model = tinyc.compile(path, "mps2-an386", tmp_path / "out", calibration={"x": samples}, link=False)
    assert model.report["arithmetic"] == "int8"
    real = run(simplify(import_model(path)), {"x": samples[0]})["y"]
    error = model.run({"x": samples[:1]})["y"][0] - real
    assert np.sqrt((error**2).mean() / (real**2).mean()) < 0.05
