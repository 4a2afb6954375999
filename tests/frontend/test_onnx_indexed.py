"""Operators with indices at run time, and those whose results follow from places, against onnxruntime or NumPy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnxruntime
import pytest
from onnx import ModelProto, TensorProto, helper
from onnx_case import evaluate, load, normal, ops, refused

Array = np.ndarray[Any, Any]

_KINDS = {
    "float32": TensorProto.FLOAT,
    "int64": TensorProto.INT64,
    "int32": TensorProto.INT32,
    "bool": TensorProto.BOOL,
}


def ints(*values: int) -> Array:
    return np.array(values, np.int64)


def model(
    op: str, inputs: Mapping[str, Array], out: int = TensorProto.FLOAT, opset: int = 18, domain: str = "", **given: Any
) -> ModelProto:
    """A model of one operator, all inputs of which are computed at run time but those called const…"""
    infos = [
        helper.make_tensor_value_info(n, _KINDS[a.dtype.name], a.shape)
        for n, a in inputs.items()
        if not n.startswith("const")
    ]
    constants = [helper.make_tensor(n, _KINDS[a.dtype.name], a.shape, a.reshape(-1)) for n, a in inputs.items()
                 if n.startswith("const")]  # fmt: skip
    node = helper.make_node(op, list(inputs), ["y"], domain=domain, **given)
    graph = helper.make_graph([node], "case", infos, [helper.make_tensor_value_info("y", out, None)], constants)
    opsets = [helper.make_opsetid("", opset), *([helper.make_opsetid(domain, 3)] if domain else [])]
    return helper.make_model(graph, opset_imports=opsets, ir_version=9)


def same(
    op: str, inputs: Mapping[str, Array], out: int = TensorProto.FLOAT, opset: int = 18, **given: Any
) -> list[str]:
    """The operators of the imported model, which computes what onnxruntime computes."""
    proto = model(op, inputs, out, opset, **given)
    graph = load(proto)
    feeds = {n: a for n, a in inputs.items() if not n.startswith("const")}
    (want,) = onnxruntime.InferenceSession(proto.SerializeToString()).run(None, feeds)
    got = evaluate(graph, feeds)["y"]
    assert got.dtype == want.dtype
    np.testing.assert_allclose(got, want, rtol=1e-5)
    return ops(graph)


X = normal(3, 4, 5)


def test_gather() -> None:
    assert same("Gather", {"x": X, "i": ints(1, -1, 0).reshape(3, 1)}, axis=1) == ["gather"]
    assert same("Gather", {"x": X, "const": ints(3, -2, 1)}, axis=1) == ["strided"]
    assert same("Gather", {"x": X, "const": np.array(2, np.int32)}, axis=2) == ["strided", "reshape"]
    assert same("Gather", {"x": X, "const": ints(0, 0, 1, 3)}, axis=1) == ["strided", "strided", "concat"]


def test_constant_indices_that_leave_the_axis() -> None:
    refused(model("Gather", {"x": X, "const": ints(4)}, axis=1), "its indices leave axis 1 of shape (3, 4, 5)")


def test_gather_elements_and_tuples() -> None:
    same("GatherElements", {"x": X, "i": np.random.default_rng(0).integers(-4, 4, (3, 2, 5))}, axis=1)
    same("GatherND", {"x": X, "i": ints(0, -1, 2, 3).reshape(2, 2)})
    same("GatherND", {"x": X, "i": ints(1, -1, 0).reshape(3, 1)}, batch_dims=1)
    same("GatherND", {"x": X, "i": ints(1, -1, 0)})  # one place: a scalar
    same("Gather", {"x": X[0, 0], "i": ints(2).reshape(())})


@pytest.mark.parametrize("reduction", ["none", "add", "mul", "max", "min"])
def test_scatter(reduction: str) -> None:
    places = (
        ints(0, 3, 1, 2, -1, 1).reshape(1, 2, 3) if reduction != "none" else ints(0, 3, 1, 2, 1, 0).reshape(1, 2, 3)
    )
    same("ScatterElements", {"x": X, "i": places, "u": normal(1, 2, 3)}, axis=1, reduction=reduction)
    same("ScatterND", {"x": X, "i": ints(2, 1, 0, -4).reshape(2, 2), "u": normal(2, 5)}, reduction=reduction)
    same("ScatterND", {"x": X, "i": ints(2, 1, 0), "u": np.array(7, np.float32)}, reduction=reduction)


def test_scatters_that_change_nothing() -> None:
    empty = {"x": X, "const_i": np.zeros((0, 4, 5), np.int64), "const_u": np.zeros((0, 4, 5), np.float32)}
    np.testing.assert_array_equal(evaluate(load(model("ScatterElements", empty)), {"x": X})["y"], X)


def test_unknown_reductions() -> None:
    refused(
        model("ScatterND", {"x": X, "i": ints(0).reshape(1, 1), "u": normal(1, 4, 5)}, reduction="mean"),
        "attribute reduction = 'mean' is not supported",
    )


def test_reverse_sequence() -> None:
    same("ReverseSequence", {"x": normal(5, 3, 2), "n": ints(1, 5, 3)})
    same("ReverseSequence", {"x": normal(3, 5), "n": ints(1, 5, 3)}, batch_axis=0, time_axis=1)


def test_triangles() -> None:
    for upper in (0, 1):
        same("Trilu", {"x": X, "const": np.array(-1, np.int64)}, upper=upper)
    assert same("Trilu", {"x": normal(2, 2), "const": np.array(-1, np.int64)}) == []


def test_one_hot() -> None:
    inputs = {"i": ints(0, 3, -1, 9, -4).reshape(1, 5), "const": np.array(4, np.int64), "v": np.float32([2, 5])}
    same("OneHot", inputs)
    same("OneHot", inputs, axis=0)
    refused(model("OneHot", {**inputs, "const": np.array(0, np.int64)}), "a depth of 0")


def test_eye_like() -> None:
    graph = load(model("EyeLike", {"x": normal(3, 4)}, TensorProto.INT32, k=1, dtype=TensorProto.INT32))
    np.testing.assert_array_equal(evaluate(graph, {"x": normal(3, 4)})["y"], np.eye(3, 4, 1, np.int32))


def test_blocks_into_an_image() -> None:
    x = normal(2, 3 * 6, 12)
    inputs = {"x": x, "const_image": ints(5, 6), "const_block": ints(2, 3)}
    same("Col2Im", {"x": normal(2, 3 * 6, 16), "const_image": ints(5, 6), "const_block": ints(2, 3)})
    same("Col2Im", inputs, strides=[2, 1], pads=[1, 0, 0, 0], dilations=[1, 1])
    refused(model("Col2Im", inputs), "are not blocks (2, 3) of images (5, 6)")


def test_bits() -> None:
    bits = evaluate(load(model("BitCast", {"x": X}, TensorProto.INT32, 26, to=TensorProto.INT32)), {"x": X})["y"]
    np.testing.assert_array_equal(bits, X.view(np.int32))
    refused(model("BitCast", {"x": X}, TensorProto.INT64, 26, to=TensorProto.INT64), "which is not as wide")


def test_entries_of_a_cache() -> None:
    cache, update, starts = normal(2, 4, 3), normal(2, 2, 3, seed=1), ints(1, 3)
    inputs = {"x": cache, "u": update, "n": starts}
    got = evaluate(load(model("TensorScatter", inputs, opset=24, mode="circular")), inputs)["y"]
    want = cache.copy()
    want[0, [1, 2]], want[1, [3, 0]] = update[0], update[1]
    np.testing.assert_array_equal(got, want)


def test_features() -> None:
    same("ArrayFeatureExtractor", {"x": normal(3, 4), "i": ints(2, 0)}, domain="ai.onnx.ml")
    same("Binarizer", {"x": X}, domain="ai.onnx.ml", threshold=0.25)


@pytest.mark.parametrize(
    ("op", "inputs", "message"),
    [
        ("Range", {"const_a": np.array(0, np.int64), "b": np.array(3, np.int64), "const_c": np.array(1, np.int64)},
         "its limit ('b') must be constant"),
        ("ConstantOfShape", {"s": ints(2)}, "its shape ('s') must be constant"),
        ("Trilu", {"x": X, "k": np.array(0, np.int64)}, "its diagonal ('k') must be constant"),
    ],
)  # fmt: skip
def test_what_must_be_constant(op: str, inputs: dict[str, Array], message: str) -> None:
    refused(model(op, inputs, 0), message)
