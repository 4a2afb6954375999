"""Several memories: assignments against all that exist, and the checker against planted faults."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyc.errors import DoesNotFitError
from tinyc.memory.buffers import Buffer, Distance, Memory, Plan, Pools
from tinyc.memory.check import find_pool_fault
from tinyc.memory.planner import plan_buffers
from tinyc.memory.pools import plan_pools

Problem = tuple[list[Buffer], list[Memory], list[Distance]]


@st.composite
def problems(draw: st.DrawFn, count: int = 5, largest: int = 8) -> Problem:
    pools = [
        Memory(name, draw(st.integers(0, 3 * largest)), draw(st.sampled_from((1, 4))))
        for name in ("dtcm", "sram", "psram")[: draw(st.integers(1, 3))]
    ]
    buffers = []
    for number in range(draw(st.integers(1, count))):
        first = draw(st.integers(0, 3))
        buffers.append(
            Buffer(
                f"b{number}",
                draw(st.integers(1, largest)),
                first,
                first + draw(st.integers(1, 3)),
                draw(st.sampled_from((1, 1, 2))),
                draw(st.integers(0, 20)),
                draw(st.sampled_from((None, None, None, None, None, *(m.name for m in pools)))),
            )
        )
    pinned = draw(st.booleans())
    buffers = buffers if pinned else [replace(b, pool=None) for b in buffers]
    pairs = [(a.name, b.name) for a in buffers for b in buffers if a is not b]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=3)) if pairs else []
    return buffers, pools, [Distance(a, b, draw(st.integers(0, largest + 1))) for a, b in chosen]


def most_accesses(buffers: list[Buffer], pools: list[Memory], distances: list[Distance]) -> tuple[int, ...] | None:
    """By trying all assignments, each memory planned by itself."""
    best = None

    @cache
    def planned(names: frozenset[str]) -> Plan:
        inside = [b for b in buffers if b.name in names]
        return plan_buffers(inside, [d for d in distances if {d.lower, d.upper} <= names])

    for memories in product(pools, repeat=len(buffers)):
        inside = {m: [b for b, chosen in zip(buffers, memories, strict=True) if chosen is m] for m in pools}
        plans = {m.name: planned(frozenset(b.name for b in there)) for m, there in inside.items() if there}
        assigned = Pools({b.name: m.name for b, m in zip(buffers, memories, strict=True)}, plans)
        if find_pool_fault(buffers, pools, assigned, distances) is None:
            best = max(best or (), tuple(sum(b.accesses for b in inside[m]) for m in pools))
    return best


@settings(max_examples=80, deadline=None)
@given(problems())
def test_the_fastest_memories_get_the_most_accesses(problem: Problem) -> None:
    buffers, pools, distances = problem
    best = most_accesses(buffers, pools, distances)
    if best is None:
        with pytest.raises(DoesNotFitError):
            plan_pools(buffers, pools, distances)
        return
    plan = plan_pools(buffers, pools, distances)
    assert find_pool_fault(buffers, pools, plan, distances) is None
    assert tuple(plan.accesses(buffers, m.name) for m in pools) == best


@settings(max_examples=30, deadline=None)
@given(problems(count=14, largest=40))
def test_larger_problems(problem: Problem) -> None:
    buffers, pools, distances = problem
    roomy = [*pools, Memory("last", 10_000)]
    buffers = [replace(b, pool=None) for b in buffers]
    plan = plan_pools(buffers, roomy, distances)
    assert find_pool_fault(buffers, roomy, plan, distances) is None
    assert plan_pools(list(reversed(buffers)), roomy, distances) == plan


HOT = Buffer("hot", 60, 0, 2, 4, accesses=900)
WARM = Buffer("warm", 60, 1, 3, 4, accesses=500)
COLD = Buffer("cold", 100, 0, 3, 4, accesses=100)
FAST, SLOW = Memory("fast", 100), Memory("slow", 1000)


def test_what_is_used_most_lies_in_the_fast_memory() -> None:
    plan = plan_pools([HOT, WARM, COLD], [FAST, SLOW])
    assert plan.memories == {"hot": "fast", "warm": "slow", "cold": "slow"}
    assert {name: part.arena_bytes for name, part in plan.plans.items()} == {"fast": 60, "slow": 160}


def test_many_small_ones_may_be_worth_more_than_a_large_one() -> None:
    small = [Buffer(f"s{i}", 30, 0, 3, 4, accesses=280) for i in range(3)]
    plan = plan_pools([replace(HOT, bytes=80, accesses=800), *small], [FAST, SLOW])
    assert plan.memories == {"hot": "slow", "s0": "fast", "s1": "fast", "s2": "fast"}


def test_a_pin_holds() -> None:
    plan = plan_pools([replace(HOT, pool="slow"), WARM, replace(COLD, pool="fast")], [FAST, SLOW])
    assert plan.memories == {"hot": "slow", "warm": "slow", "cold": "fast"}


def test_overlaps_make_room_in_the_fast_memory() -> None:
    plan = plan_pools([HOT, WARM, COLD], [FAST, SLOW], [Distance("warm", "hot", 40)])
    assert plan.memories == {"hot": "fast", "warm": "fast", "cold": "slow"}
    assert plan.plans["fast"].arena_bytes == 100


def test_a_memory_that_is_aligned_too_little_does_not_serve() -> None:
    plan = plan_pools([replace(HOT, alignment=32)], [FAST, Memory("slow", 1000, 32)])
    assert plan.memories == {"hot": "slow"}


@pytest.mark.parametrize(
    ("buffers", "message"),
    [
        ([replace(HOT, bytes=2000)], "hot: needs 2000 bytes, aligned to 4, in some memory; there is fast (100 bytes"),
        ([replace(HOT, pool="otp")], "hot: needs 60 bytes, aligned to 4, in otp"),
        (
            [replace(HOT, pool="fast"), replace(WARM, pool="fast")],
            "fast: 100 bytes do not hold what must lie there (hot, ",
        ),
        (
            [replace(COLD, name=f"c{i}") for i in range(12)],
            "step 0: no place was found for all of 1200 bytes (c0, c1, ",
        ),
    ],
)
def test_what_does_not_fit_is_named(buffers: list[Buffer], message: str) -> None:
    with pytest.raises(DoesNotFitError) as error:
        plan_pools(buffers, [FAST, SLOW])
    assert str(error.value).startswith(message)


GOOD = Pools({"hot": "fast", "warm": "slow"}, {"fast": Plan({"hot": 0}, 60, 60), "slow": Plan({"warm": 0}, 60, 60)})


@pytest.mark.parametrize(
    ("plan", "fault"),
    [
        (GOOD, None),
        (replace(GOOD, memories={"hot": "fast"}), "does not name a memory for every buffer"),
        (replace(GOOD, memories={"hot": "fast", "warm": "disk"}), "warm lies in a memory that is not there"),
        (replace(GOOD, plans={"fast": Plan({"hot": 0}, 60, 60)}), "warm lies in a memory that is not there"),
        (replace(GOOD, memories={"hot": "slow", "warm": "slow"}), "hot lies in slow and not in fast"),
        (replace(GOOD, plans={**GOOD.plans, "slow": Plan({"warm": 2}, 62, 60)}), "slow: warm is not aligned"),
        (replace(GOOD, plans={**GOOD.plans, "fast": Plan({"hot": 60}, 120, 60)}), "fast is too small"),
        (replace(GOOD, plans={**GOOD.plans, "slow": Plan({}, 0, 0)}), "slow: the plan does not place every buffer"),
    ],
)
def test_the_checker(plan: Pools, fault: str | None) -> None:
    found = find_pool_fault([replace(HOT, pool="fast"), WARM], [FAST, SLOW], plan)
    assert found is None if fault is None else found is not None and fault in found


def test_the_checker_looks_at_the_alignment_of_memories() -> None:
    found = find_pool_fault([replace(HOT, alignment=32), WARM], [FAST, SLOW], GOOD)
    assert found == "hot is not aligned to 32 bytes in fast"
