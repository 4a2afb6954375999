"""Arithmetic and activation functions, against onnxruntime."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper
from onnx_case import build, check, load, normal, one, ops, refused

from tinyc.errors import UnsupportedError

F32 = np.float32
LARGEST = float(np.finfo(F32).max)


@pytest.mark.parametrize("op", ["Add", "Sub", "Mul"])
@pytest.mark.parametrize(
    ("a", "b"), [((2, 3), (2, 3)), ((2, 3), (3,)), ((3,), (2, 3)), ((2, 1), (1, 3)), ((2, 3), ()), ((), ())]
)
@pytest.mark.parametrize("opset", [7, 13, 14])
@pytest.mark.parametrize("constant", ["", "a", "b"])
def test_arithmetic(op: str, a: tuple[int, ...], b: tuple[int, ...], opset: int, constant: str) -> None:
    shapes = {"a": a, "b": b}
    inputs = {name: shape for name, shape in shapes.items() if name != constant}
    constants = {name: normal(*shape, seed=3) for name, shape in shapes.items() if name == constant}
    graph = check(build([helper.make_node(op, ["a", "b"], ["y"])], inputs, constants, opset))
    assert ops(graph) == [op.lower()]


def test_a_tensor_with_itself() -> None:
    check(build([helper.make_node("Mul", ["x", "x"], ["y"])], {"x": (2, 3)}))


def test_an_empty_constant() -> None:
    refused(one("Add", (1,), normal(0)), "none of its outputs has any elements")


def test_shapes_that_do_not_broadcast() -> None:
    refused(one("Add", (2, 3), normal(2)), "(2, 3) and (2,) do not broadcast")


def test_seven_axes() -> None:
    refused(one("Add", (1,) * 7, normal(1)), "at most 6 axes", kind=UnsupportedError)


def test_division_by_a_constant() -> None:
    assert ops(check(one("Div", (2, 3), normal(3) + 3))) == ["mul"]


def test_other_divisions() -> None:
    node = helper.make_node("Div", ["x", "z"], ["y"])
    assert ops(check(build([node], {"x": (2,), "z": (2,)}))) == ["div"]
    assert ops(check(one("Div", (2,), F32([1, 1e-45])))) == ["div"]


@pytest.mark.parametrize("opset", [8, 13])
@pytest.mark.parametrize("op", ["Sum", "Mean"])
@pytest.mark.parametrize("count", [1, 2, 4])
def test_sums_of_many(op: str, count: int, opset: int) -> None:
    names = [f"x{i}" for i in range(count)]
    shapes = [(2, 3), (3,), (2, 1), ()]
    check(build([helper.make_node(op, names, ["y"])], dict(zip(names, shapes, strict=False)), opset=opset))


@pytest.mark.parametrize(
    ("op", "opset", "attributes"),
    [
        ("Relu", 7, {}),
        ("Relu", 14, {}),
        ("Sigmoid", 13, {}),
        ("Tanh", 13, {}),
        ("Neg", 13, {}),
        ("Identity", 14, {}),
        ("LeakyRelu", 7, {}),
        ("LeakyRelu", 16, {"alpha": 0.3}),
        ("HardSigmoid", 7, {}),
        ("HardSigmoid", 17, {"alpha": 0.7, "beta": 0.1}),
        ("HardSwish", 14, {}),
    ],
)
def test_functions_of_one_input(op: str, opset: int, attributes: dict[str, object]) -> None:
    model = one(op, (2, 3, 4), opset=opset, **attributes)
    check(model, {"x": normal(2, 3, 4) * 5})


def test_swish() -> None:
    graph = load(one("Swish", (5,), opset=24, alpha=2.0))
    assert ops(graph) == ["mul", "sigmoid", "mul"]


@pytest.mark.parametrize("slope", [(1,), (3,), (2, 1), (2, 3)])
def test_prelu(slope: tuple[int, ...]) -> None:
    check(one("PRelu", (2, 3), normal(*slope)))


def test_a_slope_larger_than_the_input() -> None:
    refused(one("PRelu", (3,), normal(2, 3)), "does not broadcast")


@pytest.mark.parametrize(
    "bounds", [{}, {"min": -0.5}, {"max": 0.5}, {"min": 0.0, "max": 6.0}, {"min": -LARGEST, "max": LARGEST}]
)
@pytest.mark.parametrize("opset", [7, 11, 12, 13])
def test_clip(bounds: dict[str, float], opset: int) -> None:
    if opset < 11:
        model = one("Clip", (2, 8), opset=opset, **bounds)
    else:
        model = one("Clip", (2, 8), *(F32(bounds[k]) if k in bounds else None for k in ("min", "max")), opset=opset)
    assert len(check(model).nodes) == (0 if bounds.get("max", LARGEST) == -bounds.get("min", -LARGEST) else 1)


def test_clip_to_an_interval_that_is_none() -> None:
    check(one("Clip", (2, 8), F32(0.5), F32(-0.5)))


def test_bounds_that_are_not_constant_or_no_number() -> None:
    node = helper.make_node("Clip", ["x", "low"], ["y"])
    assert ops(check(build([node], {"x": (3,), "low": ()}))) == ["map"]
    refused(one("Clip", (3,), F32("nan")), "must be one number")
    refused(one("Clip", (3,), F32([1, 2])), "must be one number")
    refused(one("Clip", (3,), np.int64(1)), "inputs 0 and 1 must be of one type, they are float32 and int64")
    refused(one("Clip", (3,), F32("inf")), "leave no finite value")
    refused(one("Clip", (3,), opset=7, min=float("nan")), "NaN")


@pytest.mark.parametrize("op", ["Max", "Min"])
def test_extremes_with_numbers(op: str) -> None:
    assert ops(check(one(op, (2, 8), F32(0.25), F32([-0.25])))) == ["clamp"]
    node = helper.make_node(op, ["c", "x"], ["y"])
    assert ops(check(build([node], {"x": (5,)}, {"c": F32(0.1)}))) == ["clamp"]
    assert ops(check(one(op, (5,)))) == []


@pytest.mark.parametrize("op", ["Max", "Min"])
def test_extremes_of_tensors(op: str) -> None:
    assert ops(check(one(op, (5,), normal(5)))) == ["map"]
    assert ops(check(one(op, (5,), F32([[1]])))) == ["map"]
    refused(one(op, (5,), F32("nan")), "NaN")


@pytest.mark.parametrize("to", [TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE])
def test_casts_between_floats_do_nothing(to: int) -> None:
    nodes = [helper.make_node("Cast", ["x"], ["c"], to=to), helper.make_node("Cast", ["c"], ["y"], to=1)]
    assert check(build(nodes, {"x": (3,)}), rtol=1e-2).nodes == ()


def test_casts_to_integers() -> None:
    nodes = [helper.make_node("Cast", ["x"], ["i"], to=TensorProto.INT64), helper.make_node("Cast", ["i"], ["y"], to=1)]
    assert ops(check(build(nodes, {"x": (3,)}))) == ["cast", "cast"]
    refused(one("Cast", (3,), to=TensorProto.STRING), "to = 'string'", kind=UnsupportedError)


def test_an_operator_that_is_not_there() -> None:
    error = refused(one("NonZero", (3,)), "node 'the_node'", "NonZero is not supported", kind=UnsupportedError)
    assert "tinyc inspect" in error.hint
