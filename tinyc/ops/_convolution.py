"""What convolutions share: a window that moves over an NHWC tensor with zeros around it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tinyc.ir.kernel import Struct
from tinyc.ir.op import Mask, Op, Region, Signature
from tinyc.ir.types import TensorType
from tinyc.ops._clamp import activation
from tinyc.ops._linear import LinearOp, check_all_filters
from tinyc.ops._window import Pads, Pair, Window
from tinyc.ops.kernels.stage import Layer


@dataclass(frozen=True)
class ConvolutionOp(LinearOp):
    """A linear operator over windows. Axes 1 and 2 of w are the kernel's height and width."""

    stride: Pair = (1, 1)
    pads: Pads = (0, 0, 0, 0)
    dilation: Pair = (1, 1)

    def gathers(self, sig: Signature) -> bool:
        """Whether every filter sees all channels of the input."""
        return False

    def one_to_one(self, sig: Signature) -> bool:
        """Whether there is a filter for each channel of the input, which sees that alone."""
        return False

    def layer(self, sig: Signature) -> Layer:
        """What kernels that compute it in one with others want to know of it."""
        return Layer(sig, (self.low, self.high), self.window_over(sig.ins[1].shape))

    def window_over(self, w: Sequence[int]) -> Window:
        """The moving window that weights of shape `w` make."""
        return Window((w[1], w[2]), self.stride, self.pads, self.dilation)

    def window(self, region: Region, *ins: TensorType) -> tuple[Op, tuple[Region | None, ...]]:
        check_all_filters(region, ins[1].shape[self.out_axis], self.name)
        pads, part = self.window_over(ins[1].shape).part_of(region, ins[0].shape)
        whole = (part[0], part[1], part[2], (0, ins[0].shape[3]))
        return replace(self, pads=pads), (whole, None, None)

    def padded(self, before: Sequence[int], after: Sequence[int], value: float) -> Op | None:
        if value != 0 or len(before) != 4 or any((before[0], before[3], after[0], after[3])):
            return None
        top, left, bottom, right = self.pads
        return replace(self, pads=(top + before[1], left + before[2], bottom + after[1], right + after[2]))

    def padding_touches(self, sig: Signature) -> Mask:
        """For each cell of the kernel, whether it ever lies outside the input."""
        ones = np.ones((1, *sig.x.shape[1:3], 1), bool)
        inside = self.window_over(sig.ins[1].shape).patches(ones, False)
        return ~np.asarray(inside.all(axis=(0, 1, 2, 3)))

    def cmsis_params(self, sig: Signature, **more: Any) -> dict[str, Any]:
        """The fields of `cmsis_nn_conv_params`, which those of `cmsis_nn_dw_conv_params` contain."""
        return {
            "input_offset": -sig.x.q.zero_point,
            "output_offset": sig.y.q.zero_point,
            **more,
            "stride": {"w": self.stride[1], "h": self.stride[0]},
            "padding": {"w": self.pads[1], "h": self.pads[0]},
            "dilation": {"w": self.dilation[1], "h": self.dilation[0]},
            "activation": activation(self.low, self.high, sig.y.q).fields,
        }

    def float_params(self, sig: Signature, kernel_c: int) -> Struct:
        """A `tinyc_conv2d_params`."""
        x, w = sig.x.shape, sig.ins[1].shape
        return Struct(
            "tinyc_conv2d_params",
            {
                "batches": x[0],
                "in_h": x[1], "in_w": x[2], "in_c": x[3],
                "out_h": sig.y.shape[1], "out_w": sig.y.shape[2], "out_c": sig.y.shape[3],
                "kernel_h": w[1], "kernel_w": w[2], "kernel_c": kernel_c,
                "stride_h": self.stride[0], "stride_w": self.stride[1],
                "pad_top": self.pads[0], "pad_left": self.pads[1],
                "dilation_h": self.dilation[0], "dilation_w": self.dilation[1],
                "low": self.low, "high": self.high,
            },
        )  # fmt: skip
