"""SquaredDifference: y = (a − b)²."""

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

LEFT_SHIFT = 7  # bits of headroom for the operands: squares of their differences fit an int32


@dataclass(frozen=True)
class SquaredDifference(BroadcastOp):
    """y = clamp((a − b)², low, high), broadcasting.

    In int8 both operands are rounded to 1/64 of the larger scale first, as TensorFlow Lite does, and results once more.
    """

    name: ClassVar[str] = "squared_difference"

    def apply(self, a: Array, b: Array) -> Array:
        return np.asarray(np.square(a - b))

    def finest_scale(self, *ins: float) -> float:
        return float((2 * max(ins)) ** 2 / 4**LEFT_SHIFT)  # a square is shifted by at most one bit

    def _factors(self, sig: Signature) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
        """(multiplier, shift) of the first operand, the second, and the square."""
        a, b = (kind.q.per_tensor_scale for kind in sig.ins)
        unit = 2 * max(a, b)
        square = unit * unit / (4**LEFT_SHIFT * sig.y.q.per_tensor_scale)
        return multiplier_and_shift(a / unit), multiplier_and_shift(b / unit), multiplier_and_shift(square)

    def eval_stored(self, a: Array, b: Array, sig: Signature) -> Array:
        first, second, out = self._factors(sig)
        a = requantize((a - sig.ins[0].q.zero_point) << LEFT_SHIFT, *first, sig.rounding)
        b = requantize((b - sig.ins[1].q.zero_point) << LEFT_SHIFT, *second, sig.rounding)
        return np.asarray(requantize((a - b) * (a - b), *out, sig.rounding) + sig.y.q.zero_point)

    def channel_ranges(self, ranges: Sequence[ChannelRange], sig: Signature) -> tuple[ChannelRange, ...]:
        """The largest results are those of ends; the least may be that of a difference of 0."""
        corners = [self.eval_int((x, y), sig)[0] for x in _ends(ranges[0]) for y in _ends(ranges[1])]
        least, most = stored_range(self.low, self.high, sig.y.q)
        nothing = np.clip(sig.y.q.zero_point, least, most)
        low = np.minimum(np.minimum.reduce(corners), nothing)
        return (ChannelRange(low.astype(np.int64), np.maximum.reduce(corners).astype(np.int64)),)

    def integer_kernels(self, sig: Signature) -> Sequence[Candidate]:
        (m1, s1), (m2, s2), (m3, s3) = self._factors(sig)
        least, most = stored_range(self.low, self.high, sig.y.q)
        fields = {
            "a_offset": -sig.ins[0].q.zero_point, "a_multiplier": m1, "a_shift": s1,
            "b_offset": -sig.ins[1].q.zero_point, "b_multiplier": m2, "b_shift": s2,
            "left_shift": LEFT_SHIFT,
            "y_offset": sig.y.q.zero_point, "y_multiplier": m3, "y_shift": s3, "low": least, "high": most,
        }  # fmt: skip
        params = Struct("tinyc_sum_params", fields)
        shape = broadcast_shape(sig)
        call = tinyc_call("tinyc_squared_difference_s8", shape, params, In(0), In(1), Out(), work=work_of(shape))
        call = over_operands(call, sig)
        return [(inlined(call),), (call,)]


def _ends(bounds: ChannelRange) -> tuple[Array, Array]:
    return bounds.low, bounds.high
