"""Convolutions and dense layers for cores without the DSP extension: four pixels at a time, two filters in turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tinyc.ir.kernel import Candidate, In, KernelTarget, Out, Struct, Table, Workspace, inlined, tinyc_call
from tinyc.ir.op import Signature
from tinyc.ops import _linear
from tinyc.ops._lag import Shape, lag_by_block, lag_by_rows, with_lags
from tinyc.ops._window import Window
from tinyc.ops.kernels.stage import Stage

BLOCK = 4  # pixels whose windows are gathered as one column
LEAST_ROWS = 3  # of a matrix: columns of fewer are too empty
FILTERS = 4  # of a dense layer of fewer rows, which share what they load
ABOVE = 128  # by which its values and weights are taken too high
UNIT = 4  # weights that the inner loop takes at a time
LANE_BITS = 23  # that a sum has where two of them share a product of 64 bits
CELL = Window((1, 1), (1, 1), (0, 0, 0, 0))


def convolutions(
    sig: Signature, target: KernelTarget, clamp: tuple[float, float], window: Window
) -> Sequence[Candidate]:
    """Of x NHWC and w (out, kernel height, kernel width, in), in one group."""
    if not sig.x.quant or target.dsp or target.mve or window.dilation != (1, 1):
        return []
    return _candidates(sig, target, clamp, window, sig.x.shape, sig.y.shape)


def dense(sig: Signature, target: KernelTarget, clamp: tuple[float, float]) -> Sequence[Candidate]:
    """Of x (..., in) and w (out, in): its rows are the pixels of an image."""
    if not sig.x.quant or target.dsp or target.mve:
        return []
    out, depth = sig.ins[1].shape
    rows = sig.x.size // depth
    if rows < LEAST_ROWS:
        return _rows(sig, clamp, rows)
    return _candidates(sig, target, clamp, CELL, (1, 1, rows, depth), (1, 1, rows, out))


def _candidates(
    sig: Signature, target: KernelTarget, clamp: tuple[float, float], window: Window, x: Shape, y: Shape
) -> Sequence[Candidate]:
    packed = Packed.of(sig, target, clamp, window, x, y)
    if packed is None:
        return []
    call = tinyc_call(
        "tinyc_conv_plain_s8",
        Struct("tinyc_conv_plain_params", packed.fields),
        In(0), packed.words, Workspace(), Out(),
        workspace_bytes=packed.workspace_bytes, work=packed.work(y[0] * -(-y[1] * y[2] // BLOCK), y),
    )  # fmt: skip
    call = with_lags(call, sig, {0: lag_by_block(window, x, y, BLOCK)})
    return [(inlined(call),), (call,)]


@dataclass(frozen=True, eq=False)
class Packed:
    """A convolution of an image as the kernels take it."""

    fields: dict[str, object]
    """Of `tinyc_conv_plain_params`."""
    words: Table
    steps: int
    """Of the inner loop, for one filter."""
    workspace_bytes: int

    @staticmethod
    def of(
        sig: Signature, target: KernelTarget, clamp: tuple[float, float], window: Window, x: Shape, y: Shape
    ) -> Packed | None:
        """Of an image of shape `x` into one of shape `y`; None where the kernels cannot compute it."""
        filters = sig.constants[1].astype(np.int64).reshape(y[3], -1)
        stage = Stage(_linear.output_scaling(sig), clamp, sig)
        most = 128 * int(np.abs(filters).sum(axis=1).max())
        if not stage.fits or (not target.thumb1 and most >= 1 << (LANE_BITS - 1)):
            return None
        out, weights = filters.shape
        steps = -(-weights // UNIT)
        starts = sig.constants[2] - sig.x.q.zero_point * filters.sum(axis=1)
        values = np.pad(filters, ((0, out % 2), (0, UNIT * steps - weights)))
        pairs = values.reshape(-1, 2, UNIT * steps).transpose(0, 2, 1).astype(np.int8)
        words = [
            np.pad(starts, (0, out % 2)).reshape(-1, 2),
            np.pad(stage.scales, ((0, out % 2), (0, 0))).reshape(len(pairs), -1),
            np.ascontiguousarray(pairs).reshape(len(pairs), -1).view("<i4"),
        ]
        fields = {
            "batches": x[0], "in_h": x[1], "in_w": x[2], "in_c": x[3],
            "out_h": y[1], "out_w": y[2], "out_c": y[3],
            "kernel_h": window.kernel[0], "kernel_w": window.kernel[1],
            "stride_h": window.stride[0], "stride_w": window.stride[1],
            "pad_top": window.pads[0], "pad_left": window.pads[1], "pad_value": sig.x.q.zero_point,
            "steps": steps, "stage": stage.fields,
        }  # fmt: skip
        table = Table("weights", np.concatenate(words, axis=1).astype(np.int32).reshape(-1))
        pixel_bytes = -(-x[3] // 4) * 4
        return Packed(fields, table, steps, (16 if target.thumb1 else 8) * UNIT * steps + pixel_bytes)

    def work(self, blocks: int, y: Shape) -> dict[str, int]:
        """What the kernels' loops do for so many columns."""
        pairs = -(-y[3] // 2)
        return {
            "calls": 1, "blocks": blocks, "columns": blocks * UNIT * self.steps,
            "products": blocks * pairs * self.steps, "results": y[0] * y[1] * y[2] * y[3],
        }  # fmt: skip


def _rows(sig: Signature, clamp: tuple[float, float], rows: int) -> Sequence[Candidate]:
    """A dense layer of few rows, four filters at a time."""
    out, depth = sig.ins[1].shape
    stage = Stage(_linear.output_scaling(sig), clamp, sig)
    if not stage.fits:
        return []
    missing = -out % FILTERS
    filters = np.pad(sig.constants[1].astype(np.int64), ((0, missing), (0, 0)))
    starts = np.pad(sig.constants[2] - (sig.x.q.zero_point + ABOVE) * filters.sum(axis=1)[:out], (0, missing))
    weights = (filters + ABOVE).astype(np.uint8).reshape(-1, FILTERS, depth).transpose(0, 2, 1)
    words = [
        starts.reshape(-1, FILTERS),
        np.pad(stage.scales, ((0, missing), (0, 0))).reshape(len(weights), -1),
        np.ascontiguousarray(weights).reshape(len(weights), -1).view("<i4"),
    ]
    call = tinyc_call(
        "tinyc_dense_plain_s8",
        Struct("tinyc_dense_plain_params", {"rows": rows, "depth": depth, "out": out, "stage": stage.fields}),
        In(0), Table("weights", np.concatenate(words, axis=1).astype(np.int32).reshape(-1)), Out(),
        work={
            "calls": 1, "rows": rows, "reads": rows * depth, "products": rows * depth * len(weights),
            "results": rows * out,
        },
    )  # fmt: skip
    call = with_lags(call, sig, {0: lag_by_rows(rows, depth, out, FILTERS)})
    return [(inlined(call),), (call,)]
