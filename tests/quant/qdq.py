"""Quantized ONNX models written by hand, node after node."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper, save

Array = NDArray[Any]
Given = tuple[str, int, Sequence[int]]


class QdqModel:
    """A model in the making; every method gives the name of its result."""

    def __init__(self, seed: int = 0) -> None:
        self.rng = np.random.default_rng(seed)
        self._nodes: list[NodeProto] = []
        self._tensors: list[TensorProto] = []

    def constant(self, data: object) -> str:
        name = f"c{len(self._tensors)}"
        self._tensors.append(numpy_helper.from_array(np.asarray(data), name))
        return name

    def op(self, kind: str, *ins: str, out: str = "", domain: str = "", **attributes: object) -> str:
        out = out or f"t{len(self._nodes)}"
        name = f"n{len(self._nodes)}"
        self._nodes.append(helper.make_node(kind, ins, [out], name=name, domain=domain, **attributes))
        return out

    def q(self, x: str, scale: float, zero: Any, out: str = "") -> str:
        return self.op("QuantizeLinear", x, self.constant(np.float32(scale)), self.constant(zero), out=out)

    def dq(self, x: str, scale: Any, zero: Any, out: str = "", **attributes: object) -> str:
        scales = self.constant(np.asarray(scale, np.float32))
        return self.op("DequantizeLinear", x, scales, self.constant(zero), out=out, **attributes)

    def qdq(self, x: str, scale: float, zero: Any) -> str:
        return self.dq(self.q(x, scale, zero), scale, zero)

    def weights(self, *shape: int) -> str:
        """int8 with a scale for each index of axis 0, dequantized."""
        scales = self.rng.uniform(0.002, 0.01, shape[0])
        data = self.rng.integers(-127, 128, shape).astype(np.int8)
        return self.dq(self.constant(data), scales, np.zeros(shape[0], np.int8), axis=0)

    def save(self, path: Path, inputs: Sequence[Given], outputs: Mapping[str, int]) -> Path:
        graph = helper.make_graph(
            self._nodes,
            "qdq",
            [helper.make_tensor_value_info(*given) for given in inputs],
            [helper.make_tensor_value_info(name, kind, None) for name, kind in outputs.items()],
            self._tensors,
        )
        opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
        save(helper.make_model(graph, opset_imports=opsets, ir_version=8), path)
        return path


def reference(path: Path) -> onnxruntime.InferenceSession:
    """The model as it is written: no integer kernels of onnxruntime's, which on some machines saturate their sums."""
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(path, options)


def random_inputs(ports: Sequence[Any], count: int, seed: int = 1) -> dict[str, Array]:
    """`count` samples for the ports of a graph, one behind the other."""
    rng = np.random.default_rng(seed)

    def sample(dtype: np.dtype[Any], shape: Sequence[int]) -> Array:
        if dtype.kind == "f":
            return rng.normal(size=shape).astype(dtype)
        return rng.integers(np.iinfo(dtype).min, np.iinfo(dtype).max, shape, endpoint=True).astype(dtype)

    return {p.name: sample(np.dtype(p.dtype), (count, *p.shape)) for p in ports}
