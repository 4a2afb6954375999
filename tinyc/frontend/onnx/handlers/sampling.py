"""Where the results of a resized axis come from, and the tables of cells and weights for any kernel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

import numpy as np

from tinyc.frontend.onnx.node import NodeView
from tinyc.ir.types import DType
from tinyc.ops.gather import Gather
from tinyc.ops.resample import Resample

COORDINATES = (
    "half_pixel",
    "half_pixel_symmetric",
    "pytorch_half_pixel",
    "asymmetric",
    "align_corners",
    "tf_half_pixel_for_nn",
    "tf_crop_and_resize",
)
ROUNDINGS = ("round_prefer_floor", "round_prefer_ceil", "floor", "ceil")
_HALF = Fraction(1, 2)


@dataclass(frozen=True)
class Axis:
    """`cells` of the input become `size` of the result, `scale` times as many.

    Of tf_crop_and_resize: `start` and `end` of the region, as shares of the axis, and the value outside of it.
    """

    cells: int
    size: int
    scale: Fraction
    start: Fraction = Fraction(0)
    end: Fraction = Fraction(1)
    outside: float = 0.0

    @property
    def is_whole(self) -> bool:
        """Whether the region is all of the axis."""
        return self.start == 0 and self.end == 1


@dataclass(frozen=True)
class Kernel:
    """How cells near a place make a result. `a` is the parameter of cubic; `only_inside` leaves out absent cells."""

    mode: str
    rounding: str = ""
    a: Fraction = Fraction(-3, 4)
    antialias: bool = False
    only_inside: bool = False

    def weight(self, distance: Fraction) -> Fraction:
        """How much a cell at that distance counts."""
        d = abs(distance)
        if self.mode == "linear":
            return max(1 - d, Fraction(0))
        if d <= 1:
            return ((self.a + 2) * d - (self.a + 3)) * d * d + 1
        return ((d - 5) * d + 8) * d * self.a - 4 * self.a if d < 2 else Fraction(0)


def places(axis: Axis, coordinates: str) -> tuple[Fraction, Fraction]:
    """The place of result 0 in the input, and from each to the next."""
    step = 1 / axis.scale
    if coordinates == "tf_crop_and_resize":
        part, last = (axis.end - axis.start) * (axis.cells - 1), axis.start * (axis.cells - 1)
        return (last, part / (axis.size - 1)) if axis.size > 1 else (last + part * _HALF, Fraction(0))
    if axis.scale == 1:  # whatever the coordinates, as in ONNX Runtime
        return Fraction(0), step
    match coordinates:
        case "half_pixel":
            return (step - 1) * _HALF, step
        case "half_pixel_symmetric":
            missing = axis.cells - axis.size * step
            return (missing + step - 1) * _HALF, step
        case "pytorch_half_pixel":
            return ((step - 1) * _HALF, step) if axis.size > 1 else (Fraction(0), Fraction(0))
        case "align_corners":
            return Fraction(0), Fraction(axis.cells - 1, axis.size - 1) if axis.size > 1 else Fraction(0)
        case "tf_half_pixel_for_nn":
            return step * _HALF, step
    return Fraction(0), step


def sampled(node: NodeView, axes: Sequence[Axis], coordinates: str, kernel: Kernel) -> str:
    """The tensor resized along one axis after the other; the shrinking ones first, which leaves least to do."""
    value = node.value(0)
    for a in sorted(range(len(axes)), key=lambda a: axes[a].scale):
        axis = axes[a]
        if axis.size == axis.cells and axis.is_whole and (axis.scale == 1 or coordinates != "tf_crop_and_resize"):
            continue
        first, step = places(axis, coordinates)
        at = [first + i * step for i in range(axis.size)]
        inside = [coordinates != "tf_crop_and_resize" or 0 <= place <= axis.cells - 1 for place in at]
        if kernel.mode == "nearest" and all(inside):
            cells = np.clip([_nearest(axis, place, kernel.rounding) for place in at], 0, axis.cells - 1)
            value = node.emit(Gather(axis=a), value, node.store(cells.astype(np.int64), f"{node.name}.cells"))
            continue
        if node.type_of(value).dtype is not DType.F32:
            raise node.unsupported(
                f"sums of {node.type_of(value).dtype.numpy} elements, mode {kernel.mode}", "cast them to float32"
            )
        table = [_taps(axis, place, kernel) for place in at]
        cells = np.array([[cell for cell, _ in row] for row in table], np.int32)
        weights = np.array([[float(weight) for _, weight in row] for row in table], np.float32)
        keep = np.array(inside)
        constants = {
            "cells": cells,
            "weights": weights * keep[:, None],
            "outside": np.where(keep, 0, axis.outside).astype(np.float32),
        }
        stored = (node.store(data, f"{node.name}.{name}") for name, data in constants.items())
        value = node.emit(Resample(axis=a), value, *stored)
    return value


def _nearest(axis: Axis, place: Fraction, rounding: str) -> int:
    match rounding or ("ceil" if axis.scale < 1 else "floor"):
        case "ceil":
            return ceil(place)
        case "round_prefer_ceil":
            return floor(place + _HALF)
        case "round_prefer_floor":
            return ceil(place - _HALF)
    return floor(place)


def _taps(axis: Axis, place: Fraction, kernel: Kernel) -> list[tuple[int, Fraction]]:
    """The cells that make the result at a place, as many for every place, and their weights."""
    if kernel.mode == "nearest":
        return [(_nearest(axis, place, kernel.rounding), Fraction(1))]
    widening = min(axis.scale, Fraction(1)) if kernel.antialias else Fraction(1)
    reach = -floor((1 if kernel.mode == "linear" else 2) / -widening)  # cells to either side
    left = ceil(place) - 1
    cells = range(left - reach + 1, left + reach + 1)
    weights = [kernel.weight((cell - place) * widening) for cell in cells]
    if kernel.only_inside:
        weights = [w if 0 <= cell < axis.cells else Fraction(0) for w, cell in zip(weights, cells, strict=True)]
    total = sum(weights) if kernel.only_inside or kernel.antialias else Fraction(1)
    return [(cell, weight / (total or 1)) for cell, weight in zip(cells, weights, strict=True)]
