"""What no plan can go below."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinyc.memory.buffers import Buffer, Distance
from tinyc.memory.rules import Integers, Rules


def lower_bound(buffers: Sequence[Buffer], distances: Sequence[Distance] = (), in_use: int = 0) -> int:
    """The most bytes in use at one step, less what distances may save there; or `in_use`, a bound that is known.

    Sort the buffers of a step by offset. Each but the topmost needs at least the gap to the next one, so it saves at
    most its bytes less its smallest gap; each but the lowest has one predecessor, so the same savings may be summed
    by the upper buffer. And a buffer overlaps what lies below it by no more than its own bytes. The least of the
    three sums is taken off. None of them is exact: a chain through all buffers may save less.
    """
    return step_bound(Rules(buffers, distances), in_use)


def step_bound(rules: Rules, in_use: int = 0) -> int:
    """`lower_bound` of buffers that are arrays already."""
    bound = max(in_use, int(rules.bytes.max(initial=0)))
    alive = {first: (rules.first <= first) & (first < rules.last) for first in np.unique(rules.first)}
    # all but the topmost take whole grains
    total = {f: int(rules.step[mask].sum() - (rules.step - rules.bytes)[mask].max()) for f, mask in alive.items()}
    for first in sorted(total, key=lambda f: (-total[f], f)):
        if total[first] <= bound:
            break
        bound = max(bound, total[first] - _savings(rules, np.flatnonzero(alive[first])))
    return bound


def _savings(rules: Rules, members: Integers) -> int:
    """Bytes that overlaps between `members`, all in use at one step, may save at most."""
    if rules.plain or len(members) < 2:
        return 0
    apart, size = rules.apart[np.ix_(members, members)], rules.step[members]
    gap = np.where(apart.T < 0, 0, apart)  # where the other order allows small steps down, this one has no least gap
    saving = np.maximum(size[:, None] - np.maximum(gap, 0), 0)
    tied = np.where(apart.T <= 0, 0, gap)  # buffers at one offset may stand in any order
    capped = np.minimum(np.maximum(size[:, None] - np.maximum(tied, 0), 0), size)
    for table in (saving, capped):
        np.fill_diagonal(table, 0)
    sums = (saving.max(axis=1), saving.max(axis=0), capped.max(axis=0))
    return min(int(best.sum() - best.min()) for best in sums)
