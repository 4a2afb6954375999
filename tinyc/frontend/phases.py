"""A transposed convolution as an ordinary one whose channels are the cells of blocks of the result.

Of a stride s, every s-th cell of the result along an axis reads the input at the same distances, with every s-th tap
of the kernel. So the s · s kinds of cells (phases) are as many sets of filters of one convolution with stride 1, and
what it computes for a place is a block of the result. Taps that a phase does not have are zeros.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinyc.frontend.view import View
from tinyc.ir.op import Op
from tinyc.ops.conv2d import Conv2D
from tinyc.ops.depthwise_conv2d import DepthwiseConv2D
from tinyc.ops.strided import Strided


@dataclass(frozen=True)
class PhaseAxis:
    """One axis: `taps[p, j]` is the tap with which phase p reads cell j of the window, -1 for none.

    The window goes over the input in `count` places, `pads` cells beyond either end, its cells `dilation` apart. Of
    the results, `size` are wanted from `first` on.
    """

    taps: NDArray[np.int64]
    pads: tuple[int, int]
    dilation: int
    count: int
    first: int
    size: int

    @property
    def cost(self) -> int:
        return self.taps.size * self.count


SINGLE = PhaseAxis(np.zeros((1, 1), np.int64), (0, 0), 1, 1, 0, 1)
"""An axis of size 1 that is not convolved over."""


def transposed_axis(n: int, kernel: int, stride: int, dilation: int, before: int, size: int) -> PhaseAxis:
    """Of a transposed convolution: result o is the sum of x[(o + before - t · dilation) / stride] · w[t]."""
    if stride == 1 and (kernel - 1) * dilation - before >= 0 and size - n + before >= 0:
        taps = np.arange(kernel - 1, -1, -1)[None]
        return PhaseAxis(taps, ((kernel - 1) * dilation - before, size - n + before), dilation, size, 0, size)
    # blocks that begin with the first result, or where the kernel begins, with some results too many
    ways = (_axis(n, kernel, stride, dilation, before - first, first, size) for first in {0, before % stride})
    return min(ways, key=lambda axis: (axis.cost, axis.first))


def _axis(n: int, kernel: int, stride: int, dilation: int, before: int, first: int, size: int) -> PhaseAxis:
    count = -(-(first + size) // stride)
    found = [
        (phase, (phase + before - tap * dilation) // stride, tap)
        for phase in range(stride) for tap in range(kernel) if (phase + before - tap * dilation) % stride == 0
    ]  # fmt: skip
    low = min(0, *(at for _, at, _ in found))
    high = max(n - count, *(at for _, at, _ in found))
    taps = np.full((stride, high - low + 1), -1)
    for phase, at, tap in found:
        taps[phase, at - low] = tap
    return PhaseAxis(taps, (-low, count - n + high), 1, count, first, size)


@dataclass(frozen=True, eq=False)
class Filters:
    """Constants of a transposed convolution: weights (in, out / groups, kernel up, kernel across), bias (out).

    `scales`: those that the model brings for the weights, by result channel; none: it brings none.
    """

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    scales: tuple[float, ...]
    groups: int = 1


def in_phases(view: View, x: str, filters: Filters, axes: Sequence[PhaseAxis], bias_index: int = 2) -> str:
    """The transposed convolution of NHWC images `x`; weights are input 1, a bias is `bias_index`."""
    groups, (channels, outer, *_) = filters.groups, filters.weights.shape
    depth, out = channels // groups, groups * outer
    (high, tall), (wide, broad) = (axis.taps.shape for axis in axes)
    vertical, horizontal = axes
    planes = filters.weights.reshape(groups, depth, *filters.weights.shape[1:])
    rows, columns = vertical.taps[:, None, :, None], horizontal.taps[None, :, None, :]
    picked = np.where((rows >= 0) & (columns >= 0), planes[..., rows, columns], np.float32(0))
    # group, depth, channel, phase up, phase across, cell up, cell across
    bias, scales = filters.bias.reshape(groups, outer), np.array(filters.scales)
    phases = high * wide
    if groups == 1:  # phases first: whole cells move, and a scale and shift of channels behind can be folded
        kernels = picked[0].transpose(2, 3, 1, 4, 5, 0)
        b, given = np.tile(bias[0], phases), np.tile(scales, phases)
        split, order = (high, wide, out), (0, 1, 3, 2, 4, 5)
    else:
        kernels = picked.transpose(0, 2, 3, 4, 5, 6, 1)
        b, given = np.repeat(bias.reshape(-1), phases), np.repeat(scales, phases)
        split, order = (out, high, wide), (0, 1, 4, 2, 5, 3)
    w = np.ascontiguousarray(kernels.reshape(out * phases, tall, broad, depth))
    pads = (vertical.pads[0], horizontal.pads[0], vertical.pads[1], horizontal.pads[1])
    slides = ((1, 1), pads, (vertical.dilation, horizontal.dilation))
    known = tuple(map(float, given))
    op: Op
    if groups == channels > 1:
        w = np.ascontiguousarray(w.transpose(3, 1, 2, 0))
        op = DepthwiseConv2D(*slides, weight_scales=known)
    else:
        op = Conv2D(*slides, groups=groups, weight_scales=known)
    b_name = view.store_like(bias_index, b) if view.has(bias_index) else view.store(b, f"{view.name}.bias")
    y = view.emit(op, x, view.store_like(1, w), b_name)
    if phases > 1:
        n, up, across, _ = view.shape_of(y)
        blocks = view.reshaped(y, (n, up, across, *split))
        y = view.reshaped(view.transposed(blocks, order), (n, up * high, across * wide, out))
    wanted = (view.shape_of(y)[0], vertical.size, horizontal.size, out)
    if view.shape_of(y) != wanted:
        y = view.emit(Strided(wanted, (0, vertical.first, horizontal.first, 0), (1, 1, 1, 1)), y)
    return y
