"""Conv2D: two-dimensional convolution, with groups; see depthwise_conv2d for one filter a channel."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tinyc.errors import VerifyError
from tinyc.ir.kernel import Candidate, Context, In, KernelCall, KernelTarget, Out, Struct, cmsis_call, dims, tinyc_call
from tinyc.ir.kernel import per_channel_quant as channel_quant
from tinyc.ir.op import F32, NOT_FIXED, Array, ChannelFlow, ChannelRange, Mask, Op, Region, Signature, take
from tinyc.ir.rules import AsIs, Bias, Observed, QuantRule, Weight
from tinyc.ir.types import TensorType
from tinyc.ops import _linear
from tinyc.ops._clamp import INFINITY, activation, narrower
from tinyc.ops._window import Pads, Pair, Window, nhwc


@dataclass(frozen=True)
class Conv2D(Op):
    """y[n, i, j, o] = clamp(Σ x[n, i·stride + …, …, c] · w[o, …, …, c] + b[o], low, high).

    Inputs: x NHWC; w (out, kernel height, kernel width, in / groups); b (out,). Outside x there are zeros.
    """

    name: ClassVar[str] = "conv2d"

    stride: Pair = (1, 1)
    pads: Pads = (0, 0, 0, 0)
    dilation: Pair = (1, 1)
    groups: int = 1
    low: float = -INFINITY
    high: float = INFINITY

    @property
    def quant_rule(self) -> QuantRule:
        return QuantRule(ins=(AsIs(), Weight(axis=0), Bias()), outs=(Observed(),))

    def window_over(self, w: TensorType) -> Window:
        """The moving window that weights of type `w` make."""
        return Window((w.shape[1], w.shape[2]), self.stride, self.pads, self.dilation)

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        x, w, b = ins
        n, height, width, channels = nhwc(x.shape, self.name)
        out, _, _, depth = nhwc(w.shape, f"{self.name} weights")
        if self.groups < 1 or channels != depth * self.groups or out % self.groups:
            raise VerifyError(
                f"{self.name}: weights {w.shape} in {self.groups} groups do not fit an input of {channels} channels"
            )
        _linear.check_bias(out, b, self.name)
        return (TensorType((n, *self.window_over(w).out_size(height, width, self.name), out), x.dtype),)

    def eval_float(self, *ins: F32) -> tuple[F32, ...]:
        x, w, b = ins
        return (np.clip(self._sums(x, w) + b, self.low, self.high).astype(np.float32),)

    def eval_int(self, ins: Sequence[Array], sig: Signature) -> tuple[Array, ...]:
        x, w, b = ins
        # float64 holds every int32 sum of products exactly, and is multiplied fast
        sums = self._sums((x.astype(np.float64) - sig.x.q.zero_point), w.astype(np.float64))
        return (_linear.requantize_result(sums.astype(np.int64) + b, self.low, self.high, sig),)

    def _sums(self, x: NDArray[np.floating], w: NDArray[np.floating]) -> NDArray[np.floating]:
        out, kernel_h, kernel_w, depth = w.shape
        window = Window((kernel_h, kernel_w), self.stride, self.pads, self.dilation)
        patches = window.patches(x, 0)
        n, out_h, out_w = patches.shape[:3]
        parts = []
        for group in range(self.groups):
            rows = patches[:, :, :, group * depth : (group + 1) * depth].reshape(n * out_h * out_w, -1)
            filters = w[group * out // self.groups : (group + 1) * out // self.groups]
            parts.append(rows @ filters.transpose(3, 1, 2, 0).reshape(rows.shape[1], -1))
        return np.concatenate(parts, axis=1).reshape(n, out_h, out_w, out)

    def macs(self, *ins: TensorType) -> int:
        return self.infer(*ins)[0].size * ins[1].size // ins[1].shape[0]

    def window(self, region: Region, *ins: TensorType) -> tuple[Op, tuple[Region | None, ...]]:
        pads, part = self.window_over(ins[1]).part_of(region, ins[0].shape)
        whole = (part[0], part[1], part[2], (0, ins[0].shape[3]))
        return replace(self, pads=pads), (whole, None, None)

    def clamped(self, low: float, high: float) -> Op:
        low, high = narrower((self.low, self.high), low, high)
        return replace(self, low=low, high=high)

    def scaled(self, constants: Mapping[int, Array], scale: F32, shift: F32) -> dict[int, Array] | None:
        if (self.low, self.high) != (-INFINITY, INFINITY):
            return None
        return _linear.scaled_constants(constants, 0, scale, shift)

    def padded(self, before: Sequence[int], after: Sequence[int], value: float) -> Op | None:
        if value != 0 or len(before) != 4 or any((before[0], before[3], after[0], after[3])):
            return None
        top, left, bottom, right = self.pads
        return replace(self, pads=(top + before[1], left + before[2], bottom + after[1], right + after[2]))

    # Channels

    def channel_flow(self, sig: Signature) -> ChannelFlow:
        return ChannelFlow.MIXING if self.groups == 1 else ChannelFlow.OPAQUE

    def _padding_touches(self, sig: Signature) -> Mask:
        """For each cell of the kernel, whether it ever lies outside the input."""
        inside = self.window_over(sig.ins[1]).patches(np.ones((1, *sig.x.shape[1:3], 1), bool), False)
        return ~np.asarray(inside.all(axis=(0, 1, 2, 3)))

    def channel_ranges(self, ranges: Sequence[ChannelRange], sig: Signature) -> tuple[ChannelRange, ...]:
        if self.groups != 1:
            return super().channel_ranges(ranges, sig)
        w, b = sig.constants[1].astype(np.int64), sig.constants[2].astype(np.int64)
        at_low = w * (ranges[0].low - sig.x.q.zero_point)
        at_high = w * (ranges[0].high - sig.x.q.zero_point)
        least, most = np.minimum(at_low, at_high), np.maximum(at_low, at_high)
        outside = self._padding_touches(sig)[None, :, :, None]
        least, most = np.where(outside, np.minimum(least, 0), least), np.where(outside, np.maximum(most, 0), most)
        low, high = b + least.sum(axis=(1, 2, 3)), b + most.sum(axis=(1, 2, 3))
        return (_linear.result_range(low, high, (self.low, self.high), sig),)

    def used_channels(self, used: Mask, sig: Signature) -> tuple[Mask, ...]:
        everything = super().used_channels(used, sig)
        if self.groups != 1:
            return everything
        return (np.asarray(sig.constants[1][used].any(axis=(0, 1, 2))), *everything[1:])

    def absorbs(self, fixed: NDArray[np.int64], sig: Signature) -> Mask:
        # next to padding a constant other than zero does not add up to a constant
        if self._padding_touches(sig).any():
            return np.equal(fixed, sig.x.q.zero_point)
        return np.not_equal(fixed, NOT_FIXED)

    def spared(self, gone: Mask, sig: Signature) -> Mask:
        return _linear.spared_channels(gone, sig)

    def narrowed(
        self, keep_in: Mask, keep_out: Mask, fixed: NDArray[np.int64], sig: Signature
    ) -> tuple[Op, dict[int, Array]]:
        w, b = take(keep_out, 0, sig.constants[1]), take(keep_out, 0, sig.constants[2])
        gone = np.where(keep_in, 0, _linear.centred(fixed, sig.x.q.zero_point))
        folded = b + (w.astype(np.int64) * gone).sum(axis=(1, 2, 3))
        return self, {1: take(keep_in, 3, w), 2: folded.astype(np.int32)}

    # Kernels

    def kernels(self, sig: Signature, target: KernelTarget) -> Sequence[Candidate]:
        return [(self._integer(sig, target) if sig.x.quant else self._float(sig),)]

    def _integer(self, sig: Signature, target: KernelTarget) -> KernelCall:
        x, w, _ = sig.ins
        out, kernel_h, kernel_w, depth = w.shape
        params = Struct(
            "cmsis_nn_conv_params",
            {
                "input_offset": -x.q.zero_point,
                "output_offset": sig.y.q.zero_point,
                "stride": {"w": self.stride[1], "h": self.stride[0]},
                "padding": {"w": self.pads[1], "h": self.pads[0]},
                "dilation": {"w": self.dilation[1], "h": self.dilation[0]},
                "activation": activation(self.low, self.high, sig.y.q).fields,
            },
        )
        return cmsis_call(
            "arm_convolve_wrapper_s8",
            Context(), params, channel_quant(*_linear.output_scaling(sig)),
            dims(*x.shape), In(0), dims(out, kernel_h, kernel_w, depth), In(1),
            dims(1, 1, 1, out), In(2), dims(*sig.y.shape), Out(),
            workspace_bytes=self._workspace(sig, target),
        )  # fmt: skip

    def _workspace(self, sig: Signature, target: KernelTarget) -> int:
        """`arm_convolve_wrapper_s8_get_buffer_size`: bytes for the patch of one or a few windows."""
        x, w, _ = sig.ins
        _, kernel_h, kernel_w, depth = w.shape
        plain = self.pads[:2] == (0, 0) and self.dilation == (1, 1) and depth == x.shape[3]
        if plain and (kernel_h, kernel_w) == (1, 1):
            return 0
        row = kernel_h * kernel_w * x.shape[3]
        if not target.mve:
            return 2 * 2 * (-(-row // 4) * 4)
        patch = 4 * 16 * -(-row // 16)
        in_line = x.shape[1] == kernel_h == 1 and self.dilation[1] == 1 and self.stride[1] * x.shape[3] % 4 == 0
        return max(patch, self._line_workspace(sig)) if in_line and depth == x.shape[3] else patch

    def _line_workspace(self, sig: Signature) -> int:
        """What the 1×n convolution of a vector core needs to pad a row at its two ends."""
        x, w, _ = sig.ins
        kernel, channels, pad, stride = w.shape[2], x.shape[3], self.pads[1], self.stride[1]
        uneven = ((sig.y.shape[2] - 1) * stride + kernel - x.shape[2]) % 2
        right = max(1, (pad + uneven + stride - 1) // stride)
        left_bytes = (kernel + pad) * channels
        right_bytes = (kernel - 1) * channels + (right * channels if uneven else pad * channels)
        return max(left_bytes, right_bytes)

    def _float(self, sig: Signature) -> KernelCall:
        x, w, _ = sig.ins
        out, kernel_h, kernel_w, depth = w.shape
        params = Struct(
            "tinyc_conv2d_params",
            {
                "batches": x.shape[0],
                "in_h": x.shape[1], "in_w": x.shape[2], "in_c": x.shape[3],
                "out_h": sig.y.shape[1], "out_w": sig.y.shape[2], "out_c": out,
                "kernel_h": kernel_h, "kernel_w": kernel_w, "kernel_c": depth,
                "stride_h": self.stride[0], "stride_w": self.stride[1],
                "pad_top": self.pads[0], "pad_left": self.pads[1],
                "dilation_h": self.dilation[0], "dilation_w": self.dilation[1],
                "low": self.low, "high": self.high,
            },
        )  # fmt: skip
        return tinyc_call("tinyc_conv2d_f32", params, In(0), In(1), In(2), Out())
