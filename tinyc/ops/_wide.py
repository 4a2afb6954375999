"""Weights that int8 does not hold, as sums of some that it does: every part sees the input once more.

Models have weights in uint8 around any zero point, and some of −128, so that what is multiplied lies within ±255.
Most weights of a layer are small all the same: only where one is not, the input is seen again.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MOST = 127
I64 = NDArray[np.int64]


def parts_of(weights: I64) -> list[I64]:
    """Weights within ±127 whose sum they are; what the first do not hold is in the next."""
    parts: list[I64] = []
    while not parts or weights.any():
        parts.append(np.clip(weights, -MOST, MOST))
        weights = weights - parts[-1]
    return parts


def again_by_channel(weights: I64, groups: int) -> tuple[NDArray[np.int8], I64]:
    """For weights (out, …, in of a group): those that see some channels again, behind the others of their group.

    And the channel of the input that each of theirs is.
    """
    out, depth = len(weights), weights.shape[-1]
    blocks = weights.reshape(groups, out // groups, -1, depth)
    first, *others = parts_of(blocks)
    columns: list[list[tuple[int, I64]]] = [
        [(c, part[group, ..., c]) for part in others for c in range(depth) if part[group, ..., c].any()]
        for group in range(groups)
    ]
    extra = max(map(len, columns))
    wide = np.zeros((*blocks.shape[:-1], depth + extra), np.int8)
    wide[..., :depth] = first
    order = np.tile(np.arange(depth + extra), (groups, 1))
    for group, found in enumerate(columns):
        order[group, depth:] = 0
        for at, (channel, column) in enumerate(found, depth):
            order[group, at] = channel
            wide[group, ..., at] = column
    order += depth * np.arange(groups)[:, None]
    return wide.reshape(*weights.shape[:-1], depth + extra), order.reshape(-1)


def again_by_column(weights: I64, dilation: int) -> tuple[NDArray[np.int8], int]:
    """For weights (1, height, width, out): those that see every column so many times, one behind the other."""
    parts = parts_of(weights)
    _, height, width, out = weights.shape
    wide = np.zeros((1, height, (width - 1) * dilation + 1, len(parts), out), np.int8)
    for at, part in enumerate(parts):
        wide[:, :, ::dilation, at] = part
    return wide.reshape(1, height, -1, out), len(parts)
