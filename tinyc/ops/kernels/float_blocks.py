"""Convolutions and dense layers of floats, four pixels times four filters at a time, and depthwise ones by channels.

Weights are packed in the order in which they are read. Sums take their products in one order, whatever the block.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tinyc.ir.kernel import Candidate, In, KernelTarget, Out, Struct, Table, inlined, tinyc_call
from tinyc.ir.op import Signature
from tinyc.ops._lag import Passes, Shape, lag_by_pixel, last_start, lowest_elements, smallest_lag, with_lags
from tinyc.ops._window import CELL, Window

PIXELS, FILTERS = 4, 4
CHANNELS = 16, 8, 4  # of a depthwise convolution, at a time
INFINITY = float("inf")


def convolutions(
    sig: Signature, target: KernelTarget, clamp: tuple[float, float], window: Window
) -> Sequence[Candidate]:
    """Of x NHWC and w (out, kernel height, kernel width, in), in one group."""
    if sig.x.quant:
        return []
    x, y = sig.x.shape, sig.y.shape
    if window == CELL:
        x, y = _in_a_row(x), _in_a_row(y)
    return _candidates(sig, clamp, window, x, y)


def dense(sig: Signature, target: KernelTarget, clamp: tuple[float, float]) -> Sequence[Candidate]:
    """Of x (..., in) and w (out, in): its rows are the pixels of an image."""
    if sig.x.quant:
        return []
    return _candidates(sig, clamp, CELL, _in_a_row(sig.x.shape), _in_a_row(sig.y.shape))


def depthwise(sig: Signature, target: KernelTarget, clamp: tuple[float, float], window: Window) -> Sequence[Candidate]:
    """Of x NHWC and w (1, kernel height, kernel width, channels)."""
    x, y = sig.x.shape, sig.y.shape
    if sig.x.quant or x[3] != y[3] or window.dilation[1] != 1:
        return []
    passes = _by_channels(x[3])
    taps = int(window.cells(x[1], x[2]).sum()) * x[0]
    work = {
        "calls": 1, "rows": y[0] * y[1], "pixels": y[0] * y[1] * y[2],
        "blocks": y[0] * y[1] * y[2] * len(passes), "taps": taps * len(passes), "products": taps * x[3],
        "results": sig.y.size, "bounds": sig.y.size * _bounds(clamp),
    }  # fmt: skip
    params = Struct("tinyc_conv2d_params", _params(window, clamp, x, y, 1))
    call = tinyc_call("tinyc_depthwise_blocks_f32", params, In(0), In(1), In(2), Out(), work=work)
    call = with_lags(call, sig, {0: lag_by_pixel(window, x, y, passes)})
    return [(inlined(call),), (call,)]


def _in_a_row(shape: Shape) -> Shape:
    return 1, 1, int(np.prod(shape[:-1])), shape[-1]


def _candidates(sig: Signature, clamp: tuple[float, float], window: Window, x: Shape, y: Shape) -> Sequence[Candidate]:
    call = tinyc_call(
        "tinyc_conv_blocks_f32",
        Struct("tinyc_conv2d_params", _params(window, clamp, x, y, x[3])),
        In(0), Table("weights", _packed(sig.constants[1].reshape(y[3], -1), sig.constants[2])), Out(),
        work={**_work(window, x, y), "bounds": sig.y.size * _bounds(clamp)},
    )  # fmt: skip
    call = with_lags(call, sig, {0: _lag(window, x, y)})
    return [(inlined(call),), (call,)]


def _params(window: Window, clamp: tuple[float, float], x: Shape, y: Shape, kernel_c: int) -> dict[str, object]:
    return {
        "batches": x[0], "in_h": x[1], "in_w": x[2], "in_c": x[3], "out_h": y[1], "out_w": y[2], "out_c": y[3],
        "kernel_h": window.kernel[0], "kernel_w": window.kernel[1], "kernel_c": kernel_c,
        "stride_h": window.stride[0], "stride_w": window.stride[1],
        "pad_top": window.pads[0], "pad_left": window.pads[1],
        "dilation_h": window.dilation[0], "dilation_w": window.dilation[1],
        "low": clamp[0], "high": clamp[1],
    }  # fmt: skip


def _bounds(clamp: tuple[float, float]) -> int:
    """Comparisons that keep a result within its bounds."""
    return sum(abs(bound) != INFINITY for bound in clamp)


def _packed(w: NDArray[np.float32], b: NDArray[np.float32]) -> NDArray[np.float32]:
    """Four filters at a time: biases, then for each tap the weights of all four."""
    out, taps = w.shape
    columns = np.pad(np.hstack([b[:, None], w]), [(0, -out % FILTERS), (0, 0)])
    blocks = columns.reshape(-1, FILTERS, 1 + taps).transpose(0, 2, 1)
    return np.ascontiguousarray(blocks).reshape(-1)


def _starts(window: Window, x: Shape, y: Shape) -> list[tuple[int, int]]:
    """The pixels of a row that go together: from, to."""
    starts, column = [], 0
    while column < y[2]:
        left = column * window.stride[1] - window.pads[1]
        right = left + (PIXELS - 1) * window.stride[1] + window.extent(1)
        size = PIXELS if left >= 0 and right <= x[2] and column + PIXELS <= y[2] else 1
        starts.append((column, column + size))
        column += size
    return starts


@lru_cache(maxsize=4096)
def _lag(window: Window, x: Shape, y: Shape) -> int:
    """The pixels that go together are read as a whole for every four filters, before any of these is written."""
    width, channels = y[2:]
    rows = lowest_elements(window, x, y).reshape(-1, width)
    starts, ends = np.array(_starts(window, x, y)).T
    reads = np.repeat(np.minimum.reduceat(rows, starts, axis=1), 2, axis=1)
    pixels = np.arange(len(rows))[:, None] * width + ends
    last = (pixels - 1) * channels + last_start(-(-channels // FILTERS) * FILTERS, FILTERS)
    if channels <= FILTERS:  # they are read once
        last = (np.arange(len(rows))[:, None] * width + starts) * channels
    return smallest_lag(reads, np.stack([last, pixels * channels], axis=-1))


def _work(window: Window, x: Shape, y: Shape) -> dict[str, int]:
    """`steps`: of four pixels, or of one that is `alone`, times four filters; `runs`: of taps that lie together."""
    quads, apart = -(-y[3] // FILTERS), window.dilation[1] > 1
    rows = y[0] * Window((window.kernel[0], 1), (window.stride[0], 1), (window.pads[0], 0, window.pads[2], 0),
                         (window.dilation[0], 1)).cells(x[1], 1)[:, 0]  # fmt: skip
    across = Window((1, window.kernel[1]), (1, window.stride[1]), (0, window.pads[1], 0, window.pads[3]),
                    (1, window.dilation[1])).cells(1, x[2])[0]  # fmt: skip
    work = dict.fromkeys(("blocks", "runs", "steps", "alone", "alone_runs", "alone_steps"), 0)
    inside, lines = int(rows.sum()) * quads, y[0] * y[1]
    for start, end in _starts(window, x, y):
        prefix = "" if end - start > 1 else "alone_"
        work[f"{prefix}runs"] += inside * (int(across[start]) if apart else 1)
        work[f"{prefix}steps"] += inside * int(across[start]) * x[3]
        work["blocks" if end - start > 1 else "alone"] += lines * quads
    return {"calls": 1, "rows": lines, "pixels": lines * y[2], **work, "results": lines * y[2] * y[3]}


def _by_channels(count: int) -> Passes:
    """The steps of a pixel: channels, as many as possible of CHANNELS at a time, and those that are left."""
    steps, at = [], 0
    for size in CHANNELS:
        while count - at >= size:
            steps.append((at, at + size))
            at += size
    return (*steps, *((c, c + 1) for c in range(at, count)))


def matmul_work(batches: int, rows: int, depth: int, columns: int) -> dict[str, int]:
    """What the loops of a product of two matrices do; `rest`: products in columns that do not make four."""
    fours, alone, quads = batches * (rows // PIXELS), batches * (rows % PIXELS), columns // FILTERS
    return {
        "calls": 1, "blocks": fours * quads, "steps": fours * quads * depth,
        "alone": alone * quads, "alone_steps": alone * quads * depth,
        "rest": batches * rows * (columns % FILTERS) * depth, "results": batches * rows * columns,
    }  # fmt: skip


def matmul_lag(batches: int, rows: int, depth: int, columns: int) -> int:
    """Four rows, or one that is left over, are read for every four columns of b, or one that is left over."""
    firsts = [row for row in range(rows) if row % PIXELS == 0 or row >= rows // PIXELS * PIXELS]
    starts = np.array([batch * rows + first for batch in range(batches) for first in firsts])
    ends = np.append(starts[1:], batches * rows)
    last = (ends - 1) * columns + last_start(columns, FILTERS)
    return smallest_lag(np.repeat(starts * depth, 2), np.stack([last, ends * columns], axis=-1))
