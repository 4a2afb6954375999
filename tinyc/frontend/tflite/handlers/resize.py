"""RESIZE_BILINEAR and RESIZE_NEAREST_NEIGHBOR, with TensorFlow Lite's own arithmetic of places."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import lcm

import numpy as np
from numpy.typing import NDArray

from tinyc.frontend.pieces import picked
from tinyc.frontend.tensors import is_possible
from tinyc.frontend.tflite.node import NodeView
from tinyc.ops.resize import MAX_UNIT, Resize

PLACE_BITS = 10  # of fractions of cells, where the cells are integers


@dataclass(frozen=True)
class Line:
    """The place that result i comes from is (first + i · step) / unit."""

    first: int
    step: int
    unit: int


def resize_bilinear(view: NodeView) -> str:
    """Neighbours blended by where a result lies between them."""
    size, corners, half = _read(view)
    lines = []
    for old, new in zip(view.shape(0)[1:3], size, strict=True):
        spans = (old - 1, new - 1) if corners and new > 1 else (old, new)
        if view.of_integers(0):
            unit = 1 << PLACE_BITS
            step = (unit * spans[0] + spans[1] // 2) // spans[1]
            lines.append(Line(step // 2 - unit // 2 if half else 0, step, unit))
        else:
            exact = Fraction(*spans)
            first = (exact - 1) / 2 if half else Fraction(0)
            unit = lcm(exact.denominator, first.denominator)
            lines.append(Line(int(first * unit), int(exact * unit), unit))
    return view.emit(_resize(size, lines, linear=True), view.value(0))


def resize_nearest(view: NodeView) -> str:
    """The cell that TensorFlow Lite finds, in float32."""
    size, corners, half = _read(view)
    value, lines = view.value(0), []
    for old, new in zip(view.shape(0)[1:3], size, strict=True):
        spans = (old - 1, new - 1) if corners and new > 1 else (old, new)
        exact = Fraction(*spans)
        first = exact / 2 if half else Fraction(0)
        if corners:
            first += Fraction(1, 2)
        unit = lcm(exact.denominator, first.denominator)
        lines.append(Line(int(first * unit), int(exact * unit), unit))
    wanted = [_cells(old, new, corners, half) for old, new in zip(view.shape(0)[1:3], size, strict=True)]
    made = [
        np.clip((line.first + np.arange(new) * line.step) // line.unit, 0, old - 1)
        for line, old, new in zip(lines, view.shape(0)[1:3], size, strict=True)
    ]
    if all(np.array_equal(a, b) for a, b in zip(wanted, made, strict=True)) and _fits(lines):
        return view.emit(_resize(size, lines, linear=False), value)
    for axis, cells in enumerate(wanted, 1):  # where float32 is not exact enough for the place
        value = picked(view, value, axis, cells.tolist())
    return value


def _cells(old: int, new: int, corners: bool, half: bool) -> NDArray[np.int64]:
    one = np.float32(1)
    scale = one * (old - 1) / np.float32(new - 1) if corners and new > 1 else one * old / np.float32(new)
    places = (np.arange(new).astype(np.float32) + np.float32(0.5 if half else 0)) * scale
    rounded = np.floor(np.abs(places) + np.float32(0.5)) if corners else np.floor(places)
    return np.asarray(np.clip(rounded.astype(np.int64), 0, old - 1))


def _fits(lines: list[Line]) -> bool:
    return all(line.unit <= MAX_UNIT for line in lines)


def _read(view: NodeView) -> tuple[tuple[int, int], bool, bool]:
    """The wanted size, whether corners align, whether centres of pixels lie at halves."""
    view.count(2)
    size = view.integers(1, "size")
    shape = view.shape(0)
    if len(shape) != 4 or len(size) != 2 or min(size) < 1 or not is_possible((shape[0], *size, shape[3])):
        raise view.invalid(f"a size of {size} for an input of shape {shape}")
    corners, half = view.options.flag("AlignCorners"), view.options.flag("HalfPixelCenters")
    if corners and half:
        raise view.invalid("options AlignCorners and HalfPixelCenters contradict each other")
    return (size[0], size[1]), corners, half


def _resize(size: tuple[int, int], lines: list[Line], linear: bool) -> Resize:
    rows, columns = lines
    return Resize(
        size, (rows.first, columns.first), (rows.step, columns.step), (rows.unit, columns.unit), linear=linear
    )
