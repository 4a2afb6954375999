"""Models of opsets before 7, whose operators are written in other ways."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper
from onnx_case import Array, build, evaluate, load, normal, one, refused

from tinyc.errors import UnsupportedError


def compute(op: str, opset: int, x: Array, *constants: Array, **attributes: object) -> Array:
    """The result of one node of `x` and constants."""
    names = [f"c{i}" for i in range(len(constants))]
    node = helper.make_node(op, ["x", *names], ["y"], **attributes)
    graph = load(build([node], {"x": x.shape}, dict(zip(names, constants, strict=True)), opset))
    return evaluate(graph, {"x": x})["y"]


@pytest.mark.parametrize("opset", range(1, 7))
def test_opsets(opset: int) -> None:
    attributes = {"consumed_inputs": [0]} if opset < 6 else {}
    np.testing.assert_array_equal(compute("Relu", opset, np.float32([-1, 0, 1]), **attributes), [0, 0, 1])


@pytest.mark.parametrize(
    ("shape", "axis", "as_now"),
    [
        ((4, 5), None, (4, 5)),
        ((5,), None, (5,)),
        ((), None, ()),
        ((3, 4), 1, (3, 4, 1)),
        ((2,), 0, (2, 1, 1, 1)),
        ((3,), -3, (3, 1, 1)),
        ((1, 4), 1, (1, 4, 1)),
        ((2, 3, 4, 5), 0, (2, 3, 4, 5)),
    ],
)
@pytest.mark.parametrize("op", ["Add", "Sub"])
def test_broadcasting_by_attributes(op: str, shape: tuple[int, ...], axis: int | None, as_now: tuple[int, ...]) -> None:
    x, b = normal(2, 3, 4, 5), normal(*shape, seed=1)
    attributes = {"broadcast": 1} | ({} if axis is None else {"axis": axis})
    want = x + b.reshape(as_now) if op == "Add" else x - b.reshape(as_now)
    np.testing.assert_allclose(compute(op, 6, x, b, **attributes), want, rtol=1e-6)


def test_broadcasting_at_run_time() -> None:
    node = helper.make_node("Mul", ["a", "b"], ["y"], broadcast=1, axis=0)
    graph = load(build([node], {"a": (2, 3), "b": (2,)}, opset=6))
    a, b = normal(2, 3), normal(2)
    np.testing.assert_allclose(evaluate(graph, {"a": a, "b": b})["y"], a * b[:, None])


def test_what_was_not_broadcast() -> None:
    refused(one("Add", (2, 3), normal(3), opset=6), "(2, 3) and (3,) without the attribute broadcast")
    refused(one("Add", (2, 3), normal(2), opset=6, broadcast=1), "(2,) does not fit (2, 3)")
    refused(one("Add", (2, 3), normal(2, 3, 4), opset=6, broadcast=1), "(2, 3, 4) does not fit")
    refused(one("Add", (2, 3), normal(3), opset=6, broadcast=1, axis=5), "from axis 5 on")


def test_slopes_of_channels() -> None:
    x, slope = normal(1, 3, 2, 2), normal(3)
    want = np.where(x < 0, x * slope[:, None, None], x)
    np.testing.assert_allclose(compute("PRelu", 6, x, slope), want)
    np.testing.assert_allclose(compute("PRelu", 6, x, slope[:1]), np.where(x < 0, x * slope[0], x))


def test_attributes_that_became_inputs() -> None:
    x = normal(2, 6)
    np.testing.assert_array_equal(compute("Reshape", 1, x, shape=[3, -1]), x.reshape(3, 4))
    np.testing.assert_array_equal(compute("Reshape", 5, x, np.array([4, 3])), x.reshape(4, 3))


def test_attributes_of_other_types_and_names() -> None:
    x = np.float32([[-1.5, 2.5]])
    model = one("Cast", (1, 2), opset=1, to="INT32")
    model.graph.output[0].type.tensor_type.elem_type = TensorProto.INT32
    np.testing.assert_array_equal(evaluate(load(model), {"x": x})["y"], [[-1, 2]])
    np.testing.assert_array_equal(compute("Pad", 1, x, paddings=[0, 1, 0, 0], value=7.0), [[7, -1.5, 2.5]])
    np.testing.assert_array_equal(compute("Concat", 1, x, x), np.concatenate([x, x], axis=1))
    image = normal(1, 1, 2, 2)
    want = image.repeat(2, axis=2).repeat(3, axis=3)
    np.testing.assert_array_equal(compute("Upsample", 1, image, height_scale=2.0, width_scale=3.0), want)
    np.testing.assert_allclose(
        compute("GlobalLpPool", 1, image, p=2.0).reshape(()), np.sqrt((image.astype(np.float64) ** 2).sum()), rtol=1e-6
    )


def test_normalization_as_in_inference() -> None:
    x, (scale, bias, mean) = normal(1, 2, 3, 3), normal(3, 2)
    variance = np.float32([1, 4])
    got = compute("BatchNormalization", 6, x, scale, bias, mean, variance, is_test=1, epsilon=0.0)
    columns = [a[:, None, None] for a in (scale, bias, mean, variance)]
    np.testing.assert_allclose(got, columns[0] * (x - columns[2]) / np.sqrt(columns[3]) + columns[1], rtol=1e-4)
    training = one("BatchNormalization", (1, 2, 3, 3), scale, bias, mean, variance, opset=6)
    refused(training, "is_test = 0", kind=UnsupportedError)
    np.testing.assert_array_equal(compute("Dropout", 6, x, is_test=1), x)


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (one("Cast", (2,), opset=1, to="COMPLEX"), "'COMPLEX' is not a type"),
        (one("LpPool", (1, 1, 4), opset=1, p=1.5, kernel_shape=[2]), "p = 1.5"),
        (one("Tile", (2,), np.float32(2), np.float32(0), opset=1), "repetitions along one axis"),
        (one("Split", (4,), np.float32([2, 2]), opset=1), "sizes of parts as an input"),
        (one("Acos", (2,), opset=6), "opset 6 has no operator Acos"),
    ],
)
def test_what_is_refused(model: object, says: str) -> None:
    refused(model, says, kind=UnsupportedError)  # type: ignore[arg-type]
