"""What is placed, and where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Buffer:
    """`bytes` that are in use during the half-open interval of steps [first, last)."""

    name: str
    bytes: int
    first: int
    last: int
    alignment: int = 4

    def meets(self, other: Buffer) -> bool:
        """Whether both are in use at some step."""
        return self.first < other.last and other.first < self.last


@dataclass(frozen=True)
class Plan:
    """Offsets of buffers in bytes from the arena's start, the arena's size, and what no plan can go below."""

    offsets: Mapping[str, int]
    arena_bytes: int
    lower_bound: int


def lower_bound(buffers: Sequence[Buffer]) -> int:
    """The most bytes in use at one step: a bound for every plan."""
    in_use = (sum(b.bytes for b in buffers if b.first <= step < b.last) for step in {b.first for b in buffers})
    return max(in_use, default=0)
