"""The cheapest choice of one option a group within a budget: groups are layers, the budget is flash.

Options may ask for things that are paid once, however many of them do so: code that layers share. So every set of such
things is tried that some options can do without; for each, costs and sizes of all choices so far are kept as a front.
The result is exact up to MOST_SHARED and LONGEST, which no model has come near.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]

MOST_SHARED = 10  # things that are tried with and without, the largest first; the others count as had
LONGEST = 20_000  # points of a front; of a longer one some are dropped


@dataclass(frozen=True)
class Option:
    """What an option costs, the bytes that are its own, and the things that it shares with others, by name."""

    cost: int
    bytes: int
    shared: frozenset[str] = frozenset()


def worthwhile(group: Sequence[Option]) -> list[int]:
    """The numbers of the options of a group that no other beats in cost, bytes, and what it asks for."""
    order = sorted(range(len(group)), key=lambda i: (group[i].cost, group[i].bytes, len(group[i].shared), i))
    kept: list[int] = []
    for i in order:
        option = group[i]
        if not any(group[k].bytes <= option.bytes and group[k].shared <= option.shared for k in kept):
            kept.append(i)
    return sorted(kept)


def cheapest(
    groups: Sequence[Sequence[Option]], shared: Mapping[str, int], budget: int | None = None
) -> list[int] | None:
    """For each group the number of its option, such that the sum of costs is least and all bytes are within `budget`.

    `shared` has the bytes of shared things. Ties go to fewer bytes. None if nothing fits; without groups, [].
    """
    best: tuple[int, int, list[int]] | None = None
    for allowed in _sets(groups, shared):
        fixed = sum(shared[name] for name in allowed)
        if budget is not None and fixed > budget:
            continue
        found = _within(groups, allowed, None if budget is None else budget - fixed)
        if found is not None and (best is None or (found[0], found[1] + fixed) < best[:2]):
            best = found[0], found[1] + fixed, found[2]
    return None if best is None else best[2]


def _sets(groups: Sequence[Sequence[Option]], shared: Mapping[str, int]) -> Iterator[frozenset[str]]:
    """Sets of shared things: all those that every option of some group needs, with any of the others."""
    needed = frozenset().union(*(frozenset.intersection(*(o.shared for o in group)) for group in groups if group))
    wanted = {name for group in groups for option in group for name in option.shared} - needed
    free = sorted(wanted, key=lambda name: (-shared[name], name))[:MOST_SHARED]
    always = needed | (wanted - set(free))
    for count in range(len(free) + 1):
        for some in combinations(free, count):
            yield always | frozenset(some)


def _within(
    groups: Sequence[Sequence[Option]], allowed: frozenset[str], budget: int | None
) -> tuple[int, int, list[int]] | None:
    """The least cost, its bytes, and the choice, of options that ask for nothing but what is `allowed`."""
    costs, sizes = np.zeros(1, np.int64), np.zeros(1, np.int64)
    history: list[tuple[Ints, Ints]] = []  # for each group and point of its front: the option, and the point before
    for group in groups:
        able = [i for i, option in enumerate(group) if option.shared <= allowed]
        if not able:
            return None
        all_costs = np.concatenate([costs + group[i].cost for i in able])
        all_sizes = np.concatenate([sizes + group[i].bytes for i in able])
        options, before = np.repeat(able, len(costs)), np.tile(np.arange(len(costs)), len(able))
        kept = _front(all_costs, all_sizes, budget)
        if not len(kept):
            return None
        costs, sizes = all_costs[kept], all_sizes[kept]
        history.append((options[kept], before[kept]))
    at, choice = int(np.argmin(costs)), []
    least = int(costs[at]), int(sizes[at])
    for options, before in reversed(history):
        choice.append(int(options[at]))
        at = int(before[at])
    return *least, choice[::-1]


def _front(costs: Ints, sizes: Ints, budget: int | None) -> Ints:
    """The indices of points within budget that no other beats in both."""
    order = np.lexsort((costs, sizes))
    if budget is not None:
        order = order[sizes[order] <= budget]
    sorted_costs = costs[order]
    better = np.ones(len(order), bool)
    better[1:] = sorted_costs[1:] < np.minimum.accumulate(sorted_costs)[:-1]
    return order[better] if better.sum() <= LONGEST else _thinned(order[better], sizes)


def _thinned(front: Ints, sizes: Ints) -> Ints:
    """Of a front too long to go on with, evenly spread points, both ends among them."""
    return front[np.unique(np.linspace(0, len(front) - 1, LONGEST).astype(np.int64))]
