"""Reduce: the sum, the largest, … of elements of any type over some axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import ClassVar

import numpy as np

from tinyc.errors import VerifyError
from tinyc.ir.kernel import Code, In, KernelCall, Out, loop_call
from tinyc.ir.op import Array, Op, Signature
from tinyc.ir.rules import AsIs, QuantRule, SameAs
from tinyc.ir.types import TensorType
from tinyc.ops._functions import class_of
from tinyc.ops._plain import MAX_RANK, PlainOp, ctype, loops, steps
from tinyc.ops._reductions import REDUCTIONS


@dataclass(frozen=True)
class Reduce(PlainOp):
    """y = the reduction `function`, as `_reductions.py` has it, over `axes`, which stay as axes of size 1."""

    name: ClassVar[str] = "reduce"

    function: str
    axes: tuple[int, ...]

    @property
    def described(self) -> str:
        return f"{self.name} ({self.function})"

    @property
    def quant_rule(self) -> QuantRule:
        # the order of stored numbers is that of the real ones
        return QuantRule(ins=(AsIs(),), outs=(SameAs(0),)) if self.function in ("max", "min") else super().quant_rule

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        (x,) = ins
        if self.function not in REDUCTIONS or class_of(x.dtype) not in REDUCTIONS[self.function].step:
            raise VerifyError(f"there is no {self.function} over {x.dtype.value} elements")
        if list(self.axes) != sorted(set(self.axes)) or not all(0 <= a < x.rank for a in self.axes):
            raise VerifyError(f"reduce over axes {self.axes} of a tensor of {x.rank} axes")
        if x.rank > MAX_RANK:
            raise VerifyError(f"{self.function}: at most {MAX_RANK} axes, got shape {x.shape}")
        return (TensorType(tuple(1 if a in self.axes else s for a, s in enumerate(x.shape)), x.dtype),)

    def compute(self, *ins: Array) -> Array:
        return np.asarray(REDUCTIONS[self.function].numpy(ins[0], self.axes))

    def on_axes(self, axes: Sequence[int], rank: int) -> Op | None:
        return replace(self, axes=tuple(sorted(axes[a] for a in self.axes if axes[a] >= 0)))

    def call(self, sig: Signature) -> KernelCall:
        x, found = sig.x, REDUCTIONS[self.function]
        moves = steps(x.shape)
        parts = tuple(x.shape[a] for a in self.axes)
        return loop_call(
            "tinyc_reduce_1", "tinyc_reductions.h", ctype(x), Code(found.c_total(x.dtype)), ctype(sig.y),
            Code(found.c_start(x.dtype)), Code(found.step[class_of(x.dtype)]), Code(found.result, (prod(parts),)),
            loops(sig.y.shape, a=moves), loops(parts, a=tuple(moves[a] for a in self.axes)), In(0), Out(),
        )  # fmt: skip
