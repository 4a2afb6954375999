"""Scatter: a tensor with changes at places that are known at run time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from tinyc.errors import VerifyError
from tinyc.ir.kernel import Code, In, KernelCall, Out, loop_call
from tinyc.ir.op import Array, Signature
from tinyc.ir.rules import AsIs, Free, QuantRule, Unify
from tinyc.ir.types import TensorType
from tinyc.ops._functions import FUNCTIONS, class_of
from tinyc.ops._places import Form, Places, places
from tinyc.ops._plain import PlainOp, broadcast_steps, ctype, kinds_of

REPLACE = "replace"


@dataclass(frozen=True)
class Scatter(PlainOp):
    """y = x, and then y[place] = function(y[place], update) for one update after the other.

    Inputs: x, indices, updates. The function is one of `_functions.py`, or "replace", which takes the update. Indices
    for single elements broadcast to the updates.
    """

    name: ClassVar[str] = "scatter"

    axis: int = 0
    form: str = Form.ELEMENTS.value
    function: str = REPLACE

    def places(self, x: TensorType, indices: TensorType, updates: TensorType) -> Places:
        """Where the indices point to."""
        if Form(self.form) is not Form.ELEMENTS or indices.rank != updates.rank:
            return places(Form(self.form), self.axis, x, indices)
        full = places(Form.ELEMENTS, self.axis, x, replace(indices, shape=updates.shape))
        return replace(full, at=broadcast_steps(indices, updates.shape))

    @property
    def quant_rule(self) -> QuantRule:
        if self.function not in (REPLACE, "max", "min"):
            return super().quant_rule
        return QuantRule(ins=(AsIs(), Free(), AsIs()), outs=(Unify(),))

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        x, indices, updates = ins
        made = self.places(x, indices, updates)
        broadcast = all(a in (1, b) for a, b in zip(indices.shape, updates.shape, strict=False))
        if made.shape != updates.shape or (Form(self.form) is Form.ELEMENTS and not broadcast):
            raise VerifyError(f"scatter: updates {updates.shape} at indices {indices.shape}")
        if updates.dtype is not x.dtype:
            raise VerifyError(f"scatter: {updates.dtype.value} updates of {x.dtype.value} elements")
        self._expression(x)
        return (x,)

    def compute(self, *ins: Array) -> Array:
        x, indices, updates = ins
        result = x.reshape(-1).copy()
        at = self.places(*kinds_of(ins)).positions(indices).reshape(-1)
        if self.function == REPLACE:
            result[at] = updates.reshape(-1)
        else:
            combine = FUNCTIONS[self.function].numpy
            assert isinstance(combine, np.ufunc)
            combine.at(result, at, updates.reshape(-1))
        return result.reshape(x.shape)

    def call(self, sig: Signature) -> KernelCall:
        x, indices, updates = sig.ins
        expression = Code(self._expression(x))
        given = self.places(x, indices, updates).struct
        return loop_call(
            "tinyc_scatter", "tinyc_places.h", ctype(x), ctype(indices), expression, x.bytes, given,
            In(0), In(1), In(2), Out(),
        )  # fmt: skip

    def _expression(self, x: TensorType) -> str:
        if self.function == REPLACE:
            return "b"
        function = FUNCTIONS.get(self.function)
        text = function and function.c.get(class_of(x.dtype))
        if function is None or not text or function.arity != 2 or not isinstance(function.numpy, np.ufunc):
            raise VerifyError(f"scatter: there is no {self.function} of {x.dtype.value} elements")
        return text.replace("{T}", x.dtype.c)
