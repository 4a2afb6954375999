"""Tanh: y = tanh x."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyc.ir.op import Array
from tinyc.ir.rules import AsIs, Fixed, QuantRule
from tinyc.ir.types import QuantParams
from tinyc.ops import _tflite
from tinyc.ops._unary import UnaryOp


@dataclass(frozen=True)
class Tanh(UnaryOp):
    """y = tanh x; quantized to 1/128 around 0, as TensorFlow Lite does."""

    name: ClassVar[str] = "tanh"

    @property
    def quant_rule(self) -> QuantRule:
        return QuantRule(ins=(AsIs(),), outs=(Fixed(QuantParams((1 / 128,), 0)),))

    def apply(self, x: Array) -> Array:
        return np.tanh(x)

    def tflite_table(self, x: QuantParams, y: QuantParams) -> Array | None:
        return _tflite.tanh(x, y)
