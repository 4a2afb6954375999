"""Depthwise convolutions with one of single cells behind them on cores with the DSP extension, or all of three in one:
`tinyc_depthwise_point_s8`, and `tinyc_conv_depthwise_point_s8` with a convolution before them.

Two rows of the depthwise convolution's result become int16 in the columns that the last one reads. That is offered with
the last one's weights as int16 alone: with weights in bytes columns mix channels, which costs as much as it saves.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinyc.ir.kernel import Candidate, In, KernelTarget, Out, Struct, Workspace, inlined, tinyc_call
from tinyc.ops._lag import with_lags
from tinyc.ops._window import CELL
from tinyc.ops.kernels import conv_depthwise, conv_pairs, depthwise_planes
from tinyc.ops.kernels.stage import Layer

ROWS = 2  # of the result that are made together
FAR = 256  # bytes that no store moves on by


def behind_depthwise(depthwise: Layer, point: Layer, target: KernelTarget) -> Sequence[Candidate]:
    """The call, made for its numbers; In(0) is the input of the depthwise convolution."""
    if not depthwise.sig.x.quant or not target.dsp or target.mve:
        return []
    sig, window, stage = depthwise.sig, depthwise.window, depthwise.stage
    filters = _filters(point)
    if filters is None or not depthwise_planes.knows(window, stage):
        return []
    channels = sig.x.shape[3]
    own = depthwise_planes.fields(sig, window, stage, channels, again=False)
    call = tinyc_call(
        "tinyc_depthwise_point_s8",
        Struct("tinyc_depthwise_point_params", _fields(own, filters)),
        In(0), depthwise_planes.packed(sig, stage), filters.words, Workspace(), Out(),
        workspace_bytes=channels * depthwise_planes.plane_bytes(sig, window) + _columns_bytes(point),
        work={**depthwise_planes.work(sig, window, again=False), **_work(point)},
        code=_sum({"functions": 1, **depthwise_planes.code_of_rows(sig, window)}, _code(point)),
    )  # fmt: skip
    lag = depthwise_planes.lag_of_rows(window, sig.x.shape, point.sig.y.shape, ROWS)
    return [(inlined(with_lags(call, point.sig, {0: lag})),)]


def behind_both(conv: Layer, depthwise: Layer, point: Layer, target: KernelTarget) -> Sequence[Candidate]:
    """The calls, the fastest first, made for their numbers; In(0) is the input of the convolution."""
    filters = _filters(point)
    if filters is None:
        return []
    found = []
    for both in conv_depthwise.packed(conv, depthwise, target):
        own = both.fields["depthwise"]
        fields = {"conv": both.fields["conv"], "behind": _fields(own, filters), "wide": both.fields["wide"]}
        call = tinyc_call(
            "tinyc_conv_depthwise_point_s8",
            Struct("tinyc_conv_depthwise_point_params", fields),
            In(0), both.words, both.taps, filters.words, Workspace(), Out(),
            workspace_bytes=both.workspace_bytes + _columns_bytes(point),
            work=_together(both.work, _work(point), bool(both.fields["wide"])),
            code=_sum(both.code, _code(point)), variant=both.variant,
        )  # fmt: skip
        lag = conv_depthwise.lag(conv, depthwise, point.sig.y.shape[3], ROWS)
        found.append((inlined(with_lags(call, point.sig, {0: lag})),))
    return found


def _filters(point: Layer) -> conv_pairs.Packed | None:
    """The weights of the last convolution; None if the kernels do not know it."""
    x, y = point.sig.x.shape, point.sig.y.shape
    if not point.sig.x.quant or point.window.kernel != (1, 1) or point.window.stride != (1, 1) or x[:3] != y[:3]:
        return None
    if any(point.window.pads):
        return None
    channels = np.arange(4 * _fours(point))
    quarters = np.where(channels < x[3], channels, -1).reshape(4, -1)
    order = quarters[[0, 2, 1, 3]].T.reshape(-1)
    return conv_pairs.Pairs(point.sig, point.clamp, CELL, x, y).packed(0, order)


def _fields(depthwise: object, filters: conv_pairs.Packed) -> dict[str, object]:
    """Of `tinyc_depthwise_point_params`."""
    return {"depthwise": depthwise, "out_c": filters.fields["out_c"], "stage": filters.fields["stage"]}


def _fours(point: Layer) -> int:
    return -(-point.sig.x.shape[3] // 4)


def _columns_bytes(point: Layer) -> int:
    return 16 * _fours(point) * point.sig.y.shape[2]


def _work(point: Layer) -> dict[str, int]:
    """`points`: columns of two pixels; `blocks`, `point_steps`: of these; `lonely`: of one pixel that is left.

    `far`: results that may lie so far from those before that a store cannot move on to them.
    """
    n, height, width, out = point.sig.y.shape
    last, filters, fours = height % 2, -(-out // 2), _fours(point)
    pairs, single = n * (height // 2 * width + last * (width // 2)), n * last * (width % 2)
    far = depthwise_planes.looped(width) and 16 * fours >= FAR
    return {
        "lines": n * height, "points": pairs, "blocks": pairs * filters, "point_steps": pairs * filters * fours,
        "lonely": single * filters, "lonely_steps": single * filters * fours,
        "far": point.sig.x.size if far else 0,
    }  # fmt: skip


def _code(point: Layer) -> dict[str, int]:
    """`alone`: whether there is a last row without one below."""
    height, width = point.sig.y.shape[1:3]
    fours, alone = _fours(point), height % 2
    one = conv_pairs.code_of_one(fours, wide=True) if alone and width % 2 else {}
    return {**conv_pairs.code_of_two(fours, wide=True), "alone": alone, **one}


def _together(conv: dict[str, int], point: dict[str, int], wide: bool) -> dict[str, int]:
    """The work of both: steps that are alike are counted as one."""
    return _sum(conv, {"steps" if wide and name == "point_steps" else name: n for name, n in point.items()})


def _sum(a: dict[str, int], b: dict[str, int]) -> dict[str, int]:
    return a | {name: a.get(name, 0) + count for name, count in b.items()}
