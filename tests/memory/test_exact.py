"""Exact planning: against exhaustive search on small problems, and on MiniMalloc's hard instances."""

from __future__ import annotations

import csv
from itertools import permutations
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyc.memory.bound import lower_bound
from tinyc.memory.buffers import Buffer, Plan
from tinyc.memory.check import find_fault
from tinyc.memory.exact import Effort, EffortSpent, fit_exactly
from tinyc.memory.first_fit import plan_first_fit
from tinyc.memory.planner import EFFORT, plan_buffers

CAPACITY = 1_048_576


@st.composite
def small_problems(draw: st.DrawFn) -> list[Buffer]:
    buffers = []
    for number in range(draw(st.integers(1, 6))):
        first = draw(st.integers(0, 5))
        last = first + draw(st.integers(1, 4))
        buffers.append(Buffer(f"b{number}", draw(st.integers(1, 12)), first, last, draw(st.sampled_from((1, 1, 4)))))
    return buffers


def smallest_arena(buffers: list[Buffer]) -> int:
    """By trying all orders: in some order, each buffer at the lowest free place gives an optimal plan."""

    def lowest_free(buffer: Buffer, placed: list[tuple[Buffer, int]]) -> int:
        below = [(b, o) for b, o in placed if b.meets(buffer)]
        tops = [0, *(-(-(o + b.bytes) // buffer.alignment) * buffer.alignment for b, o in below)]
        return next(t for t in sorted(tops) if not any(o < t + buffer.bytes and t < o + b.bytes for b, o in below))

    def size(order: tuple[Buffer, ...]) -> int:
        placed: list[tuple[Buffer, int]] = []
        for buffer in order:
            placed.append((buffer, lowest_free(buffer, placed)))
        return max(o + b.bytes for b, o in placed)

    return min(map(size, permutations(buffers)))


@settings(max_examples=60, deadline=None)
@given(small_problems())
def test_plans_are_optimal_and_say_so(buffers: list[Buffer]) -> None:
    plan = plan_buffers(buffers)
    assert find_fault(buffers, plan) is None
    assert plan.arena_bytes == plan.lower_bound == smallest_arena(buffers)


@settings(max_examples=60, deadline=None)
@given(small_problems())
def test_a_capacity_is_met_or_refuted(buffers: list[Buffer]) -> None:
    best = plan_buffers(buffers).arena_bytes
    offsets = fit_exactly(buffers, best, Effort(EFFORT))
    assert offsets is not None
    assert find_fault(buffers, Plan(offsets, best, 0)) is None
    assert fit_exactly(buffers, best - 1, Effort(EFFORT)) is None


def test_a_bound_that_is_too_low_is_raised_by_proof() -> None:
    # the search would have to try all orders of equal buffers if it did not know that they are equal
    buffers = [Buffer("odd", 3, 0, 1, 1), *(Buffer(f"b{i}", 1, 0, 1, 4) for i in range(8))]
    effort = Effort(10_000_000)
    assert lower_bound(buffers) < 28
    assert fit_exactly(buffers, 28, effort) is None
    assert plan_buffers(buffers).lower_bound == plan_buffers(buffers).arena_bytes == 29


def crowd(count: int) -> list[Buffer]:
    """Buffers among which no plan as small as the lower bound is easily found."""
    random = Random(count)
    steps = [random.randrange(count) for _ in range(count)]
    return [Buffer(f"b{i}", random.randint(1, 5000), s, s + random.randint(1, 60), 1) for i, s in enumerate(steps)]


def test_the_search_gives_up_where_it_is_told_to() -> None:
    effort = Effort(400_000)
    with pytest.raises(EffortSpent):
        fit_exactly(crowd(40), lower_bound(crowd(40)), effort)
    assert -20_000 < effort.left < 0  # no more than one placement too many


def test_all_searches_together_keep_to_the_effort(monkeypatch: pytest.MonkeyPatch) -> None:
    granted = []

    def in_vain(buffers: object, capacity: int, effort: Effort, distances: object) -> None:
        granted.append(effort.left)
        effort.spend(effort.left + 1)

    monkeypatch.setattr("tinyc.memory.planner.fit_exactly", in_vain)
    plan = plan_buffers(crowd(100), effort=100_000_000)
    assert plan.gap > 0
    assert not plan.optimal
    assert plan.offsets == plan_first_fit(crowd(100)).offsets
    assert len(granted) > 1
    assert sum(granted) <= 100_000_000


def test_plans_are_reproducible() -> None:
    assert plan_buffers(crowd(60), effort=20_000_000) == plan_buffers(crowd(60), effort=20_000_000)


def instance(shared: Path, name: str) -> list[Buffer]:
    with (shared / "data" / "minimalloc" / f"{name}.{CAPACITY}.csv").open() as file:
        rows = list(csv.DictReader(file))
    return [Buffer(r["id"], int(r["size"]), int(r["lower"]), int(r["upper"]), 1) for r in rows]


@pytest.mark.parametrize(
    "name",
    ["C", "K", *(pytest.param(name, marks=pytest.mark.slow) for name in "ABDEFGHIJ")],
)
def test_hard_instances(shared: Path, name: str) -> None:
    buffers = instance(shared, name)
    assert plan_first_fit(buffers).arena_bytes > CAPACITY
    offsets = fit_exactly(buffers, CAPACITY, Effort(6_000_000_000))
    assert offsets is not None
    assert find_fault(buffers, Plan(offsets, CAPACITY, CAPACITY)) is None
