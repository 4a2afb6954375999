"""TopK: the first elements of each line in order, or where they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from tinyc.errors import VerifyError
from tinyc.ir.kernel import Code, In, KernelCall, Out, loop_call
from tinyc.ir.op import Array, Op, Signature
from tinyc.ir.rules import AsIs, Free, QuantRule, SameAs
from tinyc.ir.types import DType, TensorType
from tinyc.ops._plain import PlainOp, ctype
from tinyc.ops.accumulate import lines


@dataclass(frozen=True)
class TopK(PlainOp):
    """The k largest or smallest elements along `axis`, in order, or their indices. NaN counts as the largest.

    Of equal elements the one with the lower index comes first, or with the higher if `last`.
    """

    name: ClassVar[str] = "top_k"

    axis: int
    k: int
    largest: bool = True
    last: bool = False
    indices: bool = False

    @property
    def quant_rule(self) -> QuantRule:
        return QuantRule(ins=(AsIs(),), outs=(Free() if self.indices else SameAs(0),))

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        (x,) = ins
        if not 0 <= self.axis < x.rank or not 1 <= self.k <= x.shape[self.axis]:
            raise VerifyError(f"the first {self.k} elements along axis {self.axis} of shape {x.shape}")
        shape = (*x.shape[: self.axis], self.k, *x.shape[self.axis + 1 :])
        return (TensorType(shape, DType.I64 if self.indices else x.dtype),)

    def compute(self, *ins: Array) -> Array:
        (x,), count = ins, ins[0].shape[self.axis]
        _, ranks = np.unique(x, return_inverse=True)
        keys = np.moveaxis(ranks.reshape(x.shape), self.axis, -1) * (-1 if self.largest else 1)
        order = np.argsort(keys[..., ::-1] if self.last else keys, axis=-1, kind="stable")
        found = np.moveaxis((count - 1 - order if self.last else order)[..., : self.k], -1, self.axis)
        return found if self.indices else np.take_along_axis(x, found, self.axis)

    def on_axes(self, axes: Sequence[int], rank: int) -> Op | None:
        return replace(self, axis=axes[self.axis]) if axes[self.axis] >= 0 else None

    def call(self, sig: Signature) -> KernelCall:
        a, b = ("a", "b") if self.largest else ("b", "a")
        order = f"tinyc_order_f32({a}, {b})" if sig.x.dtype.is_float else f"({a} > {b}) - ({a} < {b})"
        return loop_call(
            "tinyc_top_k", "tinyc_reductions.h", ctype(sig.x), ctype(sig.y), Code(order),
            Code("found" if self.indices else "value"), int(self.last), *lines(sig.x, self.axis), self.k,
            In(0), Out(),
        )  # fmt: skip
