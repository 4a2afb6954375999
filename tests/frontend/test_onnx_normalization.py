"""BatchNormalization and Softmax, against onnxruntime."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import helper
from onnx_case import build, check, normal, one, ops, refused

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


def test_training() -> None:
    error = refused(one("BatchNormalization", (1, 3, 4), *statistics(3), training_mode=1), "training_mode = 1")
    assert "evaluation mode" in error.hint
    refused(one("BatchNormalization", (1, 3, 4), *statistics(3), opset=7, spatial=0), "spatial = 0")


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
