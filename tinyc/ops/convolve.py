"""Convolve: convolution and transposed convolution with any number of axes, of floats or integers, channels first."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from tinyc.errors import VerifyError
from tinyc.ir.kernel import Code, In, KernelCall, Out, loop_call
from tinyc.ir.op import Array, Signature
from tinyc.ir.types import DType, TensorType
from tinyc.ops._plain import PlainOp, ctype, steps
from tinyc.ops._windows import Line, cells, kept, summed, windows


@dataclass(frozen=True)
class Convolve(PlainOp):
    """y[n, m, i…] = sum over c, k of x[n, c, (i · stride − before + k · dilation)…] · w[m, c, k…], in groups.

    Transposed it is y[n, m, i…] = sum over c, k of x[n, c, (i + before − k · dilation)… / stride] · w[c, m, k…],
    wherever that is a whole place. What lies outside of x is 0; `size` is that of the results. Of integers the sums
    are int32, which wrap.
    """

    name: ClassVar[str] = "convolve"

    size: tuple[int, ...]
    stride: tuple[int, ...]
    before: tuple[int, ...]
    dilation: tuple[int, ...]
    groups: int = 1
    transposed: bool = False

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        x, w = ins
        if any(len(v) != x.rank - 2 for v in (self.size, self.stride, self.before, self.dilation)) or w.rank != x.rank:
            raise VerifyError(f"convolve: {self} does not fit an input of {x.rank} axes")
        if x.dtype.is_float != w.dtype.is_float or any(k.dtype is DType.BOOL or k.dtype.bytes > 4 for k in ins):
            raise VerifyError(f"convolve: no products of {x.dtype.value} and {w.dtype.value} elements")
        channels, outer = (
            (w.shape[0], w.shape[1] * self.groups) if self.transposed else (w.shape[1] * self.groups, w.shape[0])
        )
        if channels != x.shape[1] or w.shape[0] % self.groups:
            raise VerifyError(f"convolve: weights of shape {w.shape} in {self.groups} groups do not fit {x.shape}")
        windows(self._lines(x.shape, w.shape))
        return (TensorType((x.shape[0], outer, *self.size), x.dtype if x.dtype.is_float else DType.I32),)

    def _lines(self, x: Sequence[int], w: Sequence[int]) -> list[Line]:
        g, step, taps = self.groups, steps(x), steps(w)
        depth = x[1] // g
        if self.transposed:
            outer, group, apart, along = w[1], depth * taps[0], taps[1], taps[0]
        else:
            outer, group, apart, along = w[0] // g, (w[0] // g) * taps[0], taps[0], taps[1]
        lines = [
            kept(x[0], step[0]),
            kept(g, depth * step[1], group),
            kept(outer, 0, apart),
            summed(depth, step[1], along),
        ]
        for axis, size in enumerate(self.size):
            stride, before, dilation = self.stride[axis], self.before[axis], self.dilation[axis]
            move = (before, 1, -dilation, stride) if self.transposed else (-before, stride, dilation, 1)
            place = (x[axis + 2], step[axis + 2])
            lines.append(Line(size, w[axis + 2], *move, *place, 0, taps[axis + 2]))
        return lines

    def compute(self, *ins: Array) -> Array:
        x, w = ins
        lines = self._lines(x.shape, w.shape)
        wide = np.float64 if x.dtype.kind == "f" else np.int64
        sums = np.zeros(tuple(line.results for line in lines), wide)
        for at, there, weight in cells(lines):
            sums += np.where(there, x.reshape(-1)[at].astype(wide) * w.reshape(-1)[weight], 0)
        return sums if x.dtype.kind == "f" else sums.astype(np.int32)

    def macs(self, *ins: TensorType) -> int:
        (y,) = self.infer(*ins)
        _, w = ins
        if self.transposed:
            return ins[0].size * w.size // w.shape[0]
        return y.size * prod(w.shape[1:])

    def call(self, sig: Signature) -> KernelCall:
        x, w = sig.ins
        if x.dtype.is_float:
            total, start, each, result = "float", "0.0f", "sum += a * b", "sum"
        else:
            total, start, each, result = "uint32_t", "0u", "sum += (uint32_t)a * (uint32_t)b", "sum"
        return loop_call(
            "tinyc_windows_2", "tinyc_windows.h", ctype(x), ctype(w), Code(total), ctype(sig.y), Code(start),
            Code(each), Code(result), windows(self._lines(x.shape, w.shape)), In(0), In(1), Out(),
        )  # fmt: skip
