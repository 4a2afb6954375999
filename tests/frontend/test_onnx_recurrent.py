"""RNN, GRU and LSTM: against onnxruntime, and the C against the interpreter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from generated import generate
from onnx import ModelProto, TensorProto, helper, numpy_helper
from onnx_case import check, evaluate, load, normal, random_inputs, refused

STEPS, SEQUENCES, INPUTS, SIZE = 4, 3, 2, 5
GATES = {"RNN": 1, "GRU": 3, "LSTM": 4}
LENGTHS = np.array([4, 1, 3], np.int32)


def layer(
    op: str, *given: str, run_time: tuple[str, ...] = (), directions: int = 1, opset: int = 14, **attributes: Any
) -> ModelProto:
    """A model of one layer. `given` names its optional inputs, of which those in `run_time` are the model's own."""
    rows = GATES[op] * SIZE
    tensors = {
        "w": normal(directions, rows, INPUTS), "r": normal(directions, rows, SIZE, seed=1),
        "b": normal(directions, 2 * rows), "lengths": LENGTHS, "h": normal(directions, SEQUENCES, SIZE),
        "c": normal(directions, SEQUENCES, SIZE, seed=1), "p": normal(directions, 3 * SIZE),
    }  # fmt: skip
    names = ["w", "r", "b", "lengths", "h", *(["c", "p"] if op == "LSTM" else [])]
    used = [n if n in ("w", "r", *given) else "" for n in names]
    outputs = ["y", "y_h", *(["y_c"] if op == "LSTM" else [])]
    if directions == 2:
        attributes["direction"] = "bidirectional"
    node = helper.make_node(op, ["x", *used], outputs, name="the_layer", hidden_size=SIZE, **attributes)
    kinds = {n: TensorProto.INT32 if n == "lengths" else TensorProto.FLOAT for n in names}
    graph = helper.make_graph(
        [node],
        "case",
        [
            helper.make_tensor_value_info("x", TensorProto.FLOAT, (STEPS, SEQUENCES, INPUTS)),
            *(helper.make_tensor_value_info(n, kinds[n], tensors[n].shape) for n in run_time),
        ],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in outputs],
        [numpy_helper.from_array(tensors[n], n) for n in used if n and n not in run_time],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


CASES = [
    layer("RNN"),
    layer("RNN", "b", "h", "lengths", directions=2, activations=["Relu", "Affine"], activation_alpha=[0.5],
          activation_beta=[0.1]),
    layer("GRU", "b", direction="reverse", clip=0.5),
    layer("GRU", "b", "h", "lengths", directions=2, linear_before_reset=1),
    layer("GRU", activations=["HardSigmoid", "Softsign"]),
    layer("LSTM", "b", opset=7),
    layer("LSTM", "b", "h", "c", "p", "lengths", directions=2),
    layer("LSTM", "b", "p", input_forget=1, clip=0.7, activations=["Sigmoid", "ScaledTanh", "Elu"],
          activation_alpha=[1.5, 0.3], activation_beta=[0.8]),
    layer("LSTM", "b", "h", "lengths", direction="reverse"),
]  # fmt: skip


@pytest.mark.parametrize("model", CASES)
def test_layers(model: ModelProto) -> None:
    check(model)


def test_weights_and_lengths_at_run_time() -> None:
    for op in GATES:
        run_time = ("w", "r", "b", "lengths", "h")
        model = layer(op, "b", "lengths", "h", run_time=run_time, directions=2)
        inputs = random_inputs(load(model)) | {"lengths": LENGTHS}
        check(model, inputs)


def test_sequences_outside() -> None:
    """onnxruntime does not know this layout."""
    x = normal(STEPS, SEQUENCES, INPUTS)
    usual = evaluate(load(layer("LSTM", "b", directions=2)), {"x": x})
    model = layer("LSTM", "b", directions=2, layout=1)
    for size, dim in zip((SEQUENCES, STEPS), model.graph.input[0].type.tensor_type.shape.dim, strict=False):
        dim.dim_value = size
    got = evaluate(load(model), {"x": x.transpose(1, 0, 2)})
    np.testing.assert_allclose(got["y"], usual["y"].transpose(2, 0, 1, 3), rtol=1e-6)
    for name in ("y_h", "y_c"):
        np.testing.assert_allclose(got[name], usual[name].transpose(1, 0, 2), rtol=1e-6)


@pytest.mark.parametrize("op", GATES)
def test_generated_code(op: str, tmp_path: Path) -> None:
    """Whatever the lengths are."""
    graph = load(layer(op, "b", "lengths", "h", run_time=("lengths",), directions=2, clip=2.0))
    model = generate(graph, tmp_path)
    samples = [
        {"x": normal(STEPS, SEQUENCES, INPUTS), "lengths": np.array(at, np.int32)} for at in ([4, 1, 3], [-7, 0, 99])
    ]
    got = np.frombuffer(model.sanitized_outputs(samples), np.float32)
    want = np.frombuffer(b"".join(model.output_bytes(s) for s in samples), np.float32)
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


def test_what_is_refused() -> None:
    refused(layer("LSTM", activations=["Sigmoid", "Tanh", "Step"]), "the_layer", "activation 'Step'")
    refused(layer("LSTM", activations=["Sigmoid"]), "there are 3")
    refused(layer("GRU", activations=["Sigmoid", "Affine"]), "'Affine' without its activation_alpha")
    refused(layer("GRU", direction="backward"), "direction = 'backward'")
    refused(layer("RNN", "b", directions=1, direction="bidirectional"), "input 1 has shape (1, 5, 2), not (2, 5, 2)")
