"""Cast: the same numbers in another element type."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyc.ir.kernel import Code, In, KernelCall, Out, loop_call
from tinyc.ir.op import Array, Op, Signature
from tinyc.ir.types import DType, TensorType
from tinyc.ops._plain import PlainOp, ctype, loops


@dataclass(frozen=True)
class Cast(PlainOp):
    """y = x as elements of type `to`: fractions are cut off, integers wrap, and what is not 0 is true.

    Of floats that the type does not hold NaN becomes 0, the others saturate in 64 bits and then wrap.
    """

    name: ClassVar[str] = "cast"
    elementwise: ClassVar[bool] = True

    to: str

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        return (TensorType(ins[0].shape, DType(self.to)),)

    def compute(self, *ins: Array) -> Array:
        (x,), to = ins, DType(self.to)
        if to is DType.BOOL or to is DType.F32 or x.dtype.kind != "f":
            return x.astype(to.numpy)
        wide = np.uint64 if to is DType.U64 else np.int64
        return _saturated(x, wide).astype(to.numpy)

    def is_identity(self, *ins: TensorType) -> bool:
        return ins[0].dtype is DType(self.to)

    def on_axes(self, axes: Sequence[int], rank: int) -> Op | None:
        return self

    def call(self, sig: Signature) -> KernelCall:
        to, size = DType(self.to), sig.x.size
        text = "a"
        if to is DType.BOOL:
            text = "a != 0"
        elif sig.x.dtype.is_float and to is not DType.F32:
            text = "tinyc_to_u64(a)" if to is DType.U64 else "tinyc_to_i64(a)"
        return loop_call(
            "tinyc_map_1", "tinyc_loops.h", ctype(sig.x), ctype(sig.y), Code(text), loops((size,), a=(1,)), In(0), Out()
        )


def _saturated(x: Array, kind: type[np.int64] | type[np.uint64]) -> Array:
    info = np.iinfo(kind)
    inside = np.clip(np.nan_to_num(x.astype(np.float64), nan=0.0), float(info.min), float(info.max))
    result = np.where(inside >= float(info.max), 0, np.trunc(inside)).astype(kind)
    return np.where(inside >= float(info.max), info.max, result).astype(kind)
