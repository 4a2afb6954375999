"""Exact offset assignment: a depth-first search that places every buffer below a capacity, or proves that none can.

Time is cut into sections in which the set of buffers in use does not change. Buffers are placed from the bottom up,
each on top of those below it, so only the order matters. A branch is left as soon as some section's floor and the
bytes still to come exceed the capacity, or a buffer would leave a gap that another one fits into. Where no buffer in
use connects two stretches of time any more, each is solved by itself. The ideas are those of MiniMalloc (Moffitt,
2023); the code works on whole arrays of sections, because Python is slow at one at a time.

Weak where many buffers of similar size live long: then the limit on search nodes ends it without an answer.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
from numpy.typing import NDArray

from tinyc.memory.buffers import Buffer

Indices = NDArray[np.int64]

NEVER = 2**60  # an offset beyond every capacity
RANKINGS = ("WAT", "TAW", "TWA")  # width, area, total bytes: what decides between buffers that could go equally low


class NodeLimitReached(Exception):
    """The search ended without an answer."""


def fit_exactly(buffers: Sequence[Buffer], capacity: int, nodes: int) -> dict[str, int] | None:
    """Offsets of all buffers within `capacity` bytes, or None if there are none; NodeLimitReached after `nodes` nodes.

    The rankings take turns with limits that double, so that a bad one costs little.
    """
    if not buffers:
        return {}
    limit = len(buffers)
    spent = 0
    while spent < nodes:
        limit *= 2
        for ranking in RANKINGS:
            search = _Search(buffers, capacity, ranking, min(limit, nodes - spent))
            try:
                return search.run()
            except NodeLimitReached:
                spent += search.limit
                if spent >= nodes:
                    break
    raise NodeLimitReached


class _Search:
    def __init__(self, buffers: Sequence[Buffer], capacity: int, ranking: str, limit: int) -> None:
        self.buffers, self.capacity, self.limit, self.left = buffers, capacity, limit, limit
        edges = sorted({edge for b in buffers for edge in (b.first, b.last)})
        section = {edge: index for index, edge in enumerate(edges)}
        self.first = np.array([section[b.first] for b in buffers])
        self.last = np.array([section[b.last] for b in buffers])
        self.bytes = np.array([b.bytes for b in buffers], np.int64)
        self.alignment = np.array([b.alignment for b in buffers], np.int64)
        columns = np.arange(len(edges) - 1)
        self.alive = (self.first[:, None] <= columns) & (columns < self.last[:, None])
        self.meets = [
            np.flatnonzero((self.first < last) & (self.last > first))
            for first, last in zip(self.first, self.last, strict=True)
        ]
        self.coming = (self.alive * self.bytes[:, None]).sum(axis=0)  # bytes of each section that are not placed yet
        self.floor = np.zeros(len(columns), np.int64)
        self.lowest = np.zeros(len(buffers), np.int64)  # offset that each buffer could have at best
        self.offsets = np.full(len(buffers), NEVER)
        self.rank = self._ranks(ranking)

    def _ranks(self, ranking: str) -> Indices:
        width = np.array([b.last - b.first for b in self.buffers])
        features = {
            "W": width,
            "A": width * self.bytes,
            "T": np.where(self.alive, self.coming, 0).max(axis=1),
        }
        keys = [-features[letter] for letter in ranking]
        order = np.lexsort(tuple(reversed(keys)))
        ranks = np.empty(len(self.buffers), np.int64)
        ranks[order] = np.arange(len(self.buffers))
        return ranks

    def run(self) -> dict[str, int] | None:
        with _recursion(4 * len(self.buffers)):
            if not self._solve_apart(np.arange(len(self.buffers))):
                return None
        return {b.name: int(offset) for b, offset in zip(self.buffers, self.offsets, strict=True)}

    def _solve_apart(self, part: Indices) -> bool:
        """Place `part`, one independent stretch of time after another; nothing is changed if that fails."""
        before = [a.copy() for a in (self.coming, self.floor, self.lowest, self.offsets)]
        if all(self._place(stretch, 0, -1) for stretch in self._stretches(part)):
            return True
        self.coming, self.floor, self.lowest, self.offsets = before
        return False

    def _stretches(self, part: Indices) -> list[Indices]:
        ordered = part[np.argsort(self.first[part], kind="stable")]
        ends = np.maximum.accumulate(self.last[ordered])
        return np.split(ordered, np.flatnonzero(self.first[ordered][1:] >= ends[:-1]) + 1)

    def _place(self, part: Indices, least: int, least_rank: int) -> bool:
        """Place `part`, a connected stretch, at offsets not below `least` (and, at `least`, of higher rank)."""
        self.left -= 1
        if self.left < 0:
            raise NodeLimitReached
        sections = slice(int(self.first[part].min()), int(self.last[part].max()))
        lowest, rank = self.lowest[part], self.rank[part]
        gapless = lowest < (lowest + self.bytes[part]).min()
        in_order = (lowest > least) | ((lowest == least) & (rank > least_rank))
        choices = np.flatnonzero(gapless & in_order)
        for choice in choices[np.lexsort((rank[choices], lowest[choices]))]:
            chosen = int(part[choice])
            offset = int(lowest[choice])
            if offset + self.bytes[chosen] > self.capacity:
                continue
            rest = np.delete(part, choice)
            neighbours = self.meets[chosen][np.isin(self.meets[chosen], rest)]
            undo = self.floor[sections].copy(), self.lowest[neighbours].copy()
            self._put(chosen, offset, neighbours)
            if self._may_fit(rest, sections, offset) and self._place_rest(rest, offset, int(self.rank[chosen])):
                return True
            self._take_back(chosen, sections, neighbours, undo)
            if not len(neighbours):
                break  # nothing lies on top of it: no other choice does better
        return False

    def _place_rest(self, rest: Indices, least: int, least_rank: int) -> bool:
        if not len(rest):
            return True
        if len(self._stretches(rest)) > 1:
            return self._solve_apart(rest)
        return self._place(rest, least, least_rank)

    def _put(self, chosen: int, offset: int, neighbours: Indices) -> None:
        span = slice(self.first[chosen], self.last[chosen])
        top = offset + self.bytes[chosen]
        self.offsets[chosen] = offset
        self.coming[span] -= self.bytes[chosen]
        self.floor[span] = top
        step = self.alignment[neighbours]
        self.lowest[neighbours] = np.maximum(self.lowest[neighbours], -(-top // step) * step)

    def _take_back(
        self, chosen: int, sections: slice, neighbours: Indices, undo: tuple[NDArray[np.int64], NDArray[np.int64]]
    ) -> None:
        self.offsets[chosen] = NEVER
        self.coming[self.first[chosen] : self.last[chosen]] += self.bytes[chosen]
        self.floor[sections], self.lowest[neighbours] = undo

    def _may_fit(self, rest: Indices, sections: slice, offset: int) -> bool:
        """Whether in every section what is still to come fits above what is certain to lie below it."""
        if not len(rest):
            return True
        starts = np.where(self.alive[rest, sections], self.lowest[rest][:, None], NEVER).min(axis=0)
        below = np.maximum(np.maximum(self.floor[sections], starts), offset) + self.coming[sections]
        return bool((below[starts < NEVER] <= self.capacity).all())


@contextmanager
def _recursion(depth: int) -> Iterator[None]:
    """Room for recursion of `depth` levels more than usual."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(before + depth)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
