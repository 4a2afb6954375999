"""The arithmetic of sliding windows, once: sizes, regions, and patches of an input as an array."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyc.errors import VerifyError
from tinyc.ir.op import Region, Span

Pair = tuple[int, int]
Pads = tuple[int, int, int, int]  # top, left, bottom, right


@dataclass(frozen=True)
class Window:
    """A window of `kernel` cells, `dilation` apart, that moves by `stride` over a plane with `pads` around it."""

    kernel: Pair
    stride: Pair
    pads: Pads
    dilation: Pair = (1, 1)

    def check(self, where: str) -> None:
        """Raise VerifyError for values that make no sense."""
        if min(*self.kernel, *self.stride, *self.dilation) < 1 or min(self.pads) < 0:
            raise VerifyError(f"{where}: kernel, stride and dilation must be positive, pads not negative; got {self}")

    def extent(self, axis: int) -> int:
        """How many cells the window spans along `axis` (0 = height, 1 = width)."""
        return (self.kernel[axis] - 1) * self.dilation[axis] + 1

    def out_size(self, height: int, width: int, where: str) -> Pair:
        """The size of the plane of results."""
        self.check(where)
        sizes = []
        for axis, size in enumerate((height, width)):
            room = size + self.pads[axis] + self.pads[axis + 2] - self.extent(axis)
            if room < 0:
                raise VerifyError(
                    f"{where}: a window of {self.extent(0)}x{self.extent(1)} does not fit into "
                    f"{height}x{width} with pads {self.pads}"
                )
            sizes.append(room // self.stride[axis] + 1)
        return sizes[0], sizes[1]

    def part(self, rows: Span, cols: Span, height: int, width: int) -> tuple[Pads, Span, Span]:
        """The pads and the input rows and columns that results in `rows` × `cols` need."""
        pads = [0, 0, 0, 0]
        spans = []
        for axis, (span, size) in enumerate(((rows, height), (cols, width))):
            start = span[0] * self.stride[axis] - self.pads[axis]
            stop = (span[1] - 1) * self.stride[axis] - self.pads[axis] + self.extent(axis)
            inside = (min(max(start, 0), size), max(min(stop, size), 0))
            # where the part lies wholly in the padding, the padding is no larger than the part
            pads[axis], pads[axis + 2] = min(max(-start, 0), stop - start), min(max(stop - size, 0), stop - start)
            spans.append(inside)
        return (pads[0], pads[1], pads[2], pads[3]), spans[0], spans[1]

    def part_of(self, region: Region, shape: Sequence[int]) -> tuple[Pads, Region]:
        """`part` for an NHWC region of the result; batch and channels as in the result."""
        pads, rows, cols = self.part(region[1], region[2], shape[1], shape[2])
        return pads, (region[0], rows, cols, region[3])

    def patches(self, x: NDArray[Any], fill: float) -> NDArray[Any]:
        """All windows of an NHWC array as a view: (n, out_h, out_w, c, kernel_h, kernel_w)."""
        top, left, bottom, right = self.pads
        padded = np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=fill)
        extent = (self.extent(0), self.extent(1))
        views = np.lib.stride_tricks.sliding_window_view(padded, extent, axis=(1, 2))
        (sh, sw), (dh, dw) = self.stride, self.dilation
        return views[:, ::sh, ::sw, :, ::dh, ::dw]

    def cells(self, height: int, width: int) -> NDArray[np.int64]:
        """How many cells of each window lie inside the plane: (out_h, out_w)."""
        ones = np.ones((1, height, width, 1), np.int64)
        inside: NDArray[np.int64] = self.patches(ones, 0).sum(axis=(-2, -1))[0, :, :, 0]
        return inside


CELL = Window((1, 1), (1, 1), (0, 0, 0, 0))
"""A window that sees one cell at a time."""


def nhwc(kind_shape: Sequence[int], where: str) -> tuple[int, int, int, int]:
    """The four axes of an NHWC shape, or an error."""
    if len(kind_shape) != 4:
        raise VerifyError(f"{where} wants a tensor of four axes (NHWC), got shape {tuple(kind_shape)}")
    n, h, w, c = kind_shape
    return n, h, w, c
