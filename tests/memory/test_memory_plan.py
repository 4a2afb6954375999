"""Memory plans: the planner against the checker, and the checker against planted faults."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyc.memory.bound import lower_bound
from tinyc.memory.buffers import Buffer, Plan
from tinyc.memory.check import find_fault
from tinyc.memory.first_fit import plan_first_fit


@st.composite
def buffer_lists(draw: st.DrawFn) -> list[Buffer]:
    buffers = []
    for number in range(draw(st.integers(0, 12))):
        first = draw(st.integers(0, 8))
        last = first + draw(st.integers(1, 5))
        buffers.append(
            Buffer(f"b{number}", draw(st.integers(1, 200)), first, last, draw(st.sampled_from((1, 4, 8, 16))))
        )
    return buffers


@given(buffer_lists())
@settings(deadline=None)
def test_plans_are_sound(buffers: list[Buffer]) -> None:
    plan = plan_first_fit(buffers)
    assert find_fault(buffers, plan) is None
    assert plan.arena_bytes >= plan.lower_bound == lower_bound(buffers)
    assert plan.arena_bytes == max((plan.offsets[b.name] + b.bytes for b in buffers), default=0)


@given(buffer_lists())
@settings(deadline=None)
def test_the_lower_bound_is_the_fullest_step(buffers: list[Buffer]) -> None:
    in_use = [sum(b.bytes for b in buffers if b.first <= step < b.last) for step in range(20)]
    assert lower_bound([replace(b, alignment=1) for b in buffers]) == max(in_use)
    assert lower_bound(buffers) >= max(in_use)


def test_the_lower_bound_knows_that_buffers_start_at_aligned_offsets() -> None:
    assert lower_bound([Buffer("a", 5, 0, 1, 4), Buffer("b", 6, 0, 1, 8), Buffer("c", 3, 0, 1, 4)]) == 8 + 8 + 1


@given(buffer_lists(), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_the_order_in_which_buffers_come_does_not_matter(buffers: list[Buffer], rng: Random) -> None:
    shuffled = list(buffers)
    rng.shuffle(shuffled)
    assert dict(plan_first_fit(shuffled).offsets) == dict(plan_first_fit(buffers).offsets)


def test_buffers_that_never_meet_share_their_place() -> None:
    buffers = [Buffer("a", 100, 0, 2), Buffer("b", 60, 2, 4), Buffer("c", 40, 3, 5), Buffer("d", 100, 5, 6)]
    plan = plan_first_fit(buffers)
    assert plan.arena_bytes == plan.lower_bound == 100


def test_a_step_behind_the_end_is_free() -> None:
    # half-open: a ends where b begins
    assert plan_first_fit([Buffer("a", 8, 0, 1), Buffer("b", 8, 1, 2)]).arena_bytes == 8
    assert plan_first_fit([Buffer("a", 8, 0, 2), Buffer("b", 8, 1, 2)]).arena_bytes == 16


A, B = Buffer("a", 10, 0, 2), Buffer("b", 6, 1, 3)


@pytest.mark.parametrize(
    ("offsets", "arena", "fault"),
    [
        ({"a": 0, "b": 12}, 18, None),
        ({"a": 0}, 18, "does not place every buffer"),
        ({"a": 0, "b": 12, "c": 0}, 18, "does not place every buffer"),
        ({"a": 0, "b": 12}, 17, "b lies outside"),
        ({"a": -4, "b": 12}, 18, "a lies outside"),
        ({"a": 0, "b": 10}, 18, "b is not aligned to 4"),
        ({"a": 0, "b": 8}, 18, "overlap"),
        ({"a": 4, "b": 0}, 18, "overlap"),
        ({"a": 0, "b": 0}, 18, "overlap"),
    ],
)
def test_the_checker(offsets: dict[str, int], arena: int, fault: str | None) -> None:
    found = find_fault([A, B], Plan(offsets, arena, 16))
    assert found is None if fault is None else found is not None and fault in found


def test_the_checker_wants_names_that_differ() -> None:
    assert find_fault([A, A], Plan({"a": 0}, 10, 10)) is not None


def test_buffers_that_do_not_meet_may_overlap() -> None:
    assert find_fault([A, replace(B, first=2)], Plan({"a": 0, "b": 4}, 10, 10)) is None


@given(buffer_lists(), st.data())
@settings(deadline=None)
def test_the_checker_finds_a_buffer_moved_onto_another(buffers: list[Buffer], data: st.DataObject) -> None:
    pairs = [(a, b) for a in buffers for b in buffers if a is not b and max(a.first, b.first) < min(a.last, b.last)]
    if not pairs:
        return
    a, b = data.draw(st.sampled_from(pairs))
    plan = plan_first_fit(buffers)
    moved = {**plan.offsets, a.name: plan.offsets[b.name]}
    assert find_fault(buffers, replace(plan, offsets=moved, arena_bytes=plan.arena_bytes + 200)) is not None
