"""Which bytes of each buffer are in use at each step, and how far apart buffers must therefore lie.

A byte is in use at a step that reads or writes it, and from its writing to its last reading. Of each buffer the
smallest interval around such bytes counts. Two buffers may overlap as long as at no step the intervals do; and while
a kernel consumes its input for the last time, its result may follow behind the reading (`KernelCall.lags`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinyc.memory.buffers import Buffer, Distance
from tinyc.program.steps import Place, Step, only_call

FREE = 2**40  # where an empty interval starts; it ends at its negative

Interval = tuple[int, int]
EMPTY: Interval = (FREE, -FREE)


@dataclass(frozen=True, eq=False)
class Usage:
    """Intervals in use during each step and, in a last row, after all of them; one column for each buffer.

    Empty ones end before they start.
    """

    names: Sequence[str]
    low: NDArray[np.int64]
    high: NDArray[np.int64]
    runs: Sequence[tuple[int, int, int, int]]
    """(step, column of the result, column of the input, distance) where a result may follow behind a reading."""

    def in_use(self) -> int:
        """The most bytes in use at one step: no arena is smaller."""
        return int(self.in_use_by_step().max())

    def in_use_by_step(self) -> NDArray[np.int64]:
        """The bytes in use at each step, and after the last."""
        totals = np.maximum(self.high - self.low, 0).sum(axis=1)
        saved = np.zeros_like(totals)
        for step, out, source, distance in self.runs:
            saved[step] += max(0, int(self.high[step, out] - self.low[step, source]) - distance)
        return np.asarray(totals - saved)

    def buffers(self) -> list[Buffer]:
        """A buffer for each name, as large as its highest byte in use and as long as it is in use."""
        found = []
        for column, name in enumerate(self.names):
            used = np.flatnonzero(self.high[:, column] > self.low[:, column])
            if len(used):
                found.append(Buffer(name, int(self.high[:, column].max()), int(used[0]), int(used[-1]) + 1))
        return found

    def distances(self) -> list[Distance]:
        """What differs from the rule that a buffer starts above the end of another with which it is in use."""
        high = self.high.max(axis=0)
        used = self.high > self.low
        first = np.where(used.any(axis=0), used.argmax(axis=0), len(used))
        last = np.where(used.any(axis=0), len(used) - used[::-1].argmax(axis=0), 0)
        exceptions: dict[tuple[int, int], list[tuple[int, int]]] = {}
        for step, out, source, distance in self.runs:
            exceptions.setdefault((out, source), []).append((step, distance))
        distances = []
        for a in range(len(self.names)):
            span = slice(first[a], last[a])
            apart = self.high[span, a, None] - self.low[span]
            for (out, source), steps in exceptions.items():
                if out == a:
                    for step, distance in steps:
                        apart[step - first[a], source] = distance
            least = apart.max(axis=0, initial=-FREE)
            meet = (first < last[a]) & (last > first[a])
            meet[a] = False
            distances += [
                Distance(self.names[a], self.names[b], int(max(least[b], -FREE)))
                for b in np.flatnonzero(meet & (least != high[a])).tolist()
            ]
        return distances


def usage(steps: Sequence[Step], given: Sequence[Place], kept: Sequence[Place], follow: bool = True) -> Usage:
    """The intervals in use.

    `given` is written before the first step, all of it at its start, `kept` is read after the last. `follow` lets
    results follow behind readings.
    """
    touched = [p for s in steps for p in (*s.reads, *s.writes)]
    names = list(dict.fromkeys(p.name for p in (*touched, *given, *kept)))
    filled = {p.name for p in given}
    column = {name: i for i, name in enumerate(names)}
    shape = (len(steps) + 1, len(names))
    low, high = np.full(shape, FREE), np.full(shape, -FREE)
    born: dict[str, int] = {}
    for index, step in enumerate(steps):
        for place in step.writes:
            born.setdefault(place.name, index)
    runs = []
    need: dict[str, Interval] = {}
    for place in kept:
        need[place.name] = _hull(need.get(place.name, EMPTY), (place.offset, place.end))
    _note(low[-1], high[-1], need, column)
    for index in range(len(steps) - 1, -1, -1):
        step = steps[index]
        after = dict(need)
        for place in step.writes:
            need[place.name] = _without(need.get(place.name, EMPTY), (place.offset, place.end))
            if born[place.name] == index and place.name not in filled:
                need[place.name] = EMPTY
        across = dict(need)  # in use before the step and after it
        for place in step.reads:
            if place.name in filled or born.get(place.name, len(steps)) < index:
                need[place.name] = _hull(need.get(place.name, EMPTY), (place.offset, place.end))
        during = dict(need)
        for name, interval in after.items():
            during[name] = _hull(during.get(name, EMPTY), interval)
        for place in step.writes:
            during[place.name] = _hull(during.get(place.name, EMPTY), (place.offset, place.end))
        _note(low[index], high[index], during, column)
        if follow:
            runs += [
                (index, column[step.outs[0].name], column[name], distance)
                for name, distance in _following(step, after, across, during).items()
            ]
    for place in given:  # also what no step reads must not lie where something else is written
        at = column[place.name]
        low[0, at], high[0, at] = _hull((low[0, at], high[0, at]), (place.offset, place.end))
    return Usage(names, low, high, runs)


def _following(
    step: Step, after: Mapping[str, Interval], across: Mapping[str, Interval], during: Mapping[str, Interval]
) -> dict[str, int]:
    """For each buffer that result 0 may run over: how far above the result's buffer it must start at least."""
    call = only_call(step.calls)
    if call is None or not call.lags or step.updates:
        return {}
    out = step.outs[0]
    found: dict[str, int] = {}
    for name in dict.fromkeys(p.name for p in step.reads if p.name != out.name):
        read = [(i, p) for i, p in enumerate(step.ins) if not p.constant and p.name == name]
        if any(i not in call.lags for i, _ in read) or any(p.name == name for p in step.writes):
            continue
        behind = max(out.offset + call.lags[i] - p.offset for i, p in read)
        # what else lies in the result's buffer stays clear of the input, and all of the result of what is read later
        others = across.get(out.name, EMPTY)[1] - during[name][0]
        later = out.end - after.get(name, EMPTY)[0]
        found[name] = max(behind, others, later)
    return found


def _hull(a: Interval, b: Interval) -> Interval:
    return min(a[0], b[0]), max(a[1], b[1])


def _without(a: Interval, b: Interval) -> Interval:
    """`a` less `b`, where an interval is left of it."""
    if b[0] <= a[0] and a[1] <= b[1]:
        return EMPTY
    if b[0] <= a[0] < b[1]:
        return b[1], a[1]
    if b[0] < a[1] <= b[1]:
        return a[0], b[0]
    return a


def _note(
    low: NDArray[np.int64], high: NDArray[np.int64], intervals: Mapping[str, Interval], column: Mapping[str, int]
) -> None:
    for name, (start, stop) in intervals.items():
        low[column[name]], high[column[name]] = start, stop
