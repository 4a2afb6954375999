"""ONNX models of a few nodes: built, imported, run by the interpreter, compared with onnxruntime."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

from tinyc.errors import TinycError
from tinyc.frontend.onnx import import_model
from tinyc.ir.graph import Graph
from tinyc.ir.interp import run
from tinyc.ir.verify import verify

Array = np.ndarray[Any, Any]

RELU = helper.make_node("Relu", ["x"], ["y"], name="r")


def normal(*shape: int, seed: int = 0) -> Array:
    """Random float32 weights or data."""
    return np.random.default_rng([seed, *shape]).normal(size=shape).astype(np.float32)


def build(
    nodes: Sequence[NodeProto],
    inputs: Mapping[str, Sequence[int | str | None]],
    constants: Mapping[str, Array] | None = None,
    opset: int = 17,
    outputs: Sequence[str] = ("y",),
    dtype: int = TensorProto.FLOAT,
) -> ModelProto:
    """A model of `nodes` with inputs of the given shapes; its outputs' shapes are left open."""
    graph = helper.make_graph(
        nodes,
        "case",
        [helper.make_tensor_value_info(name, dtype, shape) for name, shape in inputs.items()],
        [helper.make_tensor_value_info(name, dtype, None) for name in outputs],
        [numpy_helper.from_array(np.asarray(a), name) for name, a in (constants or {}).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8 if opset < 20 else 10)


def with_integers(model: ModelProto, *names: str) -> ModelProto:
    """The model with int64 elements in these inputs."""
    for info in model.graph.input:
        if info.name in names:
            info.type.tensor_type.elem_type = TensorProto.INT64
    return model


def one(op: str, shape: Sequence[int], *constants: Array | None, opset: int = 17, **attributes: object) -> ModelProto:
    """A model of one node that reads an input `x` of `shape` and then constants; None leaves an input out."""
    names = ["" if c is None else f"c{i}" for i, c in enumerate(constants)]
    given = {n: c for n, c in zip(names, constants, strict=True) if c is not None}
    node = helper.make_node(op, ["x", *names], ["y"], name="the_node", **attributes)
    return build([node], {"x": shape}, given, opset)


def gemm() -> ModelProto:
    """A model with weights."""
    return one("Gemm", (1, 4), normal(3, 4), normal(3), transB=1)


def changed(change: Callable[[ModelProto], object]) -> ModelProto:
    """`gemm` after a change in place."""
    model = gemm()
    change(model)
    return model


def load(model: ModelProto | bytes, shapes: Mapping[str, tuple[int, ...]] | None = None) -> Graph:
    """The model, imported from a file."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / "case.onnx"
        path.write_bytes(model if isinstance(model, bytes) else model.SerializeToString())
        return import_model(path, shapes or {})


def evaluate(graph: Graph, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """The outputs of a graph that is well formed."""
    verify(graph)
    return run(graph, inputs)


def random_inputs(graph: Graph) -> dict[str, Array]:
    """One random sample."""
    return {p.name: normal(*p.shape, seed=i).astype(p.dtype) for i, p in enumerate(graph.inputs)}


def check(model: ModelProto, inputs: Mapping[str, Array] | None = None, rtol: float = 1e-4) -> Graph:
    """The imported model, which computes what onnxruntime computes."""
    graph = load(model)
    inputs = inputs or random_inputs(graph)
    got = evaluate(graph, inputs)
    session = onnxruntime.InferenceSession(model.SerializeToString())
    for output, want in zip(session.get_outputs(), session.run(None, dict(inputs)), strict=True):
        assert got[output.name].shape == want.shape
        np.testing.assert_allclose(got[output.name], want, rtol, atol=1e-5)
    return graph


def ops(graph: Graph) -> list[str]:
    """The names of the graph's operators, in order."""
    return [node.op.name for node in graph.nodes]


def refused(model: ModelProto | bytes, *parts: str, kind: type[TinycError] = TinycError) -> TinycError:
    """The complaint about a bad model, which has all the `parts` of a text."""
    with pytest.raises(kind) as caught:
        load(model)
    for part in parts:
        assert part in str(caught.value)
    return caught.value
