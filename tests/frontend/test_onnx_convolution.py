"""Conv, against onnxruntime."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from onnx import helper
from onnx_case import build, check, normal, one, ops, refused

PADDINGS = ("SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET", None)


@settings(max_examples=120, deadline=None)
@given(st.data())
def test_any_convolution(data: st.DataObject) -> None:
    def axes(least: int, most: int) -> list[int]:
        return data.draw(st.lists(st.integers(least, most), min_size=rank, max_size=rank))

    rank = data.draw(st.integers(1, 2))
    size, kernel, strides, dilations = axes(1, 9), axes(1, 4), axes(1, 3), axes(1, 3)
    groups = data.draw(st.integers(1, 4))
    depth, per_group = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3))
    auto_pad = data.draw(st.sampled_from(PADDINGS))
    attributes: dict[str, object] = {"strides": strides, "dilations": dilations, "group": groups}
    pads = [0] * (2 * rank)
    if auto_pad is not None:
        attributes["auto_pad"] = auto_pad
    if auto_pad in (None, "NOTSET"):
        pads = attributes["pads"] = axes(0, 3) + axes(0, 3)
    if auto_pad in ("SAME_UPPER", "SAME_LOWER"):
        assume(set(dilations) == {1})  # onnxruntime refuses the others
    extents = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    fits = all(s + pads[i] + pads[rank + i] >= extents[i] for i, s in enumerate(size))
    assume(fits or auto_pad in ("SAME_UPPER", "SAME_LOWER"))
    weights = normal(groups * per_group, depth, *kernel)
    bias = data.draw(st.sampled_from([None, normal(groups * per_group)]))
    opset = data.draw(st.sampled_from([7, 11, 17, 22]))
    batch = data.draw(st.integers(1, 2))
    check(one("Conv", (batch, groups * depth, *size), weights, bias, opset=opset, **attributes))


def test_depthwise_is_recognized() -> None:
    graph = check(one("Conv", (1, 3, 5, 5), normal(6, 1, 3, 3), group=3))
    assert ops(graph) == ["transpose", "depthwise_conv2d", "transpose"]


def test_one_channel_in_one_group_is_not_depthwise() -> None:
    graph = check(one("Conv", (1, 1, 5, 5), normal(6, 1, 3, 3)))
    assert ops(graph) == ["transpose", "conv2d", "transpose"]


def test_values_and_constants_are_called_as_in_the_model() -> None:
    nodes = [helper.make_node("Conv", ["im/age:0", "w", "b"], ["y"])]
    graph = check(build(nodes, {"im/age:0": (1, 1, 2, 2)}, {"w": normal(2, 1, 1, 1), "b": normal(2)}))
    assert graph.inputs[0].name == "im/age:0"
    assert set(graph.constants) == {"w", "b"}
    assert [n.name for n in graph.nodes] == ["y"] * 3


def test_weights_computed_at_run_time() -> None:
    nodes = [helper.make_node("Conv", ["x", "w", "b"], ["y"], group=2, dilations=[2, 1], pads=[1, 0, 2, 1])]
    graph = check(build(nodes, {"x": (2, 4, 5, 6), "w": (6, 2, 3, 2), "b": (6,)}))
    assert ops(graph) == ["convolve", "reshape", "add"]


def test_three_spatial_axes() -> None:
    given = {"strides": [1, 2, 1], "dilations": [1, 1, 2], "pads": [1, 0, 0, 0, 1, 2], "group": 2}
    check(one("Conv", (1, 4, 4, 5, 6), normal(6, 2, 2, 3, 2), normal(6), **given))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_transposed_convolution(data: st.DataObject) -> None:
    def axes(least: int, most: int) -> list[int]:
        return data.draw(st.lists(st.integers(least, most), min_size=rank, max_size=rank))

    rank = data.draw(st.integers(1, 3))
    size, kernel, strides, dilations = axes(1, 4), axes(1, 3), axes(1, 3), axes(1, 2)
    groups, depth, per_group = (data.draw(st.integers(1, 2)) for _ in range(3))
    attributes: dict[str, object] = {"strides": strides, "dilations": dilations, "group": groups}
    spans = [s * (n - 1) + (k - 1) * d + 1 for s, n, k, d in zip(strides, size, kernel, dilations, strict=True)]
    match data.draw(st.sampled_from(["pads", "output_shape", "VALID"])):
        case "pads":
            extra = attributes["output_padding"] = [data.draw(st.integers(0, s - 1)) for s in strides]
            pads = attributes["pads"] = axes(0, 2) + axes(0, 2)
            assume(all(n + e > pads[i] + pads[rank + i] for i, (n, e) in enumerate(zip(spans, extra, strict=True))))
        case "output_shape":
            attributes["output_shape"] = [data.draw(st.integers(max(n - 3, 1), n)) for n in spans]
            attributes["auto_pad"] = data.draw(st.sampled_from(["SAME_UPPER", "SAME_LOWER"]))
        case auto_pad:
            attributes["auto_pad"] = auto_pad
    weights, bias = normal(groups * depth, per_group, *kernel), normal(groups * per_group)
    check(one("ConvTranspose", (2, groups * depth, *size), weights, bias, **attributes))


@pytest.mark.parametrize(
    ("shape", "weights", "attributes", "part"),
    [
        ((1, 3, 5, 5), (2, 2, 3, 3), {}, "do not fit 3 channels"),
        ((1, 3, 5, 5), (2, 1, 3, 3), {"group": 3}, "in 3 groups"),
        ((1, 3, 5, 5), (3, 3, 3, 3), {"group": 0}, "in 0 groups"),
        ((1, 3, 5, 5), (3, 3, 3), {}, "do not fit an input of shape"),
        ((1, 3, 5), (3, 3, 3, 3), {}, "do not fit an input of shape"),
        ((3, 5), (3, 3), {}, "must have a batch, channels and space"),
        ((1, 3, 5, 5), (3, 3, 3, 3), {"kernel_shape": [2, 2]}, "contradicts"),
        ((1, 3, 5, 5), (3, 3, 6, 3), {}, "larger than the padded input"),
        ((1, 3, 5, 5), (3, 3, 3, 3), {"strides": [0, 1]}, "strides = (0, 1)"),
        ((1, 3, 5, 5), (3, 3, 3, 3), {"strides": [1]}, "strides = (1,)"),
        ((1, 3, 5, 5), (3, 3, 3, 3), {"dilations": [1, 10**9]}, "dilations = (1, 1000000000)"),
        ((1, 3, 5, 5), (3, 3, 3, 3), {"pads": [-1, 0, 0, 0]}, "pads = (-1, 0, 0, 0)"),
        ((1, 3, 5, 5), (3, 3, 3, 3), {"pads": [1, 1]}, "pads = (1, 1)"),
        ((1, 3, 5, 5), (3, 3, 3, 3), {"pads": [9**5, 0, 0, 0]}, "pads = (59049, 0, 0, 0)"),
        ((1, 3, 5, 5), (3, 3, 3, 3), {"pads": [30000] * 4}, "too large"),
        ((1, 3, 5, 5), (3, 3, 3, 3), {"auto_pad": "SAME"}, "auto_pad = 'SAME'"),
        ((1, 3, 5, 5), (3, 3, 3, 3), {"auto_pad": "SAME_UPPER", "pads": [1, 1, 1, 1]}, "contradict"),
        ((1, 3, 5, 5), (3, 3, 3, 3), {"strides": 2}, "attribute strides must be integers"),
        ((1, 3, 5, 5), (0, 3, 3, 3), {}, "do not fit 3 channels"),
        ((1, 3, 5, 5), (3, 3, 0, 3), {}, "(3, 3, 0, 3) have no cells"),
    ],
)
def test_what_does_not_fit(
    shape: tuple[int, ...], weights: tuple[int, ...], attributes: dict[str, object], part: str
) -> None:
    refused(one("Conv", shape, normal(*weights), **attributes), "node 'the_node' (Conv)", part)


def test_bias_of_another_size() -> None:
    refused(one("Conv", (1, 3, 5, 5), normal(4, 3, 3, 3), normal(3)), "4 output channels want a bias of shape (4,)")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers(value: float) -> None:
    weights = normal(1, 1, 3, 3)
    weights[0, 0, 1, 1] = value
    refused(one("Conv", (1, 1, 5, 5), weights), "'c0' contains", "NaN" if np.isnan(value) else "infinite")
