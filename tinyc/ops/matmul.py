"""MatMul: the product of two activations, batched. A product with constants is a dense layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import ClassVar

import numpy as np

from tinyc.errors import VerifyError
from tinyc.ir.fixed_point import multiplier_and_shift, requantize
from tinyc.ir.kernel import Candidate, In, KernelCall, KernelTarget, Out, Struct, Workspace, inlined, tinyc_call
from tinyc.ir.op import F32, Array, Op, Region, Signature
from tinyc.ir.rules import AsIs, Observed, QuantRule
from tinyc.ir.types import TensorType
from tinyc.ops._lag import lag_by_rows, with_lags
from tinyc.ops.kernels import float_blocks
from tinyc.ops.kernels.stage import Stage


@dataclass(frozen=True)
class MatMul(Op):
    """y[…, i, j] = Σ a[…, i, k] · b[…, k, j]; the leading axes of a and b are the same, or b has none."""

    name: ClassVar[str] = "matmul"

    @property
    def quant_rule(self) -> QuantRule:
        return QuantRule(ins=(AsIs(), AsIs()), outs=(Observed(),))

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        a, b = ins
        if min(a.rank, b.rank) < 2 or a.shape[-1] != b.shape[-2] or b.shape[:-2] not in ((), a.shape[:-2]):
            raise VerifyError(f"matmul: shapes {a.shape} and {b.shape} do not fit")
        return (TensorType((*a.shape[:-1], b.shape[-1]), a.dtype),)

    def eval_float(self, *ins: F32) -> tuple[F32, ...]:
        return ((ins[0] @ ins[1]).astype(np.float32),)

    def _factor(self, sig: Signature) -> tuple[int, int]:
        a, b = (t.q.per_tensor_scale for t in sig.ins)
        return multiplier_and_shift(a * b / sig.y.q.per_tensor_scale)

    def eval_int(self, ins: Sequence[Array], sig: Signature) -> tuple[Array, ...]:
        a, b = (x.astype(np.float64) - t.q.zero_point for x, t in zip(ins, sig.ins, strict=True))
        stored = requantize((a @ b).astype(np.int64), *self._factor(sig), sig.rounding) + sig.y.q.zero_point
        return (np.clip(stored, -128, 127).astype(np.int8),)

    def finest_scale(self, *ins: float) -> float:
        return 2 * ins[0] * ins[1]  # then accumulators are never shifted left

    def macs(self, *ins: TensorType) -> int:
        return ins[0].size * ins[1].shape[-1]

    def window(self, region: Region, *ins: TensorType) -> tuple[Op, tuple[Region | None, ...]]:
        depth = (0, ins[0].shape[-1])
        b = region[:-2] if ins[1].rank > 2 else ()
        return self, ((*region[:-1], depth), (*b, depth, region[-1]))

    def kernels(self, sig: Signature, target: KernelTarget) -> Sequence[Candidate]:
        a, b = sig.ins
        rows, depth, columns = a.shape[-2], a.shape[-1], b.shape[-1]
        batches = a.size // (rows * depth)
        fields = {
            "batches": batches, "rows": rows, "depth": depth, "columns": columns,
            "b_step": depth * columns if b.rank > 2 else 0,
        }  # fmt: skip
        shape = Struct("tinyc_matmul_shape", fields, "shape")
        if not a.quant:
            work = float_blocks.matmul_work(batches, rows, depth, columns)
            call = tinyc_call("tinyc_matmul_f32", shape, In(0), In(1), Out(), work=work)
            call = with_lags(call, sig, {0: float_blocks.matmul_lag(batches, rows, depth, columns)})
            return [(inlined(call),), (call,)]
        lags = {0: lag_by_rows(batches * rows, depth, columns, block=4)}
        multiplier, shift = self._factor(sig)
        params = Struct(
            "tinyc_matmul_params",
            {
                "a_offset": -a.q.zero_point, "b_offset": -b.q.zero_point, "y_offset": sig.y.q.zero_point,
                "y_multiplier": multiplier, "y_shift": shift,
            },
        )  # fmt: skip
        plain = with_lags(tinyc_call("tinyc_matmul_s8", shape, params, In(0), In(1), Out()), sig, lags)
        fast = self._pairs(sig, fields) if target.dsp else None
        return [*([(inlined(fast),), (fast,)] if fast else []), (plain,)]

    def _pairs(self, sig: Signature, shape: dict[str, int]) -> KernelCall | None:
        """The call for cores with the DSP extension; None where it cannot scale the results."""
        multiplier, shift = self._factor(sig)
        stage = Stage(([multiplier], [shift]), (-inf, inf), sig)
        if not stage.fits:
            return None
        a, b = sig.ins
        fours, blocks = -(-shape["depth"] // 4), -(-shape["columns"] // 4)
        params = {
            **shape, "a_offset": -a.q.zero_point, "b_offset": -b.q.zero_point,
            "scale": (*map(int, stage.scales[0]), 0)[:2], "stage": stage.fields,
        }  # fmt: skip
        packed, rows = shape["batches"] * blocks, shape["batches"] * blocks * shape["rows"]
        return tinyc_call(
            "tinyc_matmul_pairs_s8", Struct("tinyc_matmul_pairs_params", params),
            In(0), In(1), Workspace(), Out(), workspace_bytes=16 + 32 * fours,
            work={"calls": 1, "packed": packed * fours, "rows": rows, "steps": rows * fours},
        )  # fmt: skip
