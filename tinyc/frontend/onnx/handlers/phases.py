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

from tinyc.frontend.onnx.handlers.layout import from_nhwc, to_nhwc
from tinyc.frontend.onnx.node import NodeView
from tinyc.ops.conv2d import Conv2D
from tinyc.ops.depthwise_conv2d import DepthwiseConv2D
from tinyc.ops.strided import Strided


@dataclass(frozen=True)
class Axis:
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


SINGLE = Axis(np.zeros((1, 1), np.int64), (0, 0), 1, 1, 0, 1)
"""An axis of size 1 that is not convolved over."""


def transposed_axis(n: int, kernel: int, stride: int, dilation: int, before: int, size: int) -> Axis:
    """Of a transposed convolution: result o is the sum of x[(o + before - t · dilation) / stride] · w[t]."""
    if stride == 1 and (kernel - 1) * dilation - before >= 0 and size - n + before >= 0:
        taps = np.arange(kernel - 1, -1, -1)[None]
        return Axis(taps, ((kernel - 1) * dilation - before, size - n + before), dilation, size, 0, size)
    # blocks that begin with the first result, or where the kernel begins, with some results too many
    ways = (_axis(n, kernel, stride, dilation, before - first, first, size) for first in {0, before % stride})
    return min(ways, key=lambda axis: (axis.cost, axis.first))


def _axis(n: int, kernel: int, stride: int, dilation: int, before: int, first: int, size: int) -> Axis:
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
    return Axis(taps, (-low, count - n + high), 1, count, first, size)


def in_phases(node: NodeView, axes: Sequence[Axis], groups: int) -> str:
    """The transposed convolution of input 0 with constant weights (in, out / groups, kernel …) and a constant bias."""
    weights, rank = node.floats(1, "weights"), len(node.shape(0))
    channels, depth, outer = weights.shape[0], weights.shape[0] // groups, weights.shape[1]
    out = groups * outer
    if node.has(2) and node.shape(2) != (out,):
        raise node.invalid(f"a bias of shape {node.shape(2)} does not fit {out} channels")
    vertical, horizontal = (SINGLE, *axes) if rank == 3 else axes
    planes = weights.reshape(groups, depth, outer, -1, weights.shape[-1])
    (high, tall), (wide, broad) = vertical.taps.shape, horizontal.taps.shape
    rows, columns = vertical.taps[:, None, :, None], horizontal.taps[None, :, None, :]
    picked = np.where((rows >= 0) & (columns >= 0), planes[..., rows, columns], np.float32(0))
    # group, depth, channel, phase up, phase across, cell up, cell across
    bias = node.floats(2, "bias").reshape(groups, outer) if node.has(2) else np.zeros((groups, outer), np.float32)
    scales = np.tile(np.array(node.scales(1, axis=1)), groups)
    phases = high * wide
    if groups == 1:  # phases first: whole cells move, and a scale and shift of channels behind can be folded
        filters = picked[0].transpose(2, 3, 1, 4, 5, 0)
        b, given = np.tile(bias[0], phases), np.tile(scales, phases)
        split, order = (high, wide, out), (0, 1, 3, 2, 4, 5)
    else:
        filters = picked.transpose(0, 2, 3, 4, 5, 6, 1)
        b, given = np.repeat(bias.reshape(-1), phases), np.repeat(scales, phases)
        split, order = (out, high, wide), (0, 1, 4, 2, 5, 3)
    w = np.ascontiguousarray(filters.reshape(out * phases, tall, broad, depth))
    b_name = node.store_like(2, b) if node.has(2) else node.store(b, f"{node.name}.bias")
    pads = (vertical.pads[0], horizontal.pads[0], vertical.pads[1], horizontal.pads[1])
    slides = ((1, 1), pads, (vertical.dilation, horizontal.dilation))
    x, known = to_nhwc(node, node.value(0)), tuple(map(float, given))
    if groups == channels > 1:
        w = np.ascontiguousarray(w.transpose(3, 1, 2, 0))
        y = node.emit(DepthwiseConv2D(*slides, weight_scales=known), x, node.store_like(1, w), b_name)
    else:
        y = node.emit(Conv2D(*slides, groups=groups, weight_scales=known), x, node.store_like(1, w), b_name)
    if phases > 1:
        n, up, across, _ = node.shape_of(y)
        blocks = node.reshaped(y, (n, up, across, *split))
        y = node.reshaped(node.transposed(blocks, order), (n, up * high, across * wide, out))
    wanted = (node.shape_of(y)[0], vertical.size, horizontal.size, out)
    if node.shape_of(y) != wanted:
        y = node.emit(Strided(wanted, (0, vertical.first, horizontal.first, 0), (1, 1, 1, 1)), y)
    return from_nhwc(node, y, rank)
