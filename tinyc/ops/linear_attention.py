"""LinearAttention: a matrix for each head, to which keys and values are written and from which queries read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyc.errors import VerifyError
from tinyc.ir.kernel import In, KernelCall, Out, Struct, loop_call
from tinyc.ir.op import Array, Signature
from tinyc.ir.types import DType, TensorType
from tinyc.ops._plain import PlainOp


@dataclass(frozen=True)
class LinearAttention(PlainOp):
    """For each step, S ← e^decay · S + k (beta · (v − S k))ᵀ and y = scale · qᵀ S; without beta, v is written.

    Inputs: queries (batches, steps, heads · keys); keys and values (batches, steps, groups · …); the first matrices
    (batches, groups, keys, values), each of which serves as many heads; if `decays`, (batches, steps, groups · keys or
    groups); if `betas`, (batches, steps, groups or 1). The result is one vector: y (batches, steps, heads · values),
    and behind it the last matrices.
    """

    name: ClassVar[str] = "linear_attention"

    heads: int
    scale: float
    decays: bool = False
    betas: bool = False

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        if len(ins) != 4 + self.decays + self.betas or len(ins[0].shape) != 3 or len(ins[3].shape) != 4:
            raise VerifyError(f"linear_attention: inputs {', '.join(str(kind.shape) for kind in ins)}")
        rows, (_, groups, keys, values) = ins[0].shape[:2], ins[3].shape
        wanted: list[set[tuple[int, ...]]] = [
            {(*rows, self.heads * keys)}, {(*rows, groups * keys)}, {(*rows, groups * values)},
            {(rows[0], groups, keys, values)},
        ]  # fmt: skip
        wanted += [{(*rows, groups), (*rows, groups * keys)}] if self.decays else []
        wanted += [{(*rows, groups), (*rows, 1)}] if self.betas else []
        for index, (kind, shapes) in enumerate(zip(ins, wanted, strict=True)):
            if kind.shape not in shapes or kind.dtype is not DType.F32:
                raise VerifyError(f"linear_attention: input {index} is {kind}, not {' or '.join(map(str, shapes))}")
        if self.heads % groups:
            raise VerifyError(f"linear_attention: {self.heads} heads of {groups} groups")
        return (TensorType((rows[0] * rows[1] * self.heads * values + ins[3].size,), DType.F32),)

    def compute(self, *ins: Array) -> Array:
        state = ins[3]
        (batches, groups, keys, values), steps = state.shape, ins[0].shape[1]
        q, k, v = (x.reshape(batches, steps, -1, size) for x, size in zip(ins, (keys, keys, values), strict=False))
        y = []
        for step in range(steps):
            if self.decays:
                state = state * np.exp(ins[4][:, step]).reshape(batches, groups, -1, 1)
            key, written = k[:, step, :, :, None], v[:, step, :, None, :]
            if self.betas:
                part = ins[-1][:, step].reshape(batches, -1, 1, 1)
                written = part * (written - (key * state).sum(axis=2, keepdims=True))
            state = state + key * written
            shared = np.repeat(state, self.heads // groups, axis=1)
            y.append(np.float32(self.scale) * (q[:, step, :, None, :] @ shared)[:, :, 0])
        return np.concatenate([np.stack(y, axis=1).reshape(-1), state.reshape(-1)])

    def call(self, sig: Signature) -> KernelCall:
        (batches, steps, _), (_, groups, keys, values) = sig.ins[0].shape, sig.ins[3].shape
        decay, beta = (4 if self.decays else 0), (len(sig.ins) - 1 if self.betas else 0)
        fields = {
            "batches": batches, "steps": steps, "heads": self.heads, "groups": groups, "keys": keys, "values": values,
            "decays": sig.ins[4].shape[2] // groups if self.decays else 0,
            "betas": sig.ins[-1].shape[2] if self.betas else 0, "scale": self.scale,
        }  # fmt: skip
        shape = Struct("tinyc_linear_attention_shape", fields, "shape")
        return loop_call(
            "tinyc_linear_attention",
            "tinyc_linear_attention.h",
            shape,
            *(In(i) for i in (0, 1, 2, 3, decay, beta)),
            Out(),
        )

    def macs(self, *ins: TensorType) -> int:
        _, groups, keys, values = ins[3].shape
        return ins[0].shape[0] * ins[0].shape[1] * keys * values * (self.heads + groups * (2 if self.betas else 1))
