"""What convolutions and dense layers share: constants x · w + b, requantized per output channel."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from tinyc.errors import VerifyError
from tinyc.ir.fixed_point import multiplier_and_shift, multipliers_and_shifts, requantize
from tinyc.ir.op import F32, NOT_FIXED, Array, ChannelRange, Mask, Signature
from tinyc.ir.types import Rounding, TensorType
from tinyc.ops._clamp import stored_range

X, W, B = 0, 1, 2  # the inputs of a linear operator


def check_bias(channels: int, b: TensorType, where: str) -> None:
    """Raise VerifyError unless `b` has one value a channel."""
    if b.shape != (channels,):
        raise VerifyError(f"{where}: {channels} output channels want a bias of shape ({channels},), got {b.shape}")


def output_scaling(sig: Signature) -> tuple[list[int], list[int]]:
    """Multipliers and shifts that take accumulators of each channel to the result's scale."""
    return multipliers_and_shifts(_output_factors(sig), sig.rounding)


def _output_factors(sig: Signature) -> list[float]:
    return [sig.x.q.per_tensor_scale * w / sig.y.q.per_tensor_scale for w in sig.ins[W].q.scale]


def requantize_result(acc: NDArray[np.int64], low: float, high: float, sig: Signature) -> Array:
    """Accumulators (channels last) as stored results."""
    multipliers, shifts = output_scaling(sig)
    q = requantize(acc, multipliers, shifts, sig.rounding) + sig.y.q.zero_point
    least, most = stored_range(low, high, sig.y.q)
    clipped: Array = np.clip(q, least, most).astype(np.int8)
    return clipped


def scaled_constants(constants: Mapping[int, Array], axis: int, scale: F32, shift: F32) -> dict[int, Array]:
    """Weights and bias after each output channel is multiplied by `scale` and `shift` is added."""
    w, b = constants[W], constants[B]
    shape = [1] * w.ndim
    shape[axis] = -1
    factor = np.broadcast_to(scale.astype(np.float64), b.shape)
    return {
        W: (w * factor.reshape(shape)).astype(np.float32),
        B: (b * factor + shift).astype(np.float32),
    }


def result_range(
    low: NDArray[np.int64], high: NDArray[np.int64], clamp: tuple[float, float], sig: Signature
) -> ChannelRange:
    """Bounds on stored results from bounds on accumulators: requantization is monotonic."""
    return ChannelRange(
        requantize_result(low, *clamp, sig).astype(np.int64),
        requantize_result(high, *clamp, sig).astype(np.int64),
    )


def spared_channels(gone: Mask, sig: Signature) -> Mask:
    """Under `single` all channels share the largest shift, so one that asks for it must stay."""
    spared = np.zeros_like(gone)
    if sig.rounding is Rounding.SINGLE:
        own = [multiplier_and_shift(f) for f in _output_factors(sig)]
        shared = output_scaling(sig)[1][0]
        largest = np.array([m > 0 and s == shared for m, s in own])
        if largest.any() and not (largest & ~gone).any():
            spared[np.argmax(largest)] = True
    return spared


def centred(values: NDArray[np.int64], zero_point: int) -> NDArray[np.int64]:
    """Stored values of constant channels minus the zero point; 0 for channels that are not constant."""
    return np.where(values == NOT_FIXED, 0, values - zero_point)
