"""Several memories: what is accessed most lies in the fastest one that has room for it.

The memories are filled in order of preference: a depth-first search decides for each buffer whether it lies in the
first memory, those with most accesses a byte first, and fills the others with what is left in the same way. A branch
is left when what it has put into a memory, or what it leaves to the others, does not fit any more, or when it cannot
get as many accesses as the best assignment so far: by the knapsack with parts of buffers, at the step where it is
tightest. What fits is decided by planning. So the result is the best one as long as planning finds what exists
and the search is not cut short by its limit; otherwise it is a good one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from tinyc.errors import DoesNotFitError
from tinyc.memory.bound import lower_bound
from tinyc.memory.buffers import Buffer, Distance, Memory, Plan, Pools
from tinyc.memory.planner import plan_within
from tinyc.memory.rules import Integers, Rules

DECISIONS = 400  # in one memory or not: counted, so that results are reproducible; some milliseconds each
PATIENCE = 1000  # decisions more where nothing was found by then
EFFORT = 2_000_000  # of search for a plan, each time

Accesses = tuple[int, ...]


def plan_pools(buffers: Sequence[Buffer], pools: Sequence[Memory], distances: Sequence[Distance] = ()) -> Pools:
    """The assignment and plans with most accesses to the first of `pools`, then to the second, and so on.

    Pins and alignments are kept: a buffer lies where the memory's alignment is a multiple of its own. Distances say
    something about buffers in the same memory only. DoesNotFitError names the buffers that have no place.
    """
    for buffer in buffers:
        if not any(_may_hold(memory, buffer) for memory in pools):
            raise DoesNotFitError(_no_memory(buffer, pools), buffer.name)
    found = _Assignment(tuple(pools), tuple(distances), [DECISIONS]).best(sorted(buffers, key=lambda b: b.name))
    if found is None:
        raise DoesNotFitError(*_overflow(buffers, pools, distances))
    _, parts = found
    memories = {b.name: memory for memory, (inside, _) in parts.items() for b in inside}
    plans = {memory: plan for memory, (inside, plan) in parts.items() if inside}
    return Pools({b.name: memories[b.name] for b in buffers}, plans)


def _may_hold(memory: Memory, buffer: Buffer) -> bool:
    return (
        buffer.pool in (None, memory.name) and buffer.bytes <= memory.bytes and memory.alignment % buffer.alignment == 0
    )


def _no_memory(buffer: Buffer, pools: Sequence[Memory]) -> str:
    wanted = f"in {buffer.pool}" if buffer.pool else "in some memory"
    there = ", ".join(f"{m.name} ({m.bytes} bytes, aligned to {m.alignment})" for m in pools) or "none"
    return f"needs {buffer.bytes} bytes, aligned to {buffer.alignment}, {wanted}; there is {there}"


def _overflow(buffers: Sequence[Buffer], pools: Sequence[Memory], distances: Sequence[Distance]) -> tuple[str, str]:
    """What does not fit, and where: a memory with too much pinned to it, or the fullest step."""
    for memory in pools:
        pinned = [b for b in buffers if b.pool == memory.name]
        if pinned and plan_within(pinned, memory.bytes, _among(distances, pinned), EFFORT) is None:
            least = lower_bound(pinned, _among(distances, pinned))
            names = ", ".join(b.name for b in pinned)
            return (
                f"{memory.bytes} bytes do not hold what must lie there ({names}: at least {least} bytes)",
                memory.name,
            )
    step = max({b.first for b in buffers}, key=lambda s: (sum(b.bytes for b in buffers if b.first <= s < b.last), -s))
    alive = [b for b in buffers if b.first <= step < b.last]
    there = " + ".join(f"{m.bytes} ({m.name})" for m in pools)
    names = ", ".join(b.name for b in alive)
    return f"no place was found for all of {sum(b.bytes for b in alive)} bytes ({names}) in {there}", f"step {step}"


def _among(distances: Sequence[Distance], buffers: Sequence[Buffer]) -> list[Distance]:
    names = {b.name for b in buffers}
    return [d for d in distances if d.lower in names and d.upper in names]


@dataclass
class _Assignment:
    """The search over `pools`; `left` is the decisions that it may still make, shared by those inside it."""

    pools: tuple[Memory, ...]
    distances: tuple[Distance, ...]
    left: list[int]
    found: tuple[Accesses, dict[str, tuple[list[Buffer], Plan]]] | None = field(default=None, init=False)

    def best(self, buffers: list[Buffer]) -> tuple[Accesses, dict[str, tuple[list[Buffer], Plan]]] | None:
        """Accesses by memory and what lies in each, or None."""
        if not self.pools:
            return None if buffers else ((), {})
        here = self.pools[0]
        self.found = None
        order = sorted(buffers, key=lambda b: (-b.accesses / max(b.bytes, 1), -b.accesses, b.name))
        empty = Plan({}, 0, 0)
        if len(self.pools) == 1:
            plan = self._plan(here, buffers)
            return None if plan is None else ((sum(b.accesses for b in buffers),), {here.name: (buffers, plan)})
        self._decide(order, _Knapsack(here, order, self.distances), [], [], empty)
        return self.found

    def _plan(self, memory: Memory, inside: Sequence[Buffer]) -> Plan | None:
        if not all(_may_hold(memory, b) for b in inside):
            return None
        return plan_within(inside, memory.bytes, _among(self.distances, inside), EFFORT)

    def _decide(
        self, order: list[Buffer], knapsack: _Knapsack, inside: list[Buffer], outside: list[Buffer], plan: Plan
    ) -> None:
        """Decide on the next of `order`; `plan` places those `inside`."""
        turn = len(inside) + len(outside)
        if self.found is not None:
            bound = knapsack.bound(inside, turn)
            if bound < self.found[0][0] or (bound == self.found[0][0] and len(self.pools) == 2):
                return
        if turn == len(order):
            self._finish(inside, outside, plan)
            return
        self.left[0] -= 1
        if self.left[0] < (0 if self.found is not None else -PATIENCE):
            return
        buffer, here = order[turn], self.pools[0]
        ways = (True, False) if buffer.accesses or buffer.pool == here.name else (False, True)
        for within in ways:
            if within:
                larger = self._plan(here, [*inside, buffer])
                if larger is not None:
                    self._decide(order, knapsack, [*inside, buffer], outside, larger)
            elif buffer.pool != here.name and self._rest_may_fit([*outside, buffer]):
                self._decide(order, knapsack, inside, [*outside, buffer], plan)

    def _rest_may_fit(self, outside: list[Buffer]) -> bool:
        """Whether what is left to the other memories is not too much for them; a plan where there is just one."""
        rest = self.pools[1:]
        if len(rest) == 1:
            return self._plan(rest[0], outside) is not None
        if not any(_may_hold(memory, outside[-1]) for memory in rest):
            return False
        loose = [Buffer(b.name, b.bytes, b.first, b.last, 1) for b in outside]
        size = {b.name: b.bytes for b in outside}
        closer = [d for d in _among(self.distances, loose) if d.bytes < size[d.lower]]  # apart, no more is asked for
        return lower_bound(loose, closer) <= sum(memory.bytes for memory in rest)

    def _finish(self, inside: list[Buffer], outside: list[Buffer], plan: Plan) -> None:
        others = _Assignment(self.pools[1:], self.distances, self.left).best(outside)
        if others is None:
            return
        accesses = (sum(b.accesses for b in inside), *others[0])
        if self.found is None or accesses > self.found[0]:
            self.found = accesses, {self.pools[0].name: (inside, plan), **others[1]}


class _Knapsack:
    """How many accesses a memory may get at most."""

    def __init__(self, memory: Memory, order: Sequence[Buffer], distances: Sequence[Distance]) -> None:
        rules = Rules(order, _among(distances, order))
        steps = np.unique(rules.first)
        self.alive = (rules.first[:, None] <= steps) & (steps < rules.last[:, None])
        self.least = rules.least(self.alive)
        self.room = int(rules.up(np.array(memory.bytes)))
        self.turn = {b.name: turn for turn, b in enumerate(order)}
        self.accesses: Integers = np.array([b.accesses if _may_hold(memory, b) else 0 for b in order], np.int64)

    def bound(self, inside: Sequence[Buffer], turn: int) -> int:
        """With `inside` and some of what comes from `turn` on: whole outside a step, in parts at it."""
        chosen = [self.turn[b.name] for b in inside]
        room = self.room - self.least[chosen].sum(axis=0)
        least, accesses = self.least[turn:], self.accesses[turn:]
        if not len(accesses):
            return int(self.accesses[chosen].sum())
        # sorted by accesses a byte, the first ones are taken as far as they go
        order = np.argsort(-accesses[:, None] / np.maximum(least, 1), axis=0, kind="stable")
        sizes = np.take_along_axis(least, order, axis=0)
        below = np.cumsum(sizes, axis=0) - sizes
        part = np.clip((room - below) / np.maximum(sizes, 1), 0, 1)
        part[sizes == 0] = 1
        gain = (part * accesses[order]).sum(axis=0)
        return int(self.accesses[chosen].sum() + np.floor(gain.min() + 1e-6))
