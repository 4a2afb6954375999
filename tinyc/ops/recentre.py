"""Recentre: the same numbers as unsigned or as signed bytes, shifted by 128."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyc.errors import VerifyError
from tinyc.ir.kernel import Code, In, KernelCall, Out, loop_call
from tinyc.ir.op import Array, Op, Signature
from tinyc.ir.rules import Free, QuantRule
from tinyc.ir.types import DType, TensorType
from tinyc.ops._lag import with_lags
from tinyc.ops._plain import PlainOp, ctype, loops

OTHER = {DType.I8: DType.U8, DType.U8: DType.I8}


@dataclass(frozen=True)
class Recentre(PlainOp):
    """y = x − 128 as int8 of uint8, x + 128 as uint8 of int8: between models of uint8 and kernels of int8."""

    name: ClassVar[str] = "recentre"

    @property
    def quant_rule(self) -> QuantRule:
        return QuantRule(ins=(Free(),), outs=(Free(),))

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        if ins[0].dtype not in OTHER:
            raise VerifyError(f"recentre of {ins[0].dtype.value} elements")
        return (TensorType(ins[0].shape, OTHER[ins[0].dtype]),)

    def compute(self, *ins: Array) -> Array:
        kind = np.uint8 if ins[0].dtype == np.int8 else np.int8
        return (ins[0].view(np.uint8) ^ np.uint8(128)).view(kind)

    def on_axes(self, axes: Sequence[int], rank: int) -> Op | None:
        return self

    def call(self, sig: Signature) -> KernelCall:
        code = Code("a - 128" if sig.x.dtype is DType.U8 else "a + 128")
        size = loops((sig.x.size,), a=(1,))
        call = loop_call("tinyc_map_1", "tinyc_loops.h", ctype(sig.x), ctype(sig.y), code, size, In(0), Out())
        return with_lags(call, sig, {0: 0})
