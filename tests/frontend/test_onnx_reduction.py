"""Means and sums over axes, against onnxruntime."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import ModelProto, TensorProto, helper
from onnx_case import build, check, evaluate, load, normal, one, ops, refused, with_integers

SINCE = {"ReduceMean": 18, "ReduceSum": 13}  # the opset in which axes became an input


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_any_reduction(data: st.DataObject) -> None:
    op = data.draw(st.sampled_from(sorted(SINCE)))
    shape = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=5))
    places = st.integers(0, len(shape) - 1)
    axes = sorted(data.draw(st.sets(places)))
    signed = [a - len(shape) if data.draw(st.booleans()) else a for a in axes]
    opset = data.draw(st.sampled_from([11, 13, 18]))
    attributes: dict[str, object] = {}
    if data.draw(st.booleans()):
        attributes["keepdims"] = data.draw(st.integers(0, 1))
    if opset < SINCE[op]:
        if axes:
            attributes["axes"] = signed
        check(one(op, shape, opset=opset, **attributes))
    else:
        if data.draw(st.booleans()):
            attributes["noop_with_empty_axes"] = data.draw(st.integers(0, 1))
        given_axes = [np.int64(signed)] if axes or data.draw(st.booleans()) else []
        check(one(op, shape, *given_axes, opset=opset, **attributes))


def test_axes_that_are_neighbours_but_for_axes_of_one() -> None:
    assert ops(check(one("ReduceMean", (2, 3, 1, 4), axes=[1, 3]))) == ["mean"]
    assert ops(check(one("ReduceMean", (2, 3, 5, 4), axes=[1, 3]))) == ["mean", "mean"]
    assert ops(check(one("ReduceMean", (2, 1, 5, 1), axes=[1, 3]))) == []
    assert ops(check(one("ReduceMean", (2, 3, 4, 4), axes=[3, 2], keepdims=0))) == ["mean", "reshape"]


def test_no_axes_are_all_axes_or_none() -> None:
    assert ops(check(one("ReduceMean", (2, 3), opset=18))) == ["mean"]
    assert ops(check(one("ReduceMean", (2, 3), opset=18, noop_with_empty_axes=1))) == []
    assert ops(check(one("ReduceMean", (2, 3), np.int64([]), opset=18, noop_with_empty_axes=1))) == []
    assert ops(check(one("ReduceMean", (2, 3), np.int64([1]), opset=18, noop_with_empty_axes=1))) == ["mean"]


def test_axes_that_make_no_sense() -> None:
    refused(one("ReduceMean", (2, 3), axes=[2]), "axis 2 of a tensor of 2 axes")
    refused(one("ReduceMean", (2, 3), axes=[1, -1]), "(1, -1)", "name one twice")
    refused(one("ReduceMean", (2, 3), np.float32([1]), opset=18), "its axes, has float32 elements")
    refused(one("ReduceMean", (2, 3), opset=17, noop_with_empty_axes=1), "no attribute 'noop_with_empty_axes'")


def test_axes_computed_at_run_time() -> None:
    node = helper.make_node("ReduceMean", ["x", "axes"], ["y"])
    model = with_integers(build([node], {"x": (2, 3), "axes": (1,)}, opset=18), "axes")
    refused(model, "axes ('axes') must be constant")


@pytest.mark.parametrize("shape", [(1, 3, 4, 4), (1, 1, 1, 1)])
def test_a_constant_is_reduced_at_once(shape: tuple[int, ...]) -> None:
    nodes = [
        helper.make_node("ReduceMean", ["c"], ["m"], axes=[2, 3]),
        helper.make_node("Mul", ["x", "m"], ["y"]),
    ]
    assert ops(check(build(nodes, {"x": shape}, {"c": normal(*shape)}))) == ["mul"]


REDUCTIONS = {
    "ReduceL1", "ReduceL2", "ReduceLogSum", "ReduceLogSumExp", "ReduceMax", "ReduceMin", "ReduceProd",
    "ReduceSumSquare",
}  # fmt: skip


@pytest.mark.parametrize("op", sorted(REDUCTIONS))
@pytest.mark.parametrize("attributes", [{}, {"axes": [0, -1]}, {"axes": [1], "keepdims": 0}])
def test_other_reductions(op: str, attributes: dict[str, object]) -> None:
    x = np.abs(normal(2, 3, 4)) if op == "ReduceLogSum" else normal(2, 3, 4)
    check(one(op, (2, 3, 4), opset=13, **attributes), {"x": x})
    axes = [np.int64(attributes["axes"])] if "axes" in attributes else []
    keep = {k: v for k, v in attributes.items() if k == "keepdims"}
    check(one(op, (2, 3, 4), *axes, opset=18, **keep), {"x": x})


def test_exponentials_of_large_numbers() -> None:
    graph = load(one("ReduceLogSumExp", (3, 2), axes=[1], keepdims=0))
    inf = np.float32(np.inf)
    y = evaluate(graph, {"x": np.float32([[1000, 1000], [-inf, -inf], [inf, 0]])})["y"]
    assert np.allclose(y, [1000 + np.log(2), -inf, inf])


@pytest.mark.parametrize("op", ["ReduceMean", "ReduceSum", "ReduceMax", "ReduceL2"])
def test_reductions_of_integers(op: str) -> None:
    x = np.random.default_rng(0).integers(-99, 99, (2, 3, 4)).astype(np.int32)
    model = build([helper.make_node(op, ["x"], ["y"])], {"x": x.shape}, opset=13, dtype=TensorProto.INT32)
    check(model, {"x": x})


@pytest.mark.parametrize("op", ["ArgMax", "ArgMin"])
@pytest.mark.parametrize("attributes", [{}, {"axis": -1, "keepdims": 0}, {"axis": 1, "select_last_index": 1}])
def test_where_the_extremes_are(op: str, attributes: dict[str, int]) -> None:
    x = np.rint(normal(3, 4, 5))
    check(typed(one(op, x.shape, **attributes), TensorProto.INT64), {"x": x})


@pytest.mark.parametrize("attributes", [{}, {"axis": 0, "largest": 0}, {"axis": 1, "sorted": 0}])
def test_top_k(attributes: dict[str, int]) -> None:
    node = helper.make_node("TopK", ["x", "k"], ["y", "i"], **attributes)
    model = build([node], {"x": (3, 4, 5)}, {"k": np.int64([2])}, outputs=("y", "i"))
    model.graph.output[1].type.tensor_type.elem_type = TensorProto.INT64
    if "sorted" not in attributes:
        check(model)
    else:
        evaluate(load(model), {"x": normal(3, 4, 5)})
    few = build([node], {"x": (1, 1, 1)}, {"k": np.int64([2])}, outputs=("y", "i"))
    refused(few, "the first 2 elements along an axis of 1")


@pytest.mark.parametrize("attributes", [{}, {"exclusive": 1}, {"reverse": 1}, {"exclusive": 1, "reverse": 1}])
@pytest.mark.parametrize("axis", [0, -1])
def test_running_sums(axis: int, attributes: dict[str, int]) -> None:
    check(one("CumSum", (3, 4), np.array(axis), **attributes))
    refused(one("CumSum", (3, 4), np.array(2)), "axis 2 of a tensor of 2 axes")


def test_axis_of_running_sums_at_run_time() -> None:
    model = build([helper.make_node("CumSum", ["x", "axis"], ["y"])], {"x": (2, 3), "axis": ()})
    refused(with_integers(model, "axis"), "axis ('axis') must be constant")


def typed(model: ModelProto, element: int) -> ModelProto:
    """The model with outputs of another type."""
    for output in model.graph.output:
        output.type.tensor_type.elem_type = element
    return model
