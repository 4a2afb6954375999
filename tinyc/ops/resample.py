"""Resample: weighted sums of cells along one axis, with a table of which cells and how much of each."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from tinyc.errors import VerifyError
from tinyc.ir.kernel import In, KernelCall, Out, loop_call
from tinyc.ir.op import Array, Signature
from tinyc.ir.types import DType, TensorType
from tinyc.ops._plain import PlainOp


@dataclass(frozen=True)
class Resample(PlainOp):
    """y[…, i, …] = shift[i] + sum over k of weights[i, k] · x[…, cells[i, k], …] along `axis`.

    A cell beyond an end of x stands for the one there.
    """

    name: ClassVar[str] = "resample"

    axis: int

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        x, cells, weights, shift = ins
        floats = (x, weights, shift)
        if cells.dtype is not DType.I32 or not all(kind.dtype.is_float for kind in floats):
            raise VerifyError("resample is of f32 by i32 cells, f32 weights and f32 shifts")
        if cells.rank != 2 or weights.shape != cells.shape or shift.shape != cells.shape[:1] or self.axis >= x.rank:
            raise VerifyError(f"resample along axis {self.axis}: shapes {', '.join(str(k.shape) for k in ins)}")
        return (TensorType((*x.shape[: self.axis], cells.shape[0], *x.shape[self.axis + 1 :]), DType.F32),)

    def compute(self, *ins: Array) -> Array:
        x, cells, weights, shift = ins
        moved = np.moveaxis(x, self.axis, -1).astype(np.float64)
        near = moved[..., np.clip(cells, 0, x.shape[self.axis] - 1)]
        return np.moveaxis((near * weights).sum(-1) + shift, -1, self.axis)

    def macs(self, *ins: TensorType) -> int:
        return self.infer(*ins)[0].size * ins[1].shape[1]

    def call(self, sig: Signature) -> KernelCall:
        x, cells, axis = sig.x.shape, sig.ins[1].shape, self.axis
        sizes = (prod(x[:axis]), x[axis], prod(x[axis + 1 :]), *cells)
        return loop_call("tinyc_resample", "tinyc_resample.h", *sizes, In(0), In(1), In(2), In(3), Out())
