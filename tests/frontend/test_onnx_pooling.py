"""Pools, against onnxruntime."""

from __future__ import annotations

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from onnx import helper
from onnx_case import build, check, one, ops, refused

from tinyc.errors import UnsupportedError

PADDINGS = ("SAME_UPPER", "SAME_LOWER", "VALID", "NOTSET", None)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_any_pool(data: st.DataObject) -> None:
    def axes(least: int, most: int) -> list[int]:
        return data.draw(st.lists(st.integers(least, most), min_size=rank, max_size=rank))

    op = data.draw(st.sampled_from(["MaxPool", "AveragePool"]))
    rank = data.draw(st.integers(1, 2))
    size, kernel, strides = axes(1, 9), axes(1, 4), axes(1, 4)
    attributes: dict[str, object] = {"kernel_shape": kernel, "strides": strides}
    opset = data.draw(st.sampled_from([7, 10, 11, 12, 19, 22]))
    auto_pad = data.draw(st.sampled_from(PADDINGS))
    pads = [0] * (2 * rank)
    if auto_pad is not None:
        attributes["auto_pad"] = auto_pad
    if auto_pad in (None, "NOTSET"):
        pads = attributes["pads"] = [
            data.draw(st.integers(0, kernel[i % rank] - 1)) for i in range(2 * rank)
        ]  # every window then has a cell inside
    if opset >= 10:
        attributes["ceil_mode"] = data.draw(st.integers(0, 1))
    if op == "AveragePool":
        attributes["count_include_pad"] = data.draw(st.integers(0, 1))
    if auto_pad in ("SAME_UPPER", "SAME_LOWER"):
        # onnxruntime refuses windows with gaps between them that end before the input does
        assume(all(-(-s // strides[i]) * strides[i] - strides[i] + kernel[i] >= s for i, s in enumerate(size)))
    else:
        assume(all(s + pads[i] + pads[rank + i] >= kernel[i] for i, s in enumerate(size)))
    check(one(op, (1, 3, *size), opset=opset, **attributes))


@pytest.mark.parametrize("op", ["GlobalAveragePool", "GlobalMaxPool"])
@pytest.mark.parametrize("shape", [(1, 3, 7), (2, 3, 5, 4)])
@pytest.mark.parametrize("opset", [7, 22])
def test_global_pools(op: str, shape: tuple[int, ...], opset: int) -> None:
    check(one(op, shape, opset=opset))


def test_global_average_over_three_axes() -> None:
    assert ops(check(one("GlobalAveragePool", (1, 2, 3, 4, 5)))) == ["mean"]


def test_global_pools_need_space() -> None:
    refused(one("GlobalAveragePool", (1, 2)), "must have spatial axes")
    refused(one("GlobalMaxPool", (1, 2)), "must have a batch, channels and space")


def test_padding_that_counts_is_written_out() -> None:
    graph = check(one("AveragePool", (1, 2, 5, 5), kernel_shape=[3, 3], pads=[1, 1, 1, 1], count_include_pad=1))
    assert ops(graph) == ["transpose", "pad", "avg_pool2d", "transpose"]
    graph = check(one("AveragePool", (1, 2, 5, 5), kernel_shape=[3, 3], pads=[1, 1, 1, 1]))
    assert ops(graph) == ["transpose", "avg_pool2d", "transpose"]


def test_dilation_of_one_cell_is_none() -> None:
    check(one("MaxPool", (1, 2, 5, 5), kernel_shape=[1, 2], dilations=[3, 1]))


def test_storage_order_concerns_the_indices_only() -> None:
    check(one("MaxPool", (1, 2, 5, 5), kernel_shape=[2, 2], storage_order=1))


def test_indices_that_nobody_reads() -> None:
    check(build([helper.make_node("MaxPool", ["x"], ["y", "i"], kernel_shape=[2])], {"x": (1, 2, 4)}))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_window(data: st.DataObject) -> None:
    """Up to three axes, with gaps between the cells of a window."""

    def axes(least: int, most: int) -> list[int]:
        return data.draw(st.lists(st.integers(least, most), min_size=rank, max_size=rank))

    op = data.draw(st.sampled_from(["MaxPool", "AveragePool", "LpPool"]))
    rank = data.draw(st.integers(1, 3))
    size, kernel, strides, dilations = axes(2, 6), axes(1, 3), axes(1, 3), axes(1, 2)
    extents = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    pads = [data.draw(st.integers(0, kernel[i % rank] - 1)) for i in range(2 * rank)]
    assume(all(s + pads[i] + pads[rank + i] >= extents[i] for i, s in enumerate(size)))
    ends = [s + pads[i] + pads[rank + i] - extents[i] for i, s in enumerate(size)]
    ceil = data.draw(st.booleans()) and all(e % s == 0 for e, s in zip(ends, strides, strict=True))
    attributes: dict[str, object] = {
        "kernel_shape": kernel, "strides": strides, "dilations": dilations, "pads": pads, "ceil_mode": int(ceil)
    }  # fmt: skip
    if op == "AveragePool":
        attributes["count_include_pad"] = data.draw(st.integers(0, 1))
        places = [range(-pads[i], e - pads[i] + 1, strides[i]) for i, e in enumerate(ends)]
        assume(
            all(
                any(0 <= p + k * dilations[i] < size[i] for k in range(kernel[i]))
                for i, r in enumerate(places)
                for p in r
            )
        )
    if op == "LpPool":
        attributes["p"] = data.draw(st.integers(1, 3))
    check(one(op, (1, 2, *size), opset=22, **attributes))


@pytest.mark.parametrize("order", [0, 1])
@pytest.mark.parametrize("shape", [(2, 2, 7), (1, 3, 5, 6)])
def test_indices(shape: tuple[int, ...], order: int) -> None:
    rank = len(shape) - 2
    pool = helper.make_node(
        "MaxPool", ["x"], ["y", "i"], kernel_shape=[2] * rank, pads=[1] * 2 * rank, storage_order=order
    )
    nodes = [pool, helper.make_node("Cast", ["i"], ["f"], to=1)]
    check(build(nodes, {"x": shape}, outputs=["y", "f"]))


def test_indices_in_columns_of_volumes() -> None:
    node = helper.make_node("MaxPool", ["x"], ["y", "i"], kernel_shape=[2, 2, 2], storage_order=1)
    refused(build([node], {"x": (1, 1, 3, 3, 3)}, outputs=["i"]), "storage_order = 1", kind=UnsupportedError)


def test_pools_undone() -> None:
    nodes = [
        helper.make_node("MaxPool", ["x"], ["y", "i"], kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("MaxUnpool", ["y", "i"], ["z"], kernel_shape=[2, 2], strides=[2, 2]),
    ]
    check(build(nodes, {"x": (1, 2, 4, 6)}, outputs=["z"]))


@pytest.mark.parametrize("op", ["GlobalMaxPool", "GlobalLpPool"])
def test_global_pools_of_volumes(op: str) -> None:
    check(one(op, (1, 2, 3, 4, 5)))


@pytest.mark.parametrize(
    ("shape", "attributes", "part"),
    [
        ((1, 2, 5, 5), {"kernel_shape": [2, 2], "ceil_mode": 2}, "ceil_mode = 2"),
        ((1, 2, 5, 5), {"kernel_shape": [2]}, "kernel_shape = (2,)"),
        ((1, 2, 5, 5), {"kernel_shape": [10**9, 1]}, "kernel_shape = (1000000000, 1)"),
        ((1, 2, 5, 5), {"kernel_shape": [0, 1]}, "kernel_shape = (0, 1)"),
        ((1, 2, 5, 5), {"kernel_shape": [6, 1]}, "larger than the padded input"),
        ((1, 2, 5, 5), {"kernel_shape": [2, 2], "pads": [2, 0, 0, 0]}, "wholly in the padding"),
        ((1, 2, 5, 5), {"kernel_shape": [2, 2], "pads": [0, 0, 0, 3]}, "wholly in the padding"),
        ((1, 2), {"kernel_shape": [1]}, "must have a batch, channels and space"),
        ((1, 2, 5, 5), {}, "attribute kernel_shape is missing"),
    ],
)
def test_what_does_not_fit(shape: tuple[int, ...], attributes: dict[str, object], part: str) -> None:
    refused(one("MaxPool", shape, **attributes), "node 'the_node' (MaxPool)", part)


def test_attributes_of_later_opsets() -> None:
    refused(one("MaxPool", (1, 2, 5), opset=8, kernel_shape=[2], ceil_mode=1), "no attribute 'ceil_mode' in opset 8")
