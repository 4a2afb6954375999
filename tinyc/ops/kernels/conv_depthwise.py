"""Convolutions with a depthwise one behind them on cores with the DSP extension: `tinyc_conv_depthwise_s8`.

The result of the first goes right into the rows that the second has spread, so that it is neither stored nor loaded,
and never in memory as a whole.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from tinyc.ir.kernel import Candidate, In, KernelTarget, Out, Struct, Table, Workspace, inlined, tinyc_call
from tinyc.ops._lag import NOTHING, Shape, lowest_elements, smallest_lag, with_lags
from tinyc.ops._window import Window
from tinyc.ops.kernels import conv_pairs, depthwise_planes
from tinyc.ops.kernels.stage import Layer


def candidates(conv: Layer, depthwise: Layer, target: KernelTarget) -> Sequence[Candidate]:
    """The calls, the fastest first; In(0) is the input of the convolution. None where it does not know a layer."""
    found = []
    for both in packed(conv, depthwise, target):
        call = tinyc_call(
            "tinyc_conv_depthwise_s8",
            Struct("tinyc_conv_depthwise_params", both.fields),
            In(0), both.words, both.taps, Workspace(), Out(),
            workspace_bytes=both.workspace_bytes, work=both.work, code=both.code, variant=both.variant,
        )  # fmt: skip
        found.append(with_lags(call, depthwise.sig, {0: lag(conv, depthwise)}))
    return [(call,) for call in (*map(inlined, found), *found[-1:])]


@dataclass(frozen=True, eq=False)
class Packed:
    """Both layers as kernels take them."""

    fields: dict[str, object]
    """Of `tinyc_conv_depthwise_params`."""
    words: Table
    taps: Table
    workspace_bytes: int
    work: dict[str, int]
    code: dict[str, int]

    @property
    def variant(self) -> str:
        """Of kernels that tell the forms of the convolution's weights apart."""
        return "wide" if self.fields["wide"] else ""


def packed(conv: Layer, depthwise: Layer, target: KernelTarget) -> Sequence[Packed]:
    """With the convolution's weights as int16, and in bytes; without those that cannot be."""
    if not conv.sig.x.quant or not target.dsp or target.mve or conv.window.dilation != (1, 1):
        return []
    sig, window, stage = depthwise.sig, depthwise.window, depthwise.stage
    if not depthwise_planes.knows(window, stage):
        return []
    middle = conv.sig.y.shape
    pairs = conv_pairs.Pairs(conv.sig, conv.clamp, conv.window, conv.sig.x.shape, middle)
    own = depthwise_planes.fields(sig, window, stage, middle[3], again=False)
    taps = depthwise_planes.packed(sig, stage)
    planes = (middle[3] + middle[3] % 2) * depthwise_planes.plane_bytes(sig, window)
    found = []
    for bits in (0, conv_pairs.BYTE_BITS):
        weights = pairs.packed(bits)
        if weights is not None:
            fields = {"conv": weights.fields, "depthwise": own, "wide": int(not bits)}
            work = _work(conv, weights.fours, depthwise)
            code = {
                "functions": 1, **conv_pairs.code_of_columns(conv.window, conv.sig.x.shape),
                **conv_pairs.code_of_two(weights.fours, not bits), **depthwise_planes.code_of_rows(sig, window),
            }  # fmt: skip
            found.append(Packed(fields, weights.words, taps, planes + 16 * weights.fours, work, code))
    return found


def _work(conv: Layer, fours: int, depthwise: Layer) -> dict[str, int]:
    """`columns`: words of input; `blocks` and `steps`: of two pixels; `parted`: words of two pixels of a row alone.

    Windows of more than one cell count as `windows`, not as `pixels`, and their words as `gathered`.
    """
    (n, height, width, channels), window = conv.sig.y.shape, depthwise.window
    top = window.pads[0]
    used = range(-top, 2 * (-(-depthwise.sig.y.shape[1] // (3 - window.stride[0])) + window.kernel[0] // 2) - top)
    inside = [row for row in used if 0 <= row < height]
    alone = sum(1 for row in inside if row + (1 if (row + top) % 2 == 0 else -1) not in inside)
    paired, single = (len(inside) - alone) // 2 * width, alone * -(-width // 2)
    blocks, filters = n * (paired + single), -(-channels // 2)
    pixels, columns = ("pixels", "columns") if conv.window.kernel == (1, 1) else ("windows", "gathered")
    return {
        "calls": 1, columns: 2 * blocks * fours, pixels: blocks, "blocks": blocks * filters,
        "steps": blocks * filters * fours, "parted": n * single * channels,
        **depthwise_planes.work_of_rows(depthwise.sig, window),
    }  # fmt: skip


def lag(conv: Layer, depthwise: Layer, channels: int | None = None, together: int = 1) -> int:
    """Of a result of so many channels, if not as many as the depthwise convolution's; `together`: as in `rows_done`."""
    n, height, width, own = depthwise.sig.y.shape
    y = (n, height, width, own if channels is None else channels)
    return _lag(conv.window, conv.sig.x.shape, conv.sig.y.shape, depthwise.window, y, together)


@lru_cache(maxsize=4096)
def _lag(conv: Window, x: Shape, middle: Shape, window: Window, y: Shape, together: int) -> int:
    """A step makes two rows of what is between, then those rows of the result that need no more."""
    rows = depthwise_planes.rows_done(window, y[1], together)
    by_row = lowest_elements(conv, x, middle).reshape(x[0], middle[1], middle[2]).min(axis=2)
    first = 2 * np.arange(rows.size) - window.pads[0]
    reads = np.full((x[0], rows.size), NOTHING)
    for row in (first, first + 1):
        inside = (row >= 0) & (row < middle[1])
        reads[:, inside] = np.minimum(reads[:, inside], by_row[:, row[inside]])
    return smallest_lag(reads, (np.arange(x[0])[:, None] * y[1] + rows) * y[2] * y[3])
