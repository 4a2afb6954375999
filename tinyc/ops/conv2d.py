"""Conv2D: two-dimensional convolution, with groups; see depthwise_conv2d for one filter a channel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tinyc.errors import VerifyError
from tinyc.ir.chain import Chain
from tinyc.ir.kernel import (
    Argument,
    Candidate,
    Context,
    In,
    KernelCall,
    KernelTarget,
    Out,
    Struct,
    Table,
    cmsis_call,
    dims,
    tinyc_call,
)
from tinyc.ir.kernel import per_channel_quant as channel_quant
from tinyc.ir.narrow import Narrow
from tinyc.ir.op import NOT_FIXED, Array, ChannelFlow, ChannelRange, Mask, Op, Signature, take
from tinyc.ir.types import TensorType
from tinyc.ops import _linear
from tinyc.ops._convolution import ConvolutionOp
from tinyc.ops._lag import Passes, all_channels_again, lag_by_block, lag_by_pixel, lag_by_strip
from tinyc.ops._wide import again_by_channel
from tinyc.ops._window import nhwc
from tinyc.ops.kernels import conv_pairs, conv_plain, conv_vectors, depthwise_point, float_blocks, winograd

SOURCES = (
    conv_vectors.convolutions,
    winograd.convolutions,
    conv_pairs.convolutions,
    conv_plain.convolutions,
    float_blocks.convolutions,
)
"""Who offers specialised kernels for one group of filters, the fastest first."""


@dataclass(frozen=True)
class Conv2D(ConvolutionOp):
    """y[n, i, j, o] = clamp(Σ x[n, i·stride + …, …, c] · w[o, …, …, c] + b[o], low, high).

    Inputs: x NHWC; w (out, kernel height, kernel width, in / groups); b (out,). Outside x there are zeros.
    """

    name: ClassVar[str] = "conv2d"

    out_axis: ClassVar[int] = 0

    groups: int = 1

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        x, w, b = ins
        n, height, width, channels = nhwc(x.shape, self.name)
        out, _, _, depth = nhwc(w.shape, f"{self.name} weights")
        if self.groups < 1 or channels != depth * self.groups or out % self.groups:
            raise VerifyError(
                f"{self.name}: weights {w.shape} in {self.groups} groups do not fit an input of {channels} channels"
            )
        _linear.check_bias(out, b, self.name)
        return (TensorType((n, *self.window_over(w.shape).out_size(height, width, self.name), out), x.dtype),)

    def sums(self, x: Array, w: Array) -> Array:
        out, _, _, depth = w.shape
        patches = self.window_over(w.shape).patches(x, 0)
        n, out_h, out_w = patches.shape[:3]
        parts = []
        for group in range(self.groups):
            rows = patches[:, :, :, group * depth : (group + 1) * depth].reshape(n * out_h * out_w, -1)
            filters = w[group * out // self.groups : (group + 1) * out // self.groups]
            parts.append(rows @ filters.transpose(3, 1, 2, 0).reshape(rows.shape[1], -1))
        return np.concatenate(parts, axis=1).reshape(n, out_h, out_w, out)

    def macs(self, *ins: TensorType) -> int:
        return self.infer(*ins)[0].size * ins[1].size // ins[1].shape[0]

    # Channels

    def channel_flow(self, sig: Signature) -> ChannelFlow:
        return ChannelFlow.MIXING if self.groups == 1 else ChannelFlow.OPAQUE

    def channel_ranges(self, ranges: Sequence[ChannelRange], sig: Signature) -> tuple[ChannelRange, ...]:
        if self.groups != 1:
            return super().channel_ranges(ranges, sig)
        w, b = sig.constants[1].astype(np.int64), sig.constants[2].astype(np.int64)
        outside = self.padding_touches(sig)[None, :, :, None]
        least, most = _linear.product_bounds(w, ranges[0], sig.x.q.zero_point, outside)
        low, high = b + least.sum(axis=(1, 2, 3)), b + most.sum(axis=(1, 2, 3))
        return (_linear.result_range(low, high, (self.low, self.high), sig),)

    def used_channels(self, used: Mask, sig: Signature) -> tuple[Mask, ...]:
        everything = super().used_channels(used, sig)
        if self.groups != 1:
            return everything
        return (np.asarray(sig.constants[1][used].any(axis=(0, 1, 2))), *everything[1:])

    def absorbs(self, fixed: NDArray[np.int64], sig: Signature) -> Mask:
        # next to padding a constant other than zero does not add up to a constant
        if self.padding_touches(sig).any():
            return np.equal(fixed, sig.x.q.zero_point)
        return np.not_equal(fixed, NOT_FIXED)

    def narrowed(
        self, keep_in: Mask, keep_out: Mask, fixed: NDArray[np.int64], sig: Signature
    ) -> tuple[Op, dict[int, Array]]:
        w, b = take(keep_out, 0, sig.constants[1]), take(keep_out, 0, sig.constants[2])
        gone = np.where(keep_in, 0, _linear.centred(fixed, sig.x.q.zero_point))
        folded = b + (w.astype(np.int64) * gone).sum(axis=(1, 2, 3))
        return self, {1: take(keep_in, 3, w), 2: folded.astype(np.int32)}

    # Kernels

    def gathers(self, sig: Signature) -> bool:
        return self.groups == 1

    def narrow(self, weights: NDArray[np.int64], x: TensorType) -> Narrow:
        made, order = again_by_channel(weights, self.groups)
        return Narrow(self, made, 3, order)

    def kernels(self, sig: Signature, target: KernelTarget) -> Sequence[Candidate]:
        window, clamp = self.window_over(sig.ins[1].shape), (self.low, self.high)
        sources = SOURCES if self.groups == 1 else ()
        own = [candidate for source in sources for candidate in source(sig, target, clamp, window)]
        return [*own, *super().kernels(sig, target)]

    def fused_kernels(self, chain: Chain, target: KernelTarget) -> Sequence[Candidate]:
        ops = [(link.op, link.sig) for link in chain.links if isinstance(link.op, ConvolutionOp)]
        layers = [op.layer(sig) for op, sig in ops]
        if len(ops) < len(chain.links) or any(link.at != 0 for link in chain.links[1:]):
            return []
        if not self.gathers(chain.last.sig) or not ops[-2][0].one_to_one(ops[-2][1]):
            return []
        match layers:
            case [depthwise, point]:
                return depthwise_point.behind_depthwise(depthwise, point, target)
            case [conv, depthwise, point] if ops[0][0].gathers(ops[0][1]):
                return depthwise_point.behind_both(conv, depthwise, point, target)
        return []

    def lag(self, sig: Signature, target: KernelTarget) -> int | None:
        x, w, y = sig.x.shape, sig.ins[1].shape, sig.y.shape
        window = self.window_over(w)
        if not sig.x.quant:
            return lag_by_pixel(window, x, y, self._group_after_group(w))
        if self.groups != 1:
            return None  # every group goes over the whole plane
        if self._only_cells(sig):
            portable = lag_by_strip(window, x, y, pixels=2, filters=2, alone=4)
            return max(portable, lag_by_strip(window, x, y, pixels=4, filters=1, alone=1)) if target.mve else portable
        if target.mve and x[1] == w[1] == 1 and y[1] > 1:
            return None  # windows that fit into the one row are not gathered, but read again for every filter
        portable = lag_by_block(window, x, y, block=2)
        return max(portable, lag_by_block(window, x, y, block=4)) if target.mve else portable

    def _group_after_group(self, w: Sequence[int]) -> Passes:
        """The steps of a pixel in the float kernel."""
        filters, depth = w[0] // self.groups, w[3]
        steps = all_channels_again(filters, block=4)
        return tuple((g * depth + read, g * filters + written) for g in range(self.groups) for read, written in steps)

    def integer_call(self, sig: Signature, target: KernelTarget) -> KernelCall:
        out, kernel_h, kernel_w, depth = sig.ins[1].shape
        params = self.cmsis_params(sig)
        if self._cell_sees_padding(sig):
            # CMSIS-NN's shortcut for one cell knows no padding; dilation means nothing to one cell, and keeps it away
            params["dilation"] = {"w": 2, "h": 2}
        bias: Argument = In(2)
        if self._only_cells(sig) and sig.x.q.zero_point:
            params["input_offset"], bias = 0, self._bias_without_offset(sig)
        planes = [sig.x.shape, (out, kernel_h, kernel_w, depth), sig.y.shape]
        if sig.x.shape[1] == sig.y.shape[1] == kernel_h == 1 and not self._only_cells(sig):
            # CMSIS-NN's convolution along a row has limits of its own on vector cores; along a column it has none
            planes = [(n, w, h, c) for n, h, w, c in planes]
            params |= {key: {"w": params[key]["h"], "h": params[key]["w"]} for key in ("stride", "padding", "dilation")}
        names = ("input", "filter", "output")
        x_dims, w_dims, y_dims = (dims(name, *plane) for name, plane in zip(names, planes, strict=True))
        return cmsis_call(
            "arm_convolve_wrapper_s8",
            Context(), Struct("cmsis_nn_conv_params", params), channel_quant(*_linear.output_scaling(sig)),
            x_dims, In(0), w_dims, In(1), dims("bias", 1, 1, 1, out), bias, y_dims, Out(),
            workspace_bytes=self._workspace(sig, target),
        )  # fmt: skip

    def _bias_without_offset(self, sig: Signature) -> Table:
        """The bias and what the zero point of x contributes to every sum of a filter, where there is no padding."""
        sums = sig.constants[1].sum(axis=(1, 2, 3), dtype=np.int64)
        return Table("bias", (sig.constants[2] - sig.x.q.zero_point * sums).astype(np.int32))

    def _cell_sees_padding(self, sig: Signature) -> bool:
        """Whether the kernel is a single cell that lies outside the input somewhere."""
        beyond = ((sig.y.shape[a] - 1) * self.stride[a - 1] >= sig.x.shape[a] for a in (1, 2))
        return sig.ins[1].shape[1:3] == (1, 1) and (any(self.pads[:2]) or any(beyond))

    def _only_cells(self, sig: Signature) -> bool:
        """Whether CMSIS-NN takes it for a matrix product of pixels and filters."""
        plain = self.dilation == (1, 1) and self.groups == 1 and not self._cell_sees_padding(sig)
        return plain and sig.ins[1].shape[1:3] == (1, 1)

    def _workspace(self, sig: Signature, target: KernelTarget) -> int:
        """`arm_convolve_wrapper_s8_get_buffer_size`: bytes for the patches of a few windows."""
        x, w, _ = sig.ins
        _, kernel_h, kernel_w, _ = w.shape
        if self._only_cells(sig):
            return 0
        row = kernel_h * kernel_w * x.shape[3]
        return 4 * 16 * -(-row // 16) if target.mve else 2 * 2 * (-(-row // 4) * 4)

    def float_call(self, sig: Signature) -> KernelCall:
        params = self.float_params(sig, kernel_c=sig.ins[1].shape[3])
        return tinyc_call("tinyc_conv2d_f32", params, In(0), In(1), In(2), Out())
