"""Convolution and depthwise convolution against numpy."""

from __future__ import annotations

import numpy as np
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st
from kernel_cases import INPUT_OFFSETS, ROUNDINGS, biases, convolution_windows, int8s, kernel_test, stages
from kernels import KernelError, Kernels
from reference import Stage, Window

IDENTITY = Stage(np.array([1 << 30] * 4, np.int32), np.array([1] * 4, np.int32), 0, -128, 127)


@kernel_test
@given(data=st.data(), rounding=ROUNDINGS)
def test_convolution(both: dict[str, Kernels], data: st.DataObject, rounding: str) -> None:
    groups = data.draw(st.sampled_from([1, 1, 2, 3]))
    depth = data.draw(st.integers(1, 9))
    channels = groups * data.draw(st.integers(1, 5))
    height, width = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 6))
    window = data.draw(convolution_windows(height, width))
    x = data.draw(int8s((data.draw(st.integers(1, 2)), height, width, groups * depth)))
    w = data.draw(int8s((channels, *window.kernel, depth)))
    arguments = (x, w, data.draw(biases(channels)), data.draw(INPUT_OFFSETS), window, data.draw(stages(channels)))
    assert np.array_equal(both[rounding].convolve(*arguments), reference.convolve(*arguments, rounding))


@kernel_test
@given(data=st.data(), rounding=ROUNDINGS)
def test_depthwise_convolution(both: dict[str, Kernels], data: st.DataObject, rounding: str) -> None:
    times = data.draw(st.sampled_from([1, 1, 2, 3, 4, 8]))
    inputs = data.draw(st.integers(1, 11))
    height, width = data.draw(st.integers(1, 6)), data.draw(st.integers(1, 6))
    window = data.draw(convolution_windows(height, width))
    x = data.draw(int8s((data.draw(st.integers(1, 2)), height, width, inputs)))
    w = data.draw(int8s((*window.kernel, inputs * times)))
    bias, offset = data.draw(biases(inputs * times)), data.draw(INPUT_OFFSETS)
    arguments = (x, w, bias, offset, window, data.draw(stages(inputs * times)))
    assert np.array_equal(both[rounding].depthwise(*arguments), reference.depthwise(*arguments, rounding))


def test_filters_must_divide_into_groups(both: dict[str, Kernels]) -> None:
    x = np.zeros((1, 2, 2, 4), np.int8)
    window = Window((1, 1))
    for channels, depth in [(4, 3), (3, 2)]:
        w = np.zeros((channels, 1, 1, depth), np.int8)
        with pytest.raises(KernelError, match="-1"):
            both["single"].convolve(x, w, None, 0, window, IDENTITY)


def test_depthwise_channels_must_be_a_multiple(both: dict[str, Kernels]) -> None:
    x = np.zeros((1, 2, 2, 3), np.int8)
    with pytest.raises(KernelError, match="-1"):
        both["single"].depthwise(x, np.zeros((1, 1, 4), np.int8), None, 0, Window((1, 1)), IDENTITY)


def test_a_missing_workspace_is_an_error(both: dict[str, Kernels]) -> None:
    kernels = both["single"]
    dims = kernels.dims(1, 3, 3, 1)
    params = kernels.new("cmsis_nn_conv_params", 0, 0, (1, 1), (0, 0), (1, 1), (-128, 127))
    none = kernels.pointer(None)
    context = kernels.new("cmsis_nn_context", none, 0)
    scales = kernels.new("cmsis_nn_per_channel_quant_params", none, none)
    one = kernels.dims(1, 1, 1, 1)
    call = (context, params, scales, dims, none, dims, none, none, none, one, none)
    assert kernels.lib.arm_convolve_wrapper_s8(*call) == kernels.lib.ARM_CMSIS_NN_ARG_ERROR
