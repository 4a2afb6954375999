"""Einsum: sums of products of elements of any type, written with letters for axes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyc.errors import VerifyError
from tinyc.ir.kernel import Code, In, KernelCall, Out, loop_call
from tinyc.ir.op import Array, Signature
from tinyc.ir.types import TensorType
from tinyc.ops._functions import class_of
from tinyc.ops._plain import MAX_RANK, PlainOp, ctype, loops, steps
from tinyc.ops._reductions import wide

_STEPS = (
    {"f": "total + a", "i": "(uint64_t)total + (uint64_t)a", "u": "total + a"},
    {"f": "total + a * b", "i": "(uint64_t)total + (uint64_t)a * (uint64_t)b", "u": "total + (uint64_t)a * b"},
)


@dataclass(frozen=True)
class Einsum(PlainOp):
    """With "ij,jk->ik", y[i, k] = Σ a[i, j] · b[j, k] over the letters that y does not have; of one tensor or two.

    A letter that an operand has twice stands for its diagonal. Axes of size 1 broadcast.
    """

    name: ClassVar[str] = "einsum"

    equation: str

    @property
    def letters(self) -> tuple[list[str], str]:
        """Those of the operands, and those of the result."""
        left, _, right = self.equation.partition("->")
        return left.split(","), right

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        given, wanted = self.letters
        if len(given) != len(ins) or len(ins) > 2 or [len(g) for g in given] != [x.rank for x in ins]:
            raise VerifyError(f"einsum {self.equation} of shapes {', '.join(str(x.shape) for x in ins)}")
        if len({x.dtype for x in ins}) > 1 or class_of(ins[0].dtype) not in _STEPS[0]:
            raise VerifyError(f"einsum of {' and '.join(x.dtype.value for x in ins)} elements")
        sizes = self._sizes(*ins)
        if len(set(wanted)) != len(wanted) or not set(wanted) <= sizes.keys():
            raise VerifyError(f"einsum {self.equation}: its result must have letters of its operands, each once")
        if max(len(wanted), len(sizes) - len(wanted)) > MAX_RANK:
            raise VerifyError(f"einsum {self.equation}: more than {MAX_RANK} axes")
        return (TensorType(tuple(sizes[letter] for letter in wanted), ins[0].dtype),)

    def _sizes(self, *ins: TensorType) -> dict[str, int]:
        sizes: dict[str, int] = {}
        for letters, kind in zip(self.letters[0], ins, strict=True):
            for letter, size in zip(letters, kind.shape, strict=True):
                if 1 != size != sizes.get(letter, 1) != 1:
                    raise VerifyError(f"einsum {self.equation}: {letter} is both {sizes[letter]} and {size}")
                sizes[letter] = max(size, sizes.get(letter, 1))
        return sizes

    def compute(self, *ins: Array) -> Array:
        return np.asarray(np.einsum(self.equation, *ins))

    def call(self, sig: Signature) -> KernelCall:
        given, wanted = self.letters
        sizes = self._sizes(*sig.ins)
        summed = [letter for letter in sizes if letter not in wanted]

        def looped(over: list[str]) -> dict[str, tuple[int, ...]]:
            return {
                operand: tuple(_step(letters, kind, letter) for letter in over)
                for operand, letters, kind in zip("ab", given, sig.ins, strict=False)
            }

        return loop_call(
            f"tinyc_reduce_{len(given)}", "tinyc_reductions.h", *map(ctype, sig.ins), Code(wide(sig.y.dtype)),
            ctype(sig.y), Code("0"), Code(_STEPS[len(given) - 1][class_of(sig.y.dtype)]), Code("total"),
            loops(sig.y.shape, **looped(list(wanted))), loops([sizes[s] for s in summed], **looped(summed)),
            *(In(i) for i in range(len(given))), Out(),
        )  # fmt: skip


def _step(letters: str, kind: TensorType, letter: str) -> int:
    """By how many elements an operand moves on where an index does."""
    axes = zip(letters, kind.shape, steps(kind.shape), strict=True)
    return sum(step for own, size, step in axes if own == letter and size > 1)
