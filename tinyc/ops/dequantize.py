"""Dequantize: the real numbers that stored integers stand for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyc.errors import VerifyError
from tinyc.ir.kernel import Code, In, KernelCall, Out, loop_call
from tinyc.ir.op import Array, Op, Region, Signature
from tinyc.ir.rules import AsIs, Free, QuantRule
from tinyc.ir.types import DType, QuantParams, TensorType
from tinyc.ops._plain import PlainOp, ctype, loops


@dataclass(frozen=True)
class Dequantize(PlainOp):
    """y = (x − zero_point) · scale, for integers of up to 16 bits."""

    name: ClassVar[str] = "dequantize"

    scale: float
    zero_point: int

    @property
    def quant_rule(self) -> QuantRule:
        return QuantRule(ins=(AsIs(),), outs=(Free(),))

    def dequantization(self) -> QuantParams:
        return QuantParams((self.scale,), self.zero_point)

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        if not ins[0].dtype.is_integer or ins[0].dtype.bytes > 2:
            raise VerifyError(f"dequantize of {ins[0].dtype.value} elements")
        return (TensorType(ins[0].shape, DType.F32),)

    def compute(self, *ins: Array) -> Array:
        return (ins[0].astype(np.float32) - np.float32(self.zero_point)) * np.float32(self.scale)

    def window(self, region: Region, *ins: TensorType) -> tuple[Op, tuple[Region | None, ...]]:
        return self, (region,)

    def on_axes(self, axes: Sequence[int], rank: int) -> Op | None:
        return self

    def call(self, sig: Signature) -> KernelCall:
        code = Code("((float)a - {1}) * {0}", (self.scale, float(self.zero_point)))
        size = loops((sig.x.size,), a=(1,))
        return loop_call("tinyc_map_1", "tinyc_loops.h", ctype(sig.x), ctype(sig.y), code, size, In(0), Out())
