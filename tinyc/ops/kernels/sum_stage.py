"""Sums of two int8 values as two products with whole numbers and a shift: what `tinyc_sum_kernels.h` wants to know.

There are only 65,536 pairs of values, so whole factors, a start and a shift can be found that give the very results
which a sum has whose operands are scaled, and that then is scaled, rounded and clamped: a scaling less for each result.
"""

from __future__ import annotations

from math import floor, log2

import numpy as np
from numpy.typing import NDArray

NEAR = 16  # how far from the real factors whole ones are looked for
VALUES = np.arange(-128, 128, dtype=np.int64)

Table = NDArray[np.int64]
Fields = dict[str, int]


def sum_stage(results: Table, slopes: tuple[float, float], bounds: tuple[int, int]) -> Fields | None:
    """The fields of a `tinyc_sum_stage`; None where there are no such numbers.

    `results` [value + 128, other + 128] are nearly straight lines of these slopes, clamped to `bounds`.
    """
    most = 255 * (abs(slopes[0]) + abs(slopes[1])) + 130
    right = min(31, floor(31 - log2(most)))
    low, high = bounds
    above, below = results > low, results < high
    if right < 1 or not above.any() or not below.any():
        return None
    middle = [round(slope * 2**right) for slope in slopes]
    sums = middle[0] * VALUES[:, None] + middle[1] * VALUES
    from_least = _largest(above, (results << right) - sums)
    to_most = -_largest(below, sums - ((results + 1) << right) + 1)[::-1, ::-1]
    room = to_most - from_least
    at = np.unravel_index(room.argmax(), room.shape)
    if room[at] < 0:
        return None
    a, b = (whole + int(step) - NEAR for whole, step in zip(middle, at, strict=True))
    start = int(from_least[at] + to_most[at]) // 2
    exact = a * VALUES[:, None] + b * VALUES + start
    if np.abs(exact).max() + 2**right >= 2**31 or (np.clip(exact >> right, low, high) != results).any():
        return None
    return {"value_factor": a, "other_factor": b, "start": start, "right": right, "low": low, "high": high}


def _largest(where: NDArray[np.bool_], starts: Table) -> Table:
    """What of the starts that values and others want is the largest, by how much the factors change: -NEAR to NEAR."""
    near = where & (starts > starts[where].max() - 4 * 128 * NEAR)  # others never are
    value, other = np.nonzero(near)
    steps = np.arange(-NEAR, NEAR + 1)[:, None]
    return np.asarray((starts[near] - (steps * VALUES[value])[:, None] - steps * VALUES[other]).max(axis=-1))
