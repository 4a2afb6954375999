"""Gather: elements of a tensor at places that are known at run time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyc.ir.kernel import In, KernelCall, Out, loop_call
from tinyc.ir.op import Array, Signature
from tinyc.ir.rules import AsIs, Free, QuantRule, SameAs
from tinyc.ir.types import TensorType
from tinyc.ops._places import Form, Places, places
from tinyc.ops._plain import PlainOp, ctype, kinds_of


@dataclass(frozen=True)
class Gather(PlainOp):
    """y[p] = x[the place for which the indices stand at p]; inputs x, indices."""

    name: ClassVar[str] = "gather"

    axis: int = 0
    form: str = Form.SLICES.value

    @property
    def quant_rule(self) -> QuantRule:
        return QuantRule(ins=(AsIs(), Free()), outs=(SameAs(0),))

    def places(self, x: TensorType, indices: TensorType) -> Places:
        """Where the indices point to."""
        return places(Form(self.form), self.axis, x, indices)

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        x, indices = ins
        return (TensorType(self.places(x, indices).shape, x.dtype),)

    def compute(self, *ins: Array) -> Array:
        x, indices = ins
        found: Array = x.reshape(-1)[self.places(*kinds_of(ins)).positions(indices)]
        return found

    def call(self, sig: Signature) -> KernelCall:
        x, indices = sig.ins
        given = self.places(x, indices).struct
        return loop_call("tinyc_gather", "tinyc_places.h", ctype(x), ctype(indices), given, In(0), In(1), Out())
