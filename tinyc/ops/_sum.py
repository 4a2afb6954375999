"""Addition and subtraction of two int8 tensors: both are brought to a common scale, added, and requantized."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyc.ir.fixed_point import multiplier_and_shift, requantize
from tinyc.ir.kernel import Argument, KernelCall, Out, Struct, cmsis_call
from tinyc.ir.op import Array, Signature
from tinyc.ir.types import Rounding
from tinyc.ops._broadcast import BroadcastOp
from tinyc.ops._clamp import stored_range
from tinyc.ops.kernels.rows import sum_of_rows

LEFT_SHIFT = 20  # bits of headroom that CMSIS-NN's elementwise add gives the two addends
OPERAND_BITS = 14  # under `single`, operands are scaled by integers of at most 2^14, exactly


@dataclass(frozen=True)
class SumOp(BroadcastOp):
    """a + sign · b."""

    sign: ClassVar[int]

    def apply(self, a: Array, b: Array) -> Array:
        return np.asarray(a + self.sign * b)

    def finest_scale(self, *ins: float) -> float:
        return float(max(ins) / 2 ** (OPERAND_BITS - 1))  # the sum is requantized with a shift to the right

    def affine_in(self, index: int, constant: Array) -> tuple[Array, Array]:
        ones = np.ones_like(constant)
        return (ones, self.sign * constant) if index == 0 else (self.sign * ones, constant)

    def _factors(self, sig: Signature) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
        """(multiplier, shift) of the first operand, the second, and the sum.

        `tflite` follows TensorFlow Lite's Add. `single` makes the operands' multipliers whole numbers in the scale
        of the sum, so that the sum is exact and the result is rounded once.
        """
        a, b = (t.q.per_tensor_scale for t in sig.ins)
        largest = max(a, b)
        if sig.rounding is Rounding.TFLITE:
            first, second = multiplier_and_shift(a / (2 * largest)), multiplier_and_shift(b / (2 * largest))
            out = multiplier_and_shift(2 * largest / (2**LEFT_SHIFT * sig.y.q.per_tensor_scale))
        else:
            first, second = ((round(s / largest * 2**OPERAND_BITS) << (31 - LEFT_SHIFT), 0) for s in (a, b))
            out = multiplier_and_shift(largest / (2**OPERAND_BITS * sig.y.q.per_tensor_scale))
        return first, (self.sign * second[0], second[1]), out

    def eval_stored(self, a: Array, b: Array, sig: Signature) -> Array:
        first, second, out = self._factors(sig)
        a = requantize((a - sig.ins[0].q.zero_point) << LEFT_SHIFT, *first, sig.rounding)
        b = requantize((b - sig.ins[1].q.zero_point) << LEFT_SHIFT, *second, sig.rounding)
        return np.asarray(requantize(a + b, *out, sig.rounding) + sig.y.q.zero_point)

    def integer_params(self, sig: Signature) -> Struct:
        (m1, s1), (m2, s2), (m3, s3) = self._factors(sig)
        least, most = stored_range(self.low, self.high, sig.y.q)
        fields = {
            "a_offset": -sig.ins[0].q.zero_point, "a_multiplier": m1, "a_shift": s1,
            "b_offset": -sig.ins[1].q.zero_point, "b_multiplier": m2, "b_shift": s2,
            "left_shift": LEFT_SHIFT,
            "y_offset": sig.y.q.zero_point, "y_multiplier": m3, "y_shift": s3, "low": least, "high": most,
        }  # fmt: skip
        return Struct("tinyc_sum_params", fields)

    def rows_call(self, sig: Signature) -> KernelCall | None:
        if sig.rounding is not Rounding.SINGLE:
            return None  # which rounds each operand
        (m1, _), (m2, _), out = self._factors(sig)
        unit = 1 << (31 - LEFT_SHIFT)
        return sum_of_rows(sig, (m1 // unit, m2 // unit), out, (self.low, self.high))

    def integer_call(self, a: Argument, b: Argument, sig: Signature) -> KernelCall:
        p = self.integer_params(sig).fields
        return cmsis_call(
            "arm_elementwise_add_s8",
            a, b, p["a_offset"], p["a_multiplier"], p["a_shift"], p["b_offset"], p["b_multiplier"], p["b_shift"],
            p["left_shift"], Out(), p["y_offset"], p["y_multiplier"], p["y_shift"], p["low"], p["high"], sig.y.size,
        )  # fmt: skip
