"""What is placed, under which rules, and where."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True)
class Buffer:
    """`bytes` that are in use during the half-open interval of steps [first, last).

    Where there are several memories, `accesses` is how many bytes are read and written in all, and `pool` the name of
    the memory in which the buffer must lie, if it must.
    """

    name: str
    bytes: int
    first: int
    last: int
    alignment: int = 4
    accesses: int = 0
    pool: str | None = None

    def meets(self, other: Buffer) -> bool:
        """Whether both are in use at some step."""
        return self.first < other.last and other.first < self.last


class Distance(NamedTuple):
    """Where `lower` starts below `upper`, or with it, `upper` starts at least `bytes` above `lower`.

    It replaces the rule for buffers that meet, d(lower, upper) = lower.bytes, for this order of the two alone. A pair
    (a, b) is in conflict where -d(b, a) < offset of b - offset of a < d(a, b). So `bytes` may be less than lower.bytes
    (`lower` is overwritten from below, behind the reading of `upper`), 0 (in place), or negative (also a `lower` that
    starts up to -`bytes` above `upper` does no harm). Distances of buffers that never meet mean nothing.
    """

    lower: str
    upper: str
    bytes: int


@dataclass(frozen=True)
class Plan:
    """Offsets of buffers in bytes from the arena's start, the arena's size, and what no plan can go below."""

    offsets: Mapping[str, int]
    arena_bytes: int
    lower_bound: int

    @property
    def optimal(self) -> bool:
        """Whether no smaller arena exists, for certain."""
        return self.arena_bytes == self.lower_bound

    @property
    def gap(self) -> int:
        """Bytes that a better plan could save at most."""
        return self.arena_bytes - self.lower_bound


@dataclass(frozen=True)
class Memory:
    """A memory of `bytes` that starts at a multiple of `alignment`."""

    name: str
    bytes: int
    alignment: int = 16


@dataclass(frozen=True)
class Pools:
    """The memory of each buffer by name, and a plan for each memory in which some lie."""

    memories: Mapping[str, str]
    plans: Mapping[str, Plan]

    def accesses(self, buffers: Sequence[Buffer], memory: str) -> int:
        """Bytes read and written in `memory`."""
        return sum(b.accesses for b in buffers if self.memories[b.name] == memory)
