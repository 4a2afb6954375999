"""Transpose: the axes in another order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from tinyc.errors import VerifyError
from tinyc.ir.kernel import Candidate, In, KernelTarget, Out, Struct, Table, cmsis_call, dims, tinyc_call
from tinyc.ir.op import F32, Array, Op, Region, Signature, channels
from tinyc.ir.rules import AsIs, QuantRule, SameAs
from tinyc.ir.types import TensorType
from tinyc.ops._plain import steps
from tinyc.ops.strided import strided_call

MAX_RANK = 6


@dataclass(frozen=True)
class Transpose(Op):
    """Axis a of the result is axis `perm[a]` of the input."""

    name: ClassVar[str] = "transpose"
    is_move: ClassVar[bool] = True
    any_type: ClassVar[bool] = True

    perm: tuple[int, ...]

    @property
    def quant_rule(self) -> QuantRule:
        return QuantRule(ins=(AsIs(),), outs=(SameAs(0),))

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        (x,) = ins
        if sorted(self.perm) != list(range(x.rank)) or x.rank > MAX_RANK:
            raise VerifyError(
                f"transpose: {self.perm} does not permute the axes of {x.shape} (at most {MAX_RANK} axes)"
            )
        return (TensorType(tuple(x.shape[p] for p in self.perm), x.dtype),)

    def eval_float(self, *ins: F32) -> tuple[F32, ...]:
        return (np.ascontiguousarray(ins[0].transpose(self.perm)),)

    def eval_int(self, ins: Sequence[Array], sig: Signature) -> tuple[Array, ...]:
        return (np.ascontiguousarray(ins[0].transpose(self.perm)),)

    def window(self, region: Region, *ins: TensorType) -> tuple[Op, tuple[Region | None, ...]]:
        part = [(0, 0)] * len(region)
        for span, axis in zip(region, self.perm, strict=True):
            part[axis] = span
        return self, (tuple(part),)

    def is_identity(self, *ins: TensorType) -> bool:
        return self.perm == tuple(range(len(self.perm)))

    def rearrangement(self) -> tuple[int, ...]:
        return self.perm

    def moved_channels(self, *ins: TensorType) -> NDArray[np.int64] | None:
        return np.arange(channels(ins[0])) if self.perm[-1:] in ((), (len(self.perm) - 1,)) else None

    def merged_with(self, producer: Op) -> Op | None:
        if not isinstance(producer, Transpose):
            return None
        return Transpose(tuple(producer.perm[p] for p in self.perm))

    def kernels(self, sig: Signature, target: KernelTarget) -> Sequence[Candidate]:
        shape, perm = merged_axes(sig.x.shape, self.perm)
        if sig.x.quant and len(shape) <= 4:
            shape, perm = (*shape, *(1,) * (4 - len(shape))), (*perm, *range(len(perm), 4))
            params = Struct(
                "cmsis_nn_transpose_params",
                {"num_dims": 4, "permutations": Table("permutation", np.array(perm, dtype=np.uint32))},
            )
            out = tuple(shape[p] for p in perm)
            sizes = dims("input", *shape), dims("output", *out)
            return [(cmsis_call("arm_transpose_s8", In(0), Out(), *sizes, params),)]
        if not sig.x.quant and not sig.x.dtype.is_float:
            moves = steps(sig.x.shape)
            return [(strided_call(sig, 0, [moves[p] for p in self.perm]),)]
        rank = len(shape)
        distances = steps(shape)
        lead = MAX_RANK - rank
        params = Struct(
            "tinyc_transpose_params",
            {
                "size": (1,) * lead + tuple(shape[p] for p in perm),
                "stride": (0,) * lead + tuple(distances[p] for p in perm),
            },
        )
        return [(tinyc_call(f"tinyc_transpose_{'s8' if sig.x.quant else 'f32'}", params, In(0), Out()),)]


def merged_axes(shape: Sequence[int], perm: Sequence[int]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The same rearrangement with axes that stay neighbours merged and axes of size 1 left out."""
    kept = [p for p in perm if shape[p] != 1]
    runs: list[list[int]] = []
    for axis in kept:
        follows = runs and all(shape[a] == 1 for a in range(runs[-1][-1] + 1, axis)) and axis > runs[-1][-1]
        if follows:
            runs[-1].append(axis)
        else:
            runs.append([axis])
    order = sorted(range(len(runs)), key=lambda i: runs[i][0])
    sizes = tuple(int(np.prod([shape[a] for a in runs[i]])) for i in order)
    return sizes or (1,), tuple(order.index(i) for i in range(len(runs))) or (0,)
