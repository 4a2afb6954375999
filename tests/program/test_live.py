"""Bytes in use: intervals against a simulation that knows of each byte when it is written and read."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from strategies_regions import region_network

from tinyc.ir.kernel import KernelTarget, tinyc_call
from tinyc.program.choice import Choice
from tinyc.program.live import Usage, usage
from tinyc.program.lowering import Lowering
from tinyc.program.steps import Place, Step

CALL = tinyc_call("a_kernel")
BYTES = 12

PLACES = st.builds(
    lambda name, start, size: Place(name, start, size), st.sampled_from("abc"), st.integers(0, 8), st.integers(1, 4)
)
STEPS = st.builds(
    lambda ins, outs, updates: Step(0, (CALL,), tuple(ins), tuple(outs), updates=updates),
    st.lists(PLACES, max_size=2),
    st.lists(PLACES, min_size=1, max_size=2),
    st.booleans(),
)


def in_use(steps: list[Step], given: list[Place], kept: list[Place], name: str, size: int) -> NDArray[np.bool_]:
    """Which bytes of a buffer are in use during each step, and after all: (steps + 1, bytes).

    A byte is in use where it is touched, and between two touches of which the later reads it. Nothing is in use before
    the buffer is first written. What a step reads in the buffers that it is the first to write does not count.
    """
    written = [i for i, s in enumerate(steps) if any(p.name == name for p in s.writes)]
    filled = any(p.name == name for p in given)
    born = -1 if filled else min(written, default=len(steps))
    reads, writes = np.zeros((2, len(steps) + 1, size), bool)
    for row, places in ((reads, [s.reads for s in steps] + [kept]), (writes, [s.writes for s in steps])):
        for index, touched in enumerate(places):
            for place in touched:
                if place.name == name:
                    row[index, place.offset : place.end] = True
    reads[: max(born + 1, 0)] = False  # what nobody has written cannot be read
    used = writes.copy()
    for byte in range(size):
        for index in np.flatnonzero(reads[:, byte]):
            earlier = np.flatnonzero(writes[:index, byte])
            used[max(earlier[-1] if len(earlier) else born, born, 0) : index + 1, byte] = True
    for place in given:
        if place.name == name:
            used[0, place.offset : place.end] = True
    return used


def check(found: Usage, steps: list[Step], given: list[Place], kept: list[Place]) -> int:
    """Every interval holds what is in use; how many are larger than that."""
    larger = 0
    for column, name in enumerate(found.names):
        size = max(int(found.high[:, column].max()), BYTES)
        for index, row in enumerate(in_use(steps, given, kept, name, size)):
            low, high = int(found.low[index, column]), int(found.high[index, column])
            used = np.flatnonzero(row)
            if len(used):
                assert low <= used[0] and used[-1] < high, (name, index)
                larger += (low, high) != (used[0], used[-1] + 1)
            else:
                larger += low < high
    return larger


@given(st.lists(STEPS, max_size=8), st.lists(PLACES, max_size=2), st.lists(PLACES, max_size=2))
@settings(deadline=None, max_examples=300)
def test_intervals_hold_all_that_is_in_use(steps: list[Step], given: list[Place], kept: list[Place]) -> None:
    check(usage(steps, given, kept, follow=False), steps, given, kept)


def test_intervals_of_programs_are_tight() -> None:
    for seed in range(40):
        graph = region_network(Random(seed), fed=seed % 4 == 0)
        lowering = Lowering(graph, Choice(KernelTarget()))
        lowering.run()
        given = [lowering.places[p.value] for p in graph.inputs if p.value in lowering.places]
        kept = [lowering.places[p.value] for p in graph.outputs]
        found = usage(lowering.steps, given, kept, follow=False)
        larger = check(found, lowering.steps, given, kept)
        assert larger <= found.low.size // 20, seed


def step(ins: list[Place], outs: list[Place], updates: bool = False) -> Step:
    return Step(0, (CALL,), tuple(ins), tuple(outs), updates=updates)


def test_rows_are_in_use_until_they_have_been_read() -> None:
    a, y = (lambda start, size: Place("a", start, size)), Place("y", 0, 1)
    steps = [step([], [a(0, 4)]), step([], [a(4, 4)]), step([a(0, 4)], [y]), step([a(4, 4)], [y])]
    found = usage(steps, [], [y])
    at = list(found.names).index("a")
    assert list(zip(found.low[:4, at], found.high[:4, at], strict=True)) == [(0, 4), (0, 8), (0, 8), (4, 8)]
    assert found.low[4, at] > found.high[4, at]
    assert found.in_use() == 9


def test_what_is_given_needs_room_at_the_start_though_nothing_reads_it() -> None:
    x, y = Place("x", 0, 64), Place("y", 0, 4)
    found = usage([step([x._replace(bytes=8)], [y]), step([y], [y])], [x], [y])
    at = list(found.names).index("x")
    assert (found.low[0, at], found.high[0, at]) == (0, 64)
    assert found.low[1, at] > found.high[1, at]
    assert next((b.name, b.bytes, b.first, b.last) for b in found.buffers()) == ("x", 64, 0, 1)


@pytest.mark.parametrize("updates", [False, True])
def test_sums_that_are_added_to_stay_and_those_that_are_overwritten_do_not(updates: bool) -> None:
    x, sums, y = Place("x", 0, 4), Place("sums", 0, 4), Place("y", 0, 4)
    steps = [step([], [sums]), step([x], [y]), step([x], [sums], updates=updates), step([sums], [y])]
    found = usage(steps, [x], [y])
    at = list(found.names).index("sums")
    assert (found.high[[0, 2, 3], at] == 4).all()
    assert (found.high[1, at] == 4) == updates
