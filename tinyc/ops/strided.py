"""Strided: elements of a tensor at even distances along each axis: slices, repetitions, reversals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tinyc.errors import VerifyError
from tinyc.ir.kernel import Code, In, KernelCall, Out, loop_call
from tinyc.ir.op import Array, Op, Region, Signature, channels
from tinyc.ir.rules import AsIs, QuantRule, SameAs
from tinyc.ir.types import TensorType
from tinyc.ops._plain import MAX_RANK, PlainOp, ctype, loops, steps


@dataclass(frozen=True)
class Strided(PlainOp):
    """y[i, j, …] = x[start[0] + i · step[0], start[1] + j · step[1], …]; a step of 0 repeats, one below goes back."""

    name: ClassVar[str] = "strided"
    is_move: ClassVar[bool] = True

    shape: tuple[int, ...]
    start: tuple[int, ...]
    step: tuple[int, ...]

    @property
    def quant_rule(self) -> QuantRule:
        return QuantRule(ins=(AsIs(),), outs=(SameAs(0),))

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        (x,) = ins
        if not len(self.shape) == len(self.start) == len(self.step) == x.rank <= MAX_RANK:
            raise VerifyError(f"strided: {self.shape} of {x.shape}: as many axes, at most {MAX_RANK}")
        for size, start, step, old in zip(self.shape, self.start, self.step, x.shape, strict=True):
            if size and not (0 <= start < old and 0 <= start + (size - 1) * step < old):
                raise VerifyError(f"strided: {self.start}, {self.step} for {self.shape} leave {x.shape}")
        return (TensorType(self.shape, x.dtype),)

    def compute(self, *ins: Array) -> Array:
        places = zip(self.shape, self.start, self.step, strict=True)
        taken: Array = ins[0][np.ix_(*(start + step * np.arange(size) for size, start, step in places))]
        return taken

    def is_identity(self, *ins: TensorType) -> bool:
        moves = zip(self.shape, self.start, self.step, strict=True)
        return ins[0].shape == self.shape and all(
            (start == 0 and step == 1) or size == 1 for size, start, step in moves
        )

    def moved_channels(self, *ins: TensorType) -> NDArray[np.int64] | None:
        size = channels(ins[0])
        whole = not self.shape or ((self.shape[-1], self.start[-1]) == (size, 0) and (self.step[-1] == 1 or size == 1))
        return np.arange(size) if whole else None

    def merged_with(self, producer: Op) -> Op | None:
        if not isinstance(producer, Strided):
            return None
        inner = list(zip(producer.start, producer.step, strict=True))
        start = tuple(first + step * at for (first, step), at in zip(inner, self.start, strict=True))
        return Strided(self.shape, start, tuple(a * b for (_, a), b in zip(inner, self.step, strict=True)))

    def on_axes(self, axes: Sequence[int], rank: int) -> Op | None:
        shape, start, step = [1] * rank, [0] * rank, [1] * rank
        for axis, place in enumerate(axes):
            if place >= 0:
                shape[place], start[place], step[place] = self.shape[axis], self.start[axis], self.step[axis]
            elif self.shape[axis] != 1:
                return None
        return Strided(tuple(shape), tuple(start), tuple(step))

    def window(self, region: Region, *ins: TensorType) -> tuple[Op, tuple[Region | None, ...]]:
        start, part = [], []
        for (low, high), first, step in zip(region, self.start, self.step, strict=True):
            ends = (first + low * step, first + max(high - 1, low) * step)
            part.append((min(ends), max(ends) + 1 if high > low else min(ends)))
            start.append(ends[0] - min(ends))
        shape = tuple(high - low for low, high in region)
        return Strided(shape, tuple(start), self.step), (tuple(part),)

    def call(self, sig: Signature) -> KernelCall:
        distances = steps(sig.x.shape)
        first = sum(at * d for at, d in zip(self.start, distances, strict=True))
        moves = tuple(s * d for s, d in zip(self.step, distances, strict=True))
        return strided_call(sig, first, moves)


def strided_call(sig: Signature, first: int, moves: Sequence[int]) -> KernelCall:
    """A copy from the element `first` of the input on, with so many elements to move on along the result's axes."""
    sizes, merged = merged_loops(sig.y.shape, moves)
    return loop_call(
        "tinyc_strided", "tinyc_loops.h", ctype(sig.x), Code(str(first)), loops(sizes, a=merged), In(0), Out()
    )


def merged_loops(shape: Sequence[int], moves: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The same loops with as few axes as will do."""
    axes: list[tuple[int, int]] = []
    for size, move in zip(shape, moves, strict=True):
        if size == 1:
            continue
        if axes and axes[-1][1] == move * size:
            axes[-1] = (axes[-1][0] * size, move)
        else:
            axes.append((size, move))
    return tuple(size for size, _ in axes), tuple(move for _, move in axes)
