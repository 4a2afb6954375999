"""Recurrent: RNN, GRU and LSTM cells along sequences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from tinyc.errors import UnsupportedError, VerifyError
from tinyc.ir.kernel import Candidate, Code, In, KernelCall, KernelTarget, Out, Struct, Workspace, loop_call
from tinyc.ir.op import Array, Op, Region, Signature
from tinyc.ir.rules import AsIs, Free, Observed, Own, QuantRule
from tinyc.ir.types import DType, Rounding, TensorType
from tinyc.ops._cells import EXTRA, LENGTHS, B, C, H, Numbers, R, States, W, X
from tinyc.ops._curves import Function, bits_of, is_smooth, settles
from tinyc.ops._functions import FUNCTIONS
from tinyc.ops._tflite_cells import TfliteNumbers
from tinyc.ops.kernels import recurrent


@dataclass(frozen=True)
class Cell:
    """How many gates, functions and states it has, how many states' worth of further parameters and of scratch."""

    gates: int
    functions: int
    states: int
    parameters: int
    scratch: int


CELLS: Mapping[str, Cell] = {
    "rnn": Cell(gates=1, functions=1, states=1, parameters=0, scratch=2),
    "gru": Cell(gates=3, functions=2, states=1, parameters=1, scratch=6),
    "lstm": Cell(gates=4, functions=3, states=2, parameters=3, scratch=8),
}


@dataclass(frozen=True)
class Recurrent(Op):
    """The states h of a cell after each step, and the last; of an LSTM also the last c.

    Inputs: x (steps, sequences, inputs); the weights of x (gates · size, inputs) and of h (gates · size, size), and the
    bias of their sum (gates · size,); the sequences' lengths, int32; the first h (1, sequences, size); of a GRU the
    bias of the product with h in its last gate, of an LSTM the peepholes and the first c. Gates are in ONNX's order.
    Results: h (steps + 1, sequences, size), and c (1, sequences, size). With `reverse` sequences run from their end.
    `variant`: a GRU resets behind the product, an LSTM forgets what it does not let in. What goes into a gate's
    function is clipped to ±`clip`, if that is not 0, and an LSTM's c to ±`cell_clip`.

    In int8, `_cells.py` has the arithmetic. `formats`: the bits before the point of what is inside, see `internals`.
    `scales`: what a TensorFlow Lite model says of an LSTM; under its rounding `_tflite_cells.py` has the arithmetic.
    """

    name: ClassVar[str] = "recurrent"
    any_type: ClassVar[bool] = True

    cell: str
    functions: tuple[str, ...]
    parameters: tuple[tuple[float, ...], ...]
    reverse: bool = False
    variant: bool = False
    clip: float = 0.0
    formats: tuple[int, ...] = ()
    cell_clip: float = 0.0
    scales: tuple[float, ...] = ()

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        cell = CELLS.get(self.cell)
        if cell is None or not cell.functions == len(self.functions) == len(self.parameters):
            raise VerifyError(f"recurrent: no cell {self.cell} of the functions {self.functions}")
        count = 6 + (cell.parameters > 0) + (cell.states > 1)
        if len(ins) != count or len(ins[X].shape) != 3 or len(ins[R].shape) != 2:
            raise VerifyError(f"recurrent: inputs of a {self.cell}: {', '.join(str(kind.shape) for kind in ins)}")
        (steps, sequences, inputs), size = ins[X].shape, ins[R].shape[1]
        rows = cell.gates * size
        shapes = [(steps, sequences, inputs), (rows, inputs), (rows, size), (rows,), (sequences,), (1, sequences, size)]
        if cell.parameters:
            shapes.append((cell.parameters * size,))
        if cell.states > 1:
            shapes.append((1, sequences, size))
        for index, (kind, shape) in enumerate(zip(ins, shapes, strict=True)):
            stored = ins[X].dtype if index in (X, H, C) else DType.F32
            wanted = TensorType(shape, DType.I32 if index == LENGTHS else stored)
            if (kind.shape, kind.dtype) != (wanted.shape, wanted.dtype) or stored not in (DType.F32, DType.I8):
                raise VerifyError(f"recurrent: input {index} is {kind}, not {wanted}")
        results = (steps + 1, 1)[: cell.states]
        return tuple(TensorType((count, sequences, size), ins[X].dtype) for count in results)

    # Over the reals

    def eval_float(self, *ins: Array) -> tuple[Array, ...]:
        return self._run(ins, {})

    def _run(self, ins: Sequence[Array], seen: dict[str, list[Array]]) -> tuple[Array, ...]:
        """The results; what is inside comes into `seen`."""
        x, lengths = ins[X], np.clip(ins[LENGTHS], 0, len(ins[X]))
        last = [ins[i].copy() for i in (H, C)[: CELLS[self.cell].states]]
        y = np.zeros((len(x) + 1, *ins[H].shape[1:]), np.float32)
        for step in range(len(x)):
            for sequence in np.flatnonzero(step < lengths):
                at = lengths[sequence] - 1 - step if self.reverse else step
                states = self._step(x[at, sequence], ins, [state[0, sequence] for state in last], seen)
                for state, new in zip(last, states, strict=True):
                    state[0, sequence] = new
                y[at, sequence] = states[0]
        y[len(x)] = last[0][0]
        return (y, *last[1:])

    def _step(self, x: Array, ins: Sequence[Array], states: list[Array], seen: dict[str, list[Array]]) -> list[Array]:
        h, r, size = states[0], ins[R], ins[R].shape[1]
        gates = ins[W] @ x + ins[B]
        if self.cell == "rnn":
            return [self._apply(0, gates + r @ h, seen)]
        if self.cell == "gru":
            z, reset = np.split(self._apply(0, gates[: 2 * size] + r[: 2 * size] @ h, seen), 2)
            product = r[2 * size :] @ (h if self.variant else reset * h) + ins[EXTRA]
            seen.setdefault("product", []).append(product)
            new = self._apply(1, gates[2 * size :] + (reset * product if self.variant else product), seen)
            return [(1 - z) * new + z * h]
        c = states[1]
        to_in, to_out, to_forget = np.split(ins[EXTRA], 3)
        i, o, f, g = np.split(gates + r @ h, 4)
        i = self._apply(0, i + to_in * c, seen)
        forget = 1 - i if self.variant else self._apply(0, f + to_forget * c, seen)
        c = forget * c + i * self._apply(1, g, seen)
        if self.cell_clip:
            c = np.clip(c, -np.float32(self.cell_clip), np.float32(self.cell_clip))
        seen.setdefault("c", []).append(c)
        return [self._apply(0, o + to_out * c, seen) * self._function(2).of(c).astype(np.float32), c]

    def _apply(self, index: int, a: Array, seen: dict[str, list[Array]]) -> Array:
        if self.clip:
            a = np.clip(a, -np.float32(self.clip), np.float32(self.clip))
        seen.setdefault(f"gate {index}", []).append(a)
        return self._function(index).of(a).astype(np.float32)

    def _function(self, index: int) -> Function:
        return Function(self.functions[index], self.parameters[index])

    # In integers

    @property
    def quant_rule(self) -> QuantRule:
        for index, name in enumerate(self.functions):
            values = self._function(index).of(np.linspace(-16, 16, 65))
            if not is_smooth(self._function(index)):
                raise UnsupportedError(f"a cell with the function {name}, which jumps, has no int8 form",
                                       hint="compile with --float")  # fmt: skip
            if self.cell == "gru" and index == 0 and not (values.min() >= 0 and values.max() <= 1):
                raise UnsupportedError(f"a GRU whose gates are opened by {name}, beyond 0 to 1, has no int8 form",
                                       hint="compile with --float")  # fmt: skip
        further = {"rnn": (), "gru": (Own(),), "lstm": (Own(), AsIs())}[self.cell]
        return QuantRule(
            ins=(AsIs(), Own(), Own(), Own(), Free(), AsIs(), *further),
            outs=(Observed(covers=(H,)), Observed(covers=(C,)))[: CELLS[self.cell].states],
        )

    def internals(self, *ins: Array) -> tuple[Array, ...]:
        """What goes into the functions of gates; of a GRU the product with h, of an LSTM c after each step."""
        seen: dict[str, list[Array]] = {}
        self._run(ins, seen)
        if self.cell == "lstm":
            seen.setdefault("c", []).extend(ins[C][0])
        names = {"rnn": ["gate 0"], "gru": ["gate 0", "gate 1", "product"], "lstm": ["gate 0", "gate 1", "c"]}
        return tuple(np.array(seen.get(name, [0.0])) for name in names[self.cell])

    def with_internals(self, ranges: Sequence[tuple[float, float]]) -> Op:
        """With the formats for these ranges; a function that settles takes what it settles in, whatever was seen."""
        seen = [max(-low, high, 0.0) for low, high in ranges]
        formats = [self._gate_format(i, seen[i]) for i in range(min(len(seen), 2))]
        if self.cell == "gru":
            formats.append(min(bits_of(2 * seen[2]), formats[1] + 12))
        elif self.cell == "lstm":
            formats.append(max(bits_of(seen[2]), bits_of(self._largest(1, formats[1]))))
        return replace(self, formats=tuple(formats))

    @property
    def knows_internals(self) -> bool:
        return bool(self.formats)

    def with_scales(self, scales: Sequence[float], largest: float) -> Recurrent:
        """An LSTM of a TensorFlow Lite model whose c is at most `largest`."""
        anything = (-(2.0**15), 2.0**15)
        found = replace(self, scales=tuple(scales)).with_internals([anything, anything, (-largest, largest)])
        assert isinstance(found, Recurrent)
        return found

    def _gate_format(self, index: int, seen: float) -> int:
        return min(self.settled(index, bits_of(seen)), bits_of(self.clip) if self.clip else 15)

    def settled(self, index: int, bits: int) -> int:
        """The bits before the point in which a function settles; `bits` if it does not."""
        found = settles(self._function(index))
        return bits if found is None else found

    def _largest(self, index: int, bits: int) -> float:
        values = self._function(index).of(np.linspace(-(2.0**bits), 2.0**bits, 257))
        return float(np.abs(values).max())

    def eval_int(self, ins: Sequence[Array], sig: Signature) -> tuple[Array, ...]:
        return self._numbers(sig).run(ins)

    def _numbers(self, sig: Signature) -> States:
        as_tflite = self.scales and sig.rounding is Rounding.TFLITE
        return TfliteNumbers(self, sig) if as_tflite else Numbers(self, sig)

    # Contract

    def window(self, region: Region, *ins: TensorType) -> tuple[Op, tuple[Region | None, ...]]:
        raise VerifyError(f"{self.name} is computed as a whole")

    def macs(self, *ins: TensorType) -> int:
        return ins[X].shape[0] * ins[X].shape[1] * (ins[W].size + ins[R].size)

    def kernels(self, sig: Signature, target: KernelTarget) -> Sequence[Candidate]:
        if sig.x.quant:
            return recurrent.candidates(self._numbers(sig), sig, target)
        return [(self._float_call(sig),)]

    def _float_call(self, sig: Signature) -> KernelCall:
        cell, (steps, sequences, inputs), size = CELLS[self.cell], sig.x.shape, sig.y.shape[2]
        functions = [
            Code(FUNCTIONS[function].c["f"], given)
            for function, given in zip(self.functions, self.parameters, strict=True)
        ]
        clips = [
            Code("v_ > {0} ? {0} : v_ < -{0} ? -{0} : v_", (most,)) if most else Code("v_")
            for most in (self.clip, self.cell_clip)[: cell.states]
        ]
        fields = {
            "steps": steps, "sequences": sequences, "inputs": inputs, "size": size,
            "reverse": int(self.reverse), "variant": int(self.variant),
        }  # fmt: skip
        return loop_call(
            f"tinyc_{self.cell}", "tinyc_recurrent.h", *functions, *clips, Struct("tinyc_recurrence", fields, "sizes"),
            *(In(i) for i in range(len(sig.ins))), Workspace(), *(Out(i) for i in range(len(sig.outs))),
            workspace_bytes=4 * cell.scratch * size,
        )  # fmt: skip
