"""One over a square root in integers, as `tinyc_roots.h` has it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

I64 = NDArray[np.int64]

UNIT_BITS = 62  # what a root is made of is a multiple of 2^-62
STEPS = 4
SLOPE, START = 1308569161, 2289969188  # of the line nearest to 1 / √x in [1/4, 1), off by less than 0.087 of it


def inverse_root(x: I64) -> tuple[I64, I64]:
    """(r, s) with 1 / √x = r · 2^(s − 62), off by less than 2^−27 of it; r in (2^30, 2^31 + 8], x in [1, 2^62).

    x is shifted by 2 s bits into [2^62, 2^64), of which the upper half is kept. Newton's method does the rest, in
    products of 32 bits by 32 of which the upper halves are kept.
    """
    bits = np.frompyfunc(int.bit_length, 1, 1)(np.asarray(x, np.int64).astype(object)).astype(np.int64)
    shift = (64 - bits) >> 1
    top = (np.asarray(x).astype(np.uint64) << (2 * shift).astype(np.uint64)) >> np.uint64(32)
    r = np.uint64(START) - (np.uint64(SLOPE) * top >> np.uint64(32))
    for _ in range(STEPS):
        square = r * r >> np.uint64(32)  # r² with 28 bits behind the point
        rest = np.uint64(3 << 28) - (square * top >> np.uint64(32))
        r = r * rest >> np.uint64(29)
    return r.astype(np.int64), shift
