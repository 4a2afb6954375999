"""Softmax: y = e^x / Σ e^x over the last axis."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tinyc.ir.fixed_point import doubling_high_mult, rounding_shift
from tinyc.ir.kernel import Candidate, In, KernelTarget, Out, Table, cmsis_call, inlined, tinyc_call
from tinyc.ir.op import F32, Array, Signature
from tinyc.ir.rules import AsIs, Fixed, QuantRule
from tinyc.ir.types import QuantParams, TensorType
from tinyc.ops._exponentials import exp_of_negative, one_over_one_plus
from tinyc.ops._lag import with_lags
from tinyc.ops._softmax import I64, OverRows, scaled_differences, scaling

ACCUMULATOR_BITS = 12  # that the sum of exponentials keeps above the point
MOST_IN_ROW = 8191  # whose sum is below 2^32


@dataclass(frozen=True)
class Softmax(OverRows):
    """Softmax over the last axis. In int8: gemmlowp's fixed-point exponential, result in 1/256 from 0."""

    name: ClassVar[str] = "softmax"

    @property
    def quant_rule(self) -> QuantRule:
        return QuantRule(ins=(AsIs(),), outs=(Fixed(QuantParams((1 / 256,), -128)),))

    def eval_float(self, *ins: F32) -> tuple[F32, ...]:
        with np.errstate(invalid="ignore"):  # where all are −∞, as behind masks that leave nothing, it is NaN
            powers = np.exp(ins[0] - ins[0].max(axis=-1, keepdims=True))
        return ((powers / powers.sum(axis=-1, keepdims=True)).astype(np.float32),)

    def powers(self, x: TensorType) -> tuple[I64, NDArray[np.bool_]]:
        """e^−d for the differences d = 0 … 255 to the largest stored input, with 31 bits; and which of them count."""
        scaled, counts = scaled_differences(x)
        return np.where(counts, exp_of_negative(scaled), 0), counts

    def eval_int(self, ins: Sequence[Array], sig: Signature) -> tuple[Array, ...]:
        powers, those = self.powers(sig.x)
        x = ins[0].astype(np.int64)
        difference = x.max(axis=-1, keepdims=True) - x
        power, counts = powers[difference], those[difference]
        total = rounding_shift(power, ACCUMULATOR_BITS).sum(axis=-1, keepdims=True)
        headroom = 32 - np.frompyfunc(int.bit_length, 1, 1)(total.astype(object)).astype(np.int64)
        inverse = one_over_one_plus((total << headroom) - 2**31)
        y = rounding_shift(doubling_high_mult(inverse, power), ACCUMULATOR_BITS - headroom + 23) - 128
        return (np.where(counts, np.clip(y, -128, 127), -128).astype(np.int8),)

    def kernels(self, sig: Signature, target: KernelTarget) -> Sequence[Candidate]:
        row = sig.x.shape[-1]
        rows = sig.x.size // row
        if not sig.x.quant:
            return [(with_lags(tinyc_call("tinyc_softmax_f32", rows, row, In(0), Out()), sig, {0: 0}),)]
        plain = cmsis_call("arm_softmax_s8", In(0), rows, row, *scaling(sig.x), Out(), status=False)
        found = [plain]
        if row <= MOST_IN_ROW:
            table = Table("powers", self.powers(sig.x)[0].astype(np.int32))
            work = {"calls": 1, "rows": rows, "results": sig.y.size}
            own = tinyc_call("tinyc_softmax_s8", rows, row, table, In(0), Out(), work=work)
            found = [inlined(own), own, plain]
        return [(with_lags(call, sig, {0: 0}),) for call in found]
