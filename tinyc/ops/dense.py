"""Dense: a fully connected layer, y = x wᵀ + b."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tinyc.errors import VerifyError
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
    tinyc_call,
)
from tinyc.ir.kernel import per_channel_quant as channel_quant
from tinyc.ir.op import F32, NOT_FIXED, Array, ChannelFlow, ChannelRange, Mask, Op, Region, Signature, take
from tinyc.ir.rules import AsIs, Bias, Observed, QuantRule, Weight
from tinyc.ir.types import TensorType
from tinyc.ops import _linear
from tinyc.ops._clamp import INFINITY, activation, narrower


@dataclass(frozen=True)
class Dense(Op):
    """y[…, o] = clamp(Σ x[…, k] · w[o, k] + b[o], low, high). Inputs: x (…, in); w (out, in); b (out,)."""

    name: ClassVar[str] = "dense"

    low: float = -INFINITY
    high: float = INFINITY

    @property
    def quant_rule(self) -> QuantRule:
        return QuantRule(ins=(AsIs(), Weight(axis=0), Bias()), outs=(Observed(),))

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        x, w, b = ins
        if w.rank != 2 or not x.shape or x.shape[-1] != w.shape[1]:
            raise VerifyError(f"{self.name}: an input of shape {x.shape} does not fit weights of shape {w.shape}")
        _linear.check_bias(w.shape[0], b, self.name)
        return (TensorType((*x.shape[:-1], w.shape[0]), x.dtype),)

    def eval_float(self, *ins: F32) -> tuple[F32, ...]:
        x, w, b = ins
        return (np.clip(x @ w.T + b, self.low, self.high).astype(np.float32),)

    def eval_int(self, ins: Sequence[Array], sig: Signature) -> tuple[Array, ...]:
        x, w, b = ins
        sums = (x.astype(np.float64) - sig.x.q.zero_point) @ w.astype(np.float64).T
        return (_linear.requantize_result(sums.astype(np.int64) + b, self.low, self.high, sig),)

    def macs(self, *ins: TensorType) -> int:
        return ins[0].size * ins[1].shape[0]

    def window(self, region: Region, *ins: TensorType) -> tuple[Op, tuple[Region | None, ...]]:
        return self, ((*region[:-1], (0, ins[0].shape[-1])), None, None)

    def clamped(self, low: float, high: float) -> Op:
        low, high = narrower((self.low, self.high), low, high)
        return replace(self, low=low, high=high)

    def scaled(self, constants: Mapping[int, Array], scale: F32, shift: F32) -> dict[int, Array] | None:
        if (self.low, self.high) != (-INFINITY, INFINITY):
            return None
        return _linear.scaled_constants(constants, 0, scale, shift)

    def reordered(self, constants: Mapping[int, Array], order: NDArray[np.int64]) -> dict[int, Array]:
        return {1: np.ascontiguousarray(constants[1][:, order])}

    # Channels

    def channel_flow(self, sig: Signature) -> ChannelFlow:
        return ChannelFlow.MIXING

    def channel_ranges(self, ranges: Sequence[ChannelRange], sig: Signature) -> tuple[ChannelRange, ...]:
        w, b = sig.constants[1].astype(np.int64), sig.constants[2].astype(np.int64)
        at_low = w * (ranges[0].low - sig.x.q.zero_point)
        at_high = w * (ranges[0].high - sig.x.q.zero_point)
        low = b + np.minimum(at_low, at_high).sum(axis=1)
        high = b + np.maximum(at_low, at_high).sum(axis=1)
        return (_linear.result_range(low, high, (self.low, self.high), sig),)

    def used_channels(self, used: Mask, sig: Signature) -> tuple[Mask, ...]:
        return (np.asarray(sig.constants[1][used].any(axis=0)), *super().used_channels(used, sig)[1:])

    def absorbs(self, fixed: NDArray[np.int64], sig: Signature) -> Mask:
        return np.not_equal(fixed, NOT_FIXED)

    def spared(self, gone: Mask, sig: Signature) -> Mask:
        return _linear.spared_channels(gone, sig)

    def narrowed(
        self, keep_in: Mask, keep_out: Mask, fixed: NDArray[np.int64], sig: Signature
    ) -> tuple[Op, dict[int, Array]]:
        w, b = take(keep_out, 0, sig.constants[1]), take(keep_out, 0, sig.constants[2])
        gone = np.where(keep_in, 0, _linear.centred(fixed, sig.x.q.zero_point))
        folded = b + (w.astype(np.int64) * gone).sum(axis=1)
        return self, {1: take(keep_in, 1, w), 2: folded.astype(np.int32)}

    # Kernels

    def kernels(self, sig: Signature, target: KernelTarget) -> Sequence[Candidate]:
        return [(self._integer(sig, target) if sig.x.quant else self._float(sig),)]

    def _integer(self, sig: Signature, target: KernelTarget) -> KernelCall:
        out, depth = sig.ins[1].shape
        rows = sig.x.size // depth
        params = Struct(
            "cmsis_nn_fc_params",
            {
                "input_offset": -sig.x.q.zero_point,
                "filter_offset": 0,
                "output_offset": sig.y.q.zero_point,
                "activation": activation(self.low, self.high, sig.y.q).fields,
            },
        )
        return cmsis_call(
            "arm_fully_connected_per_channel_s8",
            Context(self._kernel_sums(sig) if target.mve else None),
            params, channel_quant(*_linear.output_scaling(sig)),
            dims(rows, 1, 1, depth), In(0), dims(depth, 1, 1, out), In(1),
            dims(1, 1, 1, out), In(2), dims(rows, 1, 1, out), Out(),
        )  # fmt: skip

    def _kernel_sums(self, sig: Signature) -> Table:
        """What a vector core wants precomputed: the bias plus the input offset times the sum of each row of w."""
        sums = sig.constants[1].astype(np.int64).sum(axis=1) * -sig.x.q.zero_point + sig.constants[2]
        return Table("kernel_sums", sums.astype(np.int32))

    def _float(self, sig: Signature) -> KernelCall:
        out, depth = sig.ins[1].shape
        rows = sig.x.size // depth
        return tinyc_call(
            "tinyc_dense_f32", rows, depth, out, float(self.low), float(self.high), In(0), In(1), In(2), Out()
        )
