"""Means and sums over any axes, by the operators that have int8 forms."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from tinyc.frontend.view import View
from tinyc.ops.mean import MOST_TOTAL, Mean
from tinyc.ops.reduce import Reduce

Axes = tuple[int, ...]


def mean(view: View, value: str, axes: Axes) -> str:
    """The mean; of floats it is the operator that has an int8 form, one run of neighbouring axes after the other."""
    if not view.type_of(value).dtype.is_float:
        return view.emit(Reduce("mean", axes), value)
    for run in runs(axes, view.shape_of(value)):
        value = view.emit(Mean(axes=run), value)
    return value


def total(view: View, value: str, axes: Axes) -> str:
    """The sum; of floats it is an operator that has an int8 form, or of very many the mean times how many there are."""
    if not view.type_of(value).dtype.is_float:
        return view.emit(Reduce("sum", axes), value)
    shape = view.shape_of(value)
    count = prod(shape[a] for a in axes)
    if count > MOST_TOTAL:
        return view.scaled(mean(view, value, axes), count)
    for run in runs(axes, shape):
        value = view.emit(Mean(run, total=True), value)
    return value


def runs(axes: Axes, shape: Sequence[int]) -> list[Axes]:
    """The axes in runs of neighbours. Axes of size 1 take part only between others, to join them."""
    found: list[Axes] = []
    for axis in (a for a in axes if shape[a] > 1):
        if found and prod(shape[found[-1][-1] + 1 : axis]) == 1:
            found[-1] = tuple(range(found[-1][0], axis + 1))
        else:
            found.append((axis,))
    return found
