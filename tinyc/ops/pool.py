"""Pool: one number of each window of a tensor of any type, batch and channels first, with any number of axes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyc.errors import VerifyError
from tinyc.ir.kernel import Code, In, KernelCall, Out, loop_call
from tinyc.ir.op import Array, Signature
from tinyc.ir.types import DType, TensorType
from tinyc.ops._plain import PlainOp, ctype, steps
from tinyc.ops._windows import Line, cells, kept, windows

_NORMS = {  # by exponent: what each element adds, and what becomes of the sum
    1.0: ("sum += fabsf(a)", "sum"),
    2.0: ("sum += a * a", "sqrtf(sum)"),
}
_NORM = ("sum += powf(fabsf(a), {0})", "powf(sum, 1.0f / {0})")


@dataclass(frozen=True)
class Pool(PlainOp):
    """y[n, c, i…] = function(x[n, c, i · stride − before + k · dilation …] for all k that lie inside).

    `size` is that of the results. Functions: max; where, the place of the maximum among all elements of x, the first
    one, as int64; mean of the elements inside; sum; norm, of exponent p.
    """

    name: ClassVar[str] = "pool"

    function: str
    size: tuple[int, ...]
    kernel: tuple[int, ...]
    stride: tuple[int, ...]
    before: tuple[int, ...]
    dilation: tuple[int, ...]
    p: float = 2.0

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        (x,) = ins
        if any(len(v) != x.rank - 2 for v in (self.size, self.kernel, self.stride, self.before, self.dilation)):
            raise VerifyError(f"pool: {self} does not fit an input of {x.rank} axes")
        if self.function not in ("max", "where", "mean", "sum", "norm"):
            raise VerifyError(f"pool: no function {self.function}")
        if self.function in ("mean", "sum", "norm") and not x.dtype.is_float:
            raise VerifyError(f"pool: no {self.function} of {x.dtype.value} elements")
        windows(self._lines(x.shape))
        return (TensorType((*x.shape[:2], *self.size), DType.I64 if self.function == "where" else x.dtype),)

    def _lines(self, shape: Sequence[int]) -> list[Line]:
        step = steps(shape)
        lines = [kept(shape[0], step[0]), kept(shape[1], step[1])]
        along = zip(self.size, self.kernel, self.before, self.stride, self.dilation, shape[2:], step[2:], strict=True)
        return lines + [Line(n, k, -pad, stride, apart, 1, cells, s) for n, k, pad, stride, apart, cells, s in along]

    def compute(self, *ins: Array) -> Array:
        (x,) = ins
        lowest = -np.inf if x.dtype.kind == "f" else np.iinfo(x.dtype).min
        shape = (*x.shape[:2], *self.size)
        count, where = np.zeros(shape, np.int64), np.full(shape, -1, np.int64)
        sums = np.full(shape, lowest, x.dtype) if self.function in ("max", "where") else np.zeros(shape, np.float64)
        for at, there, _ in cells(self._lines(x.shape)):
            a = x.reshape(-1)[at]
            if self.function in ("max", "where"):
                where = np.where(there & ((where < 0) | (a > sums)), at, where)
                sums = np.where(there, np.maximum(sums, a), sums)
            else:
                sums += np.where(there, np.abs(a.astype(np.float64)) ** self.p if self.function == "norm" else a, 0)
            count += there
        match self.function:
            case "where":
                return where
            case "mean":
                return np.asarray(sums / count)
            case "norm":
                return np.asarray(sums ** (1 / self.p))
        return sums

    def call(self, sig: Signature) -> KernelCall:
        kind = sig.x.dtype
        total, start = Code(kind.c), Code("0.0f")
        match self.function:
            case "max":
                start = Code("-INFINITY" if kind.is_float else _lowest(kind))
                each = "sum = tinyc_max_f32(sum, a)" if kind.is_float else "sum = a > sum ? a : sum"
                result = "sum"
            case "where":
                total, start = Code("int32_t"), Code("-1")
                each, result = "if (sum < 0 || a > x[sum]) sum = at", "sum"
            case "norm":
                each, result = _NORMS.get(self.p, _NORM)
            case _:
                each, result = "sum += a", "sum / (float)count" if self.function == "mean" else "sum"
        return loop_call(
            "tinyc_windows_1", "tinyc_windows.h", ctype(sig.x), total, ctype(sig.y), start,
            Code(each, (self.p,)), Code(result, (self.p,)), windows(self._lines(sig.x.shape)), In(0), Out(),
        )  # fmt: skip


def _lowest(kind: DType) -> str:
    return f"INT{8 * kind.bytes}_MIN" if kind.numpy.kind == "i" else "0"
