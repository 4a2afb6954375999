"""Clamp: y = min(max(x, low), high); Relu, Relu6 and Clip are clamps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from tinyc.errors import VerifyError
from tinyc.ir.kernel import Argument, Candidate, Context, In, KernelCall, KernelTarget, Out, Struct, cmsis_call, dims
from tinyc.ir.op import Array, Op, Signature
from tinyc.ir.rules import AsIs, QuantRule, SameAs
from tinyc.ir.types import QuantParams, TensorType
from tinyc.ops import _tflite
from tinyc.ops._clamp import INFINITY, narrower, stored_range
from tinyc.ops._lag import with_lags
from tinyc.ops._unary import UnaryOp


@dataclass(frozen=True)
class Clamp(UnaryOp):
    """A clamp that no operator before it could take over. In int8 it keeps the scale of its input."""

    name: ClassVar[str] = "clamp"

    low: float = -INFINITY
    high: float = INFINITY

    @property
    def quant_rule(self) -> QuantRule:
        return QuantRule(ins=(AsIs(),), outs=(SameAs(0),))

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        if not self.low <= self.high:
            raise VerifyError(f"clamp: low {self.low} must not be above high {self.high}")
        return super().infer(*ins)

    def apply(self, x: Array) -> Array:
        return np.clip(x, self.low, self.high)

    def table(self, sig: Signature) -> Array:
        return np.clip(np.arange(-128, 128), *stored_range(self.low, self.high, sig.y.q)).astype(np.int8)

    def tflite_table(self, x: QuantParams, y: QuantParams) -> Array:
        return _tflite.clamped(x, y, self.low, self.high)

    def clamp_bounds(self) -> tuple[float, float]:
        return self.low, self.high

    def is_identity(self, *ins: TensorType) -> bool:
        return (self.low, self.high) == (-INFINITY, INFINITY)

    def float_arguments(self) -> tuple[Argument, ...]:
        return float(self.low), float(self.high)

    def clamped(self, low: float, high: float) -> Op:
        low, high = narrower((self.low, self.high), low, high)
        return replace(self, low=low, high=high)

    def kernels(self, sig: Signature, target: KernelTarget) -> Sequence[Candidate]:
        return [(_as_pooling(self, sig),)] if sig.x.quant else super().kernels(sig, target)


def _as_pooling(op: Clamp, sig: Signature) -> KernelCall:
    """CMSIS-NN has no clamp of its own; the maximum over windows of one cell, with an activation, is one."""
    least, most = stored_range(op.low, op.high, sig.y.q)
    params = Struct(
        "cmsis_nn_pool_params",
        {"stride": {"w": 1, "h": 1}, "padding": {"w": 0, "h": 0}, "activation": {"min": least, "max": most}},
    )
    row = (1, 1, 1, sig.x.size)
    call = cmsis_call(
        "arm_max_pool_s8", Context(), params, dims("input", *row), In(0), dims("kernel", 1, 1, 1, 1),
        dims("output", *row), Out(),
    )  # fmt: skip
    return with_lags(call, sig, {0: 0})
