"""Exact offset assignment: a depth-first search that places every buffer below a capacity, or proves that none can.

Buffers are placed from the bottom up, each at the lowest offset that its distances to those below it allow, so only
the order matters. That is complete as long as no distance is negative: take a plan whose offsets have the least sum
and sort it by offset; then each buffer rests on one before it, and a pair obeys d(lower, upper) alone. (With a
negative distance a buffer may also start a little *below* one that it must otherwise clear.) No buffer is placed where
another one fits below it, equal ones keep the order of their ranks, and where no buffer in use connects two stretches
of time any more, each is solved by itself. Most of this, and the first three rankings, is MiniMalloc's (Moffitt, 2023).

What decides on hard problems is inference and learning. Time is cut into sections in which the set of buffers in use
does not change. What a section still has to hold says by which offset, its deadline, its next buffer must start. Only
a few buffers can be that early; where it is just one, its neighbours must lie above it, unless they end before its
deadline; and those that cannot be next lie above one that can. Every failure counts against the buffers of the section
that failed, and each restart places first what failed most, as in constraint solvers.

Weak where many sections have slack: then little can be inferred, and the search ends without an answer.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinyc.memory.buffers import Buffer, Distance
from tinyc.memory.rules import Integers, Rules

NEVER = 2**60  # an offset beyond every capacity
RANKINGS = ("WAT", "TAW", "TWA")  # width, area, total bytes: what decides between buffers that could go equally low
PLACEMENT = 15_000  # what a placement costs besides the cells (buffers by sections) that it looks at
RESTART = 2  # placements for each buffer until the first restart; few buffers are better searched through:
THROUGH = 20_000  # placements for the number of buffers
FORGET = 0.7  # what is left of a failure's weight at the next restart


class EffortSpent(Exception):
    """The search ended without an answer."""


@dataclass
class Effort:
    """What a search may cost, in cells of its tables, about 100 million a second: counted, so that results repeat."""

    left: int

    def spend(self, cost: int) -> None:
        """Take `cost` off, or raise EffortSpent."""
        self.left -= cost
        if self.left < 0:
            raise EffortSpent


def fit_exactly(
    buffers: Sequence[Buffer], capacity: int, effort: Effort, distances: Sequence[Distance] = ()
) -> dict[str, int] | None:
    """Offsets of all buffers within `capacity` bytes, or None if there are none; EffortSpent if that stays open.

    A negative distance is taken for 0: then None only says that there are none under these stricter rules.
    """
    rules = Rules(buffers, distances)
    offsets = _Search(rules, capacity, effort).run() if len(rules) else np.zeros(0, np.int64)
    return None if offsets is None else dict(zip(rules.names, offsets.tolist(), strict=True))


def descent(rules: Rules) -> int:
    """About the effort of placing every buffer once, none of them in vain."""
    sections = len(np.unique([rules.first, rules.last])) - 1
    return len(rules) * (PLACEMENT + len(rules) * sections // 2)


class _Restart(Exception):
    """The placements of one attempt are used up."""


class _NoPlan(Exception):
    """No order of the buffers is left."""


@dataclass
class _Learner:
    """What failed, and how it ranks the buffers: by failures, times a size, with some chance.

    Which size is best differs from problem to problem; so one learner changes between width, area and bytes, another
    one between these and area alone, and the two take turns.
    """

    weights: NDArray[np.float64]
    sizes: tuple[Integers, Integers, Integers]
    mixed: bool

    def __post_init__(self) -> None:
        self.random = np.random.default_rng(1)

    def keys(self, attempt: int) -> list[NDArray[np.float64]]:
        """What decides, in this order; the largest comes first."""
        width, area, _ = self.sizes
        by_area = not self.mixed and attempt // len(RANKINGS) % 2
        size = area if by_area else self.sizes[attempt % len(RANKINGS)]
        chance = np.exp(self.random.uniform(-0.5, 0.5, len(size)))
        return [self.weights * chance * size, area * chance * (1 + self.weights), width.astype(float)]


class _Search:
    def __init__(self, rules: Rules, capacity: int, effort: Effort) -> None:
        self.rules, self.capacity, self.effort = rules, capacity, effort
        edges = np.unique([rules.first, rules.last])
        self.first, self.last = np.searchsorted(edges, rules.first), np.searchsorted(edges, rules.last)
        columns = np.arange(len(edges) - 1)
        self.alive = (self.first[:, None] <= columns) & (columns < self.last[:, None])
        self.gaps = np.maximum(rules.apart, 0)
        self.reach = np.maximum(np.where(rules.meets, self.gaps, 0).max(axis=1), 1)
        self.tied = rules.meets & (self.gaps == 0)  # one may rest on the other and start where it does
        self.least = rules.least(self.alive)
        self.shortest = np.where(self.alive, self.least, NEVER).min(axis=1)
        self.ceiling = int(rules.up(np.array(capacity)))  # where the last whole grain ends
        self.twins = self._twins()
        self.weights = np.zeros(len(rules))
        self.placements = 0
        self.rank = np.zeros(len(rules), np.int64)
        self._clear()

    def _twins(self) -> Integers:
        """A number for each buffer, the same for those that could change places."""
        rules = self.rules
        table = np.column_stack([rules.first, rules.last, rules.bytes, rules.alignment])
        special = ((rules.apart != rules.step[:, None]) & rules.meets).astype(np.int64)
        marked = (special.sum(axis=0) + special.sum(axis=1)) > 0  # a distance tells it from all others
        table = np.column_stack([table, np.where(marked, np.arange(len(rules)), -1)])
        numbers: Integers = np.unique(table, axis=0, return_inverse=True)[1].ravel()
        return numbers

    def _clear(self) -> None:
        self.coming = self.least.sum(axis=0)  # bytes that each section needs at least for what is not placed yet
        self.lowest = np.zeros(len(self.rules), np.int64)  # offset that each buffer could have at best
        self.offsets = np.full(len(self.rules), NEVER)

    def run(self) -> Integers | None:
        """Offsets, or None if there are none."""
        width = self.rules.last - self.rules.first
        area, total = width * self.rules.bytes, np.where(self.alive, self.rules.bytes @ self.alive, 0).max(axis=1)
        features = {"W": width, "A": area, "T": total}
        with _recursion(4 * len(self.rules)):
            try:
                for attempt, ranking in enumerate(RANKINGS):
                    if self._attempt(attempt, [features[letter] for letter in ranking]):
                        return self.offsets
                sizes = width, area, self.rules.bytes
                learners = [_Learner(self.weights.copy(), sizes, mixed) for mixed in (True, False)]
                while True:
                    attempt += 1
                    for learner in learners:
                        self.weights = learner.weights
                        if self._attempt(attempt, learner.keys(attempt)):
                            return self.offsets
            except _NoPlan:
                return None

    def _attempt(self, number: int, keys: Sequence[NDArray[np.generic]]) -> bool:
        """Search until the next restart, the largest key first; _NoPlan where everything was searched in vain."""
        self._clear()
        self.rank[np.lexsort(tuple(-key for key in reversed(keys)))] = np.arange(len(self.rules))
        turns = _luby(number // len(RANKINGS) + 1)
        self.placements = max(RESTART * len(self.rules), THROUGH // len(self.rules)) * turns
        try:
            if self._solve_apart(np.arange(len(self.rules))):
                return True
        except _Restart:
            self.weights *= FORGET
            return False
        raise _NoPlan

    def _solve_apart(self, part: Integers) -> bool:
        """Place `part`, one independent stretch of time after another; nothing is changed if that fails."""
        before = self.coming.copy(), self.lowest.copy(), self.offsets.copy()
        if all(self._place(stretch, None) for stretch in self._stretches(part)):
            return True
        self.coming, self.lowest, self.offsets = before
        return False

    def _stretches(self, part: Integers) -> list[Integers]:
        ordered = part[np.argsort(self.first[part], kind="stable")]
        ends = np.maximum.accumulate(self.last[ordered])
        cuts = np.flatnonzero(self.first[ordered][1:] >= ends[:-1]) + 1
        return np.split(ordered, cuts) if len(cuts) else [part]

    def _place(self, part: Integers, last: int | None) -> bool:
        """Place `part`, a connected stretch, not below `last`, the buffer placed before.

        At the same offset the rank must be higher, unless it is `last` that holds the buffer there.
        """
        lowest, rank = self.lowest[part], self.rank[part]
        start, stop = int(self.first[part].min()), int(self.last[part].max())
        allowed = lowest < (lowest + self.reach[part]).min()
        allowed &= lowest <= self.capacity - self.rules.bytes[part]
        allowed &= lowest <= self.ceiling - self.coming[start:stop].max()
        if last is not None:
            in_order = (rank > self.rank[last]) | self.tied[last, part]
            allowed &= (lowest > self.offsets[last]) | ((lowest == self.offsets[last]) & in_order)
        allowed &= self._eldest(part, rank)
        choices = np.flatnonzero(allowed)
        for choice in choices[np.lexsort((rank[choices], lowest[choices]))]:
            chosen, rest = int(part[choice]), np.delete(part, choice)
            if not len(rest):
                self.offsets[chosen] = lowest[choice]
                return True
            before = self.coming, self.lowest
            self._put(chosen, rest)
            if self._infer(rest, slice(start, stop), int(lowest[choice])) and self._place_rest(rest, chosen):
                return True
            self.coming, self.lowest = before
            self.offsets[chosen] = NEVER
        return False

    def _eldest(self, part: Integers, rank: Integers) -> NDArray[np.bool_]:
        """Which of `part` have no twin of lower rank in it: twins are placed in the order of their ranks."""
        least = np.full(len(self.rules), NEVER)
        np.minimum.at(least, self.twins[part], rank)
        eldest: NDArray[np.bool_] = rank == least[self.twins[part]]
        return eldest

    def _place_rest(self, rest: Integers, last: int) -> bool:
        if len(self._stretches(rest)) > 1:
            return self._solve_apart(rest)
        return self._place(rest, last)

    def _put(self, chosen: int, rest: Integers) -> None:
        """Place `chosen` as low as it may lie, `rest` above it."""
        self.offsets[chosen] = self.lowest[chosen]
        self.coming = self.coming - self.least[chosen]
        above = np.where(self.rules.meets[chosen, rest], self.lowest[chosen] + self.gaps[chosen, rest], 0)
        self.lowest = self.lowest.copy()
        self.lowest[rest] = np.maximum(self.lowest[rest], self._aligned(above, rest))

    def _aligned(self, offsets: Integers, part: Integers) -> Integers:
        step = self.rules.alignment[part]
        return -(-offsets // step) * step

    def _infer(self, rest: Integers, sections: slice, offset: int) -> bool:
        """Raise `lowest` of `rest` by what must lie below, all from `offset` on; whether all may still fit."""
        self.placements -= 1
        if self.placements < 0:
            raise _Restart
        alive = self.alive[rest, sections]
        self.effort.spend(PLACEMENT + alive.size)
        deadline = np.where(alive.any(axis=0), self.ceiling - self.coming[sections], NEVER)
        lowest, highest = np.maximum(self.lowest[rest], offset), self.capacity - self.rules.bytes[rest]
        while True:
            early = alive & (lowest[:, None] <= deadline)  # what may come next in a section
            count = np.add.reduce(early, axis=0, dtype=np.int32)
            fails = (deadline < offset) | ((count == 0) & (deadline < NEVER))
            if fails.any():
                self.weights[rest[alive[:, fails.argmax()]]] += 1
                return False
            tops = lowest + self.shortest[rest]
            order = np.argsort(tops)
            over = tops[order][early[order].argmax(axis=0)]  # the lowest end of what may come next
            above = np.where(alive ^ early, over, 0).max(axis=1)
            np.maximum(above, self._above_sole(rest, early, count == 1, deadline, lowest, highest), out=above)
            raised = np.maximum(lowest, self._aligned(above, rest))
            if (raised > highest).any():
                self.weights[rest[raised > highest]] += 1
                return False
            if (raised == lowest).all():
                self.lowest[rest] = np.where(lowest > offset, lowest, self.lowest[rest])
                return True
            lowest = raised

    def _above_sole(
        self,
        rest: Integers,
        early: NDArray[np.bool_],
        sole: NDArray[np.bool_],
        deadline: Integers,
        lowest: Integers,
        highest: Integers,
    ) -> Integers:
        """Lowest offsets of what cannot end before a buffer that must come next; lowers `highest` of such buffers."""
        next_one = early[:, sole].argmax(axis=0)
        np.minimum.at(highest, next_one, deadline[sole])
        chosen = np.unique(next_one)
        pairs, inverse = np.ix_(rest[chosen], rest), np.ix_(rest, rest[chosen])
        above = self.rules.meets[pairs] & (lowest + self.gaps[inverse].T > highest[chosen, None])
        offsets: Integers = np.where(above, lowest[chosen, None] + self.gaps[pairs], 0).max(axis=0, initial=0)
        return offsets


def _luby(turn: int) -> int:
    """1 1 2 1 1 2 4 1 1 2 1 1 2 4 8 …: how long attempts last when nobody knows how long is right."""
    bits = turn.bit_length()
    return 1 << (bits - 1) if turn == (1 << bits) - 1 else _luby(turn - (1 << (bits - 1)) + 1)


@contextmanager
def _recursion(depth: int) -> Iterator[None]:
    """Room for recursion of `depth` levels more than usual."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(before + depth)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
