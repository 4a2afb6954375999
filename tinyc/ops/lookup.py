"""Lookup: any function of single int8 elements, as a table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyc.errors import VerifyError
from tinyc.ir.op import Array, Signature
from tinyc.ir.rules import AsIs, Observed, QuantRule
from tinyc.ir.types import TensorType
from tinyc.ops._unary import UnaryOp


@dataclass(frozen=True)
class Lookup(UnaryOp):
    """y = entries[x + 128] on stored values; what several elementwise layers become together. It has no float form."""

    name: ClassVar[str] = "lookup"

    entries: tuple[int, ...]

    @property
    def quant_rule(self) -> QuantRule:
        return QuantRule(ins=(AsIs(),), outs=(Observed(),))

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        if len(self.entries) != 256 or min(self.entries) < -128 or max(self.entries) > 127:
            raise VerifyError("lookup wants 256 entries of int8")
        return super().infer(*ins)

    def apply(self, x: Array) -> Array:
        raise VerifyError("lookup is of stored values, and has no float form")

    def table(self, sig: Signature) -> Array:
        return np.array(self.entries, np.int8)
