"""Distances: planner, bound and checker against models that try every offset and watch every byte."""

from __future__ import annotations

from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyc.memory.bound import lower_bound
from tinyc.memory.buffers import Buffer, Distance, Plan
from tinyc.memory.check import find_fault
from tinyc.memory.exact import Effort, fit_exactly
from tinyc.memory.first_fit import plan_first_fit
from tinyc.memory.planner import EFFORT, plan_buffers

SOME_EFFORT = 8_000_000

Problem = tuple[list[Buffer], list[Distance]]


@st.composite
def problems(draw: st.DrawFn, least: int, count: int = 4, largest: int = 5) -> Problem:
    buffers = []
    for number in range(draw(st.integers(1, count))):
        first = draw(st.integers(0, 2))
        last = first + draw(st.integers(1, 3))
        buffers.append(
            Buffer(f"b{number}", draw(st.integers(1, largest)), first, last, draw(st.sampled_from((1, 1, 2))))
        )
    pairs = [(a.name, b.name) for a in buffers for b in buffers if a is not b]
    chosen = draw(st.lists(st.sampled_from(pairs), unique=True, max_size=6)) if pairs else []
    return buffers, [Distance(a, b, draw(st.integers(least, largest + 2))) for a, b in chosen]


def agree(a: Buffer, b: Buffer, at: dict[str, int], least: dict[tuple[str, str], int]) -> bool:
    """By the words of `Distance`: one of the two orders is kept, or they never meet."""
    if not any(a.first <= step < a.last and b.first <= step < b.last for step in range(10)):
        return True
    forward = at[b.name] - at[a.name] >= least.get((a.name, b.name), a.bytes)
    backward = at[a.name] - at[b.name] >= least.get((b.name, a.name), b.bytes)
    return forward or backward


def allowed(buffers: list[Buffer], distances: list[Distance], at: dict[str, int]) -> bool:
    least = {(d.lower, d.upper): d.bytes for d in distances}
    aligned = all(at[b.name] % b.alignment == 0 for b in buffers)
    return aligned and all(agree(a, b, at, least) for a, b in combinations(buffers, 2))


def smallest_arena(buffers: list[Buffer], distances: list[Distance]) -> int:
    """By trying all offsets."""
    least = {(d.lower, d.upper): d.bytes for d in distances}
    best = 100
    at: dict[str, int] = {}

    def place(left: list[Buffer], arena: int) -> None:
        nonlocal best
        if not left:
            best = min(best, arena)
            return
        new, *rest = left
        for offset in range(0, best, new.alignment):
            if max(arena, offset + new.bytes) >= best:
                return
            before = [b for b in buffers if b.name in at]
            at[new.name] = offset
            if all(agree(new, b, at, least) for b in before):
                place(rest, max(arena, offset + new.bytes))
            del at[new.name]

    place(buffers, 0)
    return best


@settings(max_examples=150, deadline=None)
@given(problems(least=0))
def test_plans_with_distances_are_optimal_and_say_so(problem: Problem) -> None:
    buffers, distances = problem
    plan = plan_buffers(buffers, distances)
    assert find_fault(buffers, plan, distances) is None
    assert plan.arena_bytes == plan.lower_bound == smallest_arena(buffers, distances)
    assert fit_exactly(buffers, plan.arena_bytes - 1, Effort(EFFORT), distances) is None


@settings(max_examples=150, deadline=None)
@given(problems(least=-6))
def test_plans_with_negative_distances_keep_them(problem: Problem) -> None:
    buffers, distances = problem
    plan = plan_buffers(buffers, distances)
    assert find_fault(buffers, plan, distances) is None
    assert lower_bound(buffers, distances) <= plan.lower_bound <= smallest_arena(buffers, distances) <= plan.arena_bytes


@settings(max_examples=150, deadline=None)
@given(problems(least=-6), st.data())
def test_the_checker_knows_the_rule(problem: Problem, data: st.DataObject) -> None:
    buffers, distances = problem
    offsets = {b.name: data.draw(st.integers(0, 12)) for b in buffers}
    plan = Plan(offsets, 40, 0)
    assert (find_fault(buffers, plan, distances) is None) == allowed(buffers, distances, offsets)


@settings(max_examples=30, deadline=None)
@given(problems(least=-40, count=12, largest=40), st.integers(0, 100))
def test_larger_problems(problem: Problem, in_use: int) -> None:
    buffers, distances = problem
    greedy = plan_first_fit(buffers, distances)
    assert find_fault(buffers, greedy, distances) is None
    plan = plan_buffers(buffers, distances, effort=SOME_EFFORT)
    assert find_fault(buffers, plan, distances) is None
    assert plan.arena_bytes <= greedy.arena_bytes
    known = plan_buffers(buffers, distances, min(in_use, plan.lower_bound), SOME_EFFORT)
    assert known.lower_bound >= min(in_use, plan.lower_bound)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=7), st.integers(1, 7), st.integers(0, 9))
def test_a_distance_is_what_a_kernel_that_writes_upwards_needs(growth: list[int], results: int, source: int) -> None:
    # byte i of the source is read for the last time before byte ready[i] of the result is written
    ready = [min(sum(growth[: i + 1]), results) for i in range(len(growth))]
    ready[-1] = results
    behind = max((j - i for i, end in enumerate(ready) for j in range(end)), default=-len(ready)) + 1
    buffers = [Buffer("source", len(ready), 0, 2, 1), Buffer("result", results, 1, 3, 1)]
    distances = [Distance("result", "source", behind)]
    for result in range(20):
        harmed = any(result + j == source + i for i, end in enumerate(ready) for j in range(end))
        plan = Plan({"source": source, "result": result}, 40, 0)
        assert (find_fault(buffers, plan, distances) is None) == (not harmed)


A, B, C = Buffer("a", 10, 0, 2, 1), Buffer("b", 6, 1, 3, 1), Buffer("c", 8, 1, 3, 1)


@pytest.mark.parametrize(
    ("distances", "bound"),
    [
        ([], 24),
        ([Distance("c", "b", 2)], 18),  # c is 6 bytes under b
        ([Distance("c", "b", 2), Distance("c", "a", 1)], 17),  # c is under one of them
        ([Distance("c", "b", 2), Distance("a", "b", 1)], 18),  # b saves only its own 6 bytes
        ([Distance("a", "c", 0), Distance("c", "b", 0)], 10),  # all of them in place
    ],
)
def test_the_bound_takes_off_what_distances_save(distances: list[Distance], bound: int) -> None:
    assert lower_bound([A, B, C], distances) == bound
    assert plan_buffers([A, B, C], distances).arena_bytes == smallest_arena([A, B, C], distances)


def test_a_bound_that_is_known_ends_the_search() -> None:
    distances = [Distance("c", "b", -50), Distance("b", "c", -50), Distance("a", "b", 9)]
    plan = plan_buffers([A, B, C], distances, in_use=15)
    assert plan.lower_bound >= 15


def test_rows_that_run_behind_one_another_fill_the_arena() -> None:
    # a chain of row buffers, each written 3 bytes behind the reading of the one before, all in use all the time
    rows = [Buffer(f"row{i}", 20 + i, 0, 50, 1) for i in range(12)]
    distances = [Distance(f"row{j}", f"row{i}", 3 * (j - i)) for j in range(12) for i in range(j)]
    plan = plan_buffers(rows, distances)
    assert find_fault(rows, plan, distances) is None
    assert plan.arena_bytes == 11 * 3 + 20
    assert plan.optimal
