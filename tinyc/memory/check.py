"""An independent check of plans: quadratic and obvious on purpose."""

from __future__ import annotations

from collections.abc import Sequence

from tinyc.memory.buffers import Buffer, Plan


def find_fault(buffers: Sequence[Buffer], plan: Plan) -> str | None:
    """What is wrong with `plan`, or None."""
    if {b.name for b in buffers} != set(plan.offsets) or len({b.name for b in buffers}) != len(buffers):
        return "the plan does not place every buffer once"
    for a in buffers:
        start = plan.offsets[a.name]
        if start < 0 or start + a.bytes > plan.arena_bytes:
            return f"{a.name} lies outside the arena"
        if start % a.alignment:
            return f"{a.name} is not aligned to {a.alignment} bytes"
    for i, a in enumerate(buffers):
        for b in buffers[:i]:
            together = max(a.first, b.first) < min(a.last, b.last)
            low = max(plan.offsets[a.name], plan.offsets[b.name])
            high = min(plan.offsets[a.name] + a.bytes, plan.offsets[b.name] + b.bytes)
            if together and low < high:
                return f"{a.name} and {b.name} overlap"
    return None
