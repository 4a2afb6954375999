"""Operators that move elements, against onnxruntime."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import helper
from onnx_case import build, check, normal, one, ops, refused, with_integers

from tinyc.errors import UnsupportedError

I64 = np.int64


@pytest.mark.parametrize(
    "target", [(6, 4), (24,), (-1,), (0, -1), (0, 0, 0), (2, -1, 2), (0, 12), (1, 2, 3, 4), (-1, 0, 4)]
)
@pytest.mark.parametrize("opset", [7, 13, 14, 21])
def test_reshape(target: tuple[int, ...], opset: int) -> None:
    check(one("Reshape", (2, 3, 4), I64(target), opset=opset))


def test_reshape_to_the_same_shape_is_nothing() -> None:
    assert check(one("Reshape", (2, 3), I64([2, -1]))).nodes == ()


def test_reshape_to_a_scalar_and_back() -> None:
    nodes = [helper.make_node("Reshape", ["x", "none"], ["s"]), helper.make_node("Reshape", ["s", "one"], ["y"])]
    check(build(nodes, {"x": (1, 1)}, {"none": I64([]), "one": I64([1])}))
    check(build(nodes[:1], {"x": (1, 1)}, {"none": I64([])}, outputs=["s"]))


@pytest.mark.parametrize(
    ("target", "attributes", "part"),
    [
        ([5], {}, "(2, 3) has 6 elements"),
        ([-1, -1], {}, "(-1, -1)"),
        ([-2, 3], {}, "(-2, 3)"),
        ([4, -1], {}, "does not reshape to (4, -1)"),
        ([1, 1, 0], {}, "keeps an axis"),
        ([0, 6], {"allowzero": 1}, "(0, 6)"),
        ([0, -1], {"allowzero": 1}, "does not reshape to (0, -1)"),
        ([2**40, 2**40], {}, "has 6 elements"),
    ],
)
def test_shapes_that_do_not_fit(target: list[int], attributes: dict[str, object], part: str) -> None:
    refused(one("Reshape", (2, 3), I64(target), **attributes), "(Reshape)", part)


def test_a_shape_computed_at_run_time() -> None:
    node = helper.make_node("Reshape", ["x", "shape"], ["y"])
    model = with_integers(build([node], {"x": (2, 3), "shape": (2,)}), "shape")
    refused(model, "its shape ('shape') must be constant", kind=UnsupportedError)


def test_a_shape_that_is_no_list_of_integers() -> None:
    refused(one("Reshape", (2, 3), np.float32([6])), "its shape, has float32 elements")
    refused(one("Reshape", (2, 3), I64([[6]])), "must be a list of integers, not int64 of shape (1, 1)")


@pytest.mark.parametrize("axis", [None, 0, 1, 2, 3, -1, -3])
@pytest.mark.parametrize("opset", [9, 11, 13])
def test_flatten(axis: int | None, opset: int) -> None:
    attributes = {} if axis is None else {"axis": axis}
    if opset < 11 and axis is not None and axis < 0:
        refused(one("Flatten", (2, 3, 4), opset=opset, **attributes), f"axis {axis}")
    else:
        check(one("Flatten", (2, 3, 4), opset=opset, **attributes))


@pytest.mark.parametrize("axes", [None, [0], [-1], [0, 3]])
@pytest.mark.parametrize("opset", [7, 11, 13])
def test_squeeze(axes: list[int] | None, opset: int) -> None:
    if opset < 11 and axes == [-1]:
        axes = [3]
    if axes is None:
        check(one("Squeeze", (1, 2, 3, 1), opset=opset))
    elif opset < 13:
        check(one("Squeeze", (1, 2, 3, 1), opset=opset, axes=axes))
    else:
        check(one("Squeeze", (1, 2, 3, 1), I64(axes), opset=opset))


@pytest.mark.parametrize("axes", [[0], [1, 3], [3, 1], [-1], [0, -2]])
@pytest.mark.parametrize("opset", [11, 13])
def test_unsqueeze(axes: list[int], opset: int) -> None:
    check(one("Unsqueeze", (2, 3), opset=opset, axes=axes) if opset < 13 else one("Unsqueeze", (2, 3), I64(axes)))


def test_axes_that_make_no_sense() -> None:
    refused(one("Squeeze", (1, 2), I64([1])), "axes (1,) of shape (1, 2) are not all of size 1")
    refused(one("Squeeze", (1, 2), I64([2])), "axis 2 of a tensor of 2 axes")
    refused(one("Squeeze", (1, 2), I64([])), "an empty list of axes", kind=UnsupportedError)
    refused(one("Unsqueeze", (1, 2), I64([0, 0])), "name one twice")
    refused(one("Unsqueeze", (1, 2), I64([4])), "axis 4 of a tensor of 3 axes")
    refused(one("Unsqueeze", (1, 2), None), "input 1 is missing: its axes")


@settings(max_examples=30, deadline=None)
@given(st.permutations(range(4)), st.sampled_from([7, 13, 21]))
def test_transpose(perm: list[int], opset: int) -> None:
    check(one("Transpose", (2, 3, 4, 5), opset=opset, perm=perm))


def test_other_transposes() -> None:
    assert ops(check(one("Transpose", (2, 3, 4)))) == ["transpose"]
    assert ops(check(one("Transpose", (2, 3), perm=[0, 1]))) == []
    assert ops(check(one("Transpose", ()))) == []
    refused(one("Transpose", (2, 3), perm=[0, 0]), "perm = (0, 0) does not permute 2 axes")
    refused(one("Transpose", (2, 3), perm=[0]), "perm = (0,)")
    refused(one("Transpose", (1,) * 7), "at most 6 axes", kind=UnsupportedError)


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("opset", [7, 11, 13])
def test_concat(axis: int, opset: int) -> None:
    node = helper.make_node("Concat", ["a", "w", "b"], ["y"], axis=axis)
    check(build([node], {"a": (2, 2, 2), "b": (2, 2, 2)}, {"w": normal(2, 2, 2)}, opset))


def test_other_concats() -> None:
    assert ops(check(one("Concat", (2, 3), axis=1))) == []
    refused(one("Concat", (2, 3), normal(3, 3), axis=1), "differ elsewhere too")
    refused(one("Concat", (2, 3), normal(3), axis=0), "differ elsewhere too")
    refused(one("Concat", (2, 3), normal(2, 3), axis=2), "axis 2 of a tensor of 2 axes")
    refused(one("Concat", (2, 3), normal(2, 3)), "attribute axis is missing")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_pad(data: st.DataObject) -> None:
    shape = data.draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    rank = len(shape)
    value = data.draw(st.sampled_from([None, 0.0, -1.5]))
    opset = data.draw(st.sampled_from([7, 11, 13, 18, 21]))
    axes = list(range(rank))
    if opset >= 18:
        axes = data.draw(st.lists(st.sampled_from(axes), unique=True, min_size=1))
    pads = data.draw(st.lists(st.integers(0, 3), min_size=2 * len(axes), max_size=2 * len(axes)))
    if opset < 11:
        check(one("Pad", shape, opset=opset, pads=pads, **({} if value is None else {"value": value})))
    else:
        constants = [I64(pads), None if value is None else np.float32(value)]
        if opset >= 18 and data.draw(st.booleans() if len(axes) == rank and axes == sorted(axes) else st.just(True)):
            constants.append(I64([a - rank if data.draw(st.booleans()) else a for a in axes]))
        check(one("Pad", shape, *constants, opset=opset, mode="constant"))


@pytest.mark.parametrize(
    ("shape", "constants", "attributes", "part"),
    [
        ((2, 3), [I64([1, 1, 1, 1])], {"mode": "mirror"}, "mode = 'mirror'"),
        ((2, 3), [I64([1, 2**40, 1, 1])], {"mode": "reflect"}, "is not possible"),
        ((2, 3), [I64([-1, 0, -1, 0])], {}, "leave nothing of axis 0"),
        ((2, 3), [I64([1, 1])], {}, "2 axes want 4 pads, not 2"),
        ((2, 3), [I64([1, 1, 1, 1]), np.float32([1, 2])], {}, "its value must be one number"),
        ((2, 3), [I64([1, 1, 1, 1]), None, I64([0, 0])], {}, "axes (0, 0) name one twice"),
        ((2, 3), [I64([1, 1]), None, I64([2])], {}, "axis 2 of a tensor of 2 axes"),
        ((2, 3), [I64([0, 2**31, 0, 0])], {}, "is not possible"),
    ],
)
def test_pads_that_are_not_possible(
    shape: tuple[int, ...], constants: list[np.ndarray | None], attributes: dict[str, object], part: str
) -> None:
    refused(one("Pad", shape, *constants, opset=18, **attributes), "(Pad)", part)


def test_dropout() -> None:
    assert check(one("Dropout", (3, 4), opset=7, ratio=0.3)).nodes == ()
    assert check(one("Dropout", (3, 4), np.float32(0.3), opset=13, seed=7)).nodes == ()
    assert check(one("Dropout", (3, 4), np.float32(0.3), np.bool_(False), opset=13)).nodes == ()
    refused(one("Dropout", (3, 4), np.float32(0.3), np.bool_(True)), "training mode", kind=UnsupportedError)


def test_the_mask_of_dropout() -> None:
    nodes = [helper.make_node("Dropout", ["x"], ["y", "mask"])]
    assert check(build(nodes, {"x": (3,)})).nodes == ()
    nodes += [helper.make_node("Cast", ["mask"], ["m"], to=1), helper.make_node("Add", ["y", "m"], ["z"])]
    check(build(nodes, {"x": (3,)}, outputs=["z"]))
