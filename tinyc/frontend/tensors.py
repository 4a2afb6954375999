"""Data of a model's tensors, whatever the format of its file."""

from __future__ import annotations

from collections.abc import Iterable
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyc.errors import TinycError

Array = NDArray[Any]

MAX_ELEMENTS = 2**28
"""Of any one tensor. A gigabyte of float32: far beyond a microcontroller, and what this machine may be asked for."""


def is_possible(shape: Iterable[int]) -> bool:
    """Whether a tensor may have this shape: no size is negative, and what there is along the others is not too much."""
    sizes = tuple(shape)
    return min(sizes, default=0) >= 0 and prod(max(size, 1) for size in sizes) <= MAX_ELEMENTS


def as_float32(data: Array, name: str, where: str) -> NDArray[np.float32]:
    """Floating-point data as float32; TinycError for other types and for values that float32 cannot hold."""
    if data.dtype.kind != "f":
        raise TinycError(f"'{name}' must have floating-point elements, it has {data.dtype}", where)
    with np.errstate(over="ignore"):
        single = data.astype(np.float32)
    if not np.isfinite(single).all():
        kind = "NaN" if np.isnan(single).any() else "infinite values (in float32)"
        raise TinycError(
            f"'{name}' contains {kind}", where, "the model's training has diverged, or its file is damaged"
        )
    return single
