"""Mean: the average over some axes, or the sum."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tinyc.errors import VerifyError
from tinyc.ir.accumulation import Accumulation
from tinyc.ir.fixed_point import multiplier_and_shift, requantize
from tinyc.ir.kernel import (
    Candidate,
    Context,
    In,
    KernelCall,
    KernelTarget,
    Out,
    Struct,
    Table,
    cmsis_call,
    dims,
    inlined,
    per_channel_quant,
    tinyc_call,
)
from tinyc.ir.op import F32, Array, ChannelFlow, ChannelRange, Mask, Op, Region, Signature
from tinyc.ir.rules import AsIs, Observed, QuantRule
from tinyc.ir.types import Rounding, TensorType
from tinyc.ops._lag import lag_of_passes, with_lags
from tinyc.ops._sums import PlaneSums
from tinyc.ops.depthwise_conv2d import integer_steps
from tinyc.ops.kernels.rows import mean_of_rows

MOST_TOTAL = 2**15
"""Elements of a sum: 2^7 times that fits an int32."""


@dataclass(frozen=True)
class Mean(Op):
    """The mean over neighbouring `axes`, which stay as axes of size 1; with `total` the sum, of MOST_TOTAL at most."""

    name: ClassVar[str] = "mean"

    axes: tuple[int, ...]
    total: bool = False

    @property
    def quant_rule(self) -> QuantRule:
        return QuantRule(ins=(AsIs(),), outs=(Observed(),))

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        (x,) = ins
        if not self.axes or self.axes != tuple(range(self.axes[0], self.axes[-1] + 1)):
            raise VerifyError(f"mean wants neighbouring axes in order, got {self.axes}")
        if not 0 <= self.axes[0] <= self.axes[-1] < x.rank:
            raise VerifyError(f"mean over axes {self.axes} of a tensor of {x.rank} axes")
        if self.total and self.count(x) > MOST_TOTAL:
            raise VerifyError(f"a sum of {self.count(x)} elements, more than {MOST_TOTAL}")
        return (TensorType(tuple(1 if a in self.axes else s for a, s in enumerate(x.shape)), x.dtype),)

    def eval_float(self, *ins: F32) -> tuple[F32, ...]:
        total = ins[0].sum(axis=self.axes, keepdims=True, dtype=np.float64)
        return ((total if self.total else total / (ins[0].size // total.size)).astype(np.float32),)

    def count(self, x: TensorType) -> int:
        """How many elements make one result."""
        return prod(x.shape[a] for a in self.axes)

    def _factor(self, sig: Signature) -> tuple[int, int]:
        """Of a sum. Under `tflite` the multiplier of the scales is divided, as TensorFlow Lite does."""
        x, y, count = sig.x.q.per_tensor_scale, sig.y.q.per_tensor_scale, self.count(sig.x)
        if self.total:
            return multiplier_and_shift(x / y)
        if sig.rounding is not Rounding.TFLITE:
            return multiplier_and_shift(x / (y * count))
        multiplier, shift = multiplier_and_shift(x / y)
        wider = max(0, min(count.bit_length() - 1, 31 + shift))
        return (multiplier << wider) // count, shift - wider

    def _requantized(self, total: NDArray[np.int64], sig: Signature) -> Array:
        """Stored results from sums of stored values less their zero point."""
        stored = requantize(total, *self._factor(sig), sig.rounding) + sig.y.q.zero_point
        return np.asarray(np.clip(stored, -128, 127).astype(np.int8))

    def eval_int(self, ins: Sequence[Array], sig: Signature) -> tuple[Array, ...]:
        centred = ins[0].astype(np.int64) - sig.x.q.zero_point
        return (self._requantized(centred.sum(axis=self.axes, keepdims=True), sig),)

    def finest_scale(self, *ins: float) -> float:
        # so that a sum, of a mean one of up to 2^22 values, is never shifted beyond 31 bits
        return ins[0] / (2**6 if self.total else 2**20)

    def window(self, region: Region, *ins: TensorType) -> tuple[Op, tuple[Region | None, ...]]:
        return self, (tuple((0, ins[0].shape[a]) if a in self.axes else s for a, s in enumerate(region)),)

    def accumulation(self, sig: Signature, target: KernelTarget) -> Accumulation | None:
        if not sig.x.quant or sig.x.rank != 4 or any(sig.x.shape[a] > 1 for a in {0, 1, 2} - {*self.axes}):
            return None
        return _MeanSums(sig, self)

    def is_identity(self, *ins: TensorType) -> bool:
        return all(ins[0].shape[a] == 1 for a in self.axes)

    def merged_with(self, producer: Op) -> Op | None:
        if not isinstance(producer, Mean) or producer.total != self.total:
            return None
        both = tuple(sorted({*self.axes, *producer.axes}))
        return replace(self, axes=both) if both == tuple(range(both[0], both[-1] + 1)) else None

    def on_axes(self, axes: Sequence[int], rank: int) -> Op | None:
        moved = sorted(axes[a] for a in self.axes)
        if moved[0] < 0 or moved != list(range(moved[0], moved[-1] + 1)):
            return None
        return replace(self, axes=tuple(moved))

    # Channels

    def channel_flow(self, sig: Signature) -> ChannelFlow:
        return ChannelFlow.OPAQUE if sig.x.rank - 1 in self.axes else ChannelFlow.COUPLED

    def used_channels(self, used: Mask, sig: Signature) -> tuple[Mask, ...]:
        return super().used_channels(used, sig) if sig.x.rank - 1 in self.axes else (used,)

    def channel_ranges(self, ranges: Sequence[ChannelRange], sig: Signature) -> tuple[ChannelRange, ...]:
        if sig.x.rank - 1 in self.axes:
            return super().channel_ranges(ranges, sig)
        count, zero = self.count(sig.x), sig.x.q.zero_point
        low, high = (self._requantized(count * (end - zero), sig) for end in (ranges[0].low, ranges[0].high))
        return (ChannelRange(low.astype(np.int64), high.astype(np.int64)),)

    # Kernels

    def kernels(self, sig: Signature, target: KernelTarget) -> Sequence[Candidate]:
        shape, count = sig.x.shape, self.count(sig.x)
        outer, inner = prod(shape[: self.axes[0]]), prod(shape[self.axes[-1] + 1 :])
        if not sig.x.quant:
            factor = 1.0 if self.total else float(np.float32(1) / np.float32(count))
            return [(with_lags(tinyc_call("tinyc_mean_f32", outer, count, inner, factor, In(0), Out()), sig, {0: 0}),)]
        own = tinyc_call("tinyc_mean_s8", outer, count, inner, self._params(sig), In(0), Out())
        others = [(with_lags(own, sig, {0: 0}),), (self._as_depthwise(sig, outer, count, inner),)]
        rows = mean_of_rows(outer, count, inner, self._factor(sig), sig)
        if rows is None:
            return others
        fast = with_lags(rows, sig, {0: 0})
        return [(inlined(fast),), (fast,), *others]

    def _params(self, sig: Signature) -> Struct:
        multiplier, shift = self._factor(sig)
        return Struct(
            "tinyc_mean_params",
            {
                "x_offset": -sig.x.q.zero_point,
                "y_offset": sig.y.q.zero_point, "y_multiplier": multiplier, "y_shift": shift,
            },
        )  # fmt: skip

    def _as_depthwise(self, sig: Signature, outer: int, count: int, inner: int) -> KernelCall:
        """CMSIS-NN averages in the scale of its input only; a depthwise convolution with ones can change it."""
        ones = np.ones((1, count, 1, inner), np.int8)
        multiplier, shift = self._factor(sig)
        multipliers, shifts = [multiplier] * inner, [shift] * inner
        params = Struct(
            "cmsis_nn_dw_conv_params",
            {
                "input_offset": -sig.x.q.zero_point,
                "output_offset": sig.y.q.zero_point,
                "ch_mult": 1,
                "stride": {"w": 1, "h": 1},
                "padding": {"w": 0, "h": 0},
                "dilation": {"w": 2, "h": 1},  # of a kernel one cell wide: nothing, but it keeps to the path
                # of CMSIS-NN that needs no workspace
                "activation": {"min": -128, "max": 127},
            },
        )
        call = cmsis_call(
            "arm_depthwise_conv_wrapper_s8",
            Context(), params, per_channel_quant(multipliers, shifts),
            dims("input", outer, count, 1, inner), In(0), dims("filter", 1, count, 1, inner), Table("ones", ones),
            dims("bias", 1, 1, 1, inner), Table("no_bias", np.zeros(inner, np.int32)),
            dims("output", outer, 1, 1, inner), Out(),
        )  # fmt: skip
        lag = lag_of_passes(np.arange(outer) * count * inner, inner, integer_steps(inner, inner))
        return with_lags(call, sig, {0: lag})


@dataclass(frozen=True, eq=False)
class _MeanSums(PlaneSums):
    """A mean that takes its input in parts."""

    op: Mean

    def result(self, sums: NDArray[np.int64]) -> Array:
        return self.op._requantized(sums - self.count * self.sig.x.q.zero_point, self.sig)

    def result_call(self) -> KernelCall:
        params = self.op._params(self.sig)
        return tinyc_call("tinyc_mean_of_sums_s8", self.sig.y.size, self.count, params, In(0), Out())
