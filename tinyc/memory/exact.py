"""Exact offset assignment: a depth-first search that places every buffer below a capacity, or proves that none can.

Time is cut into sections in which the set of buffers in use does not change. Buffers are placed from the bottom up,
each at the lowest offset that its distances to those below it allow, so only the order matters. That is complete as
long as no distance is negative: take a plan whose offsets have the least sum and sort it by offset; then each buffer
rests on one before it, and a pair obeys d(lower, upper) alone. (With a negative distance a buffer may also start a
little *below* one that it must otherwise clear, and would have two lowest offsets.) A branch is left as soon as what
lies below some section and the bytes still to come exceed the capacity, or a buffer would leave a gap that another
one fits into. Where no buffer in
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

from tinyc.memory.buffers import Buffer, Distance
from tinyc.memory.rules import Rules

Indices = NDArray[np.int64]

NEVER = 2**60  # an offset beyond every capacity
RANKINGS = ("WAT", "TAW", "TWA")  # width, area, total bytes: what decides between buffers that could go equally low


class NodeLimitReached(Exception):
    """The search ended without an answer."""


def fit_exactly(
    buffers: Sequence[Buffer], capacity: int, nodes: int, distances: Sequence[Distance] = ()
) -> dict[str, int] | None:
    """Offsets of all buffers within `capacity` bytes, or None if there are none; NodeLimitReached after `nodes` nodes.

    A negative distance is taken for 0: then None only says that there are none under these stricter rules.

    The rankings take turns with limits that double, so that a bad one costs little.
    """
    if not buffers:
        return {}
    rules = Rules(buffers, distances)
    limit = len(buffers)
    spent = 0
    while spent < nodes:
        limit *= 2
        for ranking in RANKINGS:
            search = _Search(buffers, rules, capacity, ranking, min(limit, nodes - spent))
            try:
                return search.run()
            except NodeLimitReached:
                spent += search.limit
                if spent >= nodes:
                    break
    raise NodeLimitReached


class _Search:
    def __init__(self, buffers: Sequence[Buffer], rules: Rules, capacity: int, ranking: str, limit: int) -> None:
        self.buffers, self.capacity, self.limit, self.left = buffers, capacity, limit, limit
        edges = sorted({edge for b in buffers for edge in (b.first, b.last)})
        section = {edge: index for index, edge in enumerate(edges)}
        self.first = np.array([section[b.first] for b in buffers])
        self.last = np.array([section[b.last] for b in buffers])
        self.bytes, self.alignment = rules.bytes, rules.alignment
        self.gaps = np.maximum(rules.apart, 0)
        self.reach = np.maximum(np.where(rules.meets, self.gaps, 0).max(axis=1), 1)
        columns = np.arange(len(edges) - 1)
        self.alive = (self.first[:, None] <= columns) & (columns < self.last[:, None])
        self.meets = [np.flatnonzero(others) for others in rules.meets]
        self.least = self._least(rules)
        self.coming = self.least.sum(axis=0)  # bytes that each section needs at least for what is not placed yet
        self.lowest = np.zeros(len(buffers), np.int64)  # offset that each buffer could have at best
        self.offsets = np.full(len(buffers), NEVER)
        self.held = rules.meets & (self.gaps == 0)  # one may start where the other does
        self.rank = self._ranks(ranking)

    def _ranks(self, ranking: str) -> Indices:
        width = np.array([b.last - b.first for b in self.buffers])
        features = {
            "W": width,
            "A": width * self.bytes,
            "T": np.where(self.alive, self.bytes @ self.alive, 0).max(axis=1),
        }
        keys = [-features[letter] for letter in ranking]
        order = np.lexsort(tuple(reversed(keys)))
        ranks = np.empty(len(self.buffers), np.int64)
        ranks[order] = np.arange(len(self.buffers))
        return ranks

    def _least(self, rules: Rules) -> Indices:
        """Bytes that each buffer takes at least from the sections in which it is in use: rows buffers."""
        least = self.alive * self.bytes[:, None]
        if rules.plain:
            return least
        for column, alive in enumerate(self.alive.T):
            members = np.flatnonzero(alive)
            gaps = self.gaps[np.ix_(members, members)]
            np.fill_diagonal(gaps, self.bytes[members])
            least[members, column] = gaps.min(axis=1, initial=NEVER)
        return least

    def run(self) -> dict[str, int] | None:
        with _recursion(4 * len(self.buffers)):
            if not self._solve_apart(np.arange(len(self.buffers))):
                return None
        return {b.name: int(offset) for b, offset in zip(self.buffers, self.offsets, strict=True)}

    def _solve_apart(self, part: Indices) -> bool:
        """Place `part`, one independent stretch of time after another; nothing is changed if that fails."""
        before = [a.copy() for a in (self.coming, self.lowest, self.offsets)]
        if all(self._place(stretch, None) for stretch in self._stretches(part)):
            return True
        self.coming, self.lowest, self.offsets = before
        return False

    def _stretches(self, part: Indices) -> list[Indices]:
        ordered = part[np.argsort(self.first[part], kind="stable")]
        ends = np.maximum.accumulate(self.last[ordered])
        return np.split(ordered, np.flatnonzero(self.first[ordered][1:] >= ends[:-1]) + 1)

    def _place(self, part: Indices, last: int | None) -> bool:
        """Place `part`, a connected stretch, not below `last`, the buffer placed before.

        At the same offset the rank must be higher, unless it is `last` that holds the buffer there.
        """
        self.left -= 1
        if self.left < 0:
            raise NodeLimitReached
        sections = slice(int(self.first[part].min()), int(self.last[part].max()))
        lowest, rank = self.lowest[part], self.rank[part]
        allowed = lowest < (lowest + self.reach[part]).min()
        if last is not None:
            in_order = (rank > self.rank[last]) | (self.held[last, part])
            allowed &= (lowest > self.offsets[last]) | ((lowest == self.offsets[last]) & in_order)
        choices = np.flatnonzero(allowed)
        for choice in choices[np.lexsort((rank[choices], lowest[choices]))]:
            chosen = int(part[choice])
            offset = int(lowest[choice])
            if offset + self.bytes[chosen] > self.capacity:
                continue
            rest = np.delete(part, choice)
            neighbours = self.meets[chosen][np.isin(self.meets[chosen], rest)]
            undo = self.lowest[neighbours].copy()
            self._put(chosen, offset, neighbours)
            if self._may_fit(rest, sections, offset) and self._place_rest(rest, chosen):
                return True
            self._take_back(chosen, neighbours, undo)
            if not len(neighbours):
                break  # nothing lies on top of it: no other choice does better
        return False

    def _place_rest(self, rest: Indices, last: int) -> bool:
        if not len(rest):
            return True
        if len(self._stretches(rest)) > 1:
            return self._solve_apart(rest)
        return self._place(rest, last)

    def _put(self, chosen: int, offset: int, neighbours: Indices) -> None:
        self.offsets[chosen] = offset
        self.coming -= self.least[chosen]
        step = self.alignment[neighbours]
        over = -(-(offset + self.gaps[chosen, neighbours]) // step) * step
        self.lowest[neighbours] = np.maximum(self.lowest[neighbours], over)

    def _take_back(self, chosen: int, neighbours: Indices, lowest: Indices) -> None:
        self.offsets[chosen] = NEVER
        self.coming += self.least[chosen]
        self.lowest[neighbours] = lowest

    def _may_fit(self, rest: Indices, sections: slice, offset: int) -> bool:
        """Whether in every section what is still to come fits above what is certain to lie below it."""
        if not len(rest):
            return True
        starts = np.where(self.alive[rest, sections], self.lowest[rest][:, None], NEVER).min(axis=0)
        below = np.maximum(starts, offset) + self.coming[sections]
        tops = self.lowest[rest] + self.bytes[rest]
        return bool((below[starts < NEVER] <= self.capacity).all() and tops.max() <= self.capacity)


@contextmanager
def _recursion(depth: int) -> Iterator[None]:
    """Room for recursion of `depth` levels more than usual."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(before + depth)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
