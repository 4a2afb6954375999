"""Gemm and MatMul, against onnxruntime."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper
from onnx_case import build, check, normal, one, ops, refused

from tinyc.errors import UnsupportedError

C_SHAPES = [None, (), (1,), (4,), (1, 4), (3, 4), (3, 1), (1, 1)]


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_any_gemm(data: st.DataObject) -> None:
    """A of 3x2, B of 2x4, each as it is or transposed, each known at compile time or not."""
    flip_a, flip_b = data.draw(st.booleans()), data.draw(st.booleans())
    alpha, beta = data.draw(st.sampled_from([1.0, 0.5])), data.draw(st.sampled_from([1.0, -2.0, 0.0]))
    shapes = {"a": (2, 3) if flip_a else (3, 2), "b": (4, 2) if flip_b else (2, 4)}
    c_shape = data.draw(st.sampled_from(C_SHAPES))
    if c_shape is not None:
        shapes["c"] = c_shape
    everything = {"a", "b", "c"} if c_shape is not None and beta else {"a", "b"}
    constant = data.draw(st.sets(st.sampled_from(sorted(shapes))).filter(lambda names: not everything <= names))
    node = helper.make_node("Gemm", list(shapes), ["y"], alpha=alpha, beta=beta, transA=int(flip_a), transB=int(flip_b))
    inputs = {name: shape for name, shape in shapes.items() if name not in constant}
    opset = data.draw(st.sampled_from([11, 13, 17] if c_shape is None else [7, 9, 11, 13, 17]))
    check(build([node], inputs, {name: normal(*shapes[name], seed=7) for name in constant}, opset))


def test_gemm_with_weights_is_one_dense_layer() -> None:
    assert ops(check(one("Gemm", (1, 5), normal(3, 5), normal(3), transB=1))) == ["dense"]
    assert ops(check(one("Gemm", (1, 5), normal(5, 3), normal(1, 3), alpha=0.1, beta=3.0))) == ["dense"]


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((3, 4), (4, 5)),
        ((2, 3, 4), (4, 5)),
        ((2, 3, 4), (2, 4, 5)),
        ((2, 6, 3, 4), (2, 6, 4, 5)),
        ((3, 4), (2, 4, 5)),
        ((1, 3, 4), (2, 4, 5)),
        ((2, 3, 4), (1, 4, 5)),
        ((2, 3, 4), (1, 1, 4, 5)),
        ((2, 3, 4), (1, 2, 4, 5)),
        ((4,), (4, 5)),
        ((3, 4), (4,)),
        ((4,), (4,)),
        ((4,), (2, 4, 5)),
        ((2, 3, 4), (4,)),
        ((1, 1, 3, 4), (4, 5)),
    ],
)
@pytest.mark.parametrize("constant", ["", "a", "b"])
def test_any_matmul(a: tuple[int, ...], b: tuple[int, ...], constant: str) -> None:
    shapes = {"a": a, "b": b}
    inputs = {name: shape for name, shape in shapes.items() if name != constant}
    constants = {name: normal(*shape) for name, shape in shapes.items() if name == constant}
    graph = check(build([helper.make_node("MatMul", ["a", "b"], ["y"])], inputs, constants))
    assert not any(set(node.ins) <= set(graph.constants) for node in graph.nodes)


def test_matmul_with_constant_weights_is_dense() -> None:
    assert ops(check(one("MatMul", (2, 3, 4), normal(4, 5)))) == ["dense"]


def test_matmul_of_a_constant_with_an_activation_is_dense_between_transposes() -> None:
    node = helper.make_node("MatMul", ["w", "x"], ["y"])
    assert ops(check(build([node], {"x": (4, 3)}, {"w": normal(5, 4)}))) == ["transpose", "dense", "transpose"]


@pytest.mark.parametrize(
    ("a", "b", "part"),
    [
        ((3, 4), (3, 4), "do not fit"),
        ((), (3, 4), "are no matrices"),
        ((2, 3, 4), (3, 4, 5), "do not fit"),
        ((2, 4, 3, 4), (2, 4, 5), "do not fit"),
    ],
)
def test_matrices_that_do_not_fit(a: tuple[int, ...], b: tuple[int, ...], part: str) -> None:
    refused(build([helper.make_node("MatMul", ["a", "b"], ["y"])], {"a": a, "b": b}), "(MatMul)", part)


@pytest.mark.parametrize(
    ("a", "b", "c", "part"),
    [
        ((1, 2, 3), (3, 4), (4,), "must be matrices"),
        ((2, 3), (3,), (4,), "must be matrices"),
        ((2, 3), (4, 3), (4,), "(2, 3) and (4, 3) do not fit"),
        ((2, 3), (3, 4), (2,), "does not broadcast"),
        ((2, 3), (3, 4), (1, 1, 4), "does not broadcast"),
    ],
)
def test_gemms_that_do_not_fit(a: tuple[int, ...], b: tuple[int, ...], c: tuple[int, ...], part: str) -> None:
    refused(one("Gemm", a, normal(*b), normal(*c)), "(Gemm)", part)


def test_values_of_another_flag() -> None:
    refused(one("Gemm", (2, 3), normal(3, 4), transA=2), "transA = 2", kind=UnsupportedError)


def test_integer_weights() -> None:
    refused(one("MatMul", (2, 3), np.ones((3, 2), np.int64)), "must be of one type, they are float32 and int64")
