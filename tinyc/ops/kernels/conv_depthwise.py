"""Convolutions with a depthwise one behind them on cores with the DSP extension: `tinyc_conv_depthwise_s8`.

The result of the first goes right into the rows that the second has spread, so that it is neither stored nor loaded,
and never in memory as a whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from tinyc.ir.kernel import Candidate, In, KernelCall, KernelTarget, Out, Struct, Workspace, inlined, tinyc_call
from tinyc.ir.op import Signature
from tinyc.ops import _linear
from tinyc.ops._lag import NOTHING, Shape, lowest_elements, smallest_lag, with_lags
from tinyc.ops._window import Window
from tinyc.ops.kernels import conv_pairs, depthwise_planes
from tinyc.ops.kernels.stage import Stage

Clamp = tuple[float, float]


def candidates(
    conv: Signature,
    conv_clamp: Clamp,
    conv_window: Window,
    depthwise: Signature,
    clamp: Clamp,
    window: Window,
    target: KernelTarget,
) -> Sequence[Candidate]:
    """The calls, the fastest first; In(0) is the input of the convolution. None where it does not know a layer."""
    if not conv.x.quant or not target.dsp or target.mve or conv_window.dilation != (1, 1):
        return []
    stage = Stage(_linear.output_scaling(depthwise), clamp, depthwise)
    if not depthwise_planes.knows(window, stage):
        return []
    pairs = conv_pairs.Pairs(conv, conv_clamp, conv_window, conv.x.shape, conv.y.shape)
    own = depthwise_planes.fields(depthwise, window, stage, conv.y.shape[3], again=False)
    taps = depthwise_planes.packed(depthwise, stage)
    planes = (conv.y.shape[3] + conv.y.shape[3] % 2) * depthwise_planes.plane_bytes(depthwise, window)
    lag = _lag(conv_window, conv.x.shape, conv.y.shape, window, depthwise.y.shape)
    found: list[KernelCall] = []
    for bits in (0, conv_pairs.BYTE_BITS):
        packed = pairs.packed(bits)
        if packed is not None:
            params = {"conv": packed.fields, "depthwise": own, "wide": int(not bits)}
            call = tinyc_call(
                "tinyc_conv_depthwise_s8",
                Struct("tinyc_conv_depthwise_params", params),
                In(0), packed.words, taps, Workspace(), Out(),
                workspace_bytes=planes + 16 * packed.fours,
                work=_work(conv.y.shape, packed.fours, depthwise, window), variant="" if bits else "wide",
            )  # fmt: skip
            found.append(with_lags(call, depthwise, {0: lag}))
    return [(call,) for call in (*map(inlined, found), *found[-1:])]


def _work(middle: Shape, fours: int, depthwise: Signature, window: Window) -> dict[str, int]:
    """`columns`: words of input; `blocks` and `steps`: of two pixels; `parted`: words of two pixels of a row alone."""
    n, height, width, channels = middle
    top = window.pads[0]
    used = range(-top, 2 * (-(-depthwise.y.shape[1] // (3 - window.stride[0])) + window.kernel[0] // 2) - top)
    inside = [row for row in used if 0 <= row < height]
    alone = sum(1 for row in inside if row + (1 if (row + top) % 2 == 0 else -1) not in inside)
    paired, single = (len(inside) - alone) // 2 * width, alone * -(-width // 2)
    blocks, filters = n * (paired + single), -(-channels // 2)
    return {
        "calls": 1, "columns": 2 * blocks * fours, "pixels": blocks, "blocks": blocks * filters,
        "steps": blocks * filters * fours, "parted": n * single * channels,
        **depthwise_planes.work_of_rows(depthwise, window),
    }  # fmt: skip


@lru_cache(maxsize=4096)
def _lag(conv: Window, x: Shape, middle: Shape, window: Window, y: Shape) -> int:
    """A step makes two rows of what is between, then those rows of the result that need no more."""
    made, ahead = 3 - window.stride[0], window.kernel[0] // 2
    steps = -(-y[1] // made) + ahead
    by_row = lowest_elements(conv, x, middle).reshape(x[0], middle[1], middle[2]).min(axis=2)
    first = 2 * np.arange(steps) - window.pads[0]
    reads = np.full((x[0], steps), NOTHING)
    for row in (first, first + 1):
        inside = (row >= 0) & (row < middle[1])
        reads[:, inside] = np.minimum(reads[:, inside], by_row[:, row[inside]])
    rows = np.clip((np.arange(steps) + 1 - ahead) * made, 0, y[1])
    return smallest_lag(reads, (np.arange(x[0])[:, None] * y[1] + rows) * y[2] * y[3])
