"""Buffers and distances as arrays: one row a buffer, in the order in which they are given."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tinyc.memory.buffers import Buffer, Distance

Integers = NDArray[np.int64]


class Rules:
    """Lifetimes, sizes, and `apart[a, b]`, the distance d(a, b) of `Distance` for buffers that meet."""

    def __init__(self, buffers: Sequence[Buffer], distances: Sequence[Distance] = ()) -> None:
        self.names = [b.name for b in buffers]
        self.bytes: Integers = np.array([b.bytes for b in buffers], np.int64)
        self.alignment: Integers = np.array([b.alignment for b in buffers], np.int64)
        self.first: Integers = np.array([b.first for b in buffers], np.int64)
        self.last: Integers = np.array([b.last for b in buffers], np.int64)
        self.meets = (self.first[:, None] < self.last) & (self.first < self.last[:, None])
        np.fill_diagonal(self.meets, False)
        self.apart: Integers = np.repeat(self.bytes[:, None], len(buffers), axis=1)
        row = {name: index for index, name in enumerate(self.names)}
        for lower, upper, least in distances:
            self.apart[row[lower], row[upper]] = least
        changed = (self.apart != self.bytes[:, None]) & self.meets
        self.plain = not changed.any()  # no distance says anything
        self.ordered = not (changed & (self.apart < 0)).any()  # none is negative

    def __len__(self) -> int:
        return len(self.names)

    def size(self, offsets: Integers) -> int:
        """The arena that the offsets need."""
        return int((offsets + self.bytes).max(initial=0))
