"""Quantize: real numbers as the stored integers that stand for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyc.errors import VerifyError
from tinyc.ir.kernel import Code, In, KernelCall, Out, loop_call
from tinyc.ir.op import Array, Op, Region, Signature
from tinyc.ir.rules import Fixed, Free, QuantRule
from tinyc.ir.types import DType, QuantParams, TensorType
from tinyc.ops._lag import with_lags
from tinyc.ops._plain import PlainOp, ctype, loops


@dataclass(frozen=True)
class Quantize(PlainOp):
    """y = round(x / scale) + zero_point, ties to even, saturated to the type `to`; NaN becomes its least number."""

    name: ClassVar[str] = "quantize"

    scale: float
    zero_point: int
    to: str = "i8"

    @property
    def quant_rule(self) -> QuantRule:
        return QuantRule(ins=(Free(),), outs=(Fixed(self.quantization()),))

    def quantization(self) -> QuantParams:
        return QuantParams((self.scale,), self.zero_point)

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        if not ins[0].dtype.is_float or not DType(self.to).is_integer:
            raise VerifyError(f"quantize makes integers of f32, not {self.to} of {ins[0].dtype.value}")
        return (TensorType(ins[0].shape, DType(self.to)),)

    def _range(self) -> tuple[float, float]:
        """The least and the largest result before the zero point is added."""
        info = np.iinfo(DType(self.to).numpy)
        return float(info.min - self.zero_point), float(info.max - self.zero_point)

    def compute(self, *ins: Array) -> Array:
        low, high = self._range()
        with np.errstate(all="ignore"):
            steps = np.rint(ins[0] / np.float32(self.scale))
        inside = np.fmin(np.fmax(steps, np.float32(low)), np.float32(high))
        return (inside + np.float32(self.zero_point)).astype(DType(self.to).numpy)

    def window(self, region: Region, *ins: TensorType) -> tuple[Op, tuple[Region | None, ...]]:
        return self, (region,)

    def on_axes(self, axes: Sequence[int], rank: int) -> Op | None:
        return self

    def call(self, sig: Signature) -> KernelCall:
        text = "fminf(fmaxf(rintf(a / {0}), {1}), {2}) + {3}"
        numbers = (self.scale, *self._range(), float(self.zero_point))
        size = loops((sig.x.size,), a=(1,))
        call = loop_call(
            "tinyc_map_1", "tinyc_loops.h", ctype(sig.x), ctype(sig.y), Code(text, numbers), size, In(0), Out()
        )
        return with_lags(call, sig, {0: 0}) if sig.y.dtype.bytes == 1 else call
