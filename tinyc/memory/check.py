"""An independent check of plans: quadratic and obvious on purpose."""

from __future__ import annotations

from collections.abc import Sequence

from tinyc.memory.buffers import Buffer, Distance, Memory, Plan, Pools


def find_fault(buffers: Sequence[Buffer], plan: Plan, distances: Sequence[Distance] = ()) -> str | None:
    """What is wrong with `plan`, or None."""
    if {b.name for b in buffers} != set(plan.offsets) or len({b.name for b in buffers}) != len(buffers):
        return "the plan does not place every buffer once"
    for a in buffers:
        start = plan.offsets[a.name]
        if start < 0 or start + a.bytes > plan.arena_bytes:
            return f"{a.name} lies outside the arena"
        if start % a.alignment:
            return f"{a.name} is not aligned to {a.alignment} bytes"
    given = {(lower, upper): least for lower, upper, least in distances}
    for i, a in enumerate(buffers):
        for b in buffers[:i]:
            together = max(a.first, b.first) < min(a.last, b.last)
            apart = plan.offsets[b.name] - plan.offsets[a.name]
            a_below_b = given.get((a.name, b.name), a.bytes)
            b_below_a = given.get((b.name, a.name), b.bytes)
            if together and -b_below_a < apart < a_below_b:
                return f"{a.name} and {b.name} overlap"
    return None


def find_pool_fault(
    buffers: Sequence[Buffer], pools: Sequence[Memory], plan: Pools, distances: Sequence[Distance] = ()
) -> str | None:
    """What is wrong with `plan`, or None. Buffers in different memories do each other no harm."""
    memories = {memory.name: memory for memory in pools}
    if {b.name for b in buffers} != set(plan.memories):
        return "the plan does not name a memory for every buffer"
    for b in buffers:
        memory = memories.get(plan.memories[b.name])
        if memory is None or memory.name not in plan.plans:
            return f"{b.name} lies in a memory that is not there"
        if b.pool not in (None, memory.name):
            return f"{b.name} lies in {memory.name} and not in {b.pool}"
        if memory.alignment % b.alignment:
            return f"{b.name} is not aligned to {b.alignment} bytes in {memory.name}"
    for name, part in plan.plans.items():
        inside = [b for b in buffers if plan.memories[b.name] == name]
        names = {b.name for b in inside}
        fault = find_fault(inside, part, [d for d in distances if d.lower in names and d.upper in names])
        if fault:
            return f"{name}: {fault}"
        if part.arena_bytes > memories[name].bytes:
            return f"{name} is too small"
    return None
