"""GridSample, RoiAlign and DeformConv, against onnxruntime."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import helper
from onnx_case import build, check, normal, one, ops, refused

I64 = np.int64


@pytest.mark.parametrize("mode", ["nearest", "linear", "cubic"])
@pytest.mark.parametrize("outside", ["zeros", "border", "reflection"])
@pytest.mark.parametrize("corners", [0, 1])
def test_grid_sample(mode: str, outside: str, corners: int) -> None:
    node = helper.make_node("GridSample", ["x", "g"], ["y"], mode=mode, padding_mode=outside, align_corners=corners)
    model = build([node], {"x": (2, 3, 4, 5), "g": (2, 6, 7, 2)}, opset=20)
    check(model, {"x": normal(2, 3, 4, 5), "g": normal(2, 6, 7, 2) * 2})


def test_volumes() -> None:
    node = helper.make_node("GridSample", ["x", "g"], ["y"], mode="linear", align_corners=1)
    check(build([node], {"x": (1, 2, 3, 4, 5), "g": (1, 2, 3, 4, 3)}, opset=20))


@pytest.mark.parametrize("mode", ["avg", "max"])
@pytest.mark.parametrize(("opset", "samples"), [(10, 2), (16, 0), (16, 3)])
def test_roi_align(mode: str, opset: int, samples: int) -> None:
    regions = np.array([[0, 0, 7, 9], [2, 3, 5.5, 4], [-4, 1, 30, 12]], np.float32)
    attributes = {"output_height": 3, "output_width": 2, "sampling_ratio": samples, "spatial_scale": 0.5, "mode": mode}
    model = one("RoiAlign", (2, 3, 6, 8), regions, np.array([1, 0, 1], I64), opset=opset, **attributes)
    check(model, {"x": np.abs(normal(2, 3, 6, 8))})


@pytest.mark.parametrize("groups", [1, 2])
def test_deformed_convolutions(groups: int) -> None:
    names = ["x", "w", "o", "b", "m"]
    node = helper.make_node(
        "DeformConv", names, ["y"], group=2, offset_group=groups, pads=[1, 0, 1, 1], strides=[2, 1], dilations=[1, 2]
    )
    cells = groups * 3 * 2
    shapes = {"x": (2, 4, 5, 6), "w": (6, 2, 3, 2), "o": (2, 2 * cells, 3, 5), "b": (6,), "m": (2, cells, 3, 5)}
    assert "grid_sample" in ops(check(build([node], shapes, opset=19)))


def test_what_is_refused() -> None:
    given = {"x": (1, 1, 4, 4), "g": (1, 2, 2, 2)}
    node = helper.make_node("GridSample", ["x", "g"], ["y"], mode="quintic", name="the_node")
    refused(build([node], given, opset=20), "the_node", "mode = 'quintic'")
    node = helper.make_node("GridSample", ["x", "g"], ["y"], padding_mode="wrap")
    refused(build([node], given, opset=20), "padding_mode = 'wrap'")
    node = helper.make_node("GridSample", ["x", "g"], ["y"])
    refused(build([node], {**given, "g": (1, 2, 2, 3)}, opset=20), "points of shape")


@pytest.mark.parametrize("size", [(1, 1, 4, 5), (1, 1, 2, 3, 4)])
def test_affine_grids(size: tuple[int, ...]) -> None:
    axes = len(size) - 2
    node = helper.make_node("AffineGrid", ["x", "s"], ["y"], align_corners=1)
    check(build([node], {"x": (1, axes, axes + 1)}, {"s": np.array(size, I64)}, opset=20))
