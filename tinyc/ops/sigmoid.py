"""Sigmoid: y = 1 / (1 + e^−x)."""

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
class Sigmoid(UnaryOp):
    """y = 1 / (1 + e^−x); quantized to 1/256 from 0, as TensorFlow Lite does."""

    name: ClassVar[str] = "sigmoid"

    @property
    def quant_rule(self) -> QuantRule:
        return QuantRule(ins=(AsIs(),), outs=(Fixed(QuantParams((1 / 256,), -128)),))

    def apply(self, x: Array) -> Array:
        # e^−|x| cannot overflow
        decay = np.exp(-np.abs(x))
        return np.where(x >= 0, 1 / (1 + decay), decay / (1 + decay))

    def tflite_table(self, x: QuantParams, y: QuantParams) -> Array | None:
        return _tflite.logistic(x, y)
