"""Depthwise convolutions for cores without the DSP extension: rows wait channel by channel, four results at a time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinyc.ir.kernel import Candidate, In, KernelCall, KernelTarget, Out, Struct, Table, Workspace, inlined, tinyc_call
from tinyc.ir.op import Signature
from tinyc.ops import _linear
from tinyc.ops._lag import NOTHING, Shape, smallest_lag, with_lags
from tinyc.ops._window import Window
from tinyc.ops.kernels.stage import Stage

BIAS = 128  # that values are above those of x


def candidates(sig: Signature, target: KernelTarget, clamp: tuple[float, float], window: Window) -> Sequence[Candidate]:
    """Of x NHWC and w (1, kernel height, kernel width, out)."""
    if not sig.x.quant or target.dsp or target.mve or window.dilation != (1, 1):
        return []
    stage = Stage(_linear.output_scaling(sig), clamp, sig)
    if not stage.fits:
        return []
    call = with_lags(_call(sig, stage, window), sig, {0: _lag(window, sig.x.shape, sig.y.shape)})
    return [(inlined(call),), (call,)]


def _call(sig: Signature, stage: Stage, window: Window) -> KernelCall:
    x, y = sig.x.shape, sig.y.shape
    rows, columns = window.kernel
    filters = sig.constants[1].astype(np.int64).reshape(rows * columns, y[3]).T
    starts = sig.constants[2] - (sig.x.q.zero_point + BIAS) * filters.sum(axis=1)
    weights = np.pad(filters, ((0, 0), (0, -rows * columns % 4))).astype(np.int8)
    words = np.concatenate([starts[:, None], stage.scales, np.ascontiguousarray(weights).view("<i4")], axis=1)
    plane_w = -(-((y[2] - 1) * window.stride[1] + columns) // 4) * 4
    params = {
        "batches": x[0], "in_h": x[1], "in_w": x[2], "channels": x[3],
        "out_h": y[1], "out_w": y[2], "multiplier": y[3] // x[3],
        "kernel_h": rows, "kernel_w": columns, "stride_h": window.stride[0], "stride_w": window.stride[1],
        "pad_top": window.pads[0], "pad_left": window.pads[1], "pad_value": sig.x.q.zero_point,
        "plane_w": plane_w, "stage": stage.fields,
    }  # fmt: skip
    results = y[0] * y[1] * y[2] * y[3]
    return tinyc_call(
        "tinyc_depthwise_plain_s8",
        Struct("tinyc_depthwise_plain_params", params),
        In(0), Table("weights", words.astype(np.int32).reshape(-1)), Workspace(), Out(),
        workspace_bytes=x[3] * rows * plane_w,
        work={
            "calls": 1, "rows": y[0] * y[1] * y[3], "blocks": y[0] * y[1] * y[3] * -(-y[2] // 4), "results": results,
            "products": results * rows * columns,
            "loads": y[0] * y[1] * x[3] * x[2] * min(rows, window.stride[0]),
            "moves": y[0] * y[1] * x[3] * plane_w * max(rows - window.stride[0], 0) // 4,
        },
    )  # fmt: skip


def _lag(window: Window, x: Shape, y: Shape) -> int:
    """The lag of a kernel that takes the rows which a row of results sees for the first time before it writes that."""
    images, height, width, channels = x
    kept = max(window.kernel[0] - window.stride[0], 0)
    ends = np.arange(y[1], dtype=np.int64) * window.stride[0] - window.pads[0] + window.kernel[0]
    first = np.maximum(ends - window.kernel[0] + np.where(np.arange(y[1]) == 0, 0, kept), 0)
    seen = first < np.minimum(ends, height)
    starts = np.arange(images)[:, None] * (height * width * channels)
    reads = np.where(seen, first * width * channels + starts, NOTHING)
    writes = np.arange(1, images * y[1] + 1) * (y[2] * y[3])
    return smallest_lag(reads, writes)
