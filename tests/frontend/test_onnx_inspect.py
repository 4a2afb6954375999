"""`inspect_model` lists all that stands in the way."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import helper
from onnx_case import build

from tinyc.errors import TinycError
from tinyc.frontend.onnx import inspect_model


def test_all_problems_are_listed(tmp_path: Path) -> None:
    path = tmp_path / "case.onnx"
    nodes = [
        helper.make_node("Celu", ["x"], ["a"], name="first", gamma=1.0),
        helper.make_node("Relu", ["a"], ["b"], name="good"),
        helper.make_node("MaxPool", ["b"], ["c"], name="second", kernel_shape=[2], dilations=[2], ceil_mode=2),
        helper.make_node("Secret", ["c"], ["d"], name="third", domain="my.own"),
        helper.make_node("Tanh", ["d"], ["e"], name="behind"),
        helper.make_node("Shape", ["x"], ["s"], name="shape"),
        helper.make_node("NonZero", ["e"], ["y"], name="last"),
    ]
    path.write_bytes(build(nodes, {"x": (1, 2, 9)}).SerializeToString())
    rows = {row.name: row for row in inspect_model(path)}
    assert {name for name, row in rows.items() if row.problem} == {"first", "second", "third", "last"}
    assert "gamma" in rows["first"].problem
    assert "ceil_mode = 2" in rows["second"].problem
    assert "my.own" in rows["third"].problem
    assert rows["good"].shape == (1, 2, 9)
    assert rows["second"].shape == (1, 2, 7)
    assert rows["behind"].shape is None
    assert rows["shape"].folded
    assert not rows["good"].folded


def test_nodes_that_are_wrong_in_other_ways(tmp_path: Path) -> None:
    path = tmp_path / "case.onnx"
    nodes = [
        helper.make_node("Pow", ["x", "two"], ["a"], name="power"),
        helper.make_node("MatMul", ["a", "w"], ["b"], name="mismatch"),
        helper.make_node("Relu", ["b"], ["y"], name="behind"),
    ]
    constants = {"two": np.float32(2), "w": np.float32([[1, 2]])}
    path.write_bytes(build(nodes, {"x": (2, 3)}, constants).SerializeToString())
    power, mismatch, behind = inspect_model(path)
    assert power.shape == (2, 3)
    assert "(2, 3) and (1, 2) do not fit" in mismatch.problem
    assert (behind.shape, behind.problem) == (None, "")


def test_shapes_behind_an_unknown_operator(tmp_path: Path) -> None:
    path = tmp_path / "case.onnx"
    nodes = [
        helper.make_node("Secret", ["x"], ["a"], name="secret", domain="my.own"),
        helper.make_node("Shape", ["a"], ["s"], name="shape"),
        helper.make_node("Gather", ["s", "zero"], ["g"], name="gather"),
        helper.make_node("Concat", ["g", "rest"], ["c"], name="concat", axis=0),
        helper.make_node("Reshape", ["a", "c"], ["y"], name="reshape"),
    ]
    constants = {"zero": np.int64([0]), "rest": np.int64([-1])}
    path.write_bytes(build(nodes, {"x": (1, 2, 9)}, constants).SerializeToString())
    rows = {row.name: row for row in inspect_model(path)}
    assert {name for name, row in rows.items() if row.problem} == {"secret"}
    assert {name for name, row in rows.items() if row.folded} == {"shape", "gather", "concat"}


def test_inspection_of_a_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(TinycError):
        inspect_model(tmp_path / "none.onnx")
