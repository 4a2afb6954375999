"""Map: a function of single elements of any type, whose operands broadcast against each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyc.errors import VerifyError
from tinyc.ir.kernel import Code, In, KernelCall, Out, loop_call
from tinyc.ir.op import Array, Op, Signature
from tinyc.ir.rules import AsIs, Free, QuantRule, Unify
from tinyc.ir.types import DType, QuantParams, TensorType
from tinyc.ops import _tflite
from tinyc.ops._functions import FUNCTIONS, TRUTH, class_of
from tinyc.ops._plain import MAX_RANK, PlainOp, broadcast_steps, ctype, loops


@dataclass(frozen=True)
class Map(PlainOp):
    """y[…] = function(a[…], b[…], c[…]; parameters), as `_functions.py` has it."""

    name: ClassVar[str] = "map"
    elementwise: ClassVar[bool] = True

    function: str
    parameters: tuple[float, ...] = ()

    @property
    def described(self) -> str:
        return self.function

    @property
    def quant_rule(self) -> QuantRule:
        if self.function in ("max", "min"):
            return QuantRule(ins=(AsIs(), AsIs()), outs=(Unify(),))
        if self.function == "where":
            return QuantRule(ins=(Free(), AsIs(), AsIs()), outs=(Unify(),))
        return super().quant_rule

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        if self.function not in FUNCTIONS or len(ins) != FUNCTIONS[self.function].arity:
            raise VerifyError(f"no function {self.function} of {len(ins)} operands")
        self._expression(ins)
        try:
            shape = np.broadcast_shapes(*(kind.shape for kind in ins))
        except ValueError:
            shapes = " and ".join(str(kind.shape) for kind in ins)
            raise VerifyError(f"{self.function}: shapes {shapes} do not broadcast") from None
        if len(shape) > MAX_RANK:
            raise VerifyError(f"{self.function}: at most {MAX_RANK} axes, got shape {shape}")
        if FUNCTIONS[self.function].result == TRUTH:
            return (TensorType(shape, DType.BOOL),)
        return (TensorType(shape, ins[-1].dtype if self.function == "where" else ins[0].dtype),)

    def compute(self, *ins: Array) -> Array:
        given = {f"p{i}": value for i, value in enumerate(self.parameters)}
        return np.asarray(FUNCTIONS[self.function].numpy(*ins, **given))

    def call(self, sig: Signature) -> KernelCall:
        operands = {n: broadcast_steps(kind, sig.y.shape) for n, kind in zip("abc", sig.ins, strict=False)}
        types = [ctype(kind) for kind in (*sig.ins, sig.y)]
        return loop_call(
            f"tinyc_map_{len(sig.ins)}", "tinyc_loops.h", *types, Code(self._expression(sig.ins), self.parameters),
            loops(sig.y.shape, **operands), *(In(i) for i in range(len(sig.ins))), Out(),
        )  # fmt: skip

    def tflite_table(self, x: QuantParams, y: QuantParams) -> Array | None:
        found = _tflite.FUNCTIONS.get(self.function)
        return found(x, y, *self.parameters) if found else None

    def on_axes(self, axes: Sequence[int], rank: int) -> Op | None:
        return self

    def _expression(self, ins: Sequence[TensorType]) -> str:
        kind = ins[-1].dtype if self.function == "where" else ins[0].dtype
        text = FUNCTIONS[self.function].c.get(class_of(kind))
        if text is None:
            raise VerifyError(f"there is no {self.function} of {kind.value} elements")
        return text.replace("{T}", kind.c)
