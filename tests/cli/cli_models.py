"""Small ONNX files for tests."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from onnx import ModelProto, TensorProto, helper, numpy_helper, save_model


def dense(path: Path, weights: Any = None, shape: tuple[int | str, ...] = (1, 4), name: str = "gemm") -> Path:
    """One Gemm from `shape` to 3 values."""
    data = np.ones((4, 3), np.float32) if weights is None else np.asarray(weights, np.float32)
    node = helper.make_node("Gemm", ["x", "w"], ["y"], name=name)
    return _save(path, [node], shape, {"w": data})


def unknown_operators(path: Path, prefix: str = "") -> Path:
    """Two nodes that tinyc does not support, with a Relu between them."""
    nodes = [
        helper.make_node("RandomNormalLike", ["x"], ["a"], name=f"{prefix}first"),
        helper.make_node("Relu", ["a"], ["b"], name=f"{prefix}between"),
        helper.make_node("RandomUniformLike", ["b"], ["y"], name=f"{prefix}second"),
    ]
    return _save(path, nodes, (1, 4, 4), {})


def constants(path: Path, data: Any) -> Path:
    """No inputs, and one output that is always the same."""
    node = helper.make_node("Identity", ["c"], ["y"])
    return _save(path, [node], None, {"c": data}, helper.np_dtype_to_tensor_dtype(data.dtype))


def _save(
    path: Path,
    nodes: list[Any],
    shape: tuple[int | str, ...] | None,
    constants: dict[str, Any],
    kind: int = TensorProto.FLOAT,
) -> Path:
    graph = helper.make_graph(
        nodes,
        "test",
        [] if shape is None else [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", kind, None)],
        [numpy_helper.from_array(data, name) for name, data in constants.items()],
    )
    model: ModelProto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    save_model(model, path)
    return path
