"""BatchNormalization and Softmax, against onnxruntime."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import helper
from onnx_case import build, check, evaluate, load, normal, one, ops, refused

from tinyc.errors import UnsupportedError


def statistics(channels: int) -> list[np.ndarray]:
    """Scale, offset, mean, variance."""
    values = [normal(channels, seed=i) for i in range(4)]
    return [*values[:3], np.abs(values[3])]


@pytest.mark.parametrize("shape", [(2, 3), (1, 3, 4), (2, 3, 4, 5), (1, 3, 2, 2, 2)])
@pytest.mark.parametrize("opset", [7, 9, 14, 15])
def test_batch_normalization(shape: tuple[int, ...], opset: int) -> None:
    graph = check(one("BatchNormalization", shape, *statistics(3), opset=opset, epsilon=1e-3, momentum=0.5))
    assert ops(graph) == ["mul", "add"]


@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 3, 4, 5)])
@pytest.mark.parametrize("training", [0, 1])
def test_batch_normalization_with_computed_statistics(training: int, shape: tuple[int, ...]) -> None:
    names = ["x", "scale", "offset", "mean", "variance"]
    outputs = ["y", "m", "v"][: 1 + 2 * training]
    node = helper.make_node("BatchNormalization", names, outputs, training_mode=training, momentum=0.7)
    model = build([node], {"x": shape, **dict.fromkeys(names[1:], (3,))}, outputs=outputs, opset=15)
    inputs = dict(zip(names, [normal(*shape), *statistics(3)], strict=True))
    check(model, inputs)


def test_statistics_of_each_place() -> None:
    refused(one("BatchNormalization", (1, 3, 4), *statistics(3), opset=7, spatial=0), "spatial = 0")


@pytest.mark.parametrize("shape", [(2, 3, 4), (1, 3, 4, 5), (2, 3, 2, 2, 2)])
def test_instance_normalization(shape: tuple[int, ...]) -> None:
    check(one("InstanceNormalization", shape, normal(3), normal(3, seed=1), epsilon=1e-2))
    refused(one("InstanceNormalization", shape, normal(2), normal(3)), "scale (2,)", "do not fit")


@pytest.mark.parametrize("p", [1, 2])
@pytest.mark.parametrize("axis", [0, 1, -1])
def test_lp_normalization(axis: int, p: int) -> None:
    check(one("LpNormalization", (2, 3, 4), axis=axis, p=p))


def test_lengths_of_zero() -> None:
    graph = load(one("LpNormalization", (2, 3)))
    y = evaluate(graph, {"x": np.float32([[0, 0, 0], [3, 0, 4]])})["y"]
    assert np.allclose(y, [[0, 0, 0], [0.6, 0, 0.8]])


@pytest.mark.parametrize("size", [1, 3, 5, 7])
def test_local_response_normalization(size: int) -> None:
    check(one("LRN", (2, 5, 3, 4), size=size, alpha=0.3, beta=0.6, bias=2.0))


@pytest.mark.parametrize("op", ["LogSoftmax", "Hardmax"])
@pytest.mark.parametrize("opset", [11, 13])
@pytest.mark.parametrize("axis", [None, 0, 1, -1])
def test_along_any_axis(op: str, axis: int | None, opset: int) -> None:
    check(one(op, (2, 3, 4), opset=opset, **({} if axis is None else {"axis": axis})))


def test_hardmax_takes_the_first_of_equals() -> None:
    y = evaluate(load(one("Hardmax", (1, 4))), {"x": np.float32([[1, 3, 3, 2]])})["y"]
    assert y.tolist() == [[0, 1, 0, 0]]


@pytest.mark.parametrize("axis", [1, 2, -1])
def test_layer_normalization(axis: int) -> None:
    size = (2, 3, 4)[axis:] if axis > 0 else (4,)
    model = one("LayerNormalization", (2, 3, 4), normal(*size), normal(*size, seed=1), axis=axis)
    assert "normalize" in ops(check(model))
    check(one("LayerNormalization", (2, 3, 4), normal(*size), axis=axis, epsilon=0.1))


def test_layer_normalization_with_statistics() -> None:
    node = helper.make_node("LayerNormalization", ["x", "s"], ["y", "mean", "inverse"], axis=1)
    check(build([node], {"x": (2, 3, 4)}, {"s": normal(3, 4)}, outputs=("y", "mean", "inverse")))
    check(build([node], {"x": (2, 3, 4), "s": (3, 4)}, outputs=("y", "mean", "inverse")))


def test_long_rows() -> None:
    """Of more elements than one operator takes."""
    check(one("LayerNormalization", (1, 70000), normal(1)), rtol=1e-3)
    check(one("RMSNormalization", (1, 70000), normal(1), opset=23), rtol=1e-3)


@pytest.mark.parametrize("axis", [0, 1, -1])
def test_rms_normalization(axis: int) -> None:
    size = (2, 3, 4)[axis:] if axis >= 0 else (4,)
    graph = check(one("RMSNormalization", (2, 3, 4), normal(*size), axis=axis, opset=23, epsilon=0.2))
    assert ops(graph)[-1] in ("normalize", "reshape")


@pytest.mark.parametrize("shape", [(2, 6), (2, 6, 5), (1, 6, 3, 4)])
@pytest.mark.parametrize("groups", [1, 2, 6])
def test_group_normalization(groups: int, shape: tuple[int, ...]) -> None:
    model = one("GroupNormalization", shape, normal(6), normal(6, seed=1), num_groups=groups, opset=21)
    check(model, rtol=1e-3 if shape == (2, 6) and groups == 6 else 1e-4)
    refused(one("GroupNormalization", shape, normal(6), normal(6), num_groups=4, opset=21), "4 groups of 6 channels")


def test_scales_that_do_not_fit() -> None:
    refused(one("LayerNormalization", (2, 3, 4), normal(3), axis=-1), "input 1 of shape (3,) does not broadcast")


def test_statistics_that_do_not_fit() -> None:
    refused(one("BatchNormalization", (1, 2, 4), *statistics(3)), "scale of shape (2,), not (3,)")
    refused(one("BatchNormalization", (3,), *statistics(3)), "must have a batch and channels")
    scale, offset, mean, _ = statistics(3)
    refused(one("BatchNormalization", (1, 3), scale, offset, mean, np.float32([1, -1, 1])), "not positive")


@pytest.mark.parametrize("opset", [7, 11, 12, 13])
@pytest.mark.parametrize("axis", [None, 0, 1, 2, -1, -2])
@pytest.mark.parametrize("shape", [(2, 3, 4), (2, 3, 4, 5)])
def test_softmax(shape: tuple[int, ...], axis: int | None, opset: int) -> None:
    attributes = {} if axis is None else {"axis": axis}
    check(one("Softmax", shape, opset=opset, **attributes))


def test_softmax_over_the_last_axis_needs_nothing_else() -> None:
    assert ops(check(one("Softmax", (2, 3, 4)))) == ["softmax"]
    assert ops(check(one("Softmax", (1, 10), opset=9))) == ["softmax"]


def test_softmax_of_a_constant_before_opset_13() -> None:
    nodes = [helper.make_node("Softmax", ["c"], ["s"], axis=0), helper.make_node("Add", ["x", "s"], ["y"])]
    graph = check(build(nodes, {"x": (2, 3)}, {"c": normal(2, 3)}, opset=11))
    assert ops(graph) == ["add"]


def test_an_axis_that_is_not_there() -> None:
    refused(one("Softmax", (2, 3), axis=2), "axis 2 of a tensor of 2 axes")
    refused(one("Softmax", (), axis=0), "axis 0 of a tensor of 0 axes")
    refused(one("Softmax", (2,) * 7, axis=0), "at most 6 axes", kind=UnsupportedError)
