"""A small ONNX network over an image, for tests of schedules: quick to search, and with something to find."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save_model


def image_model(path: Path, size: int = 20, inputs: tuple[str, ...] = ("x",)) -> Path:
    """Three convolutions, a mean and a dense layer over the sum of `inputs`, each 1×2×`size`×`size`."""
    random = np.random.default_rng(3)
    constants: dict[str, Any] = {}
    nodes = []
    value = inputs[0]
    for other in inputs[1:]:
        nodes.append(helper.make_node("Add", [value, other], [f"{value}+{other}"]))
        value = f"{value}+{other}"
    for number, (channels, out, stride) in enumerate([(2, 8, 1), (8, 8, 2), (8, 6, 1)]):
        constants[f"w{number}"] = random.standard_normal((out, channels, 3, 3)).astype(np.float32)
        attributes = {"pads": [1, 1, 1, 1], "strides": [stride, stride]}
        nodes.append(helper.make_node("Conv", [value, f"w{number}"], [f"c{number}"], f"conv{number}", **attributes))
        nodes.append(helper.make_node("Relu", [f"c{number}"], [f"r{number}"], f"relu{number}"))
        value = f"r{number}"
    constants["dense"] = random.standard_normal((6, 3)).astype(np.float32)
    nodes.append(helper.make_node("GlobalAveragePool", [value], ["mean"], "mean"))
    nodes.append(helper.make_node("Flatten", ["mean"], ["flat"], "flat"))
    nodes.append(helper.make_node("MatMul", ["flat", "dense"], ["y"], "matmul"))
    graph = helper.make_graph(
        nodes,
        "image",
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, 2, size, size)) for name in inputs],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, (1, 3))],
        [numpy_helper.from_array(data, name) for name, data in constants.items()],
    )
    save_model(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), path)
    return path
