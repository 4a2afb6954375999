"""First fit: buffers are placed one after another, each at the lowest offset that its rules leave free.

The order decides the result. Several good orders are tried, then the best one is varied: buffers that reach highest
move to an earlier turn, and a change that costs nothing is kept. With static lifetimes the orders are those of the
greedy heuristics of TensorFlow Lite Micro and TVM, besides those that suit rows that run behind one another (the
youngest lies lowest). It is weak where large buffers with short lives interlock, and proves nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random

import numpy as np

from tinyc.memory.bound import step_bound
from tinyc.memory.buffers import Buffer, Distance, Plan
from tinyc.memory.rules import Integers, Rules

Order = Callable[[Buffer], tuple[int, ...]]

ORDERS: tuple[Order, ...] = (
    lambda b: (-b.bytes, b.first),
    lambda b: (-b.bytes * (b.last - b.first), b.first),
    lambda b: (b.first - b.last, -b.bytes, b.first),
    lambda b: (b.first, -b.bytes),
    lambda b: (-b.last, -b.bytes),
    lambda b: (-b.first, -b.bytes),
    lambda b: (b.last, -b.bytes),
)

VARIATIONS = 300  # at most; counted, so that results are reproducible
PAIRS = 300_000  # of buffers that variations may look at in all: a second or so


def plan_first_fit(
    buffers: Sequence[Buffer], distances: Sequence[Distance] = (), in_use: int = 0, variations: int = VARIATIONS
) -> Plan:
    """The smallest of the plans that were found; `in_use` is a bound that the caller knows, or what is small enough."""
    by_name = sorted(range(len(buffers)), key=lambda i: buffers[i].name)
    ordered = [buffers[i] for i in by_name]
    rules = Rules(ordered, distances)
    bound = step_bound(rules, in_use)
    offsets = _first_fit(ordered, rules, bound, variations)
    found = dict(zip(rules.names, offsets.tolist(), strict=True))
    return Plan({b.name: found[b.name] for b in buffers}, rules.size(offsets), bound)


def _first_fit(buffers: Sequence[Buffer], rules: Rules, enough: int, variations: int) -> Integers:
    """Offsets by the best order; no better one is looked for once the arena is no larger than `enough`."""
    if not buffers:
        return np.zeros(0, np.int64)
    fit = _FirstFit(rules)
    starts = [sorted(range(len(buffers)), key=lambda i, o=order: o(buffers[i])) for order in ORDERS]  # type: ignore[misc]
    best = min(starts, key=fit.size)
    return np.array(fit.place(fit.vary(best, enough, variations)), np.int64)


class _FirstFit:
    def __init__(self, rules: Rules) -> None:
        self.bytes: list[int] = rules.bytes.tolist()
        self.alignment: list[int] = rules.alignment.tolist()
        apart: list[list[int]] = rules.apart.tolist()
        self.others = [
            [(j, apart[i][j], apart[j][i]) for j in np.flatnonzero(meets).tolist()]
            for i, meets in enumerate(rules.meets)
        ]
        self.pairs = sum(map(len, self.others)) + len(self.bytes)

    def place(self, order: Sequence[int]) -> list[int]:
        """The offset of every buffer."""
        offsets = [-1] * len(self.bytes)
        for chosen in order:
            alignment = self.alignment[chosen]
            taken = [
                (offsets[other] - below, offsets[other] + above)
                for other, below, above in self.others[chosen]
                if offsets[other] >= 0
            ]
            taken.sort()
            offset = 0
            for low, high in taken:
                if low >= offset:
                    break
                if high > offset:
                    offset = -(-high // alignment) * alignment
            offsets[chosen] = offset
        return offsets

    def size(self, order: Sequence[int]) -> int:
        """The arena that the order needs."""
        return max(map(int.__add__, self.place(order), self.bytes))

    def vary(self, order: list[int], enough: int, variations: int) -> list[int]:
        """A better order, if a random walk finds one: what reaches highest is placed earlier."""
        random = Random(len(order))
        now = best = order
        offsets = self.place(order)
        size = smallest = max(map(int.__add__, offsets, self.bytes))
        for _ in range(min(variations, PAIRS // self.pairs)):
            if smallest <= enough:
                break
            top = [turn for turn, i in enumerate(now) if offsets[i] + self.bytes[i] >= size and turn]
            turn = random.choice(top) if top and random.random() < 0.7 else random.randrange(len(now))
            target = random.randrange(turn) if turn else random.randrange(len(now))
            other = now[:]
            other.insert(target, other.pop(turn))
            trial = self.place(other)
            needed = max(map(int.__add__, trial, self.bytes))
            if needed <= size:
                now, offsets, size = other, trial, needed
            if size < smallest:
                best, smallest = now, size
        return best
