"""An independent check of plans: quadratic and obvious on purpose."""

from __future__ import annotations

from collections.abc import Sequence

from tinyc.memory.buffers import Buffer, Distance, Plan


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
