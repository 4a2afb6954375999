"""Convolutions and dense layers for cores with the DSP extension: two pixels times two filters at a time.

Weights are packed into one stream of words, in the order in which they are used: as int16 (fastest), or as bytes (half
the flash). `runtime_c/tinyc/tinyc_pairs.h` says how, and why the sums of the latter are right.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinyc.ir.kernel import Candidate, In, KernelCall, KernelTarget, Out, Struct, Table, Workspace, inlined, tinyc_call
from tinyc.ir.op import Signature
from tinyc.ops import _linear
from tinyc.ops._lag import Shape, lag_by_block, with_lags
from tinyc.ops._window import CELL, Window
from tinyc.ops.kernels.stage import Stage

WORDS_WRITTEN_OUT = 16  # of a column
SHORT = 16  # bytes in a row of a window up to which a layer has code of its own for the border
BYTE_BITS = 8  # by which the sums of weights in bytes are scaled


def convolutions(
    sig: Signature, target: KernelTarget, clamp: tuple[float, float], window: Window
) -> Sequence[Candidate]:
    """Of x NHWC and w (out, kernel height, kernel width, in), in one group."""
    if not sig.x.quant or not target.dsp or target.mve or window.dilation != (1, 1):
        return []
    return Pairs(sig, clamp, window, sig.x.shape, sig.y.shape).candidates()


def dense(sig: Signature, target: KernelTarget, clamp: tuple[float, float]) -> Sequence[Candidate]:
    """Of x (..., in) and w (out, in): its rows are the pixels of an image."""
    if not sig.x.quant or not target.dsp or target.mve:
        return []
    out, depth = sig.ins[1].shape
    rows = sig.x.size // depth
    return Pairs(sig, clamp, CELL, (1, 1, rows, depth), (1, 1, rows, out)).candidates()


@dataclass(frozen=True, eq=False)
class Packed:
    """A convolution as the kernels take it: the fields of `tinyc_conv_pairs_params`, and the stream of weights."""

    fields: dict[str, object]
    words: Table
    fours: int
    """Words of a column of one pixel."""


class Pairs:
    """A convolution of an image of shape `x` into one of shape `y`."""

    def __init__(self, sig: Signature, clamp: tuple[float, float], window: Window, x: Shape, y: Shape) -> None:
        self.sig, self.clamp, self.window, self.x, self.y = sig, clamp, window, x, y
        self.filters = sig.constants[1].astype(np.int64).reshape(y[3], -1)
        self.starts = sig.constants[2] - sig.x.q.zero_point * self.filters.sum(axis=1)

    def candidates(self) -> Sequence[Candidate]:
        wide, packed = self._call(bits=0), self._call(bits=BYTE_BITS)
        found = [inlined(call) for call in (wide, packed) if call]
        return [(call,) for call in (*found, packed or wide) if call]

    def _call(self, bits: int) -> KernelCall | None:
        packed = self.packed(bits)
        if packed is None:
            return None
        call = tinyc_call(
            "tinyc_conv_pairs_s8" if bits else "tinyc_conv_pairs_wide_s8",
            Struct("tinyc_conv_pairs_params", packed.fields),
            In(0), packed.words, Workspace(), Out(),
            workspace_bytes=(16 if self.y[1] * self.y[2] > 1 else 8) * packed.fours,
            work=self._work(packed.fours), code=self._code(packed.fours, not bits),
        )  # fmt: skip
        return with_lags(call, self.sig, {0: lag_by_block(self.window, self.x, self.y, block=2)})

    def packed(self, bits: int, order: NDArray[np.int64] | None = None) -> Packed | None:
        """With weights as int16, or, where the sums are scaled by 2^bits, in bytes; None where that cannot be.

        `order`: which weight of a filter each value of a column goes with, -1 being none, if it is another than usual.
        """
        stage = Stage(_linear.output_scaling(self.sig), self.clamp, self.sig, bits)
        order = self._order(8 if bits else 4) if order is None else order
        values = np.pad(self.filters, ((0, self.y[3] % 2), (0, 1)))[:, order].reshape(-1, order.size // 4, 4)
        if not stage.fits or (bits and not self._fit_bytes(values)):
            return None
        starts, scales = (np.pad(a, [(0, self.y[3] % 2), (0, 0)]) for a in (self.starts[:, None], stage.scales))
        if bits:
            starts = (starts << bits) - 127 * values[:, :, 1::2].sum(axis=(1, 2))[:, None]
        words = np.concatenate([by_pairs(starts), words_of(values, bool(bits)), by_pairs(scales)], axis=1)
        return Packed(self._params(stage), Table("weights", words.astype(np.int32).reshape(-1)), order.size // 4)

    def _order(self, multiple: int) -> NDArray[np.int64]:
        """Which weight of a filter each value of a column goes with; -1: none.

        The whole words of each of the kernel's rows come first, then the bytes that are left of each.
        """
        rows = np.arange(self.filters.shape[1]).reshape(self.window.kernel[0], -1)
        whole = rows.shape[1] // 4 * 4
        order = np.concatenate([rows[:, :whole].reshape(-1), rows[:, whole:].reshape(-1)])
        return np.pad(order, (0, -order.size % multiple), constant_values=-1)

    def _fit_bytes(self, values: NDArray[np.int64]) -> bool:
        """Whether pairs of weights fit into int16, and the scaled sums into int32."""
        most = np.abs(self.starts) + 128 * np.abs(self.filters).sum(axis=1)
        return bool(values[:, :, ::2].min() > -128 and most.max() < 2 ** (31 - BYTE_BITS))

    def _params(self, stage: Stage) -> dict[str, object]:
        (n, in_h, in_w, in_c), (_, out_h, out_w, out_c) = self.x, self.y
        return {
            "batches": n,
            "in_h": in_h, "in_w": in_w, "in_c": in_c,
            "out_h": out_h, "out_w": out_w, "out_c": out_c,
            "kernel_h": self.window.kernel[0], "kernel_w": self.window.kernel[1],
            "stride_h": self.window.stride[0], "stride_w": self.window.stride[1],
            "pad_top": self.window.pads[0], "pad_left": self.window.pads[1],
            "pad_value": self.sig.x.q.zero_point,
            "stage": stage.fields,
        }  # fmt: skip

    def _work(self, fours: int) -> dict[str, int]:
        """`columns`: words of input; `blocks` and `steps`: of two pixels; `alone`: of a pixel that is left over."""
        n, height, width, out = self.y
        pixels, pairs = height * width, -(-out // 2)
        blocks, alone = n * (pixels // 2) * pairs, n * (pixels % 2) * pairs
        return {
            "calls": 1, "columns": n * pixels * fours, "blocks": blocks, "steps": blocks * fours,
            "alone": alone, "alone_steps": alone * fours,
        }  # fmt: skip

    def _code(self, fours: int, wide: bool) -> dict[str, int]:
        """Of two pixels at a time, and of one that is left, each with code for its columns."""
        two, one = int(self.y[1] * self.y[2] > 1), self.y[1] * self.y[2] % 2
        columns = {name: (two + one) * count for name, count in code_of_columns(self.window, self.x).items()}
        products = (code_of_two(fours, wide) if two else {}) | (code_of_one(fours, wide) if one else {})
        return {"functions": 1, **columns, **products}


def code_of_columns(window: Window, x: Shape) -> dict[str, int]:
    """`words` that are put into a column one by one, and `left` bytes; `borders`: for windows that reach beyond x."""
    words, left = divmod(window.kernel[1] * x[3], 4)
    words *= window.kernel[0]
    return {
        "words": words if words <= WORDS_WRITTEN_OUT else 4,
        "left": min(left * window.kernel[0], WORDS_WRITTEN_OUT),
        "borders": int(any(window.pads) and window.kernel[1] * x[3] <= SHORT),
    }


def code_of_two(fours: int, wide: bool) -> dict[str, int]:
    """Of the products of columns of two pixels: the steps that are written out."""
    return {"two": 1, "two_steps": 1 + (_written_out(fours - 1, 16) if wide else 2 * _written_out(fours // 2 - 1, 8))}


def code_of_one(fours: int, wide: bool) -> dict[str, int]:
    """Of columns of one pixel."""
    return {"one": 1, "one_steps": _written_out(fours // 2, 8) + (fours % 2 if wide else 0)}


def _written_out(count: int, most: int) -> int:
    """How many of so many steps there are in the code, where at most `most` are a round of a loop."""
    rounds = max(1, -(-count // most))
    return count if rounds == 1 else count // rounds + count % rounds


def by_pairs(per_filter: NDArray[np.int64] | NDArray[np.int32]) -> NDArray[np.int64]:
    """(filters, words) as (pairs of filters, words)."""
    return per_filter.astype(np.int64).reshape(per_filter.shape[0] // 2, -1)


def words_of(values: NDArray[np.int64], packed: bool) -> NDArray[np.int64]:
    """The words of each pair of filters, given the values (filters, fours, 4)."""
    stored = 256 * values[:, :, ::2] + values[:, :, 1::2] if packed else values[:, :, [0, 2, 1, 3]]
    pairs = stored.astype("<i2").reshape(-1, 2, *stored.shape[1:]).transpose(0, 2, 1, 3)
    return np.ascontiguousarray(pairs).reshape(len(pairs), -1).view("<i4").astype(np.int64)
