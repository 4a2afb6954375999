"""What maximum and average pooling share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tinyc.errors import VerifyError
from tinyc.ir.kernel import (
    Candidate,
    Context,
    In,
    KernelCall,
    KernelTarget,
    Out,
    Struct,
    cmsis_call,
    dims,
    inlined,
    tinyc_call,
)
from tinyc.ir.op import F32, Array, ChannelFlow, ChannelRange, Mask, Op, Region, Signature
from tinyc.ir.rules import AsIs, QuantRule, SameAs
from tinyc.ir.types import TensorType
from tinyc.ops._clamp import INFINITY, activation, narrower, stored_range
from tinyc.ops._lag import channel_by_channel, lag_by_pixel, with_lags
from tinyc.ops._window import Pads, Pair, Window, nhwc
from tinyc.ops.kernels.pools import pool_work

BLOCK = 4  # channels that tinyc's kernels take at a time


@dataclass(frozen=True)
class PoolOp(Op):
    """One result for each window and channel of an NHWC tensor. Cells outside the tensor do not count."""

    kernel: Pair
    stride: Pair = (1, 1)
    pads: Pads = (0, 0, 0, 0)
    low: float = -INFINITY
    high: float = INFINITY

    @abstractmethod
    def reduce_float(self, x: Array) -> Array:
        """The result before clamping, over the reals."""

    @abstractmethod
    def reduce_stored(self, x: Array, zero_point: int) -> Array:
        """The result before clamping, from stored values (int64)."""

    @abstractmethod
    def blocks_call(self, sig: Signature) -> KernelCall | None:
        """The int8 call that takes four channels at a time; None: it cannot do it."""

    @abstractmethod
    def cmsis_workspace(self, sig: Signature, target: KernelTarget) -> int:
        """Bytes that the CMSIS-NN function wants."""

    @property
    def as_cmsis(self) -> bool:
        """Whether CMSIS-NN's function gives the same bits."""
        return True

    def covers_plane(self, x: TensorType) -> bool:
        """Whether there is one window, which sees all cells of one image."""
        n, height, width, _ = x.shape
        return n == 1 and np.array_equal(self.moving_window.cells(height, width), [[height * width]])

    @property
    def moving_window(self) -> Window:
        return Window(self.kernel, self.stride, self.pads)

    @property
    def quant_rule(self) -> QuantRule:
        return QuantRule(ins=(AsIs(),), outs=(SameAs(0),))

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        n, height, width, channels = nhwc(ins[0].shape, self.name)
        size = self.moving_window.out_size(height, width, self.name)
        if not self.moving_window.cells(height, width).all():
            raise VerifyError(f"{self.name}: a window lies wholly in the padding, so that it has no result")
        return (TensorType((n, *size, channels), ins[0].dtype),)

    def eval_float(self, *ins: F32) -> tuple[F32, ...]:
        return (np.clip(self.reduce_float(ins[0]), self.low, self.high).astype(np.float32),)

    def eval_int(self, ins: Sequence[Array], sig: Signature) -> tuple[Array, ...]:
        bounds = stored_range(self.low, self.high, sig.y.q)
        return (np.clip(self.reduce_stored(ins[0].astype(np.int64), sig.x.q.zero_point), *bounds).astype(np.int8),)

    def window(self, region: Region, *ins: TensorType) -> tuple[Op, tuple[Region | None, ...]]:
        pads, part = self.moving_window.part_of(region, ins[0].shape)
        return replace(self, pads=pads), (part,)

    def clamped(self, low: float, high: float) -> Op:
        low, high = narrower((self.low, self.high), low, high)
        return replace(self, low=low, high=high)

    def channel_flow(self, sig: Signature) -> ChannelFlow:
        return ChannelFlow.COUPLED

    def used_channels(self, used: Mask, sig: Signature) -> tuple[Mask, ...]:
        return (used,)

    def channel_ranges(self, ranges: Sequence[ChannelRange], sig: Signature) -> tuple[ChannelRange, ...]:
        bounds = stored_range(self.low, self.high, sig.y.q)
        return (ChannelRange(np.clip(ranges[0].low, *bounds), np.clip(ranges[0].high, *bounds)),)

    def kernels(self, sig: Signature, target: KernelTarget) -> Sequence[Candidate]:
        if not sig.x.quant:
            own = self._lagging(self._float(sig), sig, BLOCK)
            return [(inlined(own),), (own,)]
        cmsis = [(self._lagging(self._integer(sig, target), sig, 1),)] if self.as_cmsis else []
        blocks = self.blocks_call(sig) if not (target.mve and cmsis) else None
        if blocks is None:
            return cmsis
        fast = self._lagging(blocks, sig, BLOCK)
        return [(inlined(fast),), (fast,), *cmsis]

    def _lagging(self, call: KernelCall, sig: Signature, block: int) -> KernelCall:
        """`call`, which takes `block` channels at a time."""
        steps = channel_by_channel(sig.y.shape[3], block)
        return with_lags(call, sig, {0: lag_by_pixel(self.moving_window, sig.x.shape, sig.y.shape, steps)})

    def _integer(self, sig: Signature, target: KernelTarget) -> KernelCall:
        params = Struct(
            "cmsis_nn_pool_params",
            {
                "stride": {"w": self.stride[1], "h": self.stride[0]},
                "padding": {"w": self.pads[1], "h": self.pads[0]},
                "activation": activation(self.low, self.high, sig.y.q).fields,
            },
        )
        function = {"max_pool2d": "arm_max_pool_s8", "avg_pool2d": "arm_avgpool_s8"}[self.name]
        return cmsis_call(
            function, Context(), params, dims("input", *sig.x.shape), In(0), dims("kernel", 1, *self.kernel, 1),
            dims("output", *sig.y.shape), Out(),
            workspace_bytes=self.cmsis_workspace(sig, target),
        )  # fmt: skip

    def _float(self, sig: Signature) -> KernelCall:
        n, in_h, in_w, channels = sig.x.shape
        params = Struct(
            "tinyc_pool2d_params",
            {
                "batches": n, "in_h": in_h, "in_w": in_w, "channels": channels,
                "out_h": sig.y.shape[1], "out_w": sig.y.shape[2],
                "kernel_h": self.kernel[0], "kernel_w": self.kernel[1],
                "stride_h": self.stride[0], "stride_w": self.stride[1],
                "pad_top": self.pads[0], "pad_left": self.pads[1],
                "low": self.low, "high": self.high,
            },
        )  # fmt: skip
        return tinyc_call(f"tinyc_{self.name}_f32", params, In(0), Out(), work=pool_work(sig, self.moving_window))
