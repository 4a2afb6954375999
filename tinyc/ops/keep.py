"""Keep: the same elements in another place, from where the next run takes them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from tinyc.ir.kernel import Candidate, In, KernelCall, KernelTarget, Out, cmsis_call, loop_call
from tinyc.ir.op import Array, Op, Signature
from tinyc.ir.rules import AsIs, QuantRule, SameAs
from tinyc.ir.types import TensorType
from tinyc.ops._plain import PlainOp

CMSIS_MOST = 2**16  # bytes: that function takes them as uint16_t


@dataclass(frozen=True)
class Keep(PlainOp):
    """y = x, copied."""

    name: ClassVar[str] = "keep"
    is_move: ClassVar[bool] = True

    @property
    def quant_rule(self) -> QuantRule:
        return QuantRule(ins=(AsIs(),), outs=(SameAs(0),))

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        return (TensorType(ins[0].shape, ins[0].dtype),)

    def compute(self, *ins: Array) -> Array:
        return ins[0].copy()

    def on_axes(self, axes: Sequence[int], rank: int) -> Op | None:
        return self

    def call(self, sig: Signature) -> KernelCall:
        return loop_call("tinyc_copy", "tinyc_loops.h", sig.x.bytes, In(0), Out())

    def kernels(self, sig: Signature, target: KernelTarget) -> Sequence[Candidate]:
        size, own = sig.x.bytes, super().kernels(sig, target)
        if sig.x.quant is None or size >= CMSIS_MOST:
            return own
        copy = cmsis_call("arm_concatenation_s8_x", In(0), size, 1, 1, 1, Out(), size, 0, status=False)
        return [*own, (copy,)]
