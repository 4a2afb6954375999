"""Ensembles of decision trees, against trees walked by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from generated import generate
from onnx import ModelProto, helper, numpy_helper
from onnx_case import evaluate, load, refused

from tinyc.driver.phases import lower

TWO_TREES: dict[str, Any] = {
    # node 0: x[0] <= 1 ? leaf 0 : node 1; node 1: x[1] > 0 ? leaf 1 : leaf 2; node 2: x[2] in {1, 3} ? leaf 3 : leaf 0
    "tree_roots": [0, 2],
    "nodes_featureids": [0, 1, 2],
    "nodes_modes": np.uint8([0, 3, 6]),
    "nodes_splits": np.float32([1, 0, 0]),
    "nodes_truenodeids": [0, 1, 3],
    "nodes_trueleafs": [1, 1, 1],
    "nodes_falsenodeids": [1, 2, 0],
    "nodes_falseleafs": [0, 1, 1],
    "leaf_targetids": [0, 1, 0, 1],
    "leaf_weights": np.float32([1, 2, 4, 8]),
    "membership_values": np.float32([1, 3, np.nan]),
    "n_targets": 2,
}
X = np.float32([[0, 0, 1], [2, 1, 3], [2, 0, 2], [np.nan, np.nan, np.nan]])
SUMS = np.float32([[1, 8], [0, 10], [5, 0], [5, 0]])


def trees(**changes: Any) -> ModelProto:
    tensors = {"nodes_modes", "nodes_splits", "leaf_weights", "membership_values"}
    given = {**TWO_TREES, **changes}
    given = {k: numpy_helper.from_array(v, k) if k in tensors else v for k, v in given.items()}
    node = helper.make_node("TreeEnsemble", ["x"], ["y"], name="t", domain="ai.onnx.ml", **given)
    inputs, outputs = (helper.make_tensor_value_info(n, 1, s) for n, s in (("x", X.shape), ("y", None)))
    graph = helper.make_graph([node], "trees", [inputs], [outputs])
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("ai.onnx.ml", 5)], ir_version=10)


@pytest.mark.parametrize(
    ("how", "want"),
    [(0, SUMS / 2), (1, SUMS), (2, [[1, 8], [0, 2], [1, 0], [1, 0]]), (3, [[1, 8], [0, 8], [4, 0], [4, 0]])],
)
def test_what_leaves_make_together(how: int, want: Any, tmp_path: Path) -> None:
    graph = load(trees(aggregate_function=how))
    assert evaluate(graph, {"x": X})["y"].tolist() == np.asarray(want).tolist()
    made = generate(lower(graph, None).graph, tmp_path / "model")
    (port,) = made.graph.inputs
    assert made.sanitized_outputs([{port.value: X}]) == np.float32(want).tobytes()


def test_nan_may_count_as_true() -> None:
    graph = load(trees(nodes_missing_value_tracks_true=[0, 1, 1]))
    assert evaluate(graph, {"x": X})["y"][3].tolist() == [0, 10]


def test_scores_of_classes() -> None:
    assert np.allclose(evaluate(load(trees(post_transform=2)), {"x": X})["y"], 1 / (1 + np.exp(-SUMS)))
    assert np.allclose(evaluate(load(trees(post_transform=1)), {"x": X})["y"].sum(axis=1), 1)
    refused(trees(post_transform=4), "post_transform = 4")


def test_trees_that_make_no_sense() -> None:
    refused(trees(nodes_falsenodeids=[0, 2, 0]), "circles")
    refused(trees(nodes_falsenodeids=[7, 2, 0]), "a branch to node 7 of 3")
    refused(trees(nodes_truenodeids=[9, 1, 3]), "a branch to leaf 9 of 4")
    refused(trees(nodes_featureids=[0, 1, 3]), "feature 3 of 3")
    refused(trees(leaf_targetids=[0, 1, 2, 1]), "for 2 targets")
    refused(trees(nodes_modes=np.uint8([0, 9, 6])), "a mode beyond 6")
    refused(trees(nodes_featureids=[0, 1]), "differ in length")
