"""Mul: y = a · b."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyc.ir.fixed_point import multiplier_and_shift, requantize
from tinyc.ir.kernel import Argument, KernelCall, Out, Struct, cmsis_call
from tinyc.ir.op import Array, Signature
from tinyc.ops._arithmetic import ArithmeticOp
from tinyc.ops._clamp import stored_range
from tinyc.ops.kernels.rows import product_of_rows


@dataclass(frozen=True)
class Mul(ArithmeticOp):
    """y = clamp(a · b, low, high), broadcasting."""

    name: ClassVar[str] = "mul"

    def apply(self, a: Array, b: Array) -> Array:
        return a * b

    def finest_scale(self, *ins: float) -> float:
        return ins[0] * ins[1] / 2**13  # a product has 16 bits

    def affine_in(self, index: int, constant: Array) -> tuple[Array, Array]:
        return constant, np.zeros_like(constant)

    def _factor(self, sig: Signature) -> tuple[int, int]:
        a, b = (t.q.per_tensor_scale for t in sig.ins)
        return multiplier_and_shift(a * b / sig.y.q.per_tensor_scale)

    def eval_stored(self, a: Array, b: Array, sig: Signature) -> Array:
        product = (a - sig.ins[0].q.zero_point) * (b - sig.ins[1].q.zero_point)
        return np.asarray(requantize(product, *self._factor(sig), sig.rounding) + sig.y.q.zero_point)

    def integer_params(self, sig: Signature) -> Struct:
        multiplier, shift = self._factor(sig)
        least, most = stored_range(self.low, self.high, sig.y.q)
        fields = {
            "a_offset": -sig.ins[0].q.zero_point, "b_offset": -sig.ins[1].q.zero_point,
            "y_offset": sig.y.q.zero_point, "y_multiplier": multiplier, "y_shift": shift, "low": least, "high": most,
        }  # fmt: skip
        return Struct("tinyc_mul_params", fields)

    def rows_call(self, sig: Signature) -> KernelCall | None:
        return product_of_rows(sig, self._factor(sig), (self.low, self.high))

    def integer_call(self, a: Argument, b: Argument, sig: Signature) -> KernelCall:
        p = self.integer_params(sig).fields
        return cmsis_call(
            "arm_elementwise_mul_s8",
            a, b, p["a_offset"], p["b_offset"], Out(),
            p["y_offset"], p["y_multiplier"], p["y_shift"], p["low"], p["high"], sig.y.size,
        )  # fmt: skip
