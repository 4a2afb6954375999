"""Depthwise convolutions on cores with Helium: `tinyc_depthwise_vectors_s8`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinyc.ir.kernel import Candidate, In, KernelTarget, Out, Struct, Table, Workspace, inlined, tinyc_call
from tinyc.ir.op import Signature
from tinyc.ops import _linear
from tinyc.ops._lag import channel_by_channel, lag_by_row, with_lags
from tinyc.ops._window import Window
from tinyc.ops.kernels.stage import Stage

SIDE = 4  # channels that the kernel takes at a time
BLOCK_BYTES = 64  # of the workspace: sixteen cells for each
MOST_SIDE = 8  # rows and columns of the kernel


def candidates(sig: Signature, target: KernelTarget, clamp: tuple[float, float], window: Window) -> Sequence[Candidate]:
    """Of x NHWC and w (1, kernel height, kernel width, channels), one filter a channel; the fastest first."""
    if not sig.x.quant or not target.mve or window.dilation[1] != 1 or max(window.kernel) > MOST_SIDE:
        return []
    x, y = sig.x.shape, sig.y.shape
    stage = Stage(_linear.output_scaling(sig), clamp, sig)
    if x[3] != y[3] or x[3] < SIDE or not stage.fits:
        return []
    columns, wide = (y[2] - 1) * window.stride[1] + window.kernel[1], _block(window)[1]
    call = tinyc_call(
        "tinyc_depthwise_vectors_s8",
        Struct(
            "tinyc_depthwise_vectors_params",
            {
                "batches": x[0],
                "in_h": x[1], "in_w": x[2], "channels": x[3],
                "out_h": y[1], "out_w": y[2],
                "kernel_h": window.kernel[0], "kernel_w": window.kernel[1],
                "stride_h": window.stride[0], "stride_w": window.stride[1],
                "pad_top": window.pads[0], "pad_left": window.pads[1],
                "dilation_h": window.dilation[0],
                "zero": sig.x.q.zero_point,
                "stage": stage.fields,
            },
        ),
        In(0), _packed(sig, stage, window), Workspace(), Out(),
        workspace_bytes=(columns + wide - 1) * (BLOCK_BYTES // wide),
        work=_work(x, y, window),
    )  # fmt: skip
    call = with_lags(call, sig, {0: lag_by_row(window, x, y, channel_by_channel(-(-x[3] // SIDE) * SIDE, SIDE))})
    return [(inlined(call),), (call,)]


def _block(window: Window) -> tuple[int, int]:
    """Rows and columns of the kernel that one instruction takes."""
    return (4, 4) if window.kernel[0] <= 4 else (8, 2)


def _packed(sig: Signature, stage: Stage, window: Window) -> Table:
    """Four channels at a time: biases, scales, and for each block of cells the weights of each channel."""
    w, (rows, columns) = sig.constants[1][0], window.kernel
    channels = w.shape[2]
    bias = sig.constants[2].astype(np.int64) - sig.x.q.zero_point * w.sum(axis=(0, 1), dtype=np.int64)
    gap = -channels % SIDE  # in front of the last channels, which come with those before them
    at = np.arange(channels) + np.where(np.arange(channels) >= channels // SIDE * SIDE, gap, 0)
    words = np.zeros((channels + gap, 1 + stage.scales.shape[1]), np.int32)
    words[at] = np.column_stack([bias.astype(np.int32), stage.scales])
    high, wide = _block(window)
    weights = np.zeros((channels + gap, high, -(-columns // wide) * wide), np.int8)
    weights[at, :rows, :columns] = w.transpose(2, 0, 1)
    blocks = weights.reshape(-1, SIDE, high // 4, 4, weights.shape[2] // wide, wide).transpose(0, 4, 1, 5, 2, 3)
    head = words.reshape(len(blocks), SIDE, -1).transpose(0, 2, 1).reshape(len(blocks), -1)
    tail = np.ascontiguousarray(blocks).reshape(len(blocks), -1).view("<i4")
    return Table("packed", np.ascontiguousarray(np.hstack([head, tail])).reshape(-1))


def _work(x: Sequence[int], y: Sequence[int], window: Window) -> dict[str, int]:
    """What the kernel's loops do."""
    rows, wide = y[0] * y[1] * -(-y[3] // SIDE), _block(window)[1]
    return {"calls": 1, "rows": rows, "woven": rows * window.kernel[0] * -(-x[2] // wide),
            "pixels": rows * y[2], "blocks": rows * y[2] * -(-window.kernel[1] // wide)}  # fmt: skip
