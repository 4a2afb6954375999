"""Convolutions of 3x3 windows on cores with the DSP extension, with fewer products: `tinyc_winograd_s8`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from tinyc.ir.kernel import (
    Candidate,
    In,
    KernelTarget,
    Out,
    Prepared,
    Struct,
    Table,
    Workspace,
    inlined,
    tinyc_call,
)
from tinyc.ir.op import Signature
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
    if not target.dsp or target.mve:
        return []
    x, y = sig.x.shape, sig.y.shape
    turned = Turned.of(sig, clamp, window, -(-y[2] // 2))
    if turned is None:
        return []
    calls = [
        tinyc_call(
            "tinyc_winograd_s8",
            Struct("tinyc_winograd_params", turned.fields),
            In(0), weights, Workspace(), Out(),
            workspace_bytes=turned.workspace_bytes, work=work_of(x, y[1:3], y),
        )
        for weights in (turned.packed, turned.prepared)
    ]  # fmt: skip
    lagging = [with_lags(call, sig, {0: lag_of_tiles(window, x, y, turned.tiles, (2, 2))}) for call in calls]
    return [(made,) for call in lagging for made in (inlined(call), call)]


@dataclass(frozen=True, eq=False)
class Turned:
    """A convolution as kernels take it that make tiles of it."""

    sig: Signature
    window: Window
    stage: Stage
    tiles: int
    """That are made at a time."""

    @staticmethod
    def of(sig: Signature, clamp: tuple[float, float], window: Window, across: int) -> Turned | None:
        """For a kernel that makes `across` tiles beside each other; None where the layer cannot be computed so."""
        if not sig.x.quant or window != Window((3, 3), (1, 1), window.pads):
            return None
        depth, w, b = sig.x.shape[3], sig.constants[1].astype(np.int64), sig.constants[2].astype(np.int64)
        stage = Stage(_linear.output_scaling(sig), clamp, sig, BITS)
        most = np.abs(b) + 255 * np.abs(w).sum(axis=(1, 2, 3))
        if not stage.fits or depth % 4 or most.max() >= 2 ** (31 - BITS):
            return None
        return Turned(sig, window, stage, _tiles(depth, across))

    @property
    def fields(self) -> dict[str, object]:
        """Those of `tinyc_winograd_params`."""
        x, y = self.sig.x.shape, self.sig.y.shape
        return {
            "batches": x[0],
            "in_h": x[1], "in_w": x[2], "in_c": x[3],
            "out_h": y[1], "out_w": y[2], "out_c": y[3],
            "pad_top": self.window.pads[0], "pad_left": self.window.pads[1],
            "tiles": self.tiles, "zero": self.sig.x.q.zero_point,
            "stage": self.stage.fields,
        }  # fmt: skip

    @property
    def workspace_bytes(self) -> int:
        return 4 * (8 * self.tiles * self.sig.x.shape[3] + 16 * self.tiles + 16)

    @cached_property
    def packed(self) -> Table:
        """For two filters at a time: biases, turned weights, scales."""
        w = self.sig.constants[1].astype(np.int64)
        out, _, _, depth = w.shape
        starts, scales = self._by_pairs()
        w = np.pad(w, [(0, out % FILTERS), (0, 0), (0, 0), (0, 0)])
        turned = np.einsum("ia,fabc,jb->fijc", G, w, G)[:, :, ORDER] * SIGNS[:, None]
        turned = turned.reshape(-1, FILTERS, 16, depth // 4, 4)
        lanes = turned.transpose(0, 2, 3, 1, 4)[..., [0, 2, 1, 3]]
        words = np.ascontiguousarray(lanes.astype("<i2")).reshape(len(turned), -1).view("<i4")
        return Table("packed", np.hstack([starts, words, scales]).astype(np.int32).reshape(-1))

    def _by_pairs(self) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Where the sums of two filters start, and the words of their scales."""
        b = self.sig.constants[2].astype(np.int64)
        odd = len(b) % FILTERS
        starts = np.pad(b * 2**BITS, (0, odd)).reshape(-1, FILTERS)
        return starts, np.pad(self.stage.scales, [(0, odd), (0, 0)]).reshape(len(starts), -1)

    @property
    def prepared(self) -> Prepared:
        """The same as `packed` made at start-up, from weights as they are."""
        stages = Table("stages", np.hstack(self._by_pairs()).astype(np.int32).reshape(-1))
        w = self.sig.constants[1]
        weights = Table("weights", np.ascontiguousarray(w).reshape(-1))
        call = tinyc_call("tinyc_winograd_prepare_s8", w.shape[0], w.shape[3], stages, weights, Out())
        return Prepared(call, self.packed.data.nbytes)


def _tiles(channels: int, across: int) -> int:
    """Tiles to take at a time: an even number, and about as many each time."""
    room = max(2, TURNED_BYTES // (32 * channels) // 2 * 2)
    times = -(-across // room)
    return -(-across // times // 2) * 2


def work_of(x: Shape, made: Sequence[int], y: Shape) -> dict[str, int]:
    """What the kernel's loops do to make so many rows and columns."""
    tiles, fours = x[0] * -(-made[0] // 2) * -(-made[1] // 2), x[3] // 4
    blocks = x[0] * -(-made[0] // 2) * -(-made[1] // 4) * -(-y[3] // FILTERS)
    return {"calls": 1, "turned": tiles * fours, "blocks": blocks, "steps": blocks * 16 * fours}


@lru_cache(maxsize=4096)
def lag_of_tiles(window: Window, x: Shape, y: Shape, tiles: int, tile: tuple[int, int]) -> int:
    """A step reads the cells of some tiles of a row of tiles before it writes their results, `tile` of each."""
    (n, in_h, in_w, in_c), (_, out_h, out_w, out_c), (down, across) = x, y, tile
    image, row, column = np.ix_(np.arange(n), np.arange(-(-out_h // down)), np.arange(0, -(-out_w // across), tiles))
    top, left = np.maximum(2 * row - window.pads[0], 0), np.maximum(2 * column - window.pads[1], 0)
    inside = (top < in_h) & (left < in_w)
    reads = np.where(inside, ((image * in_h + top) * in_w + left) * in_c, NOTHING)
    last_row = np.minimum((row + 1) * down, out_h) - 1
    last_column = np.minimum((column + tiles) * across, out_w)
    ends = ((image * out_h + last_row) * out_w + last_column) * out_c
    return smallest_lag(reads, np.maximum.accumulate(ends.reshape(-1)))
