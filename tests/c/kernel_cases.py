"""Hypothesis strategies for the kernels' arguments. Data comes from a seed, so that failures shrink in what matters."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from reference import Int8, Int32, Scale, Stage, Window

ROUNDINGS = st.sampled_from(["single", "tflite"])
INPUT_OFFSETS = st.one_of(st.sampled_from([-127, 0, 128]), st.integers(-127, 128))
OUTPUT_OFFSETS = st.one_of(st.sampled_from([-128, 0, 127]), st.integers(-128, 127))

# The libraries are shared by all examples of a session; compiling them makes the first example slow.
kernel_test = settings(
    deadline=None,
    max_examples=60,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@st.composite
def int8s(draw: st.DrawFn, shape: tuple[int, ...]) -> Int8:
    """Random values, or all the lowest, all the highest, or a mix of both."""
    kind = draw(st.sampled_from(["random", "random", "random", "low", "high", "extreme"]))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    if kind == "random":
        return generator.integers(-128, 128, shape, np.int8)
    choices = {"low": [-128], "high": [127], "extreme": [-128, 127]}[kind]
    return generator.choice(np.array(choices, np.int8), shape)


@st.composite
def biases(draw: st.DrawFn, channels: int) -> Int32 | None:
    """None, or values up to the size of a large dot product."""
    if draw(st.booleans()):
        return None
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return generator.integers(-(2**20), 2**20, channels, np.int32)


@st.composite
def activations(draw: st.DrawFn) -> tuple[int, int]:
    """A range of outputs, often the whole."""
    if draw(st.booleans()):
        return -128, 127
    low = draw(st.integers(-128, 127))
    return low, draw(st.integers(low, 127))


@st.composite
def stages(draw: st.DrawFn, channels: int, usual: tuple[int, int] = (-12, -3), highest: int = 2) -> Stage:
    """Shifts from -31 to `highest`, most of them in the `usual` range where results land within int8."""
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    multiplier = generator.integers(2**30, 2**31 - 1, channels, np.int32, endpoint=True)
    low, high = draw(st.sampled_from([usual, usual, (-31, highest)]))
    shift = generator.integers(low, high, channels, np.int32, endpoint=True)
    return Stage(multiplier, shift, draw(OUTPUT_OFFSETS), *draw(activations()))


@st.composite
def scales(draw: st.DrawFn, low: int, high: int) -> Scale:
    """A normalized multiplier and a shift in [low, high]."""
    return Scale(draw(st.integers(2**30, 2**31 - 1)), draw(st.integers(low, high)))


@st.composite
def convolution_windows(draw: st.DrawFn, height: int, width: int) -> Window:
    """A window with strides, padding and dilation that fits an input of this size at least once."""
    pair: Any = st.tuples
    window = Window(
        kernel=draw(pair(st.integers(1, 4), st.integers(1, 4))),
        stride=draw(pair(st.integers(1, 3), st.integers(1, 3))),
        padding=draw(pair(st.integers(0, 3), st.integers(0, 3))),
        dilation=draw(pair(st.integers(1, 2), st.integers(1, 2))),
    )
    if min(window.output_size(height, width)) < 1:
        return Window((1, 1), window.stride)
    return window


@st.composite
def pool_windows(draw: st.DrawFn, height: int, width: int) -> Window:
    """A window that always covers some input."""
    kernel = draw(st.integers(1, height)), draw(st.integers(1, width))
    padding = draw(st.integers(0, kernel[0] // 2)), draw(st.integers(0, kernel[1] // 2))
    stride = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    return Window(kernel, stride, padding)
