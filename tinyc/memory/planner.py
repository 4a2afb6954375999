"""The planner: the smallest arena that first fit finds, made smaller by exact search where there is room for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tinyc.memory.bound import lower_bound
from tinyc.memory.buffers import Buffer, Distance, Plan
from tinyc.memory.exact import Effort, EffortSpent, descent, fit_exactly
from tinyc.memory.first_fit import plan_first_fit
from tinyc.memory.rules import Rules

EFFORT = 200_000_000  # of search in all, about two seconds: counted, so that results are reproducible
TRIALS = 10  # variations of first fit where the search is there to decide


def plan_buffers(
    buffers: Sequence[Buffer], distances: Sequence[Distance] = (), in_use: int = 0, effort: int = EFFORT
) -> Plan:
    """A plan as small as could be found; `in_use` is a lower bound that the caller knows.

    The search tries the lower bound first, for half of the effort: it is reached more often than not. After that it
    halves the gap, each time for a quarter of what is left, or for what one descent costs. The lower bound rises where
    a capacity is proven to be too small; with negative distances nothing is proven (see `exact`).
    """
    best = plan_first_fit(buffers, distances, in_use)
    rules = Rules(buffers, distances)
    open_below = capacity = best.lower_bound
    share = 2
    while open_below < best.arena_bytes and effort > 0:
        granted = min(effort, max(effort // share, descent(rules)))
        search = Effort(granted)
        try:
            offsets = fit_exactly(buffers, capacity, search, distances)
        except EffortSpent:
            offsets = None
            open_below = capacity + 1
        else:
            if offsets is not None:
                size = max(offsets[b.name] + b.bytes for b in buffers)
                best = Plan({b.name: offsets[b.name] for b in buffers}, size, best.lower_bound)
            else:
                open_below = capacity + 1
                best = replace(best, lower_bound=open_below) if rules.ordered else best
        effort -= granted - max(search.left, 0)
        capacity = (open_below + best.arena_bytes - 1) // 2
        share = 4
    return best


def plan_within(
    buffers: Sequence[Buffer], capacity: int, distances: Sequence[Distance] = (), effort: int = EFFORT
) -> Plan | None:
    """A plan of at most `capacity` bytes, if one is found: by first fit in a few orders, or by search."""
    bound = lower_bound(buffers, distances)
    if bound > capacity:
        return None
    plan = plan_first_fit(buffers, distances, in_use=capacity, variations=TRIALS)
    if plan.arena_bytes <= capacity:
        return replace(plan, lower_bound=bound)
    try:
        offsets = fit_exactly(buffers, capacity, Effort(effort), distances)
    except EffortSpent:
        return None
    if offsets is None:
        return None
    size = max(offsets[b.name] + b.bytes for b in buffers)
    return Plan({b.name: offsets[b.name] for b in buffers}, size, bound)
