"""Elementwise functions of one input. In int8 they are an exact table of 256 entries, whatever the function."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyc.ir.kernel import Argument, Candidate, In, KernelTarget, Out, Table, tinyc_call
from tinyc.ir.op import F32, Array, ChannelFlow, ChannelRange, Mask, Op, Region, Signature
from tinyc.ir.types import DType, Rounding, TensorType
from tinyc.ops._lag import with_lags


@dataclass(frozen=True)
class UnaryOp(Op):
    """y = f(x)."""

    elementwise: ClassVar[bool] = True

    @abstractmethod
    def apply(self, x: Array) -> Array:
        """f over real arrays."""

    def float_arguments(self) -> tuple[Argument, ...]:
        """What `tinyc_<name>_f32` takes between the element count and the data."""
        return ()

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        (x,) = ins
        return (TensorType(x.shape, x.dtype),)

    def eval_float(self, *ins: F32) -> tuple[F32, ...]:
        return (self.apply(ins[0]).astype(np.float32),)

    def table(self, sig: Signature) -> Array:
        """The stored result for each stored value from −128 to 127."""
        given = self.tflite_table(sig.x.q, sig.y.q) if sig.rounding is Rounding.TFLITE else None
        if given is not None:
            return given
        stored = np.arange(-128, 128, dtype=np.int64)
        real = (stored - sig.x.q.zero_point) * sig.x.q.per_tensor_scale
        return sig.y.q.quantize(self.apply(real), DType.I8)

    def eval_int(self, ins: Sequence[Array], sig: Signature) -> tuple[Array, ...]:
        return (self.table(sig)[ins[0].astype(np.int64) + 128],)

    def window(self, region: Region, *ins: TensorType) -> tuple[Op, tuple[Region | None, ...]]:
        return self, (region,)

    def on_axes(self, axes: Sequence[int], rank: int) -> Op:
        return self

    def channel_flow(self, sig: Signature) -> ChannelFlow:
        return ChannelFlow.COUPLED

    def used_channels(self, used: Mask, sig: Signature) -> tuple[Mask, ...]:
        return (used,)

    def channel_ranges(self, ranges: Sequence[ChannelRange], sig: Signature) -> tuple[ChannelRange, ...]:
        table = self.table(sig).astype(np.int64)
        spans = [table[a + 128 : b + 129] for a, b in zip(ranges[0].low, ranges[0].high, strict=True)]
        return (ChannelRange(np.array([s.min() for s in spans]), np.array([s.max() for s in spans])),)

    def kernels(self, sig: Signature, target: KernelTarget) -> Sequence[Candidate]:
        if sig.x.quant:
            call = tinyc_call("tinyc_lookup_s8", sig.x.size, Table("table", self.table(sig)), In(0), Out())
        else:
            call = tinyc_call(f"tinyc_{self.name}_f32", sig.x.size, *self.float_arguments(), In(0), Out())
        return [(with_lags(call, sig, {0: 0}),)]
