"""Concat: tensors behind one another along one axis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from math import prod
from typing import ClassVar

import numpy as np

from tinyc.errors import VerifyError
from tinyc.ir.kernel import Candidate, In, KernelTarget, Out, cmsis_call, tinyc_call
from tinyc.ir.op import F32, Array, ChannelFlow, ChannelRange, Mask, Op, Region, Signature
from tinyc.ir.rules import AsIs, QuantRule, Unify
from tinyc.ir.types import TensorType


@dataclass(frozen=True)
class Concat(Op):
    """The inputs behind one another along `axis`; in int8 all have the scale of the result."""

    name: ClassVar[str] = "concat"
    any_type: ClassVar[bool] = True

    axis: int

    @property
    def quant_rule(self) -> QuantRule:
        return QuantRule(ins=(AsIs(),), outs=(Unify(),))

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        if not ins or not 0 <= self.axis < ins[0].rank:
            raise VerifyError(f"concat along axis {self.axis} of {len(ins)} inputs")
        rest = {(*t.shape[: self.axis], *t.shape[self.axis + 1 :]) for t in ins}
        if len(rest) != 1 or len({t.rank for t in ins}) != 1:
            raise VerifyError(f"concat along axis {self.axis}: shapes {[t.shape for t in ins]} differ elsewhere too")
        if len({t.dtype for t in ins}) != 1:
            raise VerifyError(f"concat of elements of several types: {', '.join(t.dtype.value for t in ins)}")
        shape = list(ins[0].shape)
        shape[self.axis] = sum(t.shape[self.axis] for t in ins)
        return (TensorType(tuple(shape), ins[0].dtype),)

    def eval_float(self, *ins: F32) -> tuple[F32, ...]:
        return (np.concatenate(ins, axis=self.axis),)

    def eval_int(self, ins: Sequence[Array], sig: Signature) -> tuple[Array, ...]:
        return (np.concatenate(ins, axis=self.axis),)

    def window(self, region: Region, *ins: TensorType) -> tuple[Op, tuple[Region | None, ...]]:
        parts: list[Region] = []
        start, (low, high) = 0, region[self.axis]
        for kind in ins:
            size = kind.shape[self.axis]
            first, last = min(max(low - start, 0), size), min(max(high - start, 0), size)
            parts.append((*region[: self.axis], (first, last), *region[self.axis + 1 :]))
            start += size
        return self, tuple(parts)

    def is_identity(self, *ins: TensorType) -> bool:
        return len(ins) == 1

    def on_axes(self, axes: Sequence[int], rank: int) -> Op | None:
        if axes[self.axis] < 0:
            return None
        return replace(self, axis=axes[self.axis])

    def channel_flow(self, sig: Signature) -> ChannelFlow:
        return ChannelFlow.OPAQUE if self.axis == sig.y.rank - 1 else ChannelFlow.COUPLED

    def used_channels(self, used: Mask, sig: Signature) -> tuple[Mask, ...]:
        return super().used_channels(used, sig) if self.axis == sig.y.rank - 1 else (used,) * len(sig.ins)

    def channel_ranges(self, ranges: Sequence[ChannelRange], sig: Signature) -> tuple[ChannelRange, ...]:
        lows, highs = [r.low for r in ranges], [r.high for r in ranges]
        if self.axis == sig.y.rank - 1:
            return (ChannelRange(np.concatenate(lows), np.concatenate(highs)),)
        return (ChannelRange(np.minimum.reduce(lows), np.maximum.reduce(highs)),)

    def placements(self, sig: Signature) -> Mapping[int, int]:
        if prod(sig.y.shape[: self.axis]) != 1:
            return {}
        ends = accumulate(kind.bytes for kind in sig.ins)
        return {i: end - kind.bytes for i, (kind, end) in enumerate(zip(sig.ins, ends, strict=True))}

    def kernels(self, sig: Signature, target: KernelTarget) -> Sequence[Candidate]:
        rows = prod(sig.y.shape[: self.axis])
        unit = prod(sig.y.shape[self.axis + 1 :]) * sig.y.dtype.bytes  # bytes of one index of the axis
        total = sig.y.shape[self.axis] * unit
        own, cmsis = [], []
        start = 0
        for index, kind in enumerate(sig.ins):
            size = kind.shape[self.axis] * unit
            own.append(tinyc_call("tinyc_copy_rows", rows, size, In(index), size, start, Out(), total))
            cmsis.append(
                cmsis_call("arm_concatenation_s8_x", In(index), size, rows, 1, 1, Out(), total, start, status=False)
            )
            start += size
        if sig.x.quant and max(rows, total) < 2**16:  # CMSIS-NN takes these as uint16_t
            return [tuple(cmsis), tuple(own)]
        return [tuple(own)]
