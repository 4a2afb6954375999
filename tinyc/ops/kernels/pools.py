"""Poolings in int8, four channels at a time: tinyc_max_blocks_s8 and tinyc_average_blocks_s8."""

from __future__ import annotations

import numpy as np

from tinyc.ir.kernel import In, KernelCall, Out, Struct, Table, tinyc_call
from tinyc.ir.op import Signature
from tinyc.ops._window import Window

MOST_CELLS = 128  # whose average the kernel divides exactly
AWAY = 0  # from zero: TINYC_TIES_AWAY; _EVEN and _ODD follow
FRACTION_BITS = 22  # of 1 / count, so that a product with it stays within 31 bits


def maxima(sig: Signature, window: Window, bounds: tuple[int, int]) -> KernelCall:
    """The call for maxima clamped to these stored values."""
    params, work = _params(sig, window, bounds, AWAY), pool_work(sig, window)
    return tinyc_call("tinyc_max_blocks_s8", params, In(0), Out(), work=work)


def ties_of(to_even: bool, zero_point: int) -> int:
    """Where averages halfway between two stored values go: to even distances from the zero point, or `AWAY`."""
    return 1 + zero_point % 2 if to_even else AWAY


def averages(sig: Signature, window: Window, bounds: tuple[int, int], ties: int) -> KernelCall | None:
    """The call for averages clamped to these stored values; None if windows have too many cells."""
    cells = window.kernel[0] * window.kernel[1]
    if cells > MOST_CELLS:
        return None
    counts = np.arange(1, cells + 1, dtype=np.int64)
    factors = -(-(1 << FRACTION_BITS) // counts)
    # sums are moved up by 128 a cell, so that they are not negative, and by half a count; results are moved back
    halves = counts // 2 if ties == AWAY else (counts - 1) // 2  # ties go down at first
    terms = factors * (128 * counts + halves) - (128 << FRACTION_BITS)
    quotients = np.concatenate([[[0, 0]], np.stack([factors, terms], axis=1)]).astype(np.int32)
    table = Table("quotients", quotients.reshape(-1))
    params, work = _params(sig, window, bounds, ties), pool_work(sig, window)
    return tinyc_call("tinyc_average_blocks_s8", params, table, In(0), Out(), work=work)


def _params(sig: Signature, window: Window, bounds: tuple[int, int], ties: int) -> Struct:
    x, y = sig.x.shape, sig.y.shape
    fields = {
        "batches": x[0], "in_h": x[1], "in_w": x[2], "channels": x[3], "out_h": y[1], "out_w": y[2],
        "kernel_h": window.kernel[0], "kernel_w": window.kernel[1],
        "stride_h": window.stride[0], "stride_w": window.stride[1],
        "pad_top": window.pads[0], "pad_left": window.pads[1],
        "low": bounds[0], "high": bounds[1], "ties": ties,
    }  # fmt: skip
    return Struct("tinyc_pool_blocks_params", fields)


def pool_work(sig: Signature, window: Window) -> dict[str, int]:
    """What the loops of any pooling do."""
    cells = window.kernel[0] * window.kernel[1]
    pixels = sig.y.size // sig.y.shape[3]
    return {"calls": 1, "pixels": pixels, "results": sig.y.size, "reads": sig.y.size * cells}
