"""What convolutions and dense layers share: sums of products with constant weights, requantized per output channel."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tinyc.errors import VerifyError
from tinyc.ir.fixed_point import multiplier_and_shift, multipliers_and_shifts, requantize
from tinyc.ir.kernel import Candidate, KernelCall, KernelTarget
from tinyc.ir.op import F32, NOT_FIXED, Array, ChannelRange, Mask, Op, Region, Signature
from tinyc.ir.rules import AsIs, Bias, Observed, QuantRule, Weight
from tinyc.ir.types import QuantParams, Rounding, TensorType
from tinyc.ops._clamp import INFINITY, narrower, stored_range
from tinyc.ops._lag import with_lags

X, W, B = 0, 1, 2  # the inputs of a linear operator


@dataclass(frozen=True)
class LinearOp(Op):
    """y = clamp(x · w + b, low, high) for some product. Inputs: x; w and b constant, b one value an output channel."""

    out_axis: ClassVar[int]
    """The axis of w that counts output channels."""

    low: float = field(default=-INFINITY, kw_only=True)
    high: float = field(default=INFINITY, kw_only=True)
    weight_scales: tuple[float, ...] = field(default=(), kw_only=True)
    """Of float weights that the model has in integers: by output channel, of what they are whole multiples."""

    @abstractmethod
    def sums(self, x: Array, w: Array) -> Array:
        """x · w, exact for floating-point arrays that hold integers."""

    @abstractmethod
    def integer_call(self, sig: Signature, target: KernelTarget) -> KernelCall:
        """The CMSIS-NN call."""

    @abstractmethod
    def float_call(self, sig: Signature) -> KernelCall:
        """The call of tinyc's kernel for float32."""

    @abstractmethod
    def lag(self, sig: Signature, target: KernelTarget) -> int | None:
        """By how many elements the result must lag behind x to run over it; None: it cannot."""

    @property
    def quant_rule(self) -> QuantRule:
        return QuantRule(ins=(AsIs(), Weight(axis=self.out_axis), Bias()), outs=(Observed(),))

    def eval_float(self, *ins: F32) -> tuple[F32, ...]:
        x, w, b = ins
        return (np.clip(self.sums(x, w) + b, self.low, self.high).astype(np.float32),)

    def eval_int(self, ins: Sequence[Array], sig: Signature) -> tuple[Array, ...]:
        x, w, b = ins
        # float64 holds every int32 sum of products exactly, and is multiplied fast
        sums = self.sums(x.astype(np.float64) - sig.x.q.zero_point, w.astype(np.float64))
        return (requantize_result(sums.astype(np.int64) + b, self.low, self.high, sig),)

    def clamped(self, low: float, high: float) -> Op:
        low, high = narrower((self.low, self.high), low, high)
        return replace(self, low=low, high=high)

    def given_scales(self) -> tuple[float, ...]:
        return self.weight_scales

    def without_given_scales(self) -> Op:
        return replace(self, weight_scales=())

    def scaled(self, constants: Mapping[int, Array], scale: F32, shift: F32) -> dict[int, Array] | None:
        if (self.low, self.high) != (-INFINITY, INFINITY) or (self.weight_scales and (scale != 1).any()):
            return None
        w, b = constants[W], constants[B]
        shape = [1] * w.ndim
        shape[self.out_axis] = -1
        factor = np.broadcast_to(scale.astype(np.float64), b.shape)
        return {
            W: (w * factor.reshape(shape)).astype(np.float32),
            B: (b * factor + shift).astype(np.float32),
        }

    def spared(self, gone: Mask, sig: Signature) -> Mask:
        """Under `single` all channels share the largest shift, so one that asks for it must stay."""
        spared = np.zeros_like(gone)
        if sig.rounding is Rounding.SINGLE:
            factors = _factors(sig.x.q.per_tensor_scale, sig.ins[W].q, sig.y.q.per_tensor_scale)
            own = [multiplier_and_shift(f) for f in factors]
            shared = output_scaling(sig)[1][0]
            largest = np.array([m > 0 and s == shared for m, s in own])
            if largest.any() and not (largest & ~gone).any():
                spared[np.argmax(largest)] = True
        return spared

    def kernels(self, sig: Signature, target: KernelTarget) -> Sequence[Candidate]:
        call = self.integer_call(sig, target) if sig.x.quant else self.float_call(sig)
        return [(with_lags(call, sig, {X: self.lag(sig, target)}),)]


def check_all_filters(region: Region, filters: int, where: str) -> None:
    """Raise VerifyError if `region` of a result has some of its channels only: weights are packed for all."""
    if region[-1] != (0, filters):
        raise VerifyError(f"{where}: channels {region[-1]} of {filters}, which are computed together")


def check_bias(channels: int, b: TensorType, where: str) -> None:
    """Raise VerifyError unless `b` has one value a channel."""
    if b.shape != (channels,):
        raise VerifyError(f"{where}: {channels} output channels want a bias of shape ({channels},), got {b.shape}")


def output_scaling(sig: Signature) -> tuple[Sequence[int], Sequence[int]]:
    """Multipliers and shifts that take accumulators of each channel to the result's scale."""
    return _scaling(sig.x.q.per_tensor_scale, sig.ins[W].q, sig.y.q.per_tensor_scale, sig.rounding)


@lru_cache(maxsize=1024)
def _scaling(x: float, w: QuantParams, y: float, rounding: Rounding) -> tuple[Sequence[int], Sequence[int]]:
    """Every part of a layer asks for the same."""
    return multipliers_and_shifts(_factors(x, w, y), rounding)


def _factors(x: float, w: QuantParams, y: float) -> list[float]:
    return [x * scale / y for scale in w.scale]


def requantize_result(acc: NDArray[np.int64], low: float, high: float, sig: Signature) -> Array:
    """Accumulators (channels last) as stored results."""
    multipliers, shifts = output_scaling(sig)
    q = requantize(acc, multipliers, shifts, sig.rounding) + sig.y.q.zero_point
    least, most = stored_range(low, high, sig.y.q)
    clipped: Array = np.clip(q, least, most).astype(np.int8)
    return clipped


def product_bounds(
    w: NDArray[np.int64], x: ChannelRange, zero_point: int, outside: Mask | None = None
) -> tuple[Array, Array]:
    """Bounds on w · (x − zero point), element by element; a cell of w that may lie `outside` may add nothing."""
    at_low, at_high = w * (x.low - zero_point), w * (x.high - zero_point)
    least, most = np.minimum(at_low, at_high), np.maximum(at_low, at_high)
    if outside is not None:
        least, most = np.where(outside, np.minimum(least, 0), least), np.where(outside, np.maximum(most, 0), most)
    return least, most


def result_range(
    low: NDArray[np.int64], high: NDArray[np.int64], clamp: tuple[float, float], sig: Signature
) -> ChannelRange:
    """Bounds on stored results from bounds on accumulators: requantization is monotonic."""
    return ChannelRange(
        requantize_result(low, *clamp, sig).astype(np.int64),
        requantize_result(high, *clamp, sig).astype(np.int64),
    )


def centred(values: NDArray[np.int64], zero_point: int) -> NDArray[np.int64]:
    """Stored values of constant channels minus the zero point; 0 for channels that are not constant."""
    return np.where(values == NOT_FIXED, 0, values - zero_point)
