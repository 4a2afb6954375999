"""The planner: the smallest arena that first fit finds, made smaller by exact search where there is room for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tinyc.memory.buffers import Buffer, Distance, Plan
from tinyc.memory.exact import NodeLimitReached, fit_exactly
from tinyc.memory.first_fit import plan_first_fit
from tinyc.memory.rules import Rules

NODES = 3000  # of search for each capacity that is tried: a second or so; counted, so that results are reproducible


def plan_buffers(
    buffers: Sequence[Buffer], distances: Sequence[Distance] = (), in_use: int = 0, nodes: int = NODES
) -> Plan:
    """A plan as small as could be found; `in_use` is a lower bound that the caller knows.

    The bound starts at the fullest step and rises where the search proves that a capacity is not enough.
    """
    best = plan_first_fit(buffers, distances, in_use)
    proves = Rules(buffers, distances).ordered
    open_below = capacity = best.lower_bound  # the bound itself is reached more often than not; after that, halve
    while open_below < best.arena_bytes:
        try:
            offsets = fit_exactly(buffers, capacity, nodes, distances)
        except NodeLimitReached:
            open_below = capacity + 1
        else:
            if offsets is None:
                open_below = capacity + 1
                if proves:
                    best = replace(best, lower_bound=open_below)
            else:
                size = max(offsets[b.name] + b.bytes for b in buffers)
                best = Plan({b.name: offsets[b.name] for b in buffers}, size, best.lower_bound)
        capacity = (open_below + best.arena_bytes - 1) // 2
    return best
