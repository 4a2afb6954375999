"""First fit: buffers are placed one after another, each at the lowest offset that is free while it is in use.

The order decides the result; several good orders are tried and the best plan is kept. With static lifetimes this is
the greedy heuristic of TensorFlow Lite Micro and TVM, in several orders instead of one; it is weak where large
buffers with short lives interlock, and does not prove that its result is optimal.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tinyc.memory.buffers import Buffer, Plan, lower_bound

Order = Callable[[Buffer], tuple[int, ...]]

ORDERS: tuple[Order, ...] = (
    lambda b: (-b.bytes, b.first),
    lambda b: (-b.bytes * (b.last - b.first), b.first),
    lambda b: (b.first - b.last, -b.bytes, b.first),
    lambda b: (b.first, -b.bytes),
    lambda b: (-b.last, -b.bytes),
)


def plan_first_fit(buffers: Sequence[Buffer]) -> Plan:
    """The smallest of the plans that the orders give."""
    plans = [_place(sorted(buffers, key=lambda b, o=order: (*o(b), b.name))) for order in ORDERS]  # type: ignore[misc]
    offsets = min(plans, key=lambda plan: _size(buffers, plan))
    return Plan({b.name: offsets[b.name] for b in buffers}, _size(buffers, offsets), lower_bound(buffers))


def _size(buffers: Sequence[Buffer], offsets: dict[str, int]) -> int:
    return max((offsets[b.name] + b.bytes for b in buffers), default=0)


def _place(ordered: Sequence[Buffer]) -> dict[str, int]:
    offsets: dict[str, int] = {}
    placed: list[Buffer] = []
    for buffer in ordered:
        offset = 0
        for other in sorted((b for b in placed if b.meets(buffer)), key=lambda b: offsets[b.name]):
            if offset + buffer.bytes <= offsets[other.name]:
                break
            end = offsets[other.name] + other.bytes
            offset = max(offset, -(-end // buffer.alignment) * buffer.alignment)
        offsets[buffer.name] = offset
        placed.append(buffer)
    return offsets
