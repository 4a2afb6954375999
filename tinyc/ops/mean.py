"""Mean: the average over some axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import ClassVar

import numpy as np

from tinyc.errors import VerifyError
from tinyc.ir.kernel import Candidate, Context, In, KernelTarget, Out, Struct, cmsis_call, dims, tinyc_call
from tinyc.ir.op import F32, Array, ChannelFlow, ChannelRange, Mask, Op, Region, Signature
from tinyc.ir.rules import AsIs, QuantRule, SameAs
from tinyc.ir.types import TensorType
from tinyc.ops.avg_pool2d import rounded_quotient


@dataclass(frozen=True)
class Mean(Op):
    """The mean over the neighbouring `axes`, which stay as axes of size 1; ties away from zero in int8."""

    name: ClassVar[str] = "mean"

    axes: tuple[int, ...]

    @property
    def quant_rule(self) -> QuantRule:
        return QuantRule(ins=(AsIs(),), outs=(SameAs(0),))

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        (x,) = ins
        if not self.axes or self.axes != tuple(range(self.axes[0], self.axes[-1] + 1)):
            raise VerifyError(f"mean wants neighbouring axes in order, got {self.axes}")
        if not 0 <= self.axes[0] <= self.axes[-1] < x.rank:
            raise VerifyError(f"mean over axes {self.axes} of a tensor of {x.rank} axes")
        return (TensorType(tuple(1 if a in self.axes else s for a, s in enumerate(x.shape)), x.dtype),)

    def eval_float(self, *ins: F32) -> tuple[F32, ...]:
        return (ins[0].mean(axis=self.axes, keepdims=True, dtype=np.float64).astype(np.float32),)

    def eval_int(self, ins: Sequence[Array], sig: Signature) -> tuple[Array, ...]:
        total = ins[0].sum(axis=self.axes, keepdims=True, dtype=np.int64)
        return (rounded_quotient(total, prod(sig.x.shape[a] for a in self.axes)).astype(np.int8),)

    def window(self, region: Region, *ins: TensorType) -> tuple[Op, tuple[Region | None, ...]]:
        return self, (tuple((0, ins[0].shape[a]) if a in self.axes else s for a, s in enumerate(region)),)

    def is_identity(self, *ins: TensorType) -> bool:
        return all(ins[0].shape[a] == 1 for a in self.axes)

    def merged_with(self, producer: Op) -> Op | None:
        if not isinstance(producer, Mean):
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
        return super().channel_ranges(ranges, sig) if sig.x.rank - 1 in self.axes else (ranges[0],)

    # Kernels

    def kernels(self, sig: Signature, target: KernelTarget) -> Sequence[Candidate]:
        shape = sig.x.shape
        outer, count = prod(shape[: self.axes[0]]), prod(shape[a] for a in self.axes)
        inner = prod(shape[self.axes[-1] + 1 :])
        if not sig.x.quant:
            return [(tinyc_call("tinyc_mean_f32", outer, count, inner, In(0), Out()),)]
        params = Struct(
            "cmsis_nn_pool_params",
            {
                "stride": {"w": 1, "h": 1},
                "padding": {"w": 0, "h": 0},
                "activation": {"min": -128, "max": 127},
            },
        )
        call = cmsis_call(
            "arm_avgpool_s8", Context(), params, dims(outer, count, 1, inner), In(0),
            dims(1, count, 1, 1), dims(outer, 1, 1, inner), Out(),
            workspace_bytes=4 * inner if target.dsp and not target.mve else 0,
        )  # fmt: skip
        return [(call,)]
