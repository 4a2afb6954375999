"""Means and sums over axes, against onnxruntime."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper
from onnx_case import build, check, normal, one, ops, refused

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
    refused(one("ReduceMean", (2, 3), np.float32([1]), opset=18), "axes must be a list of integers")
    refused(one("ReduceMean", (2, 3), opset=17, noop_with_empty_axes=1), "no attribute 'noop_with_empty_axes'")


def test_axes_computed_at_run_time() -> None:
    node = helper.make_node("ReduceMean", ["x", "axes"], ["y"])
    refused(build([node], {"x": (2, 3), "axes": (1,)}, opset=18), "axes ('axes') must be constant")


@pytest.mark.parametrize("shape", [(1, 3, 4, 4), (1, 1, 1, 1)])
def test_a_constant_is_reduced_at_once(shape: tuple[int, ...]) -> None:
    nodes = [
        helper.make_node("ReduceMean", ["c"], ["m"], axes=[2, 3]),
        helper.make_node("Mul", ["x", "m"], ["y"]),
    ]
    assert ops(check(build(nodes, {"x": shape}, {"c": normal(*shape)}))) == ["mul"]
