"""Div: y = a / b."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import isfinite
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tinyc.errors import UnsupportedError
from tinyc.ir.kernel import Candidate, In, Out, Struct, Table, inlined, tinyc_call
from tinyc.ir.op import F32, Array, ChannelRange, Op, Signature
from tinyc.ir.rules import AsIs, Observed, QuantRule
from tinyc.ir.types import Rounding
from tinyc.ops import _quotients
from tinyc.ops._broadcast import BroadcastOp, broadcast_shape, over_operands, work_of
from tinyc.ops._clamp import stored_range

LEAST_SHARE = 1 / 16
"""Of the largest divisor, that the smallest has at least in int8: then it is stored with an error of 3 % or less."""


@dataclass(frozen=True)
class Div(BroadcastOp):
    """y = clamp(a / b, low, high), broadcasting.

    `divisors`: the range of b that calibration saw, if it ran. Near to zero the error with which a divisor is stored
    is large beside the divisor itself, so such divisions have no int8 form. Where a model brings its own scales, these
    errors are the model's, and any divisor will do: zero counts as a positive number, so that results saturate by
    the sign of a, and 0 / 0 is 0. `_quotients.py` has the arithmetic.
    """

    name: ClassVar[str] = "div"

    divisors: tuple[float, ...] = ()

    @property
    def quant_rule(self) -> QuantRule:
        if self.divisors and not _far_from_zero(*self.divisors):
            low, high = self.divisors
            raise UnsupportedError(
                f"int8 is too coarse for divisors between {low:.3g} and {high:.3g}", hint="compile with --float"
            )
        return QuantRule(ins=(AsIs(), AsIs()), outs=(Observed(),))

    def internals(self, *ins: F32) -> tuple[F32, ...]:
        return (ins[1],)

    def with_internals(self, ranges: Sequence[tuple[float, float]]) -> Op:
        return replace(self, divisors=ranges[0])

    def apply(self, a: Array, b: Array) -> Array:
        with np.errstate(all="ignore"):
            return np.asarray(a / b)

    def affine(self, sig: Signature) -> tuple[int, Array, Array] | None:
        if not self.scales_one(sig) or 1 not in sig.constants:
            return None
        with np.errstate(all="ignore"):
            factor = 1 / sig.constants[1]
        return (0, factor, np.zeros_like(factor)) if np.isfinite(factor).all() else None

    def eval_stored(self, a: Array, b: Array, sig: Signature) -> Array:
        table = self._reciprocals(sig)[b + 128]
        quotients = _quotients.nearest if sig.rounding is Rounding.SINGLE else _quotients.of_tflite
        return quotients(a - sig.ins[0].q.zero_point, table, self._multiplier(sig)) + sig.y.q.zero_point

    def channel_ranges(self, ranges: Sequence[ChannelRange], sig: Signature) -> tuple[ChannelRange, ...]:
        """Between zero and either end, results rise or fall throughout."""
        a, b = ranges
        zero = sig.ins[1].q.zero_point
        ends = [b.low, b.high, *(np.clip(zero + beside, b.low, b.high) for beside in (-1, 0, 1))]
        corners = [self.eval_int((x, y), sig)[0] for x in (a.low, a.high) for y in ends]
        return (ChannelRange(np.minimum.reduce(corners).astype(np.int64), np.maximum.reduce(corners).astype(np.int64)),)

    def _multiplier(self, sig: Signature) -> int:
        return _quotients.tflite_multiplier(*(kind.q.per_tensor_scale for kind in (*sig.ins, sig.y)))[0]

    def _reciprocals(self, sig: Signature) -> NDArray[np.int64]:
        """What belongs to each stored divisor, from −128 on: one word, or two under `tflite`."""
        scales = [kind.q.per_tensor_scale for kind in (*sig.ins, sig.y)]
        numbers = np.arange(-128, 128) - sig.ins[1].q.zero_point
        if sig.rounding is Rounding.SINGLE:
            return _quotients.factors(numbers, scales[0] / (scales[1] * scales[2]))
        return _quotients.tflite_reciprocals(numbers, *scales)

    def integer_kernels(self, sig: Signature) -> Sequence[Candidate]:
        least, most = stored_range(self.low, self.high, sig.y.q)
        params = Struct(
            "tinyc_div_params",
            {
                "a_offset": -sig.ins[0].q.zero_point, "y_offset": sig.y.q.zero_point,
                "y_multiplier": self._multiplier(sig) if sig.rounding is Rounding.TFLITE else 0,
                "low": least, "high": most,
            },
        )  # fmt: skip
        table = Table("reciprocals", self._reciprocals(sig).astype(np.int32).reshape(-1))
        shape = broadcast_shape(sig)
        call = tinyc_call("tinyc_div_s8", shape, params, table, In(0), In(1), Out(), work=work_of(shape))
        call = over_operands(call, sig)
        return [(inlined(call),), (call,)]


def _far_from_zero(low: float, high: float) -> bool:
    if not (isfinite(low) and isfinite(high)) or low <= 0 <= high:
        return False
    return min(abs(low), abs(high)) >= LEAST_SHARE * max(abs(low), abs(high))
