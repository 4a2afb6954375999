"""Dense: a fully connected layer, y = x wᵀ + b."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tinyc.errors import VerifyError
from tinyc.ir.accumulation import Accumulation
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
from tinyc.ir.narrow import Narrow
from tinyc.ir.op import NOT_FIXED, Array, ChannelFlow, ChannelRange, Mask, Op, Region, Signature, take
from tinyc.ir.types import DType, TensorType
from tinyc.ops import _linear
from tinyc.ops._clamp import activation, stored_range
from tinyc.ops._lag import lag_by_rows
from tinyc.ops._linear import LinearOp
from tinyc.ops._wide import again_by_channel
from tinyc.ops.kernels import conv_pairs, conv_plain, conv_vectors, float_blocks

SOURCES = (conv_vectors.dense, conv_pairs.dense, conv_plain.dense, float_blocks.dense)
"""Who offers specialised kernels, the fastest first."""


@dataclass(frozen=True)
class Dense(LinearOp):
    """y[…, o] = clamp(Σ x[…, k] · w[o, k] + b[o], low, high). Inputs: x (…, in); w (out, in); b (out,)."""

    name: ClassVar[str] = "dense"

    out_axis: ClassVar[int] = 0

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        x, w, b = ins
        if w.rank != 2 or not x.shape or x.shape[-1] != w.shape[1]:
            raise VerifyError(f"{self.name}: an input of shape {x.shape} does not fit weights of shape {w.shape}")
        _linear.check_bias(w.shape[0], b, self.name)
        return (TensorType((*x.shape[:-1], w.shape[0]), x.dtype),)

    def sums(self, x: Array, w: Array) -> Array:
        return np.asarray(x @ w.T)

    def macs(self, *ins: TensorType) -> int:
        return ins[0].size * ins[1].shape[0]

    def window(self, region: Region, *ins: TensorType) -> tuple[Op, tuple[Region | None, ...]]:
        _linear.check_all_filters(region, ins[1].shape[self.out_axis], self.name)
        return self, ((*region[:-1], (0, ins[0].shape[-1])), None, None)

    def accumulation(self, sig: Signature, target: KernelTarget) -> Accumulation | None:
        return _DenseSums(sig, self) if sig.x.quant and sig.x.rank == 2 and sig.x.shape[0] == 1 else None

    def reordered(self, constants: Mapping[int, Array], order: NDArray[np.int64]) -> dict[int, Array]:
        return {1: np.ascontiguousarray(constants[1][:, order])}

    # Channels

    def channel_flow(self, sig: Signature) -> ChannelFlow:
        return ChannelFlow.MIXING

    def channel_ranges(self, ranges: Sequence[ChannelRange], sig: Signature) -> tuple[ChannelRange, ...]:
        w, b = sig.constants[1].astype(np.int64), sig.constants[2].astype(np.int64)
        least, most = _linear.product_bounds(w, ranges[0], sig.x.q.zero_point)
        low, high = b + least.sum(axis=1), b + most.sum(axis=1)
        return (_linear.result_range(low, high, (self.low, self.high), sig),)

    def used_channels(self, used: Mask, sig: Signature) -> tuple[Mask, ...]:
        return (np.asarray(sig.constants[1][used].any(axis=0)), *super().used_channels(used, sig)[1:])

    def absorbs(self, fixed: NDArray[np.int64], sig: Signature) -> Mask:
        return np.not_equal(fixed, NOT_FIXED)

    def narrowed(
        self, keep_in: Mask, keep_out: Mask, fixed: NDArray[np.int64], sig: Signature
    ) -> tuple[Op, dict[int, Array]]:
        w, b = take(keep_out, 0, sig.constants[1]), take(keep_out, 0, sig.constants[2])
        gone = np.where(keep_in, 0, _linear.centred(fixed, sig.x.q.zero_point))
        folded = b + (w.astype(np.int64) * gone).sum(axis=1)
        return self, {1: take(keep_in, 1, w), 2: folded.astype(np.int32)}

    # Kernels

    def narrow(self, weights: NDArray[np.int64], x: TensorType) -> Narrow:
        made, order = again_by_channel(weights, 1)
        return Narrow(self, made, x.rank - 1, order)

    def kernels(self, sig: Signature, target: KernelTarget) -> Sequence[Candidate]:
        own = [candidate for source in SOURCES for candidate in source(sig, target, (self.low, self.high))]
        return [*own, *super().kernels(sig, target)]

    def lag(self, sig: Signature, target: KernelTarget) -> int | None:
        out, depth = sig.ins[1].shape
        return lag_by_rows(sig.x.size // depth, depth, out, block=4)

    def integer_call(self, sig: Signature, target: KernelTarget) -> KernelCall:
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
            Context(_kernel_sums(sig) if target.mve else None),
            params, channel_quant(*_linear.output_scaling(sig)),
            dims("input", rows, 1, 1, depth), In(0), dims("filter", depth, 1, 1, out), In(1),
            dims("bias", 1, 1, 1, out), In(2), dims("output", rows, 1, 1, out), Out(),
        )  # fmt: skip

    def float_call(self, sig: Signature) -> KernelCall:
        out, depth = sig.ins[1].shape
        rows = sig.x.size // depth
        return tinyc_call(
            "tinyc_dense_f32", rows, depth, out, float(self.low), float(self.high), In(0), In(1), In(2), Out()
        )


def _kernel_sums(sig: Signature) -> Table:
    """The bias plus the input offset times the sum of each row of w: what stored inputs must have added."""
    sums = sig.constants[1].astype(np.int64).sum(axis=1) * -sig.x.q.zero_point + sig.constants[2]
    return Table("kernel_sums", sums.astype(np.int32))


@dataclass(frozen=True, eq=False)
class _DenseSums(Accumulation):
    """A dense layer whose one row comes in parts: the products of stored values with each row of w, added up."""

    sig: Signature
    op: Dense

    @property
    def sums(self) -> TensorType:
        return replace(self.sig.y, dtype=DType.I32, quant=None)

    def start(self) -> int:
        return 0

    def add(self, region: Region, part: Array, sums: Array, ins: Sequence[Array]) -> Array:
        weights = ins[1][:, slice(*region[1])]
        return np.asarray(sums + part.astype(np.int32) @ weights.T.astype(np.int32))

    def finish(self, sums: Array) -> Array:
        acc = sums.astype(np.int64) + _kernel_sums(self.sig).data
        return _linear.requantize_result(acc, self.op.low, self.op.high, self.sig)

    def add_calls(self, region: Region) -> Candidate:
        (out, depth), (start, stop) = self.sig.ins[1].shape, region[1]
        return (tinyc_call("tinyc_dot_rows_s8", stop - start, out, depth, start, In(0), In(1), Out()),)

    def finish_calls(self) -> Candidate:
        low, high = stored_range(self.op.low, self.op.high, self.sig.y.q)
        params = Struct("tinyc_dense_params", {"y_offset": self.sig.y.q.zero_point, "low": low, "high": high})
        multipliers, shifts = (np.array(a, np.int32) for a in _linear.output_scaling(self.sig))
        return (
            tinyc_call(
                "tinyc_dense_of_sums_s8", self.sig.y.size, params, _kernel_sums(self.sig),
                Table("multiplier", multipliers), Table("shift", shifts), In(0), Out(),
            ),
        )  # fmt: skip
