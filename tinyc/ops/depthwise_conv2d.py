"""DepthwiseConv2D: every channel is convolved with filters of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tinyc.errors import VerifyError
from tinyc.ir.chain import Chain
from tinyc.ir.kernel import Candidate, Context, In, KernelCall, KernelTarget, Out, Struct, cmsis_call, dims, tinyc_call
from tinyc.ir.kernel import per_channel_quant as channel_quant
from tinyc.ir.narrow import Narrow
from tinyc.ir.op import Array, ChannelFlow, ChannelRange, Mask, Op, Signature, take
from tinyc.ir.types import TensorType
from tinyc.ops import _linear
from tinyc.ops._convolution import ConvolutionOp
from tinyc.ops._lag import Passes, channel_by_channel, lag_by_pixel
from tinyc.ops._wide import again_by_column
from tinyc.ops._window import nhwc
from tinyc.ops.kernels import conv_depthwise, depthwise_plain, depthwise_planes, depthwise_vectors, float_blocks

SOURCES = (
    depthwise_vectors.candidates,
    depthwise_planes.candidates,
    depthwise_plain.candidates,
    float_blocks.depthwise,
)
"""Who offers specialised kernels, the fastest first."""

MVE_BLOCK_CHANNELS = 124  # channels that CMSIS-NN gathers at a time on a vector core


@dataclass(frozen=True)
class DepthwiseConv2D(ConvolutionOp):
    """y[n, i, j, c·m + k] = clamp(Σ x[n, i·stride + …, …, c] · w[0, …, …, c·m + k] + b[c·m + k], low, high).

    Inputs: x NHWC; w (1, kernel height, kernel width, out); b (out,); out = m · channels of x. Outside x: zeros.
    """

    name: ClassVar[str] = "depthwise_conv2d"

    out_axis: ClassVar[int] = 3

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        x, w, b = ins
        n, height, width, channels = nhwc(x.shape, self.name)
        ones, _, _, out = nhwc(w.shape, f"{self.name} weights")
        if ones != 1 or out % channels:
            raise VerifyError(f"{self.name}: weights {w.shape} do not fit an input of {channels} channels")
        _linear.check_bias(out, b, self.name)
        return (TensorType((n, *self.window_over(w.shape).out_size(height, width, self.name), out), x.dtype),)

    def sums(self, x: Array, w: Array) -> Array:
        _, kernel_h, kernel_w, out = w.shape
        patches = self.window_over(w.shape).patches(np.repeat(x, out // x.shape[3], axis=3), 0)
        sums: Array = np.zeros(patches.shape[:4], x.dtype)
        for i in range(kernel_h):
            for j in range(kernel_w):
                sums += patches[..., i, j] * w[0, i, j]
        return sums

    def macs(self, *ins: TensorType) -> int:
        return self.infer(*ins)[0].size * ins[1].shape[1] * ins[1].shape[2]

    def one_to_one(self, sig: Signature) -> bool:
        return sig.x.shape[3] == sig.y.shape[3]

    # Channels: result channel c depends on channel c alone, so the two come and go together.

    def channel_flow(self, sig: Signature) -> ChannelFlow:
        return ChannelFlow.COUPLED if self.one_to_one(sig) else ChannelFlow.OPAQUE

    def channel_ranges(self, ranges: Sequence[ChannelRange], sig: Signature) -> tuple[ChannelRange, ...]:
        if not self.one_to_one(sig):
            return super().channel_ranges(ranges, sig)
        w, b = sig.constants[1][0].astype(np.int64), sig.constants[2].astype(np.int64)
        outside = self.padding_touches(sig)[:, :, None]
        least, most = _linear.product_bounds(w, ranges[0], sig.x.q.zero_point, outside)
        low, high = b + least.sum(axis=(0, 1)), b + most.sum(axis=(0, 1))
        return (_linear.result_range(low, high, (self.low, self.high), sig),)

    def used_channels(self, used: Mask, sig: Signature) -> tuple[Mask, ...]:
        everything = super().used_channels(used, sig)
        if not self.one_to_one(sig):
            return everything
        return (used & np.asarray(sig.constants[1].any(axis=(0, 1, 2))), *everything[1:])

    def narrowed(
        self, keep_in: Mask, keep_out: Mask, fixed: NDArray[np.int64], sig: Signature
    ) -> tuple[Op, dict[int, Array]]:
        return self, {1: take(keep_out, 3, sig.constants[1]), 2: take(keep_out, 0, sig.constants[2])}

    # Kernels

    def narrow(self, weights: NDArray[np.int64], x: TensorType) -> Narrow:
        made, times = again_by_column(weights, self.dilation[1])
        top, left, bottom, right = self.pads
        op = replace(
            self, stride=(self.stride[0], times * self.stride[1]), pads=(top, times * left, bottom, times * right),
            dilation=(self.dilation[0], 1),
        )  # fmt: skip
        return Narrow(op, made, 2, np.repeat(np.arange(x.shape[2]), times))

    def kernels(self, sig: Signature, target: KernelTarget) -> Sequence[Candidate]:
        window, clamp = self.window_over(sig.ins[1].shape), (self.low, self.high)
        own = [candidate for source in SOURCES for candidate in source(sig, target, clamp, window)]
        return [*own, *super().kernels(sig, target)]

    def fused_kernels(self, chain: Chain, target: KernelTarget) -> Sequence[Candidate]:
        producer, sig = chain.first, chain.last.sig
        if len(chain.links) > 2 or chain.last.at != 0 or not isinstance(producer.op, ConvolutionOp):
            return []
        if not producer.op.gathers(producer.sig):
            return []
        return conv_depthwise.candidates(producer.op.layer(producer.sig), self.layer(sig), target)

    def lag(self, sig: Signature, target: KernelTarget) -> int | None:
        channels, out = sig.x.shape[3], sig.y.shape[3]
        steps = integer_steps(channels, out) if sig.x.quant else _float_steps(channels, out)
        return lag_by_pixel(self.window_over(sig.ins[1].shape), sig.x.shape, sig.y.shape, steps)

    def integer_call(self, sig: Signature, target: KernelTarget) -> KernelCall:
        x, w, _ = sig.ins
        _, kernel_h, kernel_w, out = w.shape
        params = Struct("cmsis_nn_dw_conv_params", self.cmsis_params(sig, ch_mult=out // x.shape[3]))
        return cmsis_call(
            "arm_depthwise_conv_wrapper_s8",
            Context(), params, channel_quant(*_linear.output_scaling(sig)),
            dims("input", *x.shape), In(0), dims("filter", 1, kernel_h, kernel_w, out), In(1),
            dims("bias", 1, 1, 1, out), In(2), dims("output", *sig.y.shape), Out(),
            workspace_bytes=self._workspace(sig, target),
        )  # fmt: skip

    def _workspace(self, sig: Signature, target: KernelTarget) -> int:
        """`arm_depthwise_conv_wrapper_s8_get_buffer_size` of Arm's library. Our function needs none."""
        if not target.foreign:
            return 0
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

    def float_call(self, sig: Signature) -> KernelCall:
        return tinyc_call("tinyc_depthwise_conv2d_f32", self.float_params(sig, kernel_c=1), In(0), In(1), In(2), Out())


def integer_steps(channels: int, out: int) -> Passes:
    """The steps of a pixel on cores without vectors; those that have them take eight channels, and write none twice."""
    multiplier = out // channels
    if multiplier == 1 and channels >= 4:
        # the last four channels overlap the block before, which they read and write again
        return (0, (channels - 1) // 4 * 4), (channels - 4, channels)
    block = 4 if multiplier % 4 == 0 else 1
    return (0, out - block), (channels - 1, out)


def _float_steps(channels: int, out: int) -> Passes:
    return channel_by_channel(channels, block=4) if channels == out else ((0, out - 1), (channels - 1, out))
