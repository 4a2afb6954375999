"""Writes a trained network as an ONNX model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import onnx
from numpy.typing import NDArray

if TYPE_CHECKING:
    from examples.training.base import Layer

OPSET = 17
IR_VERSION = 8  # the one that came with opset 17


class GraphWriter:
    """Collects the nodes and weights of an ONNX graph; layers write themselves into it, in order."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: list[onnx.TensorProto] = []

    def node(
        self,
        op_type: str,
        *inputs: str,
        weights: dict[str, NDArray[np.floating[Any]]] | None = None,
        output: str | None = None,
        **attributes: Any,
    ) -> str:
        """Append a node that reads `inputs` and then `weights`, in their order; returns the name of its one output.

        A node is named after its operator and position (`conv_3`), as are its weights (`conv_3.weight`) and,
        unless `output` says otherwise, its output. Weights are stored as float32.
        """
        name = f"{op_type.lower()}_{len(self.nodes)}"
        names = list(inputs)
        for role, value in (weights or {}).items():
            names.append(f"{name}.{role}")
            self.initializers.append(onnx.numpy_helper.from_array(value.astype(np.float32), names[-1]))
        result = output or name
        self.nodes.append(onnx.helper.make_node(op_type, names, [result], name=name, **attributes))
        return result


def export_classifier(
    network: Layer, name: str, input_name: str, shape: tuple[int, ...], classes: int
) -> onnx.ModelProto:
    """The checked model of `network` followed by a softmax.

    It has one float32 input `input_name` of 1 × `shape` and one float32 output `probabilities` of 1 × `classes`.
    Batch normalizations are written as nodes of their own, with the running statistics of the training.
    """
    graph = GraphWriter()
    logits = network.write(graph, input_name)
    graph.node("Softmax", logits, output="probabilities", axis=1)
    float32 = onnx.TensorProto.FLOAT
    model = onnx.helper.make_model(
        onnx.helper.make_graph(
            graph.nodes,
            name,
            [onnx.helper.make_tensor_value_info(input_name, float32, (1, *shape))],
            [onnx.helper.make_tensor_value_info("probabilities", float32, (1, classes))],
            graph.initializers,
        ),
        producer_name="tinyc examples",
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
    )
    onnx.checker.check_model(model, full_check=True)
    return model


def save(folder: Path, model: onnx.ModelProto, calibration: dict[str, Any], test: dict[str, Any]) -> None:
    """Write `folder`/NAME.onnx, NAME being the graph's, and the arrays of calibration.npz and test.npz."""
    onnx.save(model, folder / f"{model.graph.name}.onnx")
    np.savez_compressed(folder / "calibration.npz", **calibration)
    np.savez_compressed(folder / "test.npz", **test)
