"""Resize and Upsample, against onnxruntime."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from onnx import ModelProto, TensorProto, helper
from onnx_case import Array, build, check, one, ops, refused

from tinyc.errors import UnsupportedError

I64 = np.int64
F32 = np.float32
NOTHING = np.zeros(0, F32)

COORDINATES = ["half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners"]
SCALES = st.integers(300, 4000).map(lambda thousandths: thousandths / 1000)
ROUNDINGS = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil"]


def scales(*values: float) -> Array:
    """Those of all axes, given those of the spatial ones."""
    return np.array([1, 1, *values], F32)


def sizes(*values: int) -> Array:
    """The same of sizes, for a batch of 1 and 3 channels."""
    return np.array([1, 3, *values], I64)


def resize(shape: tuple[int, ...], *given: Array, opset: int = 18, **attributes: object) -> ModelProto:
    """One Resize without a region of interest; scales are left empty where sizes are given."""
    rest = given if given[0].dtype == F32 else (NOTHING, *given)
    return one("Resize", shape, NOTHING, *rest, opset=opset, **attributes)


def is_doubtful(cells: int, size: int, coordinates: str, rounding: str) -> bool:
    """Whether a place lies just where nearest changes cells, by a scale that float32, in which the other side
    computes, does not hold."""
    scale = Fraction(size, cells)
    if scale.denominator & (scale.denominator - 1) == 0 or coordinates == "align_corners":
        return False
    first = Fraction(0) if coordinates == "asymmetric" else (1 / scale - 1) / 2
    edge = Fraction(1, 2) if rounding.startswith("round") else Fraction(0)
    return any((first + i / scale + edge).denominator == 1 for i in range(size))


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_any_size(data: st.DataObject) -> None:
    mode = data.draw(st.sampled_from(["nearest", "linear"]))
    axes = data.draw(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 24)), min_size=1, max_size=2))
    opset = data.draw(st.sampled_from([11, 13, 18, 19]))
    coordinates = data.draw(st.sampled_from(COORDINATES + (["half_pixel_symmetric"] if opset >= 19 else [])))
    attributes: dict[str, object] = {"mode": mode, "coordinate_transformation_mode": coordinates}
    if mode == "nearest":
        rounding = attributes["nearest_mode"] = data.draw(st.sampled_from(ROUNDINGS))
        assume(not any(is_doubtful(cells, size, coordinates, rounding) for cells, size in axes))
    wanted = sizes(*(s for _, s in axes)) if data.draw(st.booleans()) else scales(*(s / c for c, s in axes))
    check(resize((1, 3, *(c for c, _ in axes)), wanted, opset=opset, **attributes))


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_scales_that_do_not_divide(data: st.DataObject) -> None:
    """Sizes are rounded down, and the scale counts, not what the sizes make of it."""
    axes = data.draw(st.lists(st.tuples(st.integers(4, 12), SCALES), min_size=1, max_size=2))
    coordinates = data.draw(st.sampled_from([*COORDINATES[:-1], "half_pixel_symmetric"]))
    model = resize(
        (1, 3, *(c for c, _ in axes)), scales(*(s for _, s in axes)), opset=19, mode="linear",
        coordinate_transformation_mode=coordinates,
    )  # fmt: skip
    check(model)


@pytest.mark.parametrize("scale", [1.7, 2.3, 0.7, 1.05])
@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_nearest_with_scales_that_do_not_divide(scale: float, rounding: str) -> None:
    check(resize((1, 2, 11, 13), scales(scale, 1), coordinate_transformation_mode="asymmetric", nearest_mode=rounding))


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_before_there_were_coordinates(data: st.DataObject) -> None:
    axes = data.draw(st.lists(st.tuples(st.integers(1, 9), st.integers(1, 24)), min_size=1, max_size=2))
    opset = data.draw(st.sampled_from([7, 8, 9, 10]))
    mode = data.draw(st.sampled_from(["nearest", "linear"]))
    shape, wanted = (1, 3, *(c for c, _ in axes)), scales(*(s / c for c, s in axes))
    if opset == 10:
        assume(mode == "linear" or not any(is_doubtful(c, s, "asymmetric", "floor") for c, s in axes))
        check(one("Resize", shape, wanted, opset=10, mode=mode))
        return
    assume(min(wanted) >= 1)  # onnxruntime wants it so
    assume(mode == "linear" or not any(is_doubtful(c, s, "asymmetric", "floor") for c, s in axes))
    if opset == 9:
        check(one("Upsample", shape, wanted, opset=9, mode=mode))
    else:
        check(one("Upsample", shape, opset=opset, mode=mode, scales=list(map(float, wanted))))


def test_one_coordinate_mode_of_opset_11() -> None:
    for mode in ("nearest", "linear"):
        check(
            resize(
                (1, 3, 5, 4), sizes(10, 9), opset=11, mode=mode, coordinate_transformation_mode="tf_half_pixel_for_nn"
            )
        )


def test_between_two_transposes() -> None:
    assert ops(check(resize((1, 3, 5, 4), scales(2, 2)))) == ["transpose", "resize", "transpose"]


def test_the_same_size_is_the_same_tensor() -> None:
    assert ops(check(resize((1, 3, 5, 4), sizes(5, 4)))) == []
    assert ops(check(resize((1, 3, 6, 4), scales(1.1, 1), mode="linear"))) == []


def test_sizes_computed_from_shapes() -> None:
    """As PyTorch exports interpolation to the size of another tensor."""
    nodes = [
        helper.make_node("Shape", ["z"], ["all"]),
        helper.make_node("Slice", ["all", "two", "four"], ["plane"]),
        helper.make_node("Concat", ["lead", "plane"], ["sizes"], axis=0),
        helper.make_node("Resize", ["x", "", "", "sizes"], ["y"], mode="linear"),
        helper.make_node("Add", ["y", "z"], ["sum"]),
    ]
    constants = {"two": I64([2]), "four": I64([4]), "lead": I64([1, 3])}
    check(build(nodes, {"x": (1, 3, 4, 5), "z": (1, 3, 9, 7)}, constants, outputs=["sum"]))


def test_named_axes() -> None:
    for axes in ([2, 3], [3, 2], [-1, -2], [3]):
        wanted = I64([7, 9][: len(axes)])
        check(one("Resize", (1, 3, 4, 5), NOTHING, NOTHING, wanted, opset=18, axes=axes))


@pytest.mark.parametrize(
    ("given", "attributes", "part"),
    [
        ((scales(2, 2),), {"mode": "quintic"}, "mode = 'quintic'"),
        ((scales(2, 2),), {"coordinate_transformation_mode": "spherical"}, "'spherical'"),
        ((scales(2, 2),), {"coordinate_transformation_mode": "tf_crop_and_resize"}, "0 numbers for 4 axes"),
        ((scales(2, 2),), {"nearest_mode": "simple"}, "nearest_mode = 'simple'"),
        ((scales(2, 2),), {"antialias": 1}, "antialias = 1"),
        ((scales(0.7, 2),), {"coordinate_transformation_mode": "align_corners"}, "give sizes instead of scales"),
        ((sizes(8, 8),), {"keep_aspect_ratio_policy": "kept"}, "keep_aspect_ratio_policy = 'kept'"),
        ((F32([2, 2]),), {}, "4 axes want as many positive scales"),
        ((scales(-1, 2),), {}, "4 axes want as many positive scales"),
        ((scales(0.1, 2),), {}, "nothing is left of axis 2"),
        ((scales(1e30, 2),), {}, "32 bits"),
        ((sizes(0, 8),), {}, "4 axes want as many positive sizes"),
        ((I64([8, 8]),), {"axes": [2, 2]}, "name one twice"),
        ((NOTHING,), {}, "either scales or sizes must be given"),
        ((scales(2, 2), sizes(8, 10)), {}, "not both"),
    ],
    ids=str,
)
def test_what_is_refused(given: tuple[Array, ...], attributes: dict[str, object], part: str) -> None:
    refused(resize((1, 3, 4, 5), *given, **attributes), "node 'the_node' (Resize)", part)


@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
def test_any_number_of_axes(mode: str) -> None:
    graph = check(resize((1, 3, 4, 4, 4), scales(1, 2, 0.5), mode=mode) if mode != "cubic" else cubic())
    assert "resize" not in ops(graph)


def cubic(**attributes: object) -> ModelProto:
    """A cubic Resize of an image."""
    return resize((1, 2, 6, 5), scales(1.5, 0.6), mode="cubic", **attributes)


@pytest.mark.parametrize("coordinates", ["half_pixel", "asymmetric", "pytorch_half_pixel"])
@pytest.mark.parametrize("outside", [0, 1])
def test_cubic(coordinates: str, outside: int) -> None:
    assert ops(check(cubic(coordinate_transformation_mode=coordinates, exclude_outside=outside, cubic_coeff_a=-0.5)))


def test_regions_of_interest() -> None:
    region = F32([0, 0, 0.2, -0.1, 1, 1, 0.7, 1.2])
    crop = {"coordinate_transformation_mode": "tf_crop_and_resize", "extrapolation_value": 7.0}
    check(one("Resize", (1, 2, 6, 5), region, NOTHING, I64([1, 2, 4, 8]), opset=18, mode="linear", **crop))


def test_integers() -> None:
    """The nearest of any elements, sums of floats alone."""
    for mode, kind in (("nearest", TensorProto.UINT8), ("linear", TensorProto.INT8)):
        node = helper.make_node("Resize", ["x", "", "s"], ["y"], mode=mode)
        model = build([node], {"x": (1, 2, 4, 5)}, {"s": scales(2, 0.5)}, dtype=kind)
        if mode == "nearest":
            assert ops(check(model)) == ["gather", "gather"]
        else:
            refused(model, "sums of int8 elements", kind=UnsupportedError)


@pytest.mark.parametrize("policy", ["not_larger", "not_smaller"])
def test_the_aspect_ratio_stays(policy: str) -> None:
    wanted = I64([7, 9])
    model = one(
        "Resize", (1, 3, 4, 6), NOTHING, NOTHING, wanted, opset=18, axes=[2, 3], keep_aspect_ratio_policy=policy
    )
    assert ops(check(model)) == ["transpose", "resize", "transpose"]


def test_sizes_of_run_time_are_refused() -> None:
    nodes = [helper.make_node("Resize", ["x", "", "s"], ["y"], name="the_node")]
    refused(build(nodes, {"x": (1, 3, 4, 5), "s": (4,)}), "scales", "must be constant", kind=UnsupportedError)
