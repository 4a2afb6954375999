"""Elementwise operators of two inputs that broadcast against each other as NumPy arrays do."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import ClassVar

import numpy as np

from tinyc.errors import VerifyError
from tinyc.ir.kernel import Candidate, In, KernelCall, KernelTarget, Out, Struct, inlined, tinyc_call
from tinyc.ir.op import F32, Array, ChannelFlow, ChannelRange, Mask, Op, Region, Signature, channels
from tinyc.ir.rules import AsIs, Observed, QuantRule
from tinyc.ir.types import TensorType
from tinyc.ops._clamp import INFINITY, narrower, stored_range
from tinyc.ops._lag import with_lags

MAX_RANK = 6


@dataclass(frozen=True)
class BroadcastOp(Op):
    """y = clamp(f(a, b), low, high)."""

    elementwise: ClassVar[bool] = True

    low: float = -INFINITY
    high: float = INFINITY

    @abstractmethod
    def apply(self, a: Array, b: Array) -> Array:
        """f over real arrays."""

    @abstractmethod
    def eval_stored(self, a: Array, b: Array, sig: Signature) -> Array:
        """Stored results before clamping, from stored inputs (int64)."""

    @abstractmethod
    def integer_kernels(self, sig: Signature) -> Sequence[Candidate]:
        """The ways to compute it on stored values, best first; `over_operands` of each call."""

    @property
    def quant_rule(self) -> QuantRule:
        return QuantRule(ins=(AsIs(), AsIs()), outs=(Observed(),))

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        a, b = ins
        try:
            shape = np.broadcast_shapes(a.shape, b.shape)
        except ValueError:
            raise VerifyError(f"{self.name}: shapes {a.shape} and {b.shape} do not broadcast") from None
        if len(shape) > MAX_RANK:
            raise VerifyError(f"{self.name}: at most {MAX_RANK} axes, got shape {shape}")
        return (TensorType(shape, a.dtype),)

    def eval_float(self, *ins: F32) -> tuple[F32, ...]:
        return (np.clip(self.apply(*ins), self.low, self.high).astype(np.float32),)

    def eval_int(self, ins: Sequence[Array], sig: Signature) -> tuple[Array, ...]:
        least, most = stored_range(self.low, self.high, sig.y.q)
        stored = self.eval_stored(ins[0].astype(np.int64), ins[1].astype(np.int64), sig)
        return (np.clip(stored, least, most).astype(np.int8),)

    def window(self, region: Region, *ins: TensorType) -> tuple[Op, tuple[Region | None, ...]]:
        return self, tuple(_part(region, kind) for kind in ins)

    def clamped(self, low: float, high: float) -> Op:
        low, high = narrower((self.low, self.high), low, high)
        return replace(self, low=low, high=high)

    def unclamped(self) -> tuple[Op, tuple[float, float]]:
        return replace(self, low=-INFINITY, high=INFINITY), (self.low, self.high)

    def on_axes(self, axes: Sequence[int], rank: int) -> Op:
        return self

    def scales_one(self, sig: Signature) -> bool:
        """Whether one operand is constant, the other has the result's shape, and nothing is clamped."""
        if len(sig.constants) != 1 or (self.low, self.high) != (-INFINITY, INFINITY):
            return False
        (at,) = sig.constants
        return sig.ins[1 - at].shape == sig.y.shape

    # Channels

    def channel_flow(self, sig: Signature) -> ChannelFlow:
        whole = all(channels(t) == channels(sig.y) for i, t in enumerate(sig.ins) if i not in sig.constants)
        return ChannelFlow.COUPLED if whole else ChannelFlow.OPAQUE

    def used_channels(self, used: Mask, sig: Signature) -> tuple[Mask, ...]:
        return tuple(used if channels(t) == len(used) else np.ones(channels(t), bool) for t in sig.ins)

    def channel_ranges(self, ranges: Sequence[ChannelRange], sig: Signature) -> tuple[ChannelRange, ...]:
        corners = [self.eval_int((a, b), sig)[0] for a in _ends(ranges[0]) for b in _ends(ranges[1])]
        return (ChannelRange(np.minimum.reduce(corners).astype(np.int64), np.maximum.reduce(corners).astype(np.int64)),)

    # Kernels

    def kernels(self, sig: Signature, target: KernelTarget) -> Sequence[Candidate]:
        if sig.x.quant:
            return self.integer_kernels(sig)
        shape = broadcast_shape(sig)
        bounds = float(self.low), float(self.high)
        own = tinyc_call(f"tinyc_{self.name}_f32", shape, *bounds, In(0), In(1), Out(), work=_float_work(shape, self))
        own = over_operands(own, sig)
        return [(inlined(own),), (own,)]


def _ends(bounds: ChannelRange) -> tuple[Array, Array]:
    return bounds.low, bounds.high


def _part(region: Region, kind: TensorType) -> Region:
    aligned = region[len(region) - kind.rank :]
    return tuple((0, 1) if size == 1 else span for span, size in zip(aligned, kind.shape, strict=True))


def over_operands(call: KernelCall, sig: Signature) -> KernelCall:
    """`call`, whose result may take the place of operands of its size: it goes through both element by element."""
    whole = (i for i, kind in enumerate(sig.ins) if kind.size == sig.y.size and i not in sig.constants)
    return with_lags(call, sig, dict.fromkeys(whole, 0))


def broadcast_shape(sig: Signature) -> Struct:
    """A `tinyc_broadcast`: sizes of the result, outermost first, and each operand's strides in elements.

    Axes along which both operands go on as they do along the next one are one axis.
    """
    axes = [(1, 0, 0)] * MAX_RANK
    strides = [_strides(kind, sig.y.rank) for kind in sig.ins]
    for size, *steps in zip(sig.y.shape, *strides, strict=True):
        outer, *before = axes[-1]
        if before == [step * size for step in steps] and len(axes) > MAX_RANK:
            axes[-1] = (outer * size, *steps)
        elif size > 1:
            axes.append((size, *steps))
    names = ("size", "a", "b")
    return Struct("tinyc_broadcast", dict(zip(names, zip(*axes[-MAX_RANK:], strict=True), strict=True)), "shape")


def _strides(kind: TensorType, rank: int) -> list[int]:
    padded = (1,) * (rank - kind.rank) + kind.shape
    return [0 if size == 1 else prod(padded[i + 1 :]) for i, size in enumerate(padded)]


def work_of(shape: Struct) -> dict[str, int]:
    """What loops over a `tinyc_broadcast` do."""
    *rows, row = shape.fields["size"]
    return {"calls": 1, "rows": prod(rows), "results": prod(rows) * row}


def _float_work(shape: Struct, op: BroadcastOp) -> dict[str, int]:
    work = work_of(shape)
    bounds = sum(abs(bound) != INFINITY for bound in (op.low, op.high))
    return {**work, "bounds": bounds * work["results"]}
