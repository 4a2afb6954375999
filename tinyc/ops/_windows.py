"""Windows over tensors of any number of axes, once: which element each of their cells is, for NumPy and for C.

A `Line` is one axis of the results, with the window's cells along it. Whatever moves no window has one cell, and
what is only summed over has one result. The lines of an operator are also the shape of its results, in order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from tinyc.errors import VerifyError
from tinyc.ir.kernel import Struct
from tinyc.ops._plain import MAX_RANK

Integers = NDArray[np.int64]


@dataclass(frozen=True)
class Line:
    """Cell k of result i lies at place (first + i · per_result + k · per_cell) / unit, if that is one of 0 … size − 1.

    A place is `step` elements of x; in the window's own operand a result is `w_result` elements, a cell `w_cell`.
    """

    results: int
    cells: int
    first: int
    per_result: int
    per_cell: int
    unit: int
    size: int
    step: int
    w_result: int = 0
    w_cell: int = 0

    def places(self, cell: int) -> tuple[Integers, NDArray[np.bool_]]:
        """Where that cell of each result lies, and whether it is there."""
        numerator = self.first + np.arange(self.results, dtype=np.int64) * self.per_result + cell * self.per_cell
        place = numerator // self.unit
        return place, (numerator % self.unit == 0) & (place >= 0) & (place < self.size)


def kept(size: int, step: int, w_result: int = 0) -> Line:
    """An axis of x that is one of the results; `step` is 0 for one of the window's operand only."""
    return Line(size, 1, 0, 1, 0, 1, size, step, w_result)


def summed(size: int, step: int, w_cell: int = 0) -> Line:
    """An axis that is summed over."""
    return Line(1, size, 0, 0, 1, 1, size, step, 0, w_cell)


def windows(lines: Sequence[Line]) -> Struct:
    """A `tinyc_windows`, without lines on which nothing moves."""
    moving = [line for line in lines if (line.results, line.cells, line.first) != (1, 1, 0)]
    lines = moving or lines[:1]
    if len(lines) > MAX_RANK:
        raise VerifyError(f"windows over {len(lines)} axes; at most {MAX_RANK} are possible")
    names = ("results", "cells", "first", "per_result", "per_cell", "unit", "size", "step", "w_result", "w_cell")
    columns = zip(*map(astuple, lines), strict=True)
    return Struct("tinyc_windows", {"axes": len(lines), **dict(zip(names, columns, strict=True))}, "windows")


def cells(lines: Sequence[Line]) -> Iterator[tuple[Integers, NDArray[np.bool_], Integers]]:
    """For each cell of the window: its elements of x by result, which are there, and those of the window's operand."""
    for cell in product(*(range(line.cells) for line in lines)):
        at, there, weight = (np.zeros((), np.int64), np.ones((), bool), np.zeros((), np.int64))
        for line, k in zip(lines, cell, strict=True):
            place, inside = line.places(k)
            at = at[..., None] + np.where(inside, place, 0) * line.step
            there = there[..., None] & inside
            weight = weight[..., None] + np.arange(line.results) * line.w_result + k * line.w_cell
        yield at, there, weight
