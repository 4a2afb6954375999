"""GridSample: elements between the cells of images, at points that are known at run time."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from math import prod
from typing import ClassVar

import numpy as np

from tinyc.errors import VerifyError
from tinyc.ir.kernel import In, KernelCall, Out, Struct, loop_call
from tinyc.ir.op import Array, Signature
from tinyc.ir.types import DType, TensorType
from tinyc.ops._plain import PlainOp

MAX_AXES = 4
TAPS = {"nearest": 1, "linear": 2, "cubic": 4}
OUTSIDE = ("zeros", "border", "reflection")
COORDINATES = ("centres", "edges", "cells")


@dataclass(frozen=True)
class GridSample(PlainOp):
    """y[n, c, p…] = x[n, c] at the point grid[n, p…], whose coordinates are those of the last axis first.

    -1 and 1 are the `coordinates` of the centres or the outer edges of the outermost cells; or they count cells.
    `outside` are zeros, the cells at the border, or a reflection. What is not a number lies before the first cell.
    """

    name: ClassVar[str] = "grid_sample"

    mode: str = "linear"
    outside: str = "zeros"
    coordinates: str = "edges"

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        x, grid = ins
        if self.mode not in TAPS or self.outside not in OUTSIDE or self.coordinates not in COORDINATES:
            raise VerifyError(f"grid_sample: {self}")
        if {x.dtype, grid.dtype} != {DType.F32}:
            raise VerifyError(f"grid_sample of {x.dtype.value} elements at {grid.dtype.value} points")
        axes = x.rank - 2
        if not 1 <= axes <= MAX_AXES or grid.rank < 2 or grid.shape[0] != x.shape[0] or grid.shape[-1] != axes:
            raise VerifyError(f"grid_sample: points of shape {grid.shape} in an input of shape {x.shape}")
        return (TensorType((*x.shape[:2], *grid.shape[1:-1]), DType.F32),)

    def compute(self, *ins: Array) -> Array:
        x, grid = ins
        batches, channels, *size = x.shape
        points = grid.reshape(batches, -1, len(size))
        taps = [self._taps(points[..., len(size) - 1 - axis], cells) for axis, cells in enumerate(size)]
        flat = x.reshape(batches, channels, -1).astype(np.float64)
        sums = np.zeros((batches, channels, points.shape[1]))
        for chosen in product(range(TAPS[self.mode]), repeat=len(size)):
            at, inside = np.zeros(points.shape[:2], np.int64), np.ones(points.shape[:2], bool)
            weight: Array = np.ones(points.shape[:2])
            for (cell, weights), tap, count in zip(taps, chosen, size, strict=True):
                at = at * count + np.maximum(cell[tap], 0)
                inside &= cell[tap] >= 0
                weight = weight * weights[tap]
            found = np.take_along_axis(flat, np.where(inside, at, 0)[:, None], 2)
            sums += np.where(inside[:, None], found * weight[:, None], 0)
        return sums

    def _taps(self, at: Array, size: int) -> tuple[list[Array], list[Array]]:
        """Cells along an axis, −1 for none, and their weights, in the arithmetic of the C."""
        one, half = np.float32(1), np.float32(0.5)
        last, edge = float(size - 1), 0.5 if self.coordinates == "edges" else 0.0
        v = at
        if self.coordinates == "centres":
            v = (at + one) * half * np.float32(last)
        elif self.coordinates == "edges":
            v = ((at + one) * np.float32(size) - one) * half
        v = np.rint(v) if self.mode == "nearest" else v
        v = np.where((v >= -edge) & (v <= last + edge), v, self._moved(v, last, edge))
        below = np.floor(v)
        first = below.astype(np.int64) - (self.mode == "cubic")
        cells = []
        for tap in range(TAPS[self.mode]):
            cell = first + tap
            if self.outside == "border":
                cell = np.clip(cell, 0, size - 1)
            elif self.outside == "reflection":
                cell = _clamp(_reflect(cell.astype(np.float32), -edge, last + edge), 0, last).astype(np.int64)
            cells.append(np.where(cell < size, cell, -1))
        return cells, self._weights(v - below)

    def _moved(self, v: Array, last: float, edge: float) -> Array:
        if self.outside == "reflection":
            return _reflect(v, -edge, last + edge)
        return _clamp(v, 0, last) if self.outside == "border" and self.mode != "cubic" else _clamp(v, -3, last + 3)

    def _weights(self, rest: Array) -> list[Array]:
        if self.mode == "nearest":
            return [np.ones_like(rest)]
        if self.mode == "linear":
            return [1 - rest, rest]
        a = -0.75
        near = [((a + 2) * t - (a + 3)) * t * t + 1 for t in (rest, 1 - rest)]
        far = [((a * t - 5 * a) * t + 8 * a) * t - 4 * a for t in (rest + 1, 2 - rest)]
        return [far[0], *near, far[1]]

    def call(self, sig: Signature) -> KernelCall:
        x, grid = (kind.shape for kind in sig.ins)
        params = {
            "batches": x[0], "channels": x[1], "points": prod(grid[1:-1]), "axes": len(x) - 2,
            "size": (*x[2:], *(1,) * (MAX_AXES - len(x) + 2)), "taps": TAPS[self.mode],
            "outside": OUTSIDE.index(self.outside), "coordinates": COORDINATES.index(self.coordinates),
        }  # fmt: skip
        struct = Struct("tinyc_grid_sample_params", params)
        return loop_call("tinyc_grid_sample", "tinyc_grid_sample.h", struct, In(0), In(1), Out())


def _clamp(v: Array, low: float, high: float) -> Array:
    return np.where(v >= low, np.minimum(v, np.float32(high)), np.float32(low))


def _reflect(v: Array, low: float, high: float) -> Array:
    span = high - low
    if span <= 0:
        return np.full_like(v, low)
    rest = np.fmod(np.abs(v - np.float32(low)), np.float32(2 * span))
    inside = np.where(rest <= span, rest + np.float32(low), np.float32(high) - (rest - np.float32(span)))
    return _clamp(inside, low, high)
