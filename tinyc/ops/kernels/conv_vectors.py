"""Convolutions and dense layers on cores with Helium: `tinyc_conv_vectors_s8`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from tinyc.ir.kernel import Candidate, In, KernelTarget, Out, Struct, Table, Workspace, inlined, tinyc_call
from tinyc.ir.op import Signature
from tinyc.ops import _linear
from tinyc.ops._lag import Shape, lag_by_filters_over_strips, lag_by_strip_of_row, with_lags
from tinyc.ops._window import CELL, Window
from tinyc.ops.kernels.stage import Stage

FILTERS = 4  # that the kernel takes at a time
LANES = 16  # products an instruction
STRIP_BYTES = 2048  # that a strip of turned columns may take, if windows are not too large for it
DIRECT_PIXELS = 16  # that windows of one cell take at a time: how far the result lags behind x


def convolutions(
    sig: Signature, target: KernelTarget, clamp: tuple[float, float], window: Window
) -> Sequence[Candidate]:
    """Of x NHWC and w (out, kernel height, kernel width, in), in one group."""
    if not sig.x.quant or not target.mve or window.dilation[1] != 1:
        return []
    if window.kernel == window.stride == (1, 1) and not any(window.pads):
        return dense(sig, target, clamp)
    return _candidates(sig, clamp, window, sig.x.shape, sig.y.shape)


def dense(sig: Signature, target: KernelTarget, clamp: tuple[float, float]) -> Sequence[Candidate]:
    """Of x (..., in) and w (out, ..., in): all rows are pixels of one row of an image."""
    if not sig.x.quant or not target.mve:
        return []
    rows = sig.x.size // sig.x.shape[-1]
    return _candidates(sig, clamp, CELL, (1, 1, rows, sig.x.shape[-1]), (1, 1, rows, sig.y.shape[-1]))


def _candidates(sig: Signature, clamp: tuple[float, float], window: Window, x: Shape, y: Shape) -> Sequence[Candidate]:
    """The calls for images of these shapes, the fastest first."""
    packed = Packed.of(sig, clamp, window, x, y)
    if packed is None:
        return []
    direct = window.kernel == (1, 1) and not any(window.pads) and all(
        (y[1 + axis] - 1) * window.stride[axis] < x[1 + axis] for axis in range(2)
    )  # fmt: skip
    strip = DIRECT_PIXELS if direct else _strip(y[2], window, packed.column)
    call = tinyc_call(
        "tinyc_conv_vectors_s8",
        Struct("tinyc_conv_vectors_params", packed.fields(strip, direct)),
        In(0), packed.words, Workspace(), Out(),
        workspace_bytes=0 if direct and x[3] % LANES == 0 else packed.strip_bytes(min(strip, y[2])),
        work=_work(x, y, window.kernel, strip, direct),
    )  # fmt: skip
    if direct:
        lag = lag_by_filters_over_strips(window, x, y, strip, FILTERS, span=-(-x[3] // LANES) * LANES)
    else:
        lag = lag_by_strip_of_row(window, x, y, strip)
    call = with_lags(call, sig, {0: lag})
    return [(inlined(call),), (call,)]


@dataclass(frozen=True, eq=False)
class Packed:
    """A convolution of an image of shape `x` into one of shape `y` as the kernels take it."""

    window: Window
    x: Shape
    y: Shape
    zero: int
    stage: Stage
    words: Table

    @staticmethod
    def of(sig: Signature, clamp: tuple[float, float], window: Window, x: Shape, y: Shape) -> Packed | None:
        """None where the kernels cannot compute it."""
        stage = Stage(_linear.output_scaling(sig), clamp, sig)
        (kernel_h, kernel_w), channels = window.kernel, x[3]
        if not stage.fits or (LANES // channels - 1) * kernel_h * channels + channels > 256:
            return None
        w = sig.constants[1].reshape(y[3], kernel_h, kernel_w, channels)
        return Packed(window, x, y, sig.x.q.zero_point, stage, _packed(sig, stage, w))

    @property
    def column(self) -> int:
        """Bytes of a column of a strip."""
        return self.window.kernel[0] * self.x[3]

    def strip_bytes(self, pixels: int) -> int:
        """Of the strip that so many pixels see, turned."""
        turned = ((pixels - 1) * self.window.stride[1] + self.window.kernel[1]) * self.column + LANES - 1
        return -(-turned // 4) * 4

    def fields(self, strip: int, direct: bool = False) -> dict[str, object]:
        """Those of `tinyc_conv_vectors_params`; `strip`: pixels that are made at a time."""
        x, y, window = self.x, self.y, self.window
        return {
            "batches": x[0],
            "in_h": x[1], "in_w": x[2], "in_c": x[3],
            "out_h": y[1], "out_w": y[2], "out_c": y[3],
            "kernel_h": window.kernel[0], "kernel_w": window.kernel[1],
            "stride_h": window.stride[0], "stride_w": window.stride[1],
            "pad_top": window.pads[0], "pad_left": window.pads[1],
            "dilation_h": window.dilation[0],
            "strip": strip, "direct": int(direct), "zero": self.zero,
            "stage": self.stage.fields,
        }  # fmt: skip


def _strip(width: int, window: Window, column: int) -> int:
    """Pixels of a row that are made at a time: even, and about as many each time."""
    room = max(2, (STRIP_BYTES // column - window.kernel[1]) // window.stride[1] + 1)
    times = -(-width // room)
    pixels = -(-width // times)
    return pixels + pixels % 2


def _packed(sig: Signature, stage: Stage, w: NDArray[np.int8]) -> Table:
    """Four filters at a time: biases, scales, and weights in the order of columns, rows and channels."""
    out, cells = w.shape[0], w[0].size
    blocks, steps = -(-out // FILTERS), -(-cells // LANES)
    bias = sig.constants[2].astype(np.int64) - sig.x.q.zero_point * w.sum(axis=(1, 2, 3), dtype=np.int64)
    words = np.zeros((blocks * FILTERS, 1 + stage.scales.shape[1]), np.int32)
    words[:out] = np.column_stack([bias.astype(np.int32), stage.scales])
    weights = np.zeros((blocks * FILTERS, steps * LANES), np.int8)
    weights[:out, :cells] = w.transpose(0, 2, 1, 3).reshape(out, cells)
    weights = weights.reshape(blocks, FILTERS, steps, LANES).transpose(0, 2, 1, 3)
    head = words.reshape(blocks, FILTERS, -1).transpose(0, 2, 1).reshape(blocks, -1)
    tail = np.ascontiguousarray(weights).reshape(blocks, -1).view("<i4")
    return Table("packed", np.ascontiguousarray(np.hstack([head, tail])).reshape(-1))


def _work(x: Shape, y: Shape, kernel: tuple[int, int], strip: int, direct: bool) -> dict[str, int]:
    """What the kernel's loops do."""
    rows, kernel_h = y[0] * y[1], kernel[0]
    blocks, steps = -(-y[3] // FILTERS), -(-prod(kernel) * x[3] // LANES)
    strips = rows * -(-y[2] // strip)
    pairs = (y[2] // strip * -(-strip // 2) + -(-(y[2] % strip) // 2)) * rows * blocks
    turned = 0 if direct else rows * x[2] * kernel_h * -(-x[3] // LANES)
    return {"calls": 1, "strips": strips, "passes": strips * blocks, "pairs": pairs, "steps": pairs * steps,
            "turned": turned}  # fmt: skip
