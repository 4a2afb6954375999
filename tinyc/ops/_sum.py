"""Addition and subtraction of two int8 tensors: both are brought to a common scale, added, and requantized."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar

import numpy as np

from tinyc.ir.chain import Chain
from tinyc.ir.fixed_point import multiplier_and_shift, requantize, whole_factors
from tinyc.ir.kernel import Argument, Candidate, KernelCall, KernelTarget, Out, Struct, cmsis_call
from tinyc.ir.op import Array, Signature
from tinyc.ir.types import DType, QuantParams, Rounding, TensorType
from tinyc.ops._arithmetic import ArithmeticOp
from tinyc.ops._clamp import stored_range
from tinyc.ops.kernels import conv_sum
from tinyc.ops.kernels.rows import sum_of_rows
from tinyc.ops.kernels.sum_stage import VALUES, Fields, sum_stage

LEFT_SHIFT = 20  # bits of headroom that CMSIS-NN's elementwise add gives the two addends
MOST_FACTOR = 2**15 - 1  # under `single`, operands are scaled by whole numbers of an int16, exactly


@dataclass(frozen=True)
class SumOp(ArithmeticOp):
    """a + sign · b.

    Under `single` a result is the exact sum, rounded once, ties up, as long as this is further than
    0.004 · max(scales) / (scale of the result) steps from a tie; for most scales a millionth of that is enough.
    """

    sign: ClassVar[int]

    def apply(self, a: Array, b: Array) -> Array:
        return np.asarray(a + self.sign * b)

    def finest_scale(self, *ins: float) -> float:
        return float(2 * max(ins) / (MOST_FACTOR // 2))  # the sum is requantized with a shift to the right

    def affine_in(self, index: int, constant: Array) -> tuple[Array, Array]:
        ones = np.ones_like(constant)
        return (ones, self.sign * constant) if index == 0 else (self.sign * ones, constant)

    def _factors(self, sig: Signature) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
        """(multiplier, shift) of the first operand, the second, and the sum.

        `tflite` follows TensorFlow Lite's Add. `single` scales the operands by whole numbers in the ratio of their
        scales, so that the sum is exact and the result is rounded once.
        """
        a, b = (t.q.per_tensor_scale for t in sig.ins)
        if sig.rounding is Rounding.TFLITE:
            largest = max(a, b)
            first, second = multiplier_and_shift(a / (2 * largest)), multiplier_and_shift(b / (2 * largest))
            out = multiplier_and_shift(2 * largest / (2**LEFT_SHIFT * sig.y.q.per_tensor_scale))
        else:
            factors = whole_factors(a, b, MOST_FACTOR)
            first, second = ((factor << (31 - LEFT_SHIFT), 0) for factor in factors)
            out = multiplier_and_shift(max(a, b) / (max(factors) * sig.y.q.per_tensor_scale))
        return first, second, out

    def eval_stored(self, a: Array, b: Array, sig: Signature) -> Array:
        first, second, out = self._factors(sig)
        a = requantize((a - sig.ins[0].q.zero_point) << LEFT_SHIFT, *first, sig.rounding)
        b = requantize((b - sig.ins[1].q.zero_point) << LEFT_SHIFT, *second, sig.rounding)
        return np.asarray(requantize(a + self.sign * b, *out, sig.rounding) + sig.y.q.zero_point)

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
        stage = self._one_stage(0, sig)
        return sum_of_rows(sig, stage) if stage else None

    def integer_call(self, a: Argument, b: Argument, sig: Signature) -> KernelCall | None:
        if self.sign < 0 and sig.rounding is not Rounding.SINGLE:
            return None  # a tie in the second operand is rounded before its sign changes
        p = self.integer_params(sig).fields
        return cmsis_call(
            "arm_elementwise_add_s8", a, b, p["a_offset"], p["a_multiplier"], p["a_shift"],
            p["b_offset"], self.sign * p["b_multiplier"], p["b_shift"], p["left_shift"],
            Out(), p["y_offset"], p["y_multiplier"], p["y_shift"], p["low"], p["high"], sig.y.size,
        )  # fmt: skip

    def _one_stage(self, at: int, sig: Signature) -> Fields | None:
        return _stage(self, at, sig.ins[0].q, sig.ins[1].q, sig.y.q, sig.rounding)

    def fused_kernels(self, chain: Chain, target: KernelTarget) -> Sequence[Candidate]:
        sig, at = chain.last.sig, chain.last.at
        if len(chain.links) > 2 or not sig.x.quant or any(kind.shape != sig.y.shape for kind in sig.ins):
            return []
        before = chain.first.op.kernels(chain.first.sig, target)
        stage = self._one_stage(at, sig)
        return conv_sum.candidates(before, chain.input(1, 1 - at), stage, sig) if stage else []


@lru_cache(maxsize=256)
def _stage(op: SumOp, at: int, a: QuantParams, b: QuantParams, y: QuantParams, rounding: Rounding) -> Fields | None:
    """The fields of a `tinyc_sum_stage`, operand `at` being the value; None where it cannot be had."""
    kinds = [TensorType((256, 256), DType.I8, q) for q in (a, b, y)]
    value, other = np.meshgrid(VALUES, VALUES, indexing="ij")
    operands = (value, other) if at == 0 else (other, value)
    (results,) = op.eval_int(operands, Signature((kinds[0], kinds[1]), (kinds[2],), rounding))
    slopes = (a.per_tensor_scale / y.per_tensor_scale, op.sign * b.per_tensor_scale / y.per_tensor_scale)
    bounds = stored_range(op.low, op.high, y)
    return sum_stage(results.astype(np.int64), slopes if at == 0 else slopes[::-1], bounds)
