"""Sequences as loops over a table."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tinyc.codegen.sequence import LONGEST_PERIOD, Loop, fold, unfold

ITEMS = st.lists(st.integers(0, 4), max_size=12)
REPEATED = st.tuples(ITEMS, st.integers(1, 9)).map(lambda pair: pair[0] * pair[1])
SEQUENCES = st.lists(ITEMS | REPEATED, max_size=6).map(lambda parts: [item for part in parts for item in part])


@given(SEQUENCES)
def test_loops_unroll_to_the_sequence(sequence: list[int]) -> None:
    table, loops = fold(sequence)
    assert unfold(table, loops) == sequence
    assert len(table) <= len(sequence)
    assert all(loop.length > 0 and loop.times > 0 for loop in loops)
    assert [loop.first for loop in loops] == [sum(before.length for before in loops[:i]) for i in range(len(loops))]


def test_what_repeats_stands_in_the_table_once() -> None:
    assert fold([7, *[1, 2, 3] * 40, 8]) == ([7, 1, 2, 3, 8], [Loop(0, 1, 1), Loop(1, 3, 40), Loop(4, 1, 1)])


def test_what_does_not_repeat_is_one_stretch() -> None:
    assert fold([3, 1, 4, 1, 5, 9, 2, 6]) == ([3, 1, 4, 1, 5, 9, 2, 6], [Loop(0, 8, 1)])


def test_nothing_has_no_loops() -> None:
    assert fold([]) == ([], [])


def test_long_periods_are_found_up_to_the_longest() -> None:
    longest = list(range(LONGEST_PERIOD))
    assert fold(longest * 3) == (longest, [Loop(0, LONGEST_PERIOD, 3)])
    longer = list(range(LONGEST_PERIOD + 1))
    assert unfold(*fold(longer * 3)) == longer * 3
