"""AvgPool2D: the average of each window."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tinyc.ir.accumulation import Accumulation
from tinyc.ir.kernel import In, KernelCall, KernelTarget, Out, tinyc_call
from tinyc.ir.op import F32, Array, Op, Signature
from tinyc.ir.types import TensorType
from tinyc.ops._clamp import INFINITY, stored_range
from tinyc.ops._pool import PoolOp
from tinyc.ops._sums import PlaneSums
from tinyc.ops.depthwise_conv2d import DepthwiseConv2D
from tinyc.ops.kernels.pools import MOST_CELLS, averages, ties_of
from tinyc.ops.mean import Mean


def rounded_quotient(total: Array, count: Array | int) -> Array:
    """total / count, rounded to nearest, ties away from zero; count > 0."""
    half = np.asarray(count) // 2
    return np.asarray(np.sign(total) * ((np.abs(total) + half) // count))


def even_quotient(total: Array, count: Array | int) -> Array:
    """total / count, rounded to nearest, ties to even; count > 0."""
    below, rest = np.divmod(total, count)
    return np.asarray(below + (2 * rest + below % 2 > count))


@dataclass(frozen=True)
class AvgPool2D(PoolOp):
    """y = clamp(mean of the window's cells inside the input, low, high), NHWC.

    In int8 it is the exact mean, rounded once. Ties go away from zero in stored values, as in CMSIS-NN, or to even
    distances from the zero point, as QuantizeLinear of ONNX rounds.
    """

    name: ClassVar[str] = "avg_pool2d"

    ties_to_even: bool = False

    def with_even_ties(self) -> Op:
        return replace(self, ties_to_even=self.kernel[0] * self.kernel[1] <= MOST_CELLS)

    @property
    def as_cmsis(self) -> bool:
        return not self.ties_to_even

    def quotient(self, total: Array, count: Array | int, zero_point: int) -> Array:
        """Means from sums of stored values."""
        if self.ties_to_even:
            return even_quotient(total - count * zero_point, count) + zero_point
        return rounded_quotient(total, count)

    def simplified(self, *ins: TensorType) -> Op | None:
        """A window that covers everything: a mean, which int8 can give a finer scale than its input's."""
        whole = self.kernel == ins[0].shape[1:3] and not any(self.pads)
        return Mean(axes=(1, 2)) if whole and (self.low, self.high) == (-INFINITY, INFINITY) else None

    def as_convolution(self, *ins: TensorType) -> tuple[Op, F32, F32] | None:
        """Where every window has the same number of cells."""
        if any(self.pads):
            return None
        channels, cells = ins[0].shape[3], self.kernel[0] * self.kernel[1]
        op = DepthwiseConv2D(
            stride=self.stride, low=self.low, high=self.high, weight_scales=(1 / cells,) * channels
        )  # fmt: skip
        weights = np.full((1, *self.kernel, channels), 1 / cells, np.float32)
        return op, weights, np.zeros(channels, np.float32)

    def reduce_float(self, x: Array) -> Array:
        counts = self.moving_window.cells(*x.shape[1:3])[None, :, :, None]
        return np.asarray(self.moving_window.patches(x, 0).sum(axis=(-2, -1), dtype=np.float64) / counts)

    def reduce_stored(self, x: Array, zero_point: int) -> Array:
        counts = self.moving_window.cells(*x.shape[1:3])[None, :, :, None]
        return self.quotient(self.moving_window.patches(x, 0).sum(axis=(-2, -1)), counts, zero_point)

    def blocks_call(self, sig: Signature) -> KernelCall | None:
        ties = ties_of(self.ties_to_even, sig.x.q.zero_point)
        return averages(sig, self.moving_window, stored_range(self.low, self.high, sig.y.q), ties)

    def cmsis_workspace(self, sig: Signature, target: KernelTarget) -> int:
        """Of Arm's library; our function needs none."""
        return 4 * sig.x.shape[3] if target.foreign and target.dsp and not target.mve else 0

    def accumulation(self, sig: Signature, target: KernelTarget) -> Accumulation | None:
        return _AverageSums(sig, self) if sig.x.quant and self.covers_plane(sig.x) else None


@dataclass(frozen=True, eq=False)
class _AverageSums(PlaneSums):
    """The average over a plane that comes in parts."""

    op: AvgPool2D

    @property
    def _bounds(self) -> tuple[int, int]:
        return stored_range(self.op.low, self.op.high, self.sig.y.q)

    def result(self, sums: NDArray[np.int64]) -> Array:
        means = self.op.quotient(sums, self.count, self.sig.x.q.zero_point)
        return np.clip(means, *self._bounds).astype(np.int8)

    def result_call(self) -> KernelCall:
        ties = ties_of(self.op.ties_to_even, self.sig.x.q.zero_point)
        return tinyc_call("tinyc_quotients_s8", self.sig.y.size, self.count, ties, *self._bounds, In(0), Out())
