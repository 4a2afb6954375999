"""Frames: overlapping stretches of signals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyc.errors import VerifyError
from tinyc.ir.kernel import KernelCall
from tinyc.ir.op import Array, Signature
from tinyc.ir.types import TensorType
from tinyc.ops._plain import PlainOp, steps
from tinyc.ops.strided import strided_call


@dataclass(frozen=True)
class Frames(PlainOp):
    """y[b, f, n, …] = x[b, f · step + n, …] for n below `length`, as many as fit."""

    name: ClassVar[str] = "frames"

    length: int
    step: int

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        (x,) = ins
        if x.rank < 2 or self.step < 1 or not 1 <= self.length <= x.shape[1]:
            raise VerifyError(f"frames of {self.length} elements, {self.step} apart, of {x}")
        count = (x.shape[1] - self.length) // self.step + 1
        return (TensorType((x.shape[0], count, self.length, *x.shape[2:]), x.dtype),)

    def compute(self, *ins: Array) -> Array:
        found = np.lib.stride_tricks.sliding_window_view(ins[0], self.length, axis=1)[:, :: self.step]
        return np.moveaxis(found, -1, 2)

    def call(self, sig: Signature) -> KernelCall:
        first, along, *rest = steps(sig.x.shape)
        return strided_call(sig, 0, (first, self.step * along, along, *rest))
