"""The attributes that convolutions and pools share: kernel, strides, dilations, and padding in all its forms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinyc.frontend.onnx.node import NodeView

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


def read_sliding(node: NodeView, size: tuple[int, ...], kernel: tuple[int, ...]) -> Sliding:
    """The window that `node` moves over a tensor with one or two spatial axes of `size`."""
    return plane(node, read_axes(node, size, kernel))


def plane(node: NodeView, axes: Sequence[Axis]) -> Sliding:
    """One or two axes as those of a plane."""
    sliding = Sliding(Axis(1, 1, 1, 1) if len(axes) == 1 else axes[0], axes[-1])
    height, width = (a.size + a.before + a.after for a in sliding.axes)
    if height * width > MAX_CELLS:
        raise node.unsupported(f"a padded plane of {height}x{width} cells is too large")
    return sliding


def read_axes(node: NodeView, size: tuple[int, ...], kernel: tuple[int, ...]) -> tuple[Axis, ...]:
    """The axes of a window over any number of axes of `size`."""
    rank = len(size)
    check_values(node, "kernel_shape", kernel, rank, least=1)
    strides = attribute_values(node, "strides", rank)
    dilations = attribute_values(node, "dilations", rank)
    pads = node.attributes.integers("pads")
    auto_pad = node.attributes.text("auto_pad", "NOTSET")
    if auto_pad not in ("NOTSET", "VALID", "SAME_UPPER", "SAME_LOWER"):
        raise node.attributes.unsupported("auto_pad", auto_pad, "NOTSET, VALID, SAME_UPPER or SAME_LOWER")
    if auto_pad == "NOTSET":
        pads = (0,) * (2 * rank) if pads is None else pads
        check_values(node, "pads", pads, 2 * rank, least=0)
    elif pads is not None and any(pads):
        raise node.invalid(f"attributes auto_pad = {auto_pad!r} and pads = {pads} contradict each other")
    axes = []
    for i in range(rank):
        axis = Axis(size[i], kernel[i], strides[i], 1 if kernel[i] == 1 else dilations[i])
        if auto_pad.startswith("SAME"):
            axis = axis.same(auto_pad == "SAME_UPPER")
        elif auto_pad == "NOTSET" and pads is not None:
            axis = Axis(axis.size, axis.kernel, axis.stride, axis.dilation, pads[i], pads[rank + i])
        if axis.size + axis.before + axis.after < axis.extent:
            raise node.invalid(f"a window of {axis.extent} cells is larger than the padded input: {axis}")
        axes.append(axis)
    return tuple(axes)


def attribute_values(node: NodeView, name: str, rank: int) -> tuple[int, ...]:
    """A positive number for each spatial axis; 1 if the attribute is not given."""
    values = node.attributes.integers(name)
    if values is None:
        return (1,) * rank
    check_values(node, name, values, rank, least=1)
    return values


def check_values(node: NodeView, name: str, values: tuple[int, ...], count: int, least: int) -> None:
    """UnsupportedError unless an attribute has `count` values of a sensible size."""
    if len(values) != count or not all(least <= v <= MAX_VALUE for v in values):
        raise node.attributes.unsupported(name, values, f"{count} values from {least} to {MAX_VALUE}")
