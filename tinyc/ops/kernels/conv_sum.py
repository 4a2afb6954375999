"""Sums right behind convolutions and dense layers: `tinyc_conv_sum_s8`, and others for tiles and for Helium.

They are the kernels of the layer before, in which a result is summed with the other operand before it is stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from tinyc.ir.kernel import Candidate, In, KernelCall, Prepared, Struct
from tinyc.ir.op import Signature
from tinyc.ir.types import Rounding
from tinyc.ops._lag import lag_in_order, with_lags
from tinyc.ops.kernels.sum_stage import Fields

PAIRS, WIDE, WINOGRAD = "tinyc_conv_pairs_s8", "tinyc_conv_pairs_wide_s8", "tinyc_winograd_s8"
VECTORS = "tinyc_conv_vectors_s8"
FURTHEST = 4095  # bytes that a load or store reaches


def candidates(before: Sequence[Candidate], other: int, stage: Fields, sig: Signature) -> Sequence[Candidate]:
    """The calls of the layer before that have a kernel with a sum in it; In(other) is the other operand.

    `sig` is that of the sum, both operands of which have the result's shape.
    """
    calls = [call for (call, *more) in before if not more and call.function in (PAIRS, WIDE, WINOGRAD, VECTORS)]
    return [(_with_sum(call, other, stage, sig),) for call in calls if _pays(call, stage, sig)]


def _pays(call: KernelCall, stage: Fields, sig: Signature) -> bool:
    """Whether a sum takes less in the call than by itself: in tiles that are not summed in assembly it does not."""
    conv, _, weights, *_ = call.args
    assert isinstance(conv, Struct)
    if isinstance(weights, Prepared):
        return False
    if call.function != WINOGRAD or sig.rounding is not Rounding.SINGLE:
        return True
    width, channels, clamp = conv.fields["out_w"], conv.fields["out_c"], conv.fields["stage"]
    clamps = (clamp["low"], clamp["high"]), (stage["low"], stage["high"])
    return (width + 3) * channels + 1 <= FURTHEST and clamps == ((-128, 127), (-128, 127))


def _with_sum(call: KernelCall, other: int, stage: Fields, sig: Signature) -> KernelCall:
    conv, x, weights, *rest = call.args
    assert isinstance(conv, Struct)
    fields: dict[str, Any] = {"conv": conv.fields, "sum": stage}
    rows, columns, channels = (conv.fields[f"out_{axis}"] for axis in "hwc")
    if call.function == WINOGRAD:
        name, variant = "winograd", call.variant
        tiles = conv.fields["tiles"]
        lag = max(_lag_of_tiles(some, columns, channels, tiles) for some in (rows % 2, min(rows, 2)))
    elif call.function == VECTORS:
        name, variant, strip = "conv_vectors", call.variant, conv.fields["strip"]
        lag = max(_lag_of_strip(some, channels) for some in (min(columns, strip), columns % strip))
    else:
        name, variant = "conv", "wide" if call.function == WIDE else ""
        fields["wide"] = int(call.function == WIDE)
        lag = _lag_of_pairs(min(rows * columns, 2), channels)
    args = Struct(f"tinyc_{name}_sum_params", fields), x, weights, In(other), *rest
    fused = replace(call, function=f"tinyc_{name}_sum_s8", args=args, variant=variant)
    return replace(fused, lags={**call.lags, **with_lags(fused, sig, {other: lag}).lags})


@lru_cache(maxsize=4096)
def _lag_of_pairs(pixels: int, channels: int) -> int:
    """Two pixels go through two filters at a time; those before and behind them are done, and to come."""
    pixel, channel = np.indices((pixels, channels)).reshape(2, -1)
    return lag_in_order(np.lexsort((channel, pixel, channel // 2)))


@lru_cache(maxsize=4096)
def _lag_of_strip(pixels: int, channels: int) -> int:
    """Four filters go over all pixels, then the next four."""
    pixel, channel = np.indices((pixels, channels)).reshape(2, -1)
    return lag_in_order(np.lexsort((channel, pixel, channel // 4)))


@lru_cache(maxsize=4096)
def _lag_of_tiles(rows: int, columns: int, channels: int, tiles: int) -> int:
    """A row of tiles of 2 x 2: `tiles` of them go through two filters, two at a time, one filter after the other."""
    row, column, channel = np.indices((rows, columns, channels)).reshape(3, -1)
    tile, pair = column // 2, column // 4
    return lag_in_order(np.lexsort((column, row, tile, channel, pair, channel // 2, tile // tiles)))
