"""Det: the determinants of matrices."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from tinyc.errors import VerifyError
from tinyc.ir.kernel import In, KernelCall, Out, Workspace, tinyc_call
from tinyc.ir.op import Array, Signature
from tinyc.ir.types import DType, TensorType
from tinyc.ops._plain import PlainOp


@dataclass(frozen=True)
class Det(PlainOp):
    """The determinants of the square matrices that the last two axes hold."""

    name: ClassVar[str] = "det"

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        (x,) = ins
        if x.dtype is not DType.F32 or x.rank < 2 or x.shape[-1] != x.shape[-2]:
            raise VerifyError(f"the determinant of {x}")
        return (TensorType(x.shape[:-2], x.dtype),)

    def compute(self, *ins: Array) -> Array:
        return np.asarray(np.linalg.det(ins[0].astype(np.float64)))

    def call(self, sig: Signature) -> KernelCall:
        size = sig.x.shape[-1]
        return tinyc_call(
            "tinyc_det_f32", prod(sig.x.shape[:-2]), size, Workspace(), In(0), Out(), workspace_bytes=4 * size * size
        )
