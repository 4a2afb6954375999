"""Bitcast: the same bits as elements of another type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyc.errors import VerifyError
from tinyc.ir.kernel import In, KernelCall, Out, loop_call
from tinyc.ir.op import Array, Signature
from tinyc.ir.types import DType, TensorType
from tinyc.ops._plain import PlainOp


@dataclass(frozen=True)
class Bitcast(PlainOp):
    """The bits of x as elements of type `to`, which is as wide. What is not 0 is true."""

    name: ClassVar[str] = "bitcast"

    to: str

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        (x,), to = ins, DType(self.to)
        if x.dtype.bytes != to.bytes:
            raise VerifyError(f"the bits of {x.dtype.numpy} as {to.numpy}, which is not as wide")
        return (TensorType(x.shape, to),)

    def compute(self, *ins: Array) -> Array:
        return np.ascontiguousarray(ins[0]).view(DType(self.to).numpy)

    def is_identity(self, *ins: TensorType) -> bool:
        return ins[0].dtype is DType(self.to)

    def call(self, sig: Signature) -> KernelCall:
        return loop_call("tinyc_copy", "tinyc_loops.h", sig.x.bytes, In(0), Out())
