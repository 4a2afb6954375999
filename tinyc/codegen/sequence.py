"""A long sequence with repetitions as a short list of loops."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

LONGEST_PERIOD = 512


class Loop(NamedTuple):
    """`times` times the items [first, first + length) of a table."""

    first: int
    length: int
    times: int


def fold(sequence: Sequence[int]) -> tuple[list[int], list[Loop]]:
    """A table and loops over it that unroll to `sequence`; where something repeats, the table has it once."""
    table: list[int] = []
    loops: list[Loop] = []
    at = 0
    while at < len(sequence):
        length, times = _repetition(sequence, at)
        if times == 1 and loops and loops[-1].times == 1:
            loops[-1] = Loop(loops[-1].first, loops[-1].length + length, 1)
        else:
            loops.append(Loop(len(table), length, times))
        table += sequence[at : at + length]
        at += length * times
    return table, loops


def _repetition(sequence: Sequence[int], at: int) -> tuple[int, int]:
    """(period, times) of what repeats from `at` on and saves most; a single item if nothing does."""
    best = (1, 1)
    saved = 2  # a loop costs as much as a few items
    for period in range(1, min(LONGEST_PERIOD, (len(sequence) - at) // 2) + 1):
        if sequence[at] != sequence[at + period]:
            continue
        end = at + period
        while end < len(sequence) and sequence[end] == sequence[end - period]:
            end += 1
        times = (end - at) // period
        if (times - 1) * period > saved:
            best, saved = (period, times), (times - 1) * period
    return best


def unfold(table: Sequence[int], loops: Sequence[Loop]) -> list[int]:
    """The sequence again."""
    return [item for loop in loops for _ in range(loop.times) for item in table[loop.first : loop.first + loop.length]]
