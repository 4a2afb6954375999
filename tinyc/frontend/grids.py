"""Constants that a model has in integers: of which integers and scales the real numbers are made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from tinyc.frontend.tensors import Array
from tinyc.ir.types import QuantParams


@dataclass(frozen=True, eq=False)
class Grid:
    """The elements are (stored − zero) · scale: three arrays of one shape."""

    stored: Array
    scale: Array
    zero: Array

    def moved(self, move: Callable[[Array], Array]) -> Grid:
        """The grid of what `move` makes of the constant."""
        return Grid(move(self.stored), move(self.scale), move(self.zero))

    @property
    def per_tensor(self) -> tuple[Array, QuantParams] | None:
        """int8 data and their parameters; None if there are several scales, or other integers than bytes."""
        scales, zeros = np.unique(self.scale), np.unique(self.zero)
        if len(scales) != 1 or len(zeros) != 1 or self.stored.dtype not in (np.int8, np.uint8) or scales[0] <= 0:
            return None
        shift = 128 if self.stored.dtype == np.uint8 else 0
        data = (self.stored.astype(np.int16) - shift).astype(np.int8)
        return data, QuantParams((float(scales[0]),), int(zeros[0]) - shift)

    def scales_of(self, axis: int) -> tuple[float, ...]:
        """One scale for each index of `axis`, of which elements are −255 to 255 times; none if that is not so."""
        rows = np.moveaxis(self.scale, axis, 0).reshape(self.scale.shape[axis], -1)
        centred = self.stored.astype(np.int64) - self.zero
        if self.stored.dtype.itemsize > 1 or not centred.size:
            return ()
        if (rows != rows[:, :1]).any() or (rows <= 0).any() or not np.isfinite(rows).all():
            return ()
        return tuple(map(float, rows[:, 0]))


def grid_of(stored: Array, scale: Array, zero: Array | None, axis: int) -> Grid | None:
    """The grid of integers with one scale, or with one for each index of `axis`; None for anything else."""
    if scale.size == 1:
        shape = (1,) * stored.ndim
    elif scale.ndim == 1 and -stored.ndim <= axis < stored.ndim and stored.shape[axis] == scale.size:
        shape = tuple(scale.size if a == axis % stored.ndim else 1 for a in range(stored.ndim))
    else:
        return None
    if stored.dtype.kind not in "iu" or (zero is not None and zero.size != scale.size):
        return None
    zeros = np.zeros(scale.size, np.int64) if zero is None else zero.astype(np.int64)
    return Grid(
        stored,
        np.broadcast_to(scale.astype(np.float32).reshape(shape), stored.shape),
        np.broadcast_to(zeros.reshape(shape), stored.shape),
    )
