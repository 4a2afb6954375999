"""The workspace figures: formulas that generated code plans memory with, so they are contracts."""

from __future__ import annotations

import itertools

import pytest
from kernels import Kernels


def _convolution(kernels: Kernels, suffix: str, shape: dict[str, int]) -> int:
    """Workspace of a convolution given by what differs from 1x1 on 6x6x8 -> 4."""
    get = {"in_h": 6, "in_w": 6, "in_c": 8, "depth": 8, "kh": 1, "kw": 1, "pad": 0, "stride": 1, "dilation": 1} | shape
    out_h, out_w = (
        (get[extent] + 2 * pad - get["dilation"] * (get[kernel] - 1) - 1) // get["stride"] + 1
        for extent, kernel, pad in [("in_h", "kh", get["pad"] if get["in_h"] > 1 else 0), ("in_w", "kw", get["pad"])]
    )
    tile = get["stride"], get["stride"]
    pads = get["pad"], get["pad"] if get["in_h"] > 1 else 0
    params = kernels.new("cmsis_nn_conv_params", 0, 0, tile, pads, (get["dilation"],) * 2, (-128, 127))
    dims = (
        kernels.dims(1, get["in_h"], get["in_w"], get["in_c"]),
        kernels.dims(4, get["kh"], get["kw"], get["depth"]),
        kernels.dims(1, out_h, out_w, 4),
    )
    return int(getattr(kernels.lib, f"arm_convolve_wrapper_s8_get_buffer_size{suffix}")(params, *dims))


@pytest.mark.parametrize(
    ("shape", "portable", "mve"),
    [
        ({}, 0, 0),
        ({"stride": 2}, 0, 0),
        # Two columns of int16, their length a multiple of 4; with MVE four of int8, a multiple of 16.
        ({"kh": 3, "kw": 3, "pad": 1}, 2 * 2 * 72, 4 * 80),
        ({"kh": 3, "kw": 3, "in_c": 3, "depth": 3}, 2 * 2 * 28, 4 * 32),
        # A pointwise convolution with padding, dilation or groups is not one; groups count all the input's channels.
        ({"pad": 1}, 2 * 2 * 8, 4 * 16),
        ({"dilation": 2}, 2 * 2 * 8, 4 * 16),
        ({"depth": 4}, 2 * 2 * 8, 4 * 16),
        # Along a single row, MVE takes the longer of the padded ends: left of kernel and padding, or right.
        ({"in_h": 1, "kw": 3}, 2 * 2 * 24, 3 * 8),
        ({"in_h": 1, "kw": 3, "pad": 1}, 2 * 2 * 24, (3 + 1) * 8),
        ({"in_h": 1, "kw": 4, "pad": 2, "stride": 2}, 2 * 2 * 32, (4 + 2) * 8),
        # ... unless the stride times the channels is no multiple of 4.
        ({"in_h": 1, "kw": 3, "in_c": 3, "depth": 3}, 2 * 2 * 12, 4 * 16),
        # ... or the ends overlap.
        ({"in_h": 1, "in_w": 2, "kw": 4, "pad": 3}, 2 * 2 * 32, 4 * 32),
    ],
)
def test_convolution(both: dict[str, Kernels], shape: dict[str, int], portable: int, mve: int) -> None:
    kernels = both["single"]
    assert _convolution(kernels, "", shape) == portable
    assert _convolution(kernels, "_dsp", shape) == portable
    assert _convolution(kernels, "_mve", shape) == mve


@pytest.mark.parametrize(
    ("channels", "multiplier", "kernel", "pad", "batch", "dilation", "dsp", "mve"),
    [
        (8, 1, 3, 1, 1, 1, 0, 4 * 124 * 9),
        (8, 1, 3, 2, 1, 1, 8 * 9 * 2, 4 * 124 * 9),
        (8, 1, 5, 2, 1, 1, 8 * 25 * 2, 4 * 124 * 25),
        (8, 1, 5, 2, 2, 1, 0, 0),
        (8, 1, 5, 2, 1, 2, 0, 0),
        (8, 2, 5, 2, 1, 1, 0, 0),
        # One input channel becomes an ordinary convolution with MVE: four columns and the rearranged filter.
        (1, 8, 3, 1, 1, 1, 0, 4 * 16 + 8 * 9),
        (1, 1, 5, 2, 1, 1, 25 * 2, 4 * 124 * 25),
    ],
)
def test_depthwise_convolution(
    both: dict[str, Kernels],
    channels: int,
    multiplier: int,
    kernel: int,
    pad: int,
    batch: int,
    dilation: int,
    dsp: int,
    mve: int,
) -> None:
    kernels = both["single"]
    tile = (1, 1), (pad, pad), (dilation, dilation)
    params = kernels.new("cmsis_nn_dw_conv_params", 0, 0, multiplier, *tile, (-128, 127))
    out = 9 + 2 * pad - dilation * (kernel - 1)
    dims = (
        kernels.dims(batch, 9, 9, channels),
        kernels.dims(1, kernel, kernel, channels * multiplier),
        kernels.dims(batch, out, out, channels * multiplier),
    )
    sizes = [
        getattr(kernels.lib, f"arm_depthwise_conv_wrapper_s8_get_buffer_size{suffix}")(params, *dims)
        for suffix in ("", "_dsp", "_mve")
    ]
    assert sizes == [0, dsp, mve]


def test_dense_layers_need_kernel_sums_with_mve_only(both: dict[str, Kernels]) -> None:
    kernels = both["single"]
    dims = kernels.dims(40, 1, 1, 10)
    assert kernels.lib.arm_fully_connected_s8_get_buffer_size(dims) == 0
    assert kernels.lib.arm_fully_connected_s8_get_buffer_size_dsp(dims) == 0
    assert kernels.lib.arm_fully_connected_s8_get_buffer_size_mve(dims) == 40


@pytest.mark.parametrize(("width", "channels"), list(itertools.product([1, 7], [1, 32])))
def test_average_pooling_takes_sums_of_the_channels_with_dsp_only(
    both: dict[str, Kernels], width: int, channels: int
) -> None:
    kernels = both["single"]
    assert kernels.lib.arm_avgpool_s8_get_buffer_size(width, channels) == 0
    assert kernels.lib.arm_avgpool_s8_get_buffer_size_dsp(width, channels) == 4 * channels
    assert kernels.lib.arm_avgpool_s8_get_buffer_size_mve(width, channels) == 0
