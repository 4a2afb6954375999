"""Sums and products of int8 tensors row by row, and means over rows.

Operands have the result's shape, or are one row that is the same for all.
"""

from __future__ import annotations

from tinyc.ir.kernel import In, KernelCall, Out, Struct, tinyc_call
from tinyc.ir.op import Signature
from tinyc.ops.kernels.stage import Stage
from tinyc.ops.kernels.sum_stage import Fields

LEAST_ROW = 4  # elements: with shorter rows nothing is gained
Scaling = tuple[int, int]
Clamp = tuple[float, float]
FULL: Clamp = (-float("inf"), float("inf"))


def sum_of_rows(sig: Signature, stage: Fields) -> KernelCall | None:
    """The sum by the fields of a `tinyc_sum_stage`, operand 0 being the value; None where the kernel cannot do it."""
    return _of_rows("add", ("value", "other"), {"sum": stage}, sig)


def product_of_rows(sig: Signature, scaling: Scaling, clamp: Clamp) -> KernelCall | None:
    """scale(a · b) of operands less their zero points; None where the kernel cannot do it."""
    stage = _stage(scaling, clamp, sig)
    offsets = {"a_offset": -sig.ins[0].q.zero_point, "b_offset": -sig.ins[1].q.zero_point}
    return _of_rows("mul", ("a", "b"), {**offsets, **_scale(stage)}, sig) if stage.fits else None


def mean_of_rows(outer: int, count: int, inner: int, scaling: Scaling, sig: Signature) -> KernelCall | None:
    """The mean of x as (outer, count, inner) over its middle axis; None where the kernel cannot do it."""
    stage = _stage(scaling, FULL, sig)
    if not stage.fits:
        return None
    fields = {
        "outer": outer, "count": count, "inner": inner, "start": -count * sig.x.q.zero_point, **_scale(stage),
    }  # fmt: skip
    work = {"calls": 1, "results": outer * inner, "reads": outer * count * inner}
    return tinyc_call("tinyc_mean_rows_s8", Struct("tinyc_mean_rows_params", fields), In(0), Out(), work=work)


def _of_rows(kind: str, names: tuple[str, str], fields: dict[str, object], sig: Signature) -> KernelCall | None:
    row = min((t.size for t in sig.ins), default=0)
    if row < LEAST_ROW or not all(_repeats(t.shape, sig.y.shape) for t in sig.ins):
        return None
    steps = {f"{name}_step": row if t.size == sig.y.size else 0 for name, t in zip(names, sig.ins, strict=True)}
    params = {"rows": sig.y.size // row, "row": row, **steps, **fields}
    function = f"tinyc_{kind}_rows_s8"
    work = {"calls": 1, "rows": sig.y.size // row, "results": sig.y.size}
    return tinyc_call(function, Struct(f"tinyc_{kind}_rows_params", params), In(0), In(1), Out(), work=work)


def _repeats(shape: tuple[int, ...], result: tuple[int, ...]) -> bool:
    """Whether a tensor of `shape` is of the result's size, or one row that repeats throughout the result."""
    row = shape[next((axis for axis, size in enumerate(shape) if size != 1), len(shape)) :]
    return row == result[len(result) - len(row) :]


def _stage(scaling: Scaling, clamp: Clamp, sig: Signature) -> Stage:
    multiplier, shift = scaling
    return Stage(([multiplier], [shift]), clamp, sig)


def _scale(stage: Stage) -> dict[str, object]:
    words = tuple(int(word) for word in stage.scales[0])
    return {"scale": (*words, 0)[:2], "stage": stage.fields}
