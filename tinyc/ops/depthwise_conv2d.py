"""DepthwiseConv2D: every channel is convolved with filters of its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tinyc.errors import VerifyError
from tinyc.ir.kernel import Candidate, Context, In, KernelCall, KernelTarget, Out, Struct, cmsis_call, dims, tinyc_call
from tinyc.ir.kernel import per_channel_quant as channel_quant
from tinyc.ir.op import F32, Array, ChannelFlow, ChannelRange, Mask, Op, Region, Signature, take
from tinyc.ir.rules import AsIs, Bias, Observed, QuantRule, Weight
from tinyc.ir.types import TensorType
from tinyc.ops import _linear
from tinyc.ops._clamp import INFINITY, activation, narrower
from tinyc.ops._window import Pads, Pair, Window, nhwc

MVE_BLOCK_CHANNELS = 124  # channels that CMSIS-NN gathers at a time on a vector core


@dataclass(frozen=True)
class DepthwiseConv2D(Op):
    """y[n, i, j, c·m + k] = clamp(Σ x[n, i·stride + …, …, c] · w[0, …, …, c·m + k] + b[c·m + k], low, high).

    Inputs: x NHWC; w (1, kernel height, kernel width, out); b (out,); out = m · channels of x. Outside x: zeros.
    """

    name: ClassVar[str] = "depthwise_conv2d"

    stride: Pair = (1, 1)
    pads: Pads = (0, 0, 0, 0)
    dilation: Pair = (1, 1)
    low: float = -INFINITY
    high: float = INFINITY

    @property
    def quant_rule(self) -> QuantRule:
        return QuantRule(ins=(AsIs(), Weight(axis=3), Bias()), outs=(Observed(),))

    def window_over(self, w: TensorType) -> Window:
        """The moving window that weights of type `w` make."""
        return Window((w.shape[1], w.shape[2]), self.stride, self.pads, self.dilation)

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        x, w, b = ins
        n, height, width, channels = nhwc(x.shape, self.name)
        ones, _, _, out = nhwc(w.shape, f"{self.name} weights")
        if ones != 1 or out % channels:
            raise VerifyError(f"{self.name}: weights {w.shape} do not fit an input of {channels} channels")
        _linear.check_bias(out, b, self.name)
        return (TensorType((n, *self.window_over(w).out_size(height, width, self.name), out), x.dtype),)

    def eval_float(self, *ins: F32) -> tuple[F32, ...]:
        x, w, b = ins
        return (np.clip(self._sums(x, w) + b, self.low, self.high).astype(np.float32),)

    def eval_int(self, ins: Sequence[Array], sig: Signature) -> tuple[Array, ...]:
        x, w, b = ins
        sums = self._sums(x.astype(np.int64) - sig.x.q.zero_point, w.astype(np.int64))
        return (_linear.requantize_result(sums + b, self.low, self.high, sig),)

    def _sums(self, x: Array, w: Array) -> Array:
        _, kernel_h, kernel_w, out = w.shape
        window = Window((kernel_h, kernel_w), self.stride, self.pads, self.dilation)
        patches = window.patches(np.repeat(x, out // x.shape[3], axis=3), 0)
        sums: Array = np.zeros(patches.shape[:4], x.dtype)
        for i in range(kernel_h):
            for j in range(kernel_w):
                sums += patches[..., i, j] * w[0, i, j]
        return sums

    def macs(self, *ins: TensorType) -> int:
        return self.infer(*ins)[0].size * ins[1].shape[1] * ins[1].shape[2]

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
        return _linear.scaled_constants(constants, 3, scale, shift)

    def padded(self, before: Sequence[int], after: Sequence[int], value: float) -> Op | None:
        if value != 0 or len(before) != 4 or any((before[0], before[3], after[0], after[3])):
            return None
        top, left, bottom, right = self.pads
        return replace(self, pads=(top + before[1], left + before[2], bottom + after[1], right + after[2]))

    # Channels: result channel c depends on channel c alone, so the two come and go together.

    def channel_flow(self, sig: Signature) -> ChannelFlow:
        return ChannelFlow.COUPLED if self._one_to_one(sig) else ChannelFlow.OPAQUE

    def _one_to_one(self, sig: Signature) -> bool:
        return sig.x.shape[3] == sig.y.shape[3]

    def channel_ranges(self, ranges: Sequence[ChannelRange], sig: Signature) -> tuple[ChannelRange, ...]:
        if not self._one_to_one(sig):
            return super().channel_ranges(ranges, sig)
        w, b = sig.constants[1][0].astype(np.int64), sig.constants[2].astype(np.int64)
        at_low = w * (ranges[0].low - sig.x.q.zero_point)
        at_high = w * (ranges[0].high - sig.x.q.zero_point)
        least, most = np.minimum(at_low, at_high), np.maximum(at_low, at_high)
        inside = self.window_over(sig.ins[1]).patches(np.ones((1, *sig.x.shape[1:3], 1), bool), False)
        outside = ~np.asarray(inside.all(axis=(0, 1, 2, 3)))[:, :, None]
        least, most = np.where(outside, np.minimum(least, 0), least), np.where(outside, np.maximum(most, 0), most)
        low, high = b + least.sum(axis=(0, 1)), b + most.sum(axis=(0, 1))
        return (_linear.result_range(low, high, (self.low, self.high), sig),)

    def used_channels(self, used: Mask, sig: Signature) -> tuple[Mask, ...]:
        everything = super().used_channels(used, sig)
        if not self._one_to_one(sig):
            return everything
        return (used & np.asarray(sig.constants[1].any(axis=(0, 1, 2))), *everything[1:])

    def spared(self, gone: Mask, sig: Signature) -> Mask:
        return _linear.spared_channels(gone, sig)

    def narrowed(
        self, keep_in: Mask, keep_out: Mask, fixed: NDArray[np.int64], sig: Signature
    ) -> tuple[Op, dict[int, Array]]:
        return self, {1: take(keep_out, 3, sig.constants[1]), 2: take(keep_out, 0, sig.constants[2])}

    # Kernels

    def kernels(self, sig: Signature, target: KernelTarget) -> Sequence[Candidate]:
        return [(self._integer(sig, target) if sig.x.quant else self._float(sig),)]

    def _integer(self, sig: Signature, target: KernelTarget) -> KernelCall:
        x, w, _ = sig.ins
        _, kernel_h, kernel_w, out = w.shape
        params = Struct(
            "cmsis_nn_dw_conv_params",
            {
                "input_offset": -x.q.zero_point,
                "output_offset": sig.y.q.zero_point,
                "ch_mult": out // x.shape[3],
                "stride": {"w": self.stride[1], "h": self.stride[0]},
                "padding": {"w": self.pads[1], "h": self.pads[0]},
                "dilation": {"w": self.dilation[1], "h": self.dilation[0]},
                "activation": activation(self.low, self.high, sig.y.q).fields,
            },
        )
        return cmsis_call(
            "arm_depthwise_conv_wrapper_s8",
            Context(), params, channel_quant(*_linear.output_scaling(sig)),
            dims(*x.shape), In(0), dims(1, kernel_h, kernel_w, out), In(1),
            dims(1, 1, 1, out), In(2), dims(*sig.y.shape), Out(),
            workspace_bytes=self._workspace(sig, target),
        )  # fmt: skip

    def _workspace(self, sig: Signature, target: KernelTarget) -> int:
        """`arm_depthwise_conv_wrapper_s8_get_buffer_size`."""
        x, w, _ = sig.ins
        _, kernel_h, kernel_w, out = w.shape
        cells = kernel_h * kernel_w
        if target.mve and x.shape[3] == 1 and out > 1:
            # run as a convolution: its patches, and the weights turned round
            return 4 * 16 * -(-cells // 16) + cells * out + self._line_room(sig)
        if x.shape[3] != out or x.shape[0] != 1 or self.dilation != (1, 1):
            return 0
        if target.mve:
            return 4 * MVE_BLOCK_CHANNELS * cells
        small = (kernel_h, kernel_w) == (3, 3) and max(self.pads[:2]) <= 1
        return 2 * out * cells if target.dsp and not small else 0

    def _line_room(self, sig: Signature) -> int:
        """Room to pad a row at its ends where the input is a single row of one channel."""
        return 2 * (sig.ins[1].shape[2] + self.pads[1] + self.stride[1]) if sig.x.shape[1] == 1 else 0

    def _float(self, sig: Signature) -> KernelCall:
        x, w, _ = sig.ins
        params = Struct(
            "tinyc_conv2d_params",
            {
                "batches": x.shape[0],
                "in_h": x.shape[1], "in_w": x.shape[2], "in_c": x.shape[3],
                "out_h": sig.y.shape[1], "out_w": sig.y.shape[2], "out_c": w.shape[3],
                "kernel_h": w.shape[1], "kernel_w": w.shape[2], "kernel_c": 1,
                "stride_h": self.stride[0], "stride_w": self.stride[1],
                "pad_top": self.pads[0], "pad_left": self.pads[1],
                "dilation_h": self.dilation[0], "dilation_w": self.dilation[1],
                "low": self.low, "high": self.high,
            },
        )  # fmt: skip
        return tinyc_call("tinyc_depthwise_conv2d_f32", params, In(0), In(1), In(2), Out())
