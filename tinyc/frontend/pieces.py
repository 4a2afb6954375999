"""Pieces of tensors at even distances, and what is put together from them."""

from __future__ import annotations

from collections.abc import Sequence

from tinyc.frontend.view import View
from tinyc.ops.concat import Concat
from tinyc.ops.strided import Strided

MOST_RUNS = 16
"""Of indices at even distances that are taken piece by piece."""

Run = tuple[int, int, int]
"""Count, first index, step."""


def taken(view: View, value: str, runs: dict[int, Run]) -> str:
    """`value` with the given runs of indices along the given axes."""
    old = view.shape_of(value)
    full = [runs.get(axis, (size, 0, 1)) for axis, size in enumerate(old)]
    if all(run == (size, 0, 1) for run, size in zip(full, old, strict=True)):
        return value
    return view.emit(Strided(*map(tuple, zip(*full, strict=True))), value)


def runs_of(indices: Sequence[int]) -> list[Run]:
    """The same indices as runs, each as long as can be."""
    runs: list[Run] = []
    for index in indices:
        if runs:
            count, first, step = runs[-1]
            if count == 1 or index == first + count * step:
                runs[-1] = (count + 1, first, index - first if count == 1 else step)
                continue
        runs.append((1, index, 1))
    return runs


def picked(view: View, value: str, axis: int, indices: Sequence[int]) -> str:
    """These indices along an axis, one behind the other."""
    parts = [taken(view, value, {axis: run}) for run in runs_of(indices)]
    return parts[0] if len(parts) == 1 else view.emit(Concat(axis), *parts)


def repeated(view: View, value: str, shape: tuple[int, ...]) -> str:
    """`value` broadcast to a shape."""
    old = view.shape_of(value)
    value = view.reshaped(value, (1,) * (len(shape) - len(old)) + old)
    sizes = view.shape_of(value)
    return taken(view, value, {a: (size, 0, 0) for a, size in enumerate(shape) if size != sizes[a]})
