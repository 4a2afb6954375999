"""Pad: a border of one value around a tensor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from tinyc.errors import VerifyError
from tinyc.ir.kernel import Candidate, In, KernelTarget, Out, Struct, cmsis_call, dims, tinyc_call
from tinyc.ir.op import F32, Array, Op, Region, Signature
from tinyc.ir.rules import AsIs, QuantRule, SameAs
from tinyc.ir.types import DType, TensorType
from tinyc.ops._lag import with_lags

MAX_RANK = 4


@dataclass(frozen=True)
class Pad(Op):
    """`before[a]` and `after[a]` cells of `value` at the two ends of each axis a."""

    name: ClassVar[str] = "pad"

    before: tuple[int, ...]
    after: tuple[int, ...]
    value: float = 0.0

    @property
    def quant_rule(self) -> QuantRule:
        return QuantRule(ins=(AsIs(),), outs=(SameAs(0),))

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        (x,) = ins
        if (
            not len(self.before) == len(self.after) == x.rank <= MAX_RANK
            or min(self.before + self.after, default=0) < 0
        ):
            raise VerifyError(f"pad: {self.before} before and {self.after} after do not fit shape {x.shape}")
        sizes = zip(self.before, x.shape, self.after, strict=True)
        return (TensorType(tuple(b + s + a for b, s, a in sizes), x.dtype),)

    def _pad(self, x: Array, value: float) -> Array:
        widths = list(zip(self.before, self.after, strict=True))
        return np.pad(x, widths, constant_values=value)

    def eval_float(self, *ins: F32) -> tuple[F32, ...]:
        return (self._pad(ins[0], self.value),)

    def stored_value(self, x: TensorType) -> int:
        """The int8 that stands for `value` in the scale of `x`."""
        return int(x.q.quantize(np.array([self.value]), DType.I8)[0])

    def eval_int(self, ins: Sequence[Array], sig: Signature) -> tuple[Array, ...]:
        return (self._pad(ins[0], self.stored_value(sig.x)),)

    def window(self, region: Region, *ins: TensorType) -> tuple[Op, tuple[Region | None, ...]]:
        before, after, part = [], [], []
        for span, pad, size in zip(region, self.before, ins[0].shape, strict=True):
            start, stop = span[0] - pad, span[1] - pad
            inside = (min(max(start, 0), size), max(min(stop, size), 0))
            inside = (inside[0], max(inside))
            before.append(min(max(-start, 0), span[1] - span[0]))
            after.append(span[1] - span[0] - before[-1] - (inside[1] - inside[0]))
            part.append(inside)
        return replace(self, before=tuple(before), after=tuple(after)), (tuple(part),)

    def is_identity(self, *ins: TensorType) -> bool:
        return not any(self.before + self.after)

    def padding(self) -> tuple[tuple[int, ...], tuple[int, ...], float]:
        return self.before, self.after, self.value

    def on_axes(self, axes: Sequence[int], rank: int) -> Op | None:
        before, after = [0] * rank, [0] * rank
        for a, (low, high) in enumerate(zip(self.before, self.after, strict=True)):
            if low or high:
                if axes[a] < 0:
                    return None
                before[axes[a]], after[axes[a]] = low, high
        return replace(self, before=tuple(before), after=tuple(after))

    def kernels(self, sig: Signature, target: KernelTarget) -> Sequence[Candidate]:
        lead = (0,) * (MAX_RANK - sig.x.rank)
        shape = (1,) * (MAX_RANK - sig.x.rank) + sig.x.shape
        before, after = (*lead, *self.before), (*lead, *self.after)
        if sig.x.quant:
            value = self.stored_value(sig.x)
            borders = dims("input", *shape), dims("before", *before), dims("after", *after)
            call = cmsis_call("arm_pad_s8", In(0), Out(), value, *borders)
        else:
            params = Struct("tinyc_pad_params", {"size": shape, "before": before, "after": after})
            call = tinyc_call("tinyc_pad_f32", params, float(self.value), In(0), Out())
        return [(with_lags(call, sig, {0: self._lag(sig)}),)]

    def _lag(self, sig: Signature) -> int:
        """How far the last element moves away from the start; those before it move less."""
        if sig.x.size == 0:
            return 0
        last = tuple(b + s - 1 for b, s in zip(self.before, sig.x.shape, strict=True))
        return int(np.ravel_multi_index(last, sig.y.shape)) - (sig.x.size - 1)
