"""Resize: a plane of another size, by taking the nearest cell or by blending neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tinyc.errors import VerifyError
from tinyc.ir.kernel import Candidate, In, KernelTarget, Out, Struct, tinyc_call
from tinyc.ir.op import F32, Array, ChannelFlow, ChannelRange, Mask, Op, Region, Signature, Span
from tinyc.ir.rules import AsIs, QuantRule, SameAs
from tinyc.ir.types import Rounding, TensorType
from tinyc.ops._lag import NOTHING, channel_by_channel, lag_of_passes, with_lags
from tinyc.ops._window import Pair, nhwc

Integers = NDArray[np.int64]

WEIGHT_BITS = 11  # of the int8 weights along one axis; two axes and an int8 make less than 31 bits
ONE = 1 << WEIGHT_BITS
MAX_UNIT = 1 << 19  # a remainder times ONE, plus a half, stays inside 31 bits
MAX_PLACE = 2**31 - 1


@dataclass(frozen=True)
class _Axis:
    """Where `size` results along an axis of `cells` cells come from: see Resize."""

    cells: int
    size: int
    first: int
    step: int
    unit: int

    def is_valid(self) -> bool:
        """Whether the kernels can compute it in 32 bits."""
        if self.size < 1 or self.step < 0 or not 1 <= self.unit <= MAX_UNIT:
            return False
        moved = self.size * self.step
        return max(abs(self.first), moved, self.first + moved, self.cells * self.unit) <= MAX_PLACE

    def places(self) -> Integers:
        """Numerators of the places, moved to the edge: in [0, (cells - 1) * unit], not decreasing."""
        places = self.first + np.arange(self.size, dtype=np.int64) * self.step
        return np.clip(places, 0, (self.cells - 1) * self.unit)

    def low(self) -> Integers:
        """The cell at the integer part of each place."""
        return self.places() // self.unit

    def high(self) -> Integers:
        """The next one, or the last."""
        return np.minimum(self.low() + 1, self.cells - 1)

    def rest(self) -> Integers:
        """What the place lies beyond its cell, in units: in [0, unit)."""
        return self.places() % self.unit

    def part(self, span: Span, linear: bool) -> tuple[Span, _Axis]:
        """The cells that results in `span` need, and how they come from these."""
        wanted = replace(self, size=span[1] - span[0], first=self.first + span[0] * self.step)
        start = int(wanted.low()[0])
        last = wanted.high() if linear and wanted.rest()[-1] else wanted.low()
        stop = int(last[-1]) + 1
        return (start, stop), replace(wanted, cells=stop - start, first=wanted.first - start * self.unit)

    def fields(self) -> dict[str, int]:
        """A `tinyc_resize_axis`."""
        return {
            "cells": self.cells,
            "size": self.size,
            "first": self.first,
            "step": self.step,
            "unit": self.unit,
        }


@dataclass(frozen=True)
class Resize(Op):
    """An NHWC tensor whose plane becomes `size`.

    Result i along an axis comes from the place (first + i · step) / unit of the input; a place beyond the centre of
    an outermost cell is moved there. Nearest takes the cell at the integer part of the place, so that other ways to
    round are matters of `first`. Linear blends that cell and the next by the fractional part, along both axes: in
    int8 with weights of 11 bits, themselves rounded to nearest, and one rounding of the result, to nearest, ties up;
    under `tflite` ties go away from zero.
    """

    name: ClassVar[str] = "resize"

    size: Pair
    first: Pair
    step: Pair
    unit: Pair
    linear: bool = False

    @property
    def quant_rule(self) -> QuantRule:
        return QuantRule(ins=(AsIs(),), outs=(SameAs(0),))

    def _axes(self, x: Sequence[int]) -> tuple[_Axis, _Axis]:
        """Rows and columns, for an input of shape `x`."""
        rows, columns = zip(self.size, self.first, self.step, self.unit, strict=True)
        return _Axis(x[1], *rows), _Axis(x[2], *columns)

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        n, _, _, channels = nhwc(ins[0].shape, self.name)
        if not all(axis.is_valid() for axis in self._axes(ins[0].shape)):
            raise VerifyError(f"{self.name}: places beyond what 32 bits and units up to {MAX_UNIT} hold: {self}")
        return (TensorType((n, *self.size, channels), ins[0].dtype),)

    def eval_float(self, *ins: F32) -> tuple[F32, ...]:
        (x,) = ins
        rows, columns = self._axes(x.shape)
        if not self.linear:
            return (_nearest(x, rows, columns),)
        down, right = (axis.rest() / axis.unit for axis in (rows, columns))
        return (_blend(x.astype(np.float64), rows, columns, down, right, 1).astype(np.float32),)

    def eval_int(self, ins: Sequence[Array], sig: Signature) -> tuple[Array, ...]:
        (x,) = ins
        rows, columns = self._axes(x.shape)
        if not self.linear:
            return (_nearest(x, rows, columns),)
        down, right = ((axis.rest() * ONE + axis.unit // 2) // axis.unit for axis in (rows, columns))
        total = _blend(x.astype(np.int64), rows, columns, down, right, ONE)
        away = total < 0 if sig.rounding is Rounding.TFLITE else 0
        return (((total + ONE * ONE // 2 - away) // (ONE * ONE)).astype(np.int8),)

    def is_identity(self, *ins: TensorType) -> bool:
        axes = self._axes(ins[0].shape)
        return self.size == ins[0].shape[1:3] and all(
            np.array_equal(a.low(), np.arange(a.cells)) and not (self.linear and a.rest().any()) for a in axes
        )

    def window(self, region: Region, *ins: TensorType) -> tuple[Op, tuple[Region | None, ...]]:
        rows, columns = self._axes(ins[0].shape)
        row_span, rows = rows.part(region[1], self.linear)
        column_span, columns = columns.part(region[2], self.linear)
        op = replace(self, size=(rows.size, columns.size), first=(rows.first, columns.first))
        return op, ((region[0], row_span, column_span, region[3]),)

    # Channels

    def channel_flow(self, sig: Signature) -> ChannelFlow:
        return ChannelFlow.COUPLED

    def used_channels(self, used: Mask, sig: Signature) -> tuple[Mask, ...]:
        return (used,)

    def channel_ranges(self, ranges: Sequence[ChannelRange], sig: Signature) -> tuple[ChannelRange, ...]:
        return (ranges[0],)

    # Kernels

    def kernels(self, sig: Signature, target: KernelTarget) -> Sequence[Candidate]:
        n, _, _, channels = sig.x.shape
        rows, columns = self._axes(sig.x.shape)
        params = Struct(
            "tinyc_resize_params",
            {"batches": n, "rows": rows.fields(), "columns": columns.fields(), "channels": channels},
        )
        if self.linear:
            suffix = "s8" if sig.x.quant else "f32"
            call = tinyc_call(f"tinyc_resize_linear_{suffix}", params, In(0), Out())
        else:
            call = tinyc_call("tinyc_resize_nearest", params, sig.x.dtype.bytes, In(0), Out())
        return [(with_lags(call, sig, {0: self._lag(sig)}),)]

    def _lag(self, sig: Signature) -> int:
        """Pixel after pixel; nearest copies a row that it has just made when the same one is wanted again."""
        n, height, width, channels = sig.x.shape
        rows, columns = self._axes(sig.x.shape)
        lowest = rows.low()[:, None] * width + columns.low()
        images = np.arange(n)[:, None, None] * (height * width)
        reads = (images + lowest) * channels
        if self.linear:
            return lag_of_passes(reads, channels, channel_by_channel(channels, 1))
        reads[:, 1:][:, rows.low()[1:] == rows.low()[:-1]] = NOTHING
        return lag_of_passes(reads, channels, ((0, channels),))


def _nearest(x: Array, rows: _Axis, columns: _Axis) -> Array:
    return np.ascontiguousarray(x[:, rows.low()][:, :, columns.low()])


def _blend(x: Array, rows: _Axis, columns: _Axis, down: Array, right: Array, one: int) -> Array:
    """Weighted sums of four neighbours; `down` and `right` are the weights, out of `one`, of the later ones."""
    down, right = down[:, None, None], right[:, None]
    mixed = x[:, rows.low()] * (one - down) + x[:, rows.high()] * down
    return np.asarray(mixed[:, :, columns.low()] * (one - right) + mixed[:, :, columns.high()] * right)
