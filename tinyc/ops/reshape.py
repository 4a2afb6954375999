"""Reshape: the same elements in the same order under another shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tinyc.errors import VerifyError
from tinyc.ir.kernel import Candidate, KernelTarget
from tinyc.ir.op import F32, Array, ChannelFlow, ChannelRange, Mask, Op, Region, Signature, channels
from tinyc.ir.rules import AsIs, QuantRule, SameAs
from tinyc.ir.types import TensorType


@dataclass(frozen=True)
class Reshape(Op):
    """The elements of the input, row-major, under `shape`. Costs nothing: the result is a view."""

    name: ClassVar[str] = "reshape"
    is_move: ClassVar[bool] = True
    is_view: ClassVar[bool] = True
    any_type: ClassVar[bool] = True

    shape: tuple[int, ...]

    @property
    def quant_rule(self) -> QuantRule:
        return QuantRule(ins=(AsIs(),), outs=(SameAs(0),))

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        if prod(self.shape) != ins[0].size or min(self.shape, default=1) < 1:
            raise VerifyError(f"reshape: {ins[0].shape} has {ins[0].size} elements, {self.shape} does not")
        return (TensorType(self.shape, ins[0].dtype),)

    def eval_float(self, *ins: F32) -> tuple[F32, ...]:
        return (ins[0].reshape(self.shape),)

    def eval_int(self, ins: Sequence[Array], sig: Signature) -> tuple[Array, ...]:
        return (ins[0].reshape(self.shape),)

    def window(self, region: Region, *ins: TensorType) -> tuple[Op, tuple[Region | None, ...]]:
        whole = tuple((0, size) for size in ins[0].shape)
        return self, (whole,)

    def is_identity(self, *ins: TensorType) -> bool:
        return ins[0].shape == self.shape

    def moved_channels(self, *ins: TensorType) -> NDArray[np.int64] | None:
        before, after = channels(ins[0]), self.shape[-1] if self.shape else 1
        return np.arange(before) % after if before % after == 0 else None

    def merged_with(self, producer: Op) -> Op | None:
        return self if isinstance(producer, Reshape) else None

    def channel_flow(self, sig: Signature) -> ChannelFlow:
        return ChannelFlow.COUPLED if channels(sig.x) == channels(sig.y) else ChannelFlow.OPAQUE

    def used_channels(self, used: Mask, sig: Signature) -> tuple[Mask, ...]:
        return (used,) if channels(sig.x) == channels(sig.y) else super().used_channels(used, sig)

    def channel_ranges(self, ranges: Sequence[ChannelRange], sig: Signature) -> tuple[ChannelRange, ...]:
        return (ranges[0],) if channels(sig.x) == channels(sig.y) else super().channel_ranges(ranges, sig)

    def narrowed(
        self, keep_in: Mask, keep_out: Mask, fixed: NDArray[np.int64], sig: Signature
    ) -> tuple[Op, dict[int, Array]]:
        return Reshape((*self.shape[:-1], int(keep_out.sum()))), {}

    def kernels(self, sig: Signature, target: KernelTarget) -> Sequence[Candidate]:
        return []
