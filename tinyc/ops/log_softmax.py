"""LogSoftmax: y = x − log Σ e^x over the last axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyc.errors import UnsupportedError
from tinyc.ir.fixed_point import multiplier_and_shift, requantize, rounding_shift
from tinyc.ir.kernel import Candidate, In, KernelTarget, Out, Table, tinyc_call
from tinyc.ir.op import F32, Array, Signature
from tinyc.ir.rules import AsIs, Fixed, QuantRule
from tinyc.ir.types import QuantParams, Rounding, TensorType
from tinyc.ops._exponentials import exp_of_negative
from tinyc.ops._lag import with_lags
from tinyc.ops._logarithms import SUM_BITS, logarithm
from tinyc.ops._softmax import I64, INTEGER_BITS, OverRows, scaled_differences, scaling

MOST_IN_ROW = 4095  # whose sum is below 2^31
RIGHT = 31 - INTEGER_BITS - 4  # from a difference to sixteenths
FINEST = 2.0**-24  # of the input: a finer one leaves the fixed point


@dataclass(frozen=True)
class LogSoftmax(OverRows):
    """Logarithm of a softmax over the last axis. In int8: TensorFlow Lite's fixed point, result in 1/16 up to 0."""

    name: ClassVar[str] = "log_softmax"

    @property
    def quant_rule(self) -> QuantRule:
        return QuantRule(ins=(AsIs(),), outs=(Fixed(QuantParams((1 / 16,), 127)),))

    def eval_float(self, *ins: F32) -> tuple[F32, ...]:
        with np.errstate(invalid="ignore", divide="ignore"):
            below = ins[0] - ins[0].max(axis=-1, keepdims=True)
            return ((below - np.log(np.exp(below).sum(axis=-1, keepdims=True))).astype(np.float32),)

    def _differences(self, x: TensorType) -> tuple[I64, I64, tuple[int, int, int]]:
        """For the differences d = 0 … 255 to the largest stored input: e^−d as it is summed; −d in fixed point.

        And how a number of that becomes a difference, by multiplier and shift, and the least one that counts.
        """
        multiplier, shift, least = scaling(x)
        if x.q.per_tensor_scale < FINEST or x.shape[-1] > MOST_IN_ROW:
            raise UnsupportedError("a log_softmax of so long rows, or in so fine a scale, has no int8 form",
                                   hint="compile with --float")  # fmt: skip
        scaled, counts = scaled_differences(x)
        powers = np.where(counts, exp_of_negative(scaled), 0)
        back = multiplier_and_shift(2.0 ** (31 - shift) / multiplier)
        return rounding_shift(powers, SUM_BITS), scaled, (*back, least - 1)

    def eval_int(self, ins: Sequence[Array], sig: Signature) -> tuple[Array, ...]:
        powers, scaled, (multiplier, shift, least) = self._differences(sig.x)
        x = ins[0].astype(np.int64)
        difference = x.max(axis=-1, keepdims=True) - x
        total = logarithm(powers[difference].sum(axis=-1, keepdims=True))
        lowest = np.maximum(requantize(total - 2**31, multiplier, shift, Rounding.TFLITE), least)
        y = rounding_shift(scaled[difference] - total, RIGHT) + 127
        return (np.where(-difference > lowest, np.clip(y, -128, 127), -128).astype(np.int8),)

    def kernels(self, sig: Signature, target: KernelTarget) -> Sequence[Candidate]:
        row = sig.x.shape[-1]
        rows = sig.x.size // row
        if not sig.x.quant:
            call = tinyc_call("tinyc_log_softmax_f32", rows, row, In(0), Out())
        else:
            powers, scaled, (multiplier, shift, least) = self._differences(sig.x)
            call = tinyc_call(
                "tinyc_log_softmax_s8", rows, row, multiplier, shift, least,
                Table("differences", np.stack([powers, scaled], axis=1).astype(np.int32)), In(0), Out(),
                work={"calls": 1, "rows": rows, "results": sig.y.size},
            )  # fmt: skip
        return [(with_lags(call, sig, {0: 0}),)]
