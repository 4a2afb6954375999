"""Prelu: y = a, or a · b where a is negative."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyc.ir.fixed_point import multiplier_and_shift, requantize
from tinyc.ir.kernel import Candidate, In, Out, Struct, inlined, tinyc_call
from tinyc.ir.op import Array, ChannelRange, Signature
from tinyc.ops._broadcast import BroadcastOp, broadcast_shape, over_operands, work_of
from tinyc.ops._clamp import stored_range


@dataclass(frozen=True)
class Prelu(BroadcastOp):
    """y = clamp(a < 0 ? a · b : a, low, high), broadcasting. In int8 each result is rounded once."""

    name: ClassVar[str] = "prelu"

    def apply(self, a: Array, b: Array) -> Array:
        return np.where(a < 0, a * b, a)

    def finest_scale(self, *ins: float) -> float:
        return max(ins[0] / 2**20, ins[0] * ins[1] / 2**13)  # a product has 16 bits

    def _factors(self, sig: Signature) -> tuple[tuple[int, int], tuple[int, int]]:
        """(multiplier, shift) of what is not negative, and of products; TensorFlow Lite divides scales in float32."""
        a, b, y = (np.float32(kind.q.per_tensor_scale) for kind in (*sig.ins, sig.y))
        return multiplier_and_shift(float(a / y)), multiplier_and_shift(float(a * b / y))

    def eval_stored(self, a: Array, b: Array, sig: Signature) -> Array:
        a, b = a - sig.ins[0].q.zero_point, b - sig.ins[1].q.zero_point
        above, below = self._factors(sig)
        kept, scaled = requantize(a, *above, sig.rounding), requantize(a * b, *below, sig.rounding)
        return np.where(a >= 0, kept, scaled) + sig.y.q.zero_point

    def channel_ranges(self, ranges: Sequence[ChannelRange], sig: Signature) -> tuple[ChannelRange, ...]:
        """On either side of zero, results rise or fall throughout."""
        a, b = ranges
        zero = sig.ins[0].q.zero_point
        ends = [a.low, a.high, *(np.clip(zero + beside, a.low, a.high) for beside in (-1, 0))]
        corners = [self.eval_int((x, y), sig)[0] for x in ends for y in (b.low, b.high)]
        return (ChannelRange(np.minimum.reduce(corners).astype(np.int64), np.maximum.reduce(corners).astype(np.int64)),)

    def integer_kernels(self, sig: Signature) -> Sequence[Candidate]:
        (kept, kept_shift), (scaled, scaled_shift) = self._factors(sig)
        least, most = stored_range(self.low, self.high, sig.y.q)
        params = Struct(
            "tinyc_prelu_params",
            {
                "a_offset": -sig.ins[0].q.zero_point, "b_offset": -sig.ins[1].q.zero_point,
                "multiplier": kept, "shift": kept_shift, "b_multiplier": scaled, "b_shift": scaled_shift,
                "y_offset": sig.y.q.zero_point, "low": least, "high": most,
            },
        )  # fmt: skip
        shape = broadcast_shape(sig)
        call = tinyc_call("tinyc_prelu_s8", shape, params, In(0), In(1), Out(), work=work_of(shape))
        call = over_operands(call, sig)
        return [(inlined(call),), (call,)]
