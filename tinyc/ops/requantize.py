"""Requantize: the same real values under another scale; what joins tensors that were scaled apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from tinyc.ir.op import Array
from tinyc.ir.rules import AsIs, Observed, QuantRule
from tinyc.ir.types import QuantParams
from tinyc.ops import _tflite
from tinyc.ops._unary import UnaryOp


@dataclass(frozen=True)
class Requantize(UnaryOp):
    """y = x over the reals."""

    name: ClassVar[str] = "requantize"

    @property
    def quant_rule(self) -> QuantRule:
        return QuantRule(ins=(AsIs(),), outs=(Observed(),))

    def apply(self, x: Array) -> Array:
        return x

    def tflite_table(self, x: QuantParams, y: QuantParams) -> Array:
        return _tflite.requantized(x, y)
