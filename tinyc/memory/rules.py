"""Buffers and distances as arrays: one row a buffer, in the order in which they are given."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tinyc.memory.buffers import Buffer, Distance

Integers = NDArray[np.int64]


class Rules:
    """Lifetimes, sizes, and `apart[a, b]`, the distance d(a, b) of `Distance` for buffers that meet.

    All offsets are multiples of `grain`, so distances are rounded up to it, and so is `step`, what a buffer takes from
    those above it.
    """

    def __init__(self, buffers: Sequence[Buffer], distances: Sequence[Distance] = ()) -> None:
        self.names = [b.name for b in buffers]
        self.bytes: Integers = np.array([b.bytes for b in buffers], np.int64)
        self.alignment: Integers = np.array([b.alignment for b in buffers], np.int64)
        self.first: Integers = np.array([b.first for b in buffers], np.int64)
        self.last: Integers = np.array([b.last for b in buffers], np.int64)
        self.meets = (self.first[:, None] < self.last) & (self.first < self.last[:, None])
        np.fill_diagonal(self.meets, False)
        self.grain = int(np.gcd.reduce(self.alignment)) if len(buffers) else 1
        self.step = self.up(self.bytes)
        self.apart: Integers = np.repeat(self.step[:, None], len(buffers), axis=1)
        row = {name: index for index, name in enumerate(self.names)}
        for lower, upper, least in distances:
            self.apart[row[lower], row[upper]] = -(-least // self.grain) * self.grain
        changed = (self.apart != self.step[:, None]) & self.meets
        self.plain = not changed.any()  # no distance says anything
        self.ordered = not (changed & (self.apart < 0)).any()  # none is negative

    def __len__(self) -> int:
        return len(self.names)

    def up(self, sizes: Integers) -> Integers:
        """The next multiples of `grain`."""
        return -(-sizes // self.grain) * self.grain

    def size(self, offsets: Integers) -> int:
        """The arena that the offsets need."""
        return int((offsets + self.bytes).max(initial=0))

    def least(self, alive: NDArray[np.bool_]) -> Integers:
        """Bytes that each buffer (row) takes at least, while it is in use, from each column of buffers in use at once.

        It is the smallest gap that may lie between its start and that of the next one; of the topmost one only its
        own bytes are certain, up to a grain.
        """
        least: Integers = alive * self.step[:, None]
        if self.plain:
            return least
        # where the other order allows a step down, this one has no least gap
        gaps = np.where(self.apart.T < 0, 0, np.maximum(self.apart, 0))
        np.fill_diagonal(gaps, self.step)
        for column, members in enumerate(map(np.flatnonzero, alive.T)):
            least[members, column] = gaps[np.ix_(members, members)].min(axis=1, initial=2**60)
        return least
