"""Windows that move over the axes of a tensor, as convolutions and pools have them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinyc.frontend.view import View

Pair = tuple[int, int]

MAX_CELLS = 2**24
"""Of a padded plane, height times width."""
MAX_VALUE = 2**15 - 1
"""Of a kernel size, stride, dilation or pad."""


@dataclass(frozen=True)
class Axis:
    """A window of `kernel` cells, `dilation` apart, that moves by `stride` over `size` cells with pads around them."""

    size: int
    kernel: int
    stride: int
    dilation: int
    before: int = 0
    after: int = 0

    @property
    def extent(self) -> int:
        """How many cells the window spans."""
        return (self.kernel - 1) * self.dilation + 1

    def same(self, upper: bool) -> Axis:
        """Padded such that there are size / stride windows, rounded up; an odd cell goes behind if `upper`."""
        count = -(-self.size // self.stride)
        total = max((count - 1) * self.stride + self.extent - self.size, 0)
        less, more = total // 2, total - total // 2
        before, after = (less, more) if upper else (more, less)
        return Axis(self.size, self.kernel, self.stride, self.dilation, before, after)

    def windows(self, ceil: bool) -> int:
        """How many windows there are. `ceil` counts one that sticks out behind, if it starts before the pads there."""
        room = self.size + self.before + self.after - self.extent
        if not ceil:
            return room // self.stride + 1
        count = -(-room // self.stride) + 1
        return count - 1 if (count - 1) * self.stride >= self.size + self.before else count


@dataclass(frozen=True)
class Sliding:
    """A window that moves over a plane: its two axes, height first. One spatial axis is the width of a plane of 1."""

    height: Axis
    width: Axis

    @property
    def axes(self) -> tuple[Axis, Axis]:
        return self.height, self.width

    @property
    def kernel(self) -> Pair:
        return self.height.kernel, self.width.kernel

    @property
    def stride(self) -> Pair:
        return self.height.stride, self.width.stride

    @property
    def dilation(self) -> Pair:
        return self.height.dilation, self.width.dilation

    @property
    def pads(self) -> tuple[int, int, int, int]:
        """Top, left, bottom, right."""
        return self.height.before, self.width.before, self.height.after, self.width.after


def plane(view: View, axes: Sequence[Axis]) -> Sliding:
    """One or two axes as those of a plane."""
    sliding = Sliding(Axis(1, 1, 1, 1) if len(axes) == 1 else axes[0], axes[-1])
    height, width = (a.size + a.before + a.after for a in sliding.axes)
    if height * width > MAX_CELLS:
        raise view.unsupported(f"a padded plane of {height}x{width} cells is too large")
    return sliding
