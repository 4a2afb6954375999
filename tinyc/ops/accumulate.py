"""Accumulate: running sums and products along an axis."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import ClassVar

import numpy as np

from tinyc.errors import VerifyError
from tinyc.ir.kernel import Code, In, KernelCall, Out, loop_call
from tinyc.ir.op import Array, Op, Signature
from tinyc.ir.types import TensorType
from tinyc.ops._functions import class_of
from tinyc.ops._plain import PlainOp, ctype
from tinyc.ops._reductions import REDUCTIONS

_NUMPY: dict[str, Callable[..., Array]] = {"sum": np.cumsum, "prod": np.cumprod}


@dataclass(frozen=True)
class Accumulate(PlainOp):
    """y[k] = the sum or product of x[0] … x[k] along `axis`; without x[k] if exclusive, from the end if reverse."""

    name: ClassVar[str] = "accumulate"

    function: str
    axis: int
    exclusive: bool = False
    reverse: bool = False

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        (x,) = ins
        if self.function not in _NUMPY or class_of(x.dtype) not in REDUCTIONS[self.function].step:
            raise VerifyError(f"there is no running {self.function} of {x.dtype.value} elements")
        if not 0 <= self.axis < x.rank:
            raise VerifyError(f"a running {self.function} along axis {self.axis} of a tensor of {x.rank} axes")
        return (x,)

    def compute(self, *ins: Array) -> Array:
        x = np.flip(ins[0], self.axis) if self.reverse else ins[0]
        y = _NUMPY[self.function](x, axis=self.axis, dtype=x.dtype)
        if self.exclusive:
            first = np.full_like(np.take(x, [0], self.axis), 0 if self.function == "sum" else 1)
            y = np.concatenate([first, np.delete(y, -1, self.axis)], axis=self.axis)
        return np.flip(y, self.axis) if self.reverse else y

    def on_axes(self, axes: Sequence[int], rank: int) -> Op | None:
        return replace(self, axis=axes[self.axis]) if axes[self.axis] >= 0 else None

    def call(self, sig: Signature) -> KernelCall:
        x, found = sig.x, REDUCTIONS[self.function]
        return loop_call(
            "tinyc_accumulate", "tinyc_reductions.h", ctype(x), Code(found.c_total(x.dtype)), Code(found.start),
            Code(found.step[class_of(x.dtype)]), int(self.exclusive), int(self.reverse), *lines(x, self.axis),
            In(0), Out(),
        )  # fmt: skip


def lines(x: TensorType, axis: int) -> tuple[int, int, int]:
    """How many lines along `axis` there are before each other, how long they are, and how many side by side."""
    return prod(x.shape[:axis]), x.shape[axis], prod(x.shape[axis + 1 :])
