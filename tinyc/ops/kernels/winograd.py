"""Convolutions of 3x3 windows on cores with the DSP extension, with fewer products: `tinyc_winograd_s8`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from tinyc.ir.kernel import (
    Candidate,
    In,
    KernelCall,
    KernelTarget,
    Out,
    Prepared,
    Struct,
    Table,
    Workspace,
    inlined,
    tinyc_call,
)
from tinyc.ir.op import Array, Signature
from tinyc.ops import _linear
from tinyc.ops._lag import NOTHING, Shape, smallest_lag, with_lags
from tinyc.ops._window import Window
from tinyc.ops.kernels.stage import Stage

BITS = 2  # sums are four times what a convolution has
FILTERS = 2  # at a time
TURNED_BYTES = 2048  # that the turned cells of some tiles may take, if two tiles do not take more
G = np.array([[2, 0, 0], [1, 1, 1], [1, -1, 1], [0, 0, 2]])  # twice Winograd's
ORDER = [1, 2, 0, 3]  # of the cells of a row
SIGNS = np.array([1, 1, 1, -1])


def convolutions(
    sig: Signature, target: KernelTarget, clamp: tuple[float, float], window: Window
) -> Sequence[Candidate]:
    """The calls, the fastest first; none where the kernel does not know the layer."""
    if not sig.x.quant or not target.dsp or target.mve or window != Window((3, 3), (1, 1), window.pads):
        return []
    x, y, (w, b) = sig.x.shape, sig.y.shape, (sig.constants[1].astype(np.int64), sig.constants[2].astype(np.int64))
    stage = Stage(_linear.output_scaling(sig), clamp, sig, BITS)
    most = np.abs(b) + 255 * np.abs(w).sum(axis=(1, 2, 3))
    if not stage.fits or x[3] % 4 or most.max() >= 2 ** (31 - BITS):
        return []
    tiles = _tiles(x[3], -(-y[2] // 2))
    packed = _packed(w, b, stage)
    calls = [
        with_lags(_call(sig, window, stage, tiles, weights), sig, {0: _lag(window, x, y, tiles)})
        for weights in (packed, _prepared(sig.constants[1], b, stage, packed.data.nbytes))
    ]
    return [(made,) for call in calls for made in (inlined(call), call)]


def _call(sig: Signature, window: Window, stage: Stage, tiles: int, weights: Table | Prepared) -> KernelCall:
    x, y = sig.x.shape, sig.y.shape
    return tinyc_call(
        "tinyc_winograd_s8",
        Struct(
            "tinyc_winograd_params",
            {
                "batches": x[0],
                "in_h": x[1], "in_w": x[2], "in_c": x[3],
                "out_h": y[1], "out_w": y[2], "out_c": y[3],
                "pad_top": window.pads[0], "pad_left": window.pads[1],
                "tiles": tiles, "zero": sig.x.q.zero_point,
                "stage": stage.fields,
            },
        ),
        In(0), weights, Workspace(), Out(),
        workspace_bytes=4 * (8 * tiles * x[3] + 16 * tiles + 16), work=_work(x, y),
    )  # fmt: skip


def _tiles(channels: int, across: int) -> int:
    """Tiles to take at a time: an even number, and about as many each time."""
    room = max(2, TURNED_BYTES // (32 * channels) // 2 * 2)
    times = -(-across // room)
    return -(-across // times // 2) * 2


def _packed(w: NDArray[np.int64], b: NDArray[np.int64], stage: Stage) -> Table:
    """For two filters at a time: biases, turned weights, scales."""
    out, _, _, depth = w.shape
    odd = out % FILTERS
    starts, scales = _by_pairs(b, stage)
    w = np.pad(w, [(0, odd), (0, 0), (0, 0), (0, 0)])
    turned = np.einsum("ia,fabc,jb->fijc", G, w, G)[:, :, ORDER] * SIGNS[:, None]
    turned = turned.reshape(-1, FILTERS, 16, depth // 4, 4)
    lanes = turned.transpose(0, 2, 3, 1, 4)[..., [0, 2, 1, 3]]
    words = np.ascontiguousarray(lanes.astype("<i2")).reshape(len(turned), -1).view("<i4")
    return Table("packed", np.hstack([starts, words, scales]).astype(np.int32).reshape(-1))


def _by_pairs(b: NDArray[np.int64], stage: Stage) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Where the sums of two filters start, and the words of their scales."""
    odd = len(b) % FILTERS
    starts = np.pad(b * 2**BITS, (0, odd)).reshape(-1, FILTERS)
    return starts, np.pad(stage.scales, [(0, odd), (0, 0)]).reshape(len(starts), -1)


def _prepared(w: Array, b: NDArray[np.int64], stage: Stage, size: int) -> Prepared:
    """The same made at start-up, from weights as they are."""
    stages = Table("stages", np.hstack(_by_pairs(b, stage)).astype(np.int32).reshape(-1))
    weights = Table("weights", np.ascontiguousarray(w).reshape(-1))
    out, depth = w.shape[0], w.shape[3]
    return Prepared(tinyc_call("tinyc_winograd_prepare_s8", out, depth, stages, weights, Out()), size)


def _work(x: Shape, y: Shape) -> dict[str, int]:
    """What the kernel's loops do."""
    n, height, width, out = y
    tiles, fours = n * -(-height // 2) * -(-width // 2), x[3] // 4
    blocks = n * -(-height // 2) * -(-width // 4) * -(-out // FILTERS)
    return {"calls": 1, "turned": tiles * fours, "blocks": blocks, "steps": blocks * 16 * fours}


@lru_cache(maxsize=4096)
def _lag(window: Window, x: Shape, y: Shape, tiles: int) -> int:
    """A step reads the cells of some tiles of a row of tiles before it writes their results."""
    (n, in_h, in_w, in_c), (_, out_h, out_w, out_c) = x, y
    image, row, column = np.ix_(np.arange(n), np.arange(0, out_h, 2), np.arange(0, out_w, 2 * tiles))
    top, left = np.maximum(row - window.pads[0], 0), np.maximum(column - window.pads[1], 0)
    inside = (top < in_h) & (left < in_w)
    reads = np.where(inside, ((image * in_h + top) * in_w + left) * in_c, NOTHING)
    last_row, last_column = np.minimum(row + 2, out_h) - 1, np.minimum(column + 2 * tiles, out_w)
    ends = ((image * out_h + last_row) * out_w + last_column) * out_c
    return smallest_lag(reads, np.maximum.accumulate(ends.reshape(-1)))
