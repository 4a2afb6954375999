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


def streaming(path: Path) -> Path:
    """A convolution over the last three frames and a GRU: `cache` and `h_in` are what a run before made of them."""
    rng = np.random.default_rng(3)
    floats = {"cw": (8, 4, 3), "cb": (8,), "gw": (1, 18, 8), "gr": (1, 18, 6), "gb": (1, 36), "fw": (1, 6), "fb": (1,)}
    data = {name: (0.5 * rng.standard_normal(shape)).astype(np.float32) for name, shape in floats.items()}
    data |= {f"n{number}": np.array([number]) for number in (0, 1, 2, 3)}
    nodes = [
        helper.make_node("Concat", ["cache", "x"], ["frames"], axis=2),
        helper.make_node("Slice", ["frames", "n1", "n3", "n2"], ["cache_out"]),
        helper.make_node("Conv", ["frames", "cw", "cb"], ["c"]),
        helper.make_node("Relu", ["c"], ["r"]),
        helper.make_node("Transpose", ["r"], ["t"], perm=[2, 0, 1]),
        helper.make_node("GRU", ["t", "gw", "gr", "gb", "", "h_in"], ["", "h_out"], hidden_size=6),
        helper.make_node("Squeeze", ["h_out", "n0"], ["last"]),
        helper.make_node("Gemm", ["last", "fw", "fb"], ["p"], transB=1),
        helper.make_node("Sigmoid", ["p"], ["y"]),
    ]

    def port(name: str, *shape: int) -> Any:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    inputs = [port("x", 1, 4, 1), port("h_in", 1, 1, 6), port("cache", 1, 4, 2)]
    outputs = [port("y", 1, 1), port("h_out", 1, 1, 6), port("cache_out", 1, 4, 2)]
    constants = [numpy_helper.from_array(array, name) for name, array in data.items()]
    graph = helper.make_graph(nodes, "test", inputs, outputs, constants)
    save_model(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path


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
