"""Borders of one value around tensors."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite

import numpy as np

from tinyc.frontend.pieces import repeated
from tinyc.frontend.view import View
from tinyc.ops.concat import Concat
from tinyc.ops.pad import MAX_RANK, Pad


def bordered(view: View, value: str, before: Sequence[int], after: Sequence[int], number: float) -> str:
    """A border of a constant: around finite floats an operator of its own, around others a concatenation."""
    kind = view.type_of(value)
    finite = isfinite(number) and abs(number) <= np.finfo(np.float32).max
    if kind.dtype.is_float and kind.rank <= MAX_RANK and finite:
        return view.emit(Pad(before=tuple(before), after=tuple(after), value=number), value)
    fill = view.store(np.full((1,) * kind.rank, number, kind.dtype.numpy), f"{view.name}.value")
    return bordered_with(view, value, before, after, fill)


def bordered_with(view: View, value: str, before: Sequence[int], after: Sequence[int], fill: str) -> str:
    """A border of the one element of `fill`, which may be computed at run time."""
    rank = len(view.shape_of(value))
    fill = view.reshaped(fill, (1,) * rank)
    for axis in range(rank):
        if before[axis] or after[axis]:
            shape = view.shape_of(value)
            ends = [(*shape[:axis], count, *shape[axis + 1 :]) for count in (before[axis], after[axis])]
            low, high = ([repeated(view, fill, end)] if end[axis] else [] for end in ends)
            value = view.emit(Concat(axis), *low, value, *high)
    return value
