"""Operators on elements of any type, which are computed as they are: there is no int8 arithmetic of their own."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np

from tinyc.errors import UnsupportedError, VerifyError
from tinyc.ir.kernel import Candidate, Code, KernelCall, KernelTarget, Struct
from tinyc.ir.op import Array, Op, Region, Signature
from tinyc.ir.rules import QuantRule
from tinyc.ir.types import DType, TensorType

MAX_RANK = 8


class PlainOp(Op):
    """What it means is what it does: `compute` on arrays of the types that `infer` was given."""

    any_type: ClassVar[bool] = True

    @abstractmethod
    def compute(self, *ins: Array) -> Array:
        """The result, in the type that `infer` says."""

    @abstractmethod
    def call(self, sig: Signature) -> KernelCall:
        """What computes it."""

    @property
    def quant_rule(self) -> QuantRule:
        raise UnsupportedError(f"{self.described} has no int8 form", hint="compile with --float")

    def eval_float(self, *ins: Array) -> tuple[Array, ...]:
        (kind,) = self.infer(*kinds_of(ins))
        with np.errstate(all="ignore"):
            return (np.ascontiguousarray(self.compute(*ins), kind.dtype.numpy).reshape(kind.shape),)

    def eval_int(self, ins: Sequence[Array], sig: Signature) -> tuple[Array, ...]:
        return self.eval_float(*ins)

    def window(self, region: Region, *ins: TensorType) -> tuple[Op, tuple[Region | None, ...]]:
        raise VerifyError(f"{self.name} is computed as a whole")

    def kernels(self, sig: Signature, target: KernelTarget) -> Sequence[Candidate]:
        return [(self.call(sig),)]


def kinds_of(ins: Sequence[Array]) -> list[TensorType]:
    """The types of arrays."""
    return [TensorType(x.shape, DType(DType.of(x.dtype))) for x in ins]


def ctype(kind: TensorType) -> Code:
    """The C type of its elements."""
    return Code(kind.dtype.c)


def padded(sizes: Sequence[int], fill: int = 1) -> tuple[int, ...]:
    """`sizes` with as many axes before them as the loops have."""
    return (fill,) * (MAX_RANK - len(sizes)) + tuple(sizes)


def steps(shape: Sequence[int]) -> tuple[int, ...]:
    """By how many elements a step along each axis of a contiguous tensor moves on."""
    return tuple(int(np.prod(shape[a + 1 :], dtype=np.int64)) for a in range(len(shape)))


def loops(sizes: Sequence[int], **operands: Sequence[int]) -> Struct:
    """A `tinyc_loops`: sizes, outermost first, and the step of each operand along each axis (operands a, b, c)."""
    fields: dict[str, Any] = {"size": padded(sizes)}
    for operand in "abc":
        fields[operand] = padded(operands.get(operand, (0,) * len(sizes)), 0)
    return Struct("tinyc_loops", fields, "loops")


def broadcast_steps(kind: TensorType, shape: Sequence[int]) -> tuple[int, ...]:
    """The steps of an operand that is broadcast to `shape`."""
    return (0,) * (len(shape) - kind.rank) + tuple(
        0 if size == 1 else step for size, step in zip(kind.shape, steps(kind.shape), strict=True)
    )
