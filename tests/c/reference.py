"""What the kernels of runtime_c/cmsis_nn compute, written in numpy as plainly as possible.

Tensors are int8 arrays in NHWC; weights as the C functions take them. Accumulators are int64, so nothing overflows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Int8 = npt.NDArray[np.int8]
Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]

Q31 = 1 << 31


@dataclass(frozen=True)
class Window:
    """Geometry of a window: (height, width) each; padding is top and left."""

    kernel: tuple[int, int]
    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int] = (0, 0)
    dilation: tuple[int, int] = (1, 1)

    def output_size(self, height: int, width: int) -> tuple[int, int]:
        """Cells of the output when padding is the same on both sides; not positive where the kernel does not fit."""
        spans = [
            extent + 2 * pad - dilation * (kernel - 1) - 1
            for extent, pad, dilation, kernel in zip(
                (height, width), self.padding, self.dilation, self.kernel, strict=True
            )
        ]
        return spans[0] // self.stride[0] + 1, spans[1] // self.stride[1] + 1


@dataclass(frozen=True)
class Stage:
    """From accumulators to outputs: multipliers (Q31) and left shifts, one a channel; offset and range."""

    multiplier: Int32
    shift: Int32
    offset: int
    low: int
    high: int

    def __call__(self, acc: Int64, rounding: str) -> Int8:
        """The outputs; the last axis of `acc` is the channel."""
        scaled = requantize(acc, self.multiplier, self.shift, rounding) + self.offset
        return np.clip(scaled, self.low, self.high).astype(np.int8)


def _round_single(value: int, multiplier: int, shift: int) -> int:
    return math.floor((value * multiplier + (1 << (30 - shift))) >> (31 - shift))


def _round_away(numerator: int, exponent: int) -> int:
    """numerator / 2^exponent to nearest, ties away from zero."""
    magnitude = (2 * abs(numerator) + (1 << exponent)) >> (exponent + 1)
    return magnitude if numerator >= 0 else -magnitude


def _round_twice(value: int, multiplier: int, shift: int) -> int:
    product = ((value << max(shift, 0)) * multiplier + (1 << 30)) >> 31
    return _round_away(product, max(-shift, 0))


def requantize(acc: Int64, multiplier: npt.ArrayLike, shift: npt.ArrayLike, rounding: str) -> Int64:
    """acc * multiplier * 2^(shift - 31), rounded; multiplier and shift are broadcast."""
    one: Callable[[int, int, int], int] = {"single": _round_single, "tflite": _round_twice}[rounding]
    values = np.broadcast_arrays(acc, multiplier, shift)
    flat = [one(int(a), int(m), int(s)) for a, m, s in zip(*(v.ravel() for v in values), strict=True)]
    return np.array(flat, np.int64).reshape(values[0].shape)


def windows(x: Int64, window: Window, size: tuple[int, int], fill: int) -> Int64:
    """The inputs under each window: [N, out height, out width, kernel height, kernel width, C], `fill` outside."""
    n, height, width, channels = x.shape
    out = np.full((n, *size, *window.kernel, channels), fill, np.int64)
    for oy, ox, ky, kx in np.ndindex(*size, *window.kernel):
        y = oy * window.stride[0] - window.padding[0] + ky * window.dilation[0]
        z = ox * window.stride[1] - window.padding[1] + kx * window.dilation[1]
        if 0 <= y < height and 0 <= z < width:
            out[:, oy, ox, ky, kx] = x[:, y, z]
    return out


def convolve(
    x: Int8, w: Int8, bias: Int32 | None, input_offset: int, window: Window, stage: Stage, rounding: str
) -> Int8:
    """w [C_out, kernel height, kernel width, C_in / groups]."""
    size = window.output_size(*x.shape[1:3])
    under = windows(x.astype(np.int64) + input_offset, window, size, 0)
    depth = w.shape[3]
    groups = x.shape[3] // depth
    per_group = w.shape[0] // groups
    parts = [
        np.einsum(
            "nyxhwc,khwc->nyxk",
            under[..., g * depth : (g + 1) * depth],
            w[g * per_group : (g + 1) * per_group].astype(np.int64),
        )
        for g in range(groups)
    ]
    return stage(np.concatenate(parts, axis=3) + (0 if bias is None else bias), rounding)


def depthwise(
    x: Int8, w: Int8, bias: Int32 | None, input_offset: int, window: Window, stage: Stage, rounding: str
) -> Int8:
    """w [kernel height, kernel width, C_out]; C_out is a multiple of the input's channels."""
    size = window.output_size(*x.shape[1:3])
    times = w.shape[2] // x.shape[3]
    under = windows(np.repeat(x.astype(np.int64) + input_offset, times, axis=3), window, size, 0)
    acc = np.einsum("nyxhwk,hwk->nyxk", under, w.astype(np.int64))
    return stage(acc + (0 if bias is None else bias), rounding)


def vector_sum(w: Int8, input_offset: int, filter_offset: int, bias: Int32 | None) -> Int64:
    """w [channels, depth]."""
    sums = input_offset * (w.astype(np.int64) + filter_offset).sum(axis=1)
    return sums + (0 if bias is None else bias)


def fully_connected(
    x: Int8, w: Int8, bias: Int32 | None, input_offset: int, filter_offset: int, stage: Stage, rounding: str
) -> Int8:
    """x [batch, depth], w [channels, depth]."""
    acc = (x.astype(np.int64) + input_offset) @ (w.astype(np.int64) + filter_offset).T
    return stage(acc + (0 if bias is None else bias), rounding)


def average_pool(x: Int8, window: Window, low: int, high: int) -> Int8:
    """The mean of what lies inside the input, ties away from zero."""
    size = window.output_size(*x.shape[1:3])
    sums = windows(x.astype(np.int64), window, size, 0).sum(axis=(3, 4))
    counts = windows(np.ones_like(x, np.int64), window, size, 0).sum(axis=(3, 4))
    means = np.sign(sums) * ((2 * np.abs(sums) + counts) // (2 * counts))
    return np.clip(means, low, high).astype(np.int8)


def max_pool(x: Int8, window: Window, low: int, high: int) -> Int8:
    """The largest of what lies inside the input."""
    size = window.output_size(*x.shape[1:3])
    largest = windows(x.astype(np.int64), window, size, -128).max(axis=(3, 4))
    return np.clip(largest, low, high).astype(np.int8)


@dataclass(frozen=True)
class Scale:
    """One Q31 multiplier and its left shift."""

    multiplier: int
    shift: int


def add(
    x1: Int8,
    x2: Int8,
    offsets: tuple[int, int],
    scales: tuple[Scale, Scale],
    left_shift: int,
    stage: Stage,
    rounding: str,
) -> Int8:
    """Both inputs scaled, then their sum."""
    total = sum(
        requantize((x.astype(np.int64) + offset) << left_shift, scale.multiplier, scale.shift, rounding)
        for x, offset, scale in zip((x1, x2), offsets, scales, strict=True)
    )
    return stage(np.asarray(total)[:, None], rounding)[:, 0]


def multiply(x1: Int8, x2: Int8, offsets: tuple[int, int], stage: Stage, rounding: str) -> Int8:
    """The product of both inputs, scaled."""
    product = (x1.astype(np.int64) + offsets[0]) * (x2.astype(np.int64) + offsets[1])
    return stage(product[:, None], rounding)[:, 0]


def _high(a: int, b: int) -> int:
    return (a * b + (1 << 30)) >> 31


def _exp_negative(x: int) -> int:
    """exp(x) for x <= 0 in Q5.26, as Q0.31 (gemmlowp's exp_on_negative_values)."""
    if x == 0:
        return Q31 - 1
    quarter = 1 << 24
    fraction = x % quarter - quarter
    t = fraction * 32 + (1 << 28)
    square = _high(t, t)
    cube = _high(square, t)
    cubic = _high(_round_away(_high(square, square), 2) + cube, 715827883)  # (t^4/4 + t^3) / 3
    result = 1895147668 + _high(1895147668, t + _round_away(cubic + square, 1))
    quarters = (fraction - x) // quarter
    for bit, factor in enumerate((1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)):
        if quarters >> bit & 1:
            result = _high(result, factor)
    return result


def _reciprocal(x: int) -> int:
    """1 / (1 + x) for x in [0, 1), both Q0.31, by Newton's method."""
    half = (x + Q31) // 2
    r = 1515870810 + _high(half, -1010580540)
    for _ in range(3):
        r += _high(r, (1 << 29) - _high(half, r)) * 4
    return min(r * 2, Q31 - 1)


def softmax(x: Int8, multiplier: int, shift: int, diff_min: int) -> Int8:
    """x [rows, size]; the output has scale 1/256 and zero point -128."""
    out = np.full(x.shape, -128, np.int8)
    for row, target in zip(x.astype(int).tolist(), out, strict=True):
        differences = [value - max(row) for value in row]
        powers = [_exp_negative(_high(d << shift, multiplier)) if d >= diff_min else None for d in differences]
        total = sum(_round_away(p, 12) for p in powers if p is not None)
        headroom = 32 - total.bit_length()
        scale = _reciprocal((total << headroom) - Q31)
        for i, power in enumerate(powers):
            if power is not None:
                target[i] = min(_round_away(_high(scale, power), 35 - headroom) - 128, 127)
    return out


def pad(x: Int8, before: Sequence[int], after: Sequence[int], value: int) -> Int8:
    """Each axis lengthened by `before` and `after` cells of `value`."""
    return np.pad(x, list(zip(before, after, strict=True)), constant_values=value)
