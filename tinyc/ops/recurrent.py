"""Recurrent: RNN, GRU and LSTM cells along sequences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyc.errors import VerifyError
from tinyc.ir.kernel import Code, In, KernelCall, Out, Struct, Workspace, loop_call
from tinyc.ir.op import Array, Signature
from tinyc.ir.types import DType, TensorType
from tinyc.ops._functions import FUNCTIONS
from tinyc.ops._plain import PlainOp


@dataclass(frozen=True)
class Cell:
    """How many gates, functions and states it has, and how many states' worth of further parameters and scratch."""

    gates: int
    functions: int
    states: int
    parameters: int
    scratch: int


CELLS: Mapping[str, Cell] = {
    "rnn": Cell(gates=1, functions=1, states=1, parameters=0, scratch=1),
    "gru": Cell(gates=3, functions=2, states=1, parameters=1, scratch=3),
    "lstm": Cell(gates=4, functions=3, states=2, parameters=3, scratch=4),
}


@dataclass(frozen=True)
class Recurrent(PlainOp):
    """The states h of a cell after each step, (steps, sequences, size), and behind them its last states.

    Inputs: x (steps, sequences, gates · size), already multiplied by its weights and with its bias; the weights of h
    (gates · size, size); the sequences' lengths, int32; the first states (states, sequences, size), of an LSTM h and c;
    of a GRU the bias of the product with h in its last gate, of an LSTM the peepholes. Gates are in ONNX's order.
    With `reverse` the sequences run from their end. `variant`: a GRU resets behind the product, an LSTM forgets what
    it does not let in. What goes into a gate's function is clipped to ±`clip`, if that is not 0.
    """

    name: ClassVar[str] = "recurrent"

    cell: str
    functions: tuple[str, ...]
    parameters: tuple[tuple[float, ...], ...]
    reverse: bool = False
    variant: bool = False
    clip: float = 0.0

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        cell = CELLS.get(self.cell)
        if cell is None or not cell.functions == len(self.functions) == len(self.parameters):
            raise VerifyError(f"recurrent: no cell {self.cell} of the functions {self.functions}")
        if len(ins) != 4 + (cell.parameters > 0) or len(ins[0].shape) != 3 or len(ins[1].shape) != 2:
            raise VerifyError(f"recurrent: inputs of a {self.cell}: {', '.join(str(kind.shape) for kind in ins)}")
        (steps, sequences, _), size = ins[0].shape, ins[1].shape[1]
        rows = cell.gates * size
        shapes = [(steps, sequences, rows), (rows, size), (sequences,), (cell.states, sequences, size)]
        if cell.parameters:
            shapes.append((cell.parameters * size,))
        for index, (kind, shape) in enumerate(zip(ins, shapes, strict=True)):
            wanted = TensorType(shape, DType.I32 if index == 2 else DType.F32)
            if kind != wanted:
                raise VerifyError(f"recurrent: input {index} is {kind}, not {wanted}")
        return (TensorType((steps + cell.states, sequences, size), DType.F32),)

    def compute(self, *ins: Array) -> Array:
        x, r, lengths, first = ins[:4]
        extra = ins[4] if len(ins) > 4 else np.zeros(0, np.float32)
        y = np.concatenate([np.zeros((len(x), *first.shape[1:]), np.float32), first])
        for sequence, length in enumerate(np.clip(lengths, 0, len(x))):
            states = [state[sequence] for state in first]
            for step in reversed(range(length)) if self.reverse else range(length):
                states = self._step(x[step, sequence], r, states, extra)
                y[step, sequence] = states[0]
            y[len(x) :, sequence] = states
        return y

    def _step(self, x: Array, r: Array, states: list[Array], extra: Array) -> list[Array]:
        h, size = states[0], r.shape[1]
        if self.cell == "rnn":
            return [self._apply(0, x + r @ h)]
        if self.cell == "gru":
            z, reset = np.split(self._apply(0, x[: 2 * size] + r[: 2 * size] @ h), 2)
            product = r[2 * size :] @ (h if self.variant else reset * h) + extra
            new = self._apply(1, x[2 * size :] + (reset * product if self.variant else product))
            return [(1 - z) * new + z * h]
        c = states[1]
        to_in, to_out, to_forget = np.split(extra, 3)
        i, o, f, g = np.split(x + r @ h, 4)
        i = self._apply(0, i + to_in * c)
        forget = 1 - i if self.variant else self._apply(0, f + to_forget * c)
        c = forget * c + i * self._apply(1, g)
        return [self._apply(0, o + to_out * c) * self._apply(2, c, clip=False), c]

    def _apply(self, index: int, a: Array, clip: bool = True) -> Array:
        if clip and self.clip:
            a = np.clip(a, -np.float32(self.clip), np.float32(self.clip))
        given = {f"p{i}": value for i, value in enumerate(self.parameters[index])}
        result: Array = FUNCTIONS[self.functions[index]].numpy(a, **given).astype(np.float32)
        return result

    def call(self, sig: Signature) -> KernelCall:
        cell, (steps, sequences, _), size = CELLS[self.cell], sig.x.shape, sig.y.shape[2]
        functions = [
            Code(FUNCTIONS[function].c["f"], given)
            for function, given in zip(self.functions, self.parameters, strict=True)
        ]
        clip = Code("v_ > {0} ? {0} : v_ < -{0} ? -{0} : v_", (self.clip,)) if self.clip else Code("v_")
        fields = {
            "steps": steps, "sequences": sequences, "size": size,
            "reverse": int(self.reverse), "variant": int(self.variant),
        }  # fmt: skip
        return loop_call(
            f"tinyc_{self.cell}", "tinyc_recurrent.h", *functions, clip, Struct("tinyc_recurrence", fields, "sizes"),
            *(In(i) for i in range(len(sig.ins))), Workspace(), Out(), workspace_bytes=4 * cell.scratch * size,
        )  # fmt: skip

    def macs(self, *ins: TensorType) -> int:
        return ins[0].size * ins[1].shape[1]
