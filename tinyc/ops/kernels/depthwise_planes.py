"""Depthwise convolutions on cores with the DSP extension: `tinyc_depthwise_planes_s8`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from tinyc.ir.kernel import Candidate, In, KernelCall, KernelTarget, Out, Struct, Table, Workspace, inlined, tinyc_call
from tinyc.ir.op import Signature
from tinyc.ops import _linear
from tinyc.ops._lag import NOTHING, Positions, Shape, smallest_lag, with_lags
from tinyc.ops._window import Window
from tinyc.ops.kernels.stage import Stage

FOUR = 4  # channels that are spread at a time
PAIRS_WRITTEN_OUT = 4  # of results of kernels of three by three
BLOCK, SMALL_BLOCK = 6, 4  # neighbouring results that are made together, the latter for wide kernels


def candidates(sig: Signature, target: KernelTarget, clamp: tuple[float, float], window: Window) -> Sequence[Candidate]:
    """The calls, the fastest first; none where the kernel does not know the layer."""
    if sig.x.quant is None or not target.dsp or target.mve:
        return []
    stage = Stage(_linear.output_scaling(sig), clamp, sig)
    if not knows(window, stage):
        return []
    fast, lean = _call(sig, window, stage, again=False), _call(sig, window, stage, again=True)
    return [(inlined(fast),), (inlined(lean),), (lean,)]


def knows(window: Window, stage: Stage) -> bool:
    """Whether the kernel can compute a layer."""
    return stage.fits and window.kernel[0] > 1 and max(window.stride) <= 2 and window.dilation == (1, 1)


def fields(sig: Signature, window: Window, stage: Stage, block: int, again: bool) -> dict[str, object]:
    """Of `tinyc_depthwise_planes_params`."""
    x, y = sig.x.shape, sig.y.shape
    return {
        "batches": x[0],
        "in_h": x[1], "in_w": x[2], "channels": x[3],
        "out_h": y[1], "out_w": y[2], "multiplier": y[3] // x[3],
        "kernel_h": window.kernel[0], "kernel_w": window.kernel[1],
        "stride_h": window.stride[0], "stride_w": window.stride[1],
        "pad_top": window.pads[0], "pad_left": window.pads[1],
        "block": block, "again": int(again), "zero": sig.x.q.zero_point,
        "stage": stage.fields,
    }  # fmt: skip


def plane_bytes(sig: Signature, window: Window) -> int:
    """The bytes of a channel whose rows are spread."""
    return (window.kernel[0] // 2 + 1) * columns(sig, window) * 4


def columns(sig: Signature, window: Window) -> int:
    """The columns that the windows of a row see."""
    return (sig.y.shape[2] - 1) * window.stride[1] + window.kernel[1]


def _call(sig: Signature, window: Window, stage: Stage, again: bool) -> KernelCall:
    """With rows that are spread once, or again for each step that sees them, which takes little memory."""
    channels, plane = sig.x.shape[3], plane_bytes(sig, window)
    # spread once, all channels must wait for the result to follow behind x, unless that takes more than it saves
    whole = channels <= FOUR or (channels * plane < sig.y.bytes and not again)
    block = channels if whole else FOUR
    call = tinyc_call(
        "tinyc_depthwise_planes_s8",
        Struct("tinyc_depthwise_planes_params", fields(sig, window, stage, block, again)),
        In(0), packed(sig, stage), Workspace(), Out(),
        workspace_bytes=block * plane, work=work(sig, window, again),
        code={"functions": 1, **code_of_rows(sig, window)}, variant="again" if again else "",
    )  # fmt: skip
    x, y = sig.x.shape, sig.y.shape
    lag = _lag_again(window, x, y) if again else lag_of_rows(window, x, y) if whole else None
    return with_lags(call, sig, {0: lag})


def packed(sig: Signature, stage: Stage) -> Table:
    """For each channel its bias, its scale, and its taps two rows at a time."""
    kernel_h, kernel_w, out = sig.constants[1].shape[1:]
    pairs = kernel_h // 2
    w = np.zeros((2 * pairs + 1, kernel_w, out), np.int8)
    w[:kernel_h] = sig.constants[1][0]
    rows = 2 * np.arange(pairs)[:, None] + (0, 1, 1, 2)
    taps = np.ascontiguousarray(w[rows].transpose(3, 0, 2, 1)).reshape(out, -1).view("<i4")
    numbers = np.hstack([sig.constants[2].reshape(-1, 1), stage.scales, taps]).astype(np.int32)
    return Table("packed", numbers.reshape(-1))


def work(sig: Signature, window: Window, again: bool) -> dict[str, int]:
    """What the kernel's loops do."""
    x, y = sig.x.shape, sig.y.shape
    steps, slots = -(-y[1] // (3 - window.stride[0])), window.kernel[0] // 2 + 1
    spread = steps * slots if again else steps + slots - 1
    pairs = spread * x[0] * -(-x[3] // FOUR)
    return {"calls": 1, "pairs": pairs, "spread": pairs * columns(sig, window), **work_of_rows(sig, window)}


def work_of_rows(sig: Signature, window: Window) -> dict[str, int]:
    """What making rows of spread ones is counted by; `threes`: results of kernels of three by three, in `rows`.

    Other results are made in blocks: `cells`: words that these read; `sets`: words of taps that they expand.
    """
    n, height, width, channels = sig.y.shape
    results, rows = n * height * width * channels, n * height * channels
    if window.kernel in {(3, 3), (2, 3)} and channels == sig.x.shape[3]:
        return {"rows": rows, "threes": results}
    slots, kernel_w = window.kernel[0] // 2 + 1, window.kernel[1]
    blocks = -(-width // (BLOCK if kernel_w <= 5 else SMALL_BLOCK))
    cells = (width - blocks) * window.stride[1] + blocks * kernel_w
    return {
        "results": results, "taps": results * slots * kernel_w,
        "cells": rows * slots * cells, "sets": rows * slots * blocks * kernel_w,
    }  # fmt: skip


def looped(width: int) -> bool:
    """Whether a row of so many results of a kernel of three by three is a loop."""
    return width // 2 > PAIRS_WRITTEN_OUT


def code_of_rows(sig: Signature, window: Window) -> dict[str, int]:
    """What code for rows consists of: `rows` of each kind, and `row_results` that are written out.

    `row_words`: taps and cells that are loaded, and products, written out in blocks of results.
    """
    width = sig.y.shape[2]
    kinds = 3 - window.stride[0]
    if window.kernel in {(3, 3), (2, 3)} and sig.y.shape[3] == sig.x.shape[3]:
        return {"rows": 2 * kinds, "row_results": 2 * kinds * (2 + width % 2 if looped(width) else width)}
    slots, kernel_w = window.kernel[0] // 2 + 1, window.kernel[1]
    blocks = -(-width // (BLOCK if kernel_w <= 5 else SMALL_BLOCK))
    sizes = {width // blocks, -(-width // blocks)}
    words = sum((size - 1) * window.stride[1] + (size + 3) * kernel_w for size in sizes)
    return {"rows": kinds, "row_results": kinds * sum(sizes), "row_words": kinds * slots * words}


@lru_cache(maxsize=4096)
def lag_of_rows(window: Window, x: Shape, y: Shape, together: int = 1) -> int:
    """A step spreads two rows of x, and makes those rows of the result that need no more; see `rows_done`."""
    steps = -(-y[1] // (3 - window.stride[0])) + window.kernel[0] // 2
    first = np.maximum(2 * np.arange(steps) - window.pads[0], 0)
    images = np.arange(x[0])[:, None]
    # a step that lies wholly above the image reads nothing, which row 0 stands for: it is still to come
    reads = np.where(first < x[1], (images * x[1] + first) * x[2] * x[3], NOTHING)
    return smallest_lag(reads, (images * y[1] + rows_done(window, y[1], together)) * y[2] * y[3])


def rows_done(window: Window, height: int, together: int) -> Positions:
    """How many rows of `height` are written after each step; `together`: at a time, but for the last."""
    made, ahead = 3 - window.stride[0], window.kernel[0] // 2
    rows = np.clip((np.arange(-(-height // made) + ahead) + 1 - ahead) * made, 0, height)
    return np.where(rows < height, rows // together * together, height)


@lru_cache(maxsize=4096)
def _lag_again(window: Window, x: Shape, y: Shape) -> int:
    """All rows that a step reads are read until its last results are written."""
    made = 3 - window.stride[0]
    steps = np.arange(-(-y[1] // made))
    images = np.arange(x[0])[:, None]
    first = np.minimum(np.maximum(2 * steps - window.pads[0], 0), x[1] - 1)
    reads = (images * x[1] + first) * x[2] * x[3]
    ends = (images * y[1] + np.minimum((steps + 1) * made, y[1])) * y[2] * y[3]
    if x[3] > FOUR:
        return max(0, int((ends - reads).max()))
    return smallest_lag(reads, ends)
