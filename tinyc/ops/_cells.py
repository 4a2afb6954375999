"""Recurrent cells in integers.

A row of weights, those of x and those of h, has one scale, in which the values that they belong to count: so all of a
gate's products add up in one accumulator. It becomes a number of 16 bits, of which a curve (`_curves.py`) makes one.
An LSTM's c has 16 bits, its h eight. A GRU's h has 16 bits as well, in units of 1/128 of those eight that are
multiplied: what it changes by in a step may be little. Shifts of products round to nearest, ties up.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from numpy.typing import NDArray

from tinyc.errors import UnsupportedError
from tinyc.ir.fixed_point import requantize
from tinyc.ir.op import Array, Signature
from tinyc.ir.types import QuantParams, Rounding
from tinyc.ops._curves import LIMIT, Curve, Function, curve

if TYPE_CHECKING:
    from tinyc.ops.recurrent import Recurrent

I64 = NDArray[np.int64]

X, W, R, B, LENGTHS, H, EXTRA, C = range(8)  # the inputs of a cell

STATE_BITS = 7  # by which a state is finer than the int8 result
MOST_BITS = 8  # by which sums are scaled
MOST_RIGHT = 21  # bits that a scaling drops: an offset, moved left by so many, fits
BIAS_LIMIT = 2**20  # units of a row's sum


def rounded_shift(x: I64, bits: int) -> I64:
    """x / 2^bits to nearest, ties up; bits at least 0."""
    return (x + (1 << bits >> 1)) >> bits


def saturated(x: I64) -> I64:
    """As 16-bit numbers."""
    return np.clip(x, -LIMIT, LIMIT)


@dataclass(frozen=True)
class Scaling:
    """y = (high word of x · multiplier + offset · 2^right + 2^(right − 1)) >> right."""

    multiplier: int
    right: int
    offset: int = 0

    @staticmethod
    def of(factor: float, offset: int = 0) -> Scaling:
        """By a positive factor; one of a quarter or more counts as a quarter: all that matters saturates then."""
        right = MOST_RIGHT
        while right > 1 and factor * 2.0 ** (32 + right) >= 2**31 - 1:
            right -= 1
        return Scaling(min(round(factor * 2.0 ** (32 + right)), 2**31 - 1), right, offset)

    def apply(self, x: I64) -> I64:
        """To numbers of 32 bits."""
        return ((x * self.multiplier >> 32) + (self.offset << self.right) + (1 << (self.right - 1))) >> self.right


@dataclass(frozen=True, eq=False)
class Gates:
    """Rows of weights of x, of h, or of both side by side, and how their sums become the numbers of gates.

    Kernels have 2^bits times the sums. A number is sum · multiplier of the row >> (32 + right − bits), rounded.
    If there are `shifts`, it is what TensorFlow Lite makes of the sum by multipliers and shifts, down to −32768.
    """

    weights: NDArray[np.int8]
    start: I64
    multipliers: I64
    bits: int
    right: int
    reads: str = "xh"
    """Whose weights these are, side by side."""
    shifts: I64 | None = None

    def of(self, values: I64) -> I64:
        """Of stored values."""
        sums = (self.weights.astype(np.float64) @ values.astype(np.float64)).astype(np.int64) + self.start
        if self.shifts is not None:
            return np.clip(requantize(sums, self.multipliers, self.shifts, Rounding.TFLITE), -LIMIT - 1, LIMIT)
        return saturated(rounded_shift(sums * self.multipliers, 32 + self.right - self.bits))

    @property
    def scales(self) -> I64:
        """(rows, words): what a kernel wants to know of a row's scaling."""
        columns = [self.multipliers] if self.shifts is None else [self.multipliers, self.shifts]
        return np.stack(columns, axis=1)


def gates_of(
    parts: Sequence[tuple[Array, QuantParams]], bias: Array, formats: Sequence[int], name: str, reads: str = "xh"
) -> Gates:
    """The rows over all parts, each of which has its weights (rows, values) and the parameters of its values.

    `formats` has the bits before the point of each row's result. UnsupportedError if the weights are too large.
    """
    real = np.concatenate([w.astype(np.float64) * q.per_tensor_scale for w, q in parts], axis=1)
    bias = bias.astype(np.float64)
    unit = np.maximum(np.abs(real).max(axis=1) / 127, np.maximum(np.abs(bias) / BIAS_LIMIT, 2.0**-60))
    weights = np.clip(np.rint(real / unit[:, None]), -127, 127).astype(np.int64)
    zeros = np.concatenate([np.full(w.shape[1], q.zero_point) for w, q in parts])
    start = np.rint(bias / unit).astype(np.int64) - weights @ zeros
    bits = room_above(weights, start)
    factors = unit * 2.0 ** (15 - np.array(formats))
    right = 30
    while right > 0 and float(factors.max()) * 2.0 ** (32 + right - bits) >= 2**31 - 1:
        right -= 1
    if bits < 0 or right < 1:
        raise UnsupportedError(
            f"the weights of {name} are too many or too large for its int8 form", hint="compile with --float"
        )
    multipliers = np.rint(factors * 2.0 ** (32 + right - bits)).astype(np.int64)
    return Gates(weights.astype(np.int8), start, multipliers, bits, right, reads)


def room_above(weights: I64, start: I64) -> int:
    """The bits by which a kernel may scale the sums of rows, at most MOST_BITS; negative if they leave an int32."""
    most = int((np.abs(start) + 128 * np.abs(weights).sum(axis=1)).max())
    return min(MOST_BITS, 31 - most.bit_length())


@dataclass(frozen=True, eq=False)
class Peepholes:
    """What c adds to a gate: c · weight >> right."""

    weights: I64
    right: int

    def of(self, c: I64) -> I64:
        return rounded_shift(c * self.weights, self.right)


def peepholes_of(weights: Array, factor: float, name: str) -> Peepholes:
    """Real weights times a factor between the units of c and of the gate."""
    real = weights.astype(np.float64) * factor
    largest = float(np.abs(real).max())
    right = 30
    while right > 0 and largest * 2.0**right > LIMIT:
        right -= 1
    if largest > LIMIT:
        raise UnsupportedError(f"the peepholes of {name} are too large for its int8 form", hint="compile with --float")
    return Peepholes(np.rint(real * 2.0**right).astype(np.int64), right if largest else 0)


class States(ABC):
    """A cell in integers: its states before the first step, from step to step, and behind the last.

    Of an LSTM's c, `c_unit` is what 1 stands for.
    """

    form: ClassVar[str]
    """What kernels call it; "" if that is the cell's name."""

    gates: list[Gates]
    tables: list[NDArray[np.int16]]
    """What each function reads."""
    result: Scaling
    """Of what becomes h."""

    # Of what not every cell has

    peepholes: Sequence[Peepholes] = ()
    clips: Sequence[int] = ()
    reset_right = in_right = cell_right = narrower = 0
    cell_clip = LIMIT

    def __init__(self, op: Recurrent, sig: Signature, c_unit: float) -> None:
        self.op, self.y, self.size = op, sig.y.q, sig.y.shape[2]
        h = sig.ins[H].q
        self.first = Scaling.of(h.per_tensor_scale * 2**STATE_BITS / self.y.per_tensor_scale * 2.0**-22)
        self.first_zero = h.zero_point
        if op.cell == "lstm":
            first_c, last_c = sig.ins[C].q, sig.outs[1].q
            self.first_c = Scaling.of(first_c.per_tensor_scale / c_unit * 2.0**-22)
            self.first_c_zero = first_c.zero_point
            self.last_c = Scaling.of(c_unit / last_c.per_tensor_scale * 2.0**-15, last_c.zero_point)

    def run(self, ins: Sequence[Array]) -> tuple[Array, ...]:
        """The results."""
        x, lengths = ins[X].astype(np.int64), np.clip(ins[LENGTHS].astype(np.int64), 0, len(ins[X]))
        steps, sequences = x.shape[:2]
        y = np.full((steps + 1, sequences, self.size), self.y.zero_point, np.int64)
        states = saturated(self.first.apply((ins[H][0].astype(np.int64) - self.first_zero) << 22))
        y[steps] = self._stored(states)
        c = np.zeros_like(states)
        if self.op.cell == "lstm":
            c = saturated(self.first_c.apply((ins[C][0].astype(np.int64) - self.first_c_zero) << 22))
        for sequence, length in enumerate(lengths):
            for step in range(length):
                at = length - 1 - step if self.op.reverse else step
                h = self._step(x[at, sequence], y[steps, sequence], states[sequence], c[sequence])
                y[at, sequence] = y[steps, sequence] = h
        results = [y.astype(np.int8)]
        if self.op.cell == "lstm":
            results.append(np.clip(self.last_c.apply(c << 15), -128, 127).astype(np.int8)[None])
        return tuple(results)

    def _stored(self, states: I64) -> I64:
        """int8 of states."""
        return np.clip(rounded_shift(states, STATE_BITS) + self.y.zero_point, -128, 127)

    @abstractmethod
    def _step(self, x: I64, h: I64, state: I64, c: I64) -> I64:
        """The next h; `state` and `c` become the next ones."""


class Numbers(States):
    """The constants of the int8 form of a cell, and what it computes with them."""

    form = ""

    def __init__(self, op: Recurrent, sig: Signature) -> None:
        super().__init__(op, sig, 2.0 ** (op.formats[-1] - 15))
        x, w, r, b = sig.x.q, *(sig.constants[i] for i in (W, R, B))
        rows, f = self.size, op.formats
        self.curves: list[Curve] = []
        for index, name in enumerate(op.functions):
            function = Function(name, op.parameters[index])
            self.curves.append(curve(function, f[index] if index < 2 else op.settled(index, f[-1])))
        unit = 2.0 ** (self.curves[0].out_bits - 15)  # of what goes into a result
        if op.cell == "gru":
            first, last = slice(2 * rows), slice(2 * rows, None)
            self.gates = [gates_of([(w[first], x), (r[first], self.y)], b[first], [f[0]] * 2 * rows, op.cell)]
            product = sig.constants[EXTRA]
            if op.variant:
                self.gates += [
                    gates_of([(w[last], x)], b[last], [f[1] + 1] * rows, op.cell, "x"),
                    gates_of([(r[last], self.y)], product, [f[2]] * rows, op.cell, "h"),
                ]
            else:
                both: list[tuple[Array, QuantParams]] = [(w[last], x), (r[last], self.y)]
                self.gates.append(gates_of(both, b[last] + product, [f[1]] * rows, op.cell))
            self.reset_right = 15 + f[1] - f[2] if op.variant else 15 + STATE_BITS
            state = self.y.per_tensor_scale / 2**STATE_BITS
            self.result = Scaling.of(2.0 ** (self.curves[1].out_bits - 15) * 2.0**-15 / state)
        else:
            formats = [f[0]] * 3 * rows + [f[1]] * rows if op.cell == "lstm" else [f[0]] * rows
            self.gates = [gates_of([(w, x), (r, self.y)], b, formats, op.cell)]
            last_unit = 2.0 ** (self.curves[2].out_bits - 15) if op.cell == "lstm" else 2.0**-15
            self.result = Scaling.of(unit * last_unit / self.y.per_tensor_scale, self.y.zero_point)
        if op.cell == "lstm":
            self.in_right = f[2] - self.curves[1].out_bits  # from an input's product to the unit of a forgotten one
            self.cell_right = 15 - self.curves[0].out_bits
            self.narrower = self.curves[2].in_bits - f[2]  # bits that the last function wants c to have less
            self.peepholes = [peepholes_of(p, 2.0 ** (f[2] - f[0]), op.cell) for p in np.split(sig.constants[EXTRA], 3)]
        # what is clipped, if that is at all
        self.clips = [min(round(op.clip * 2.0 ** (15 - f[i])), LIMIT) if op.clip else LIMIT
                      for i in range(min(len(op.functions), 2))]  # fmt: skip
        self.cell_clip = min(round(op.cell_clip * 2.0 ** (15 - f[2])), LIMIT) if op.cell_clip else LIMIT
        self.tables = [c.entries for c in self.curves]
        if any(c.out_bits > 14 for c in self.curves) or (op.cell == "gru" and op.variant and self.reset_right < 1):
            raise UnsupportedError(f"the numbers inside {op.cell} span too many bits", hint="compile with --float")

    def _step(self, x: I64, h: I64, state: I64, c: I64) -> I64:
        return {"rnn": self._rnn, "gru": self._gru, "lstm": self._lstm}[self.op.cell](x, h, state, c)

    def _function(self, index: int, x: I64) -> I64:
        """Of a gate, clipped."""
        return self.curves[index].of(np.clip(x, -self.clips[index], self.clips[index]))

    def _rnn(self, x: I64, h: I64, state: I64, c: I64) -> I64:
        value = self._function(0, self.gates[0].of(np.concatenate([x, h])))
        return np.clip(self.result.apply(value << 15), -128, 127)

    def _gru(self, x: I64, h: I64, state: I64, c: I64) -> I64:
        z, reset = np.split(self._function(0, self.gates[0].of(np.concatenate([x, h]))), 2)
        if self.op.variant:
            product = rounded_shift(reset * self.gates[2].of(h), self.reset_right)
            gate = saturated(2 * self.gates[1].of(x) + product)
        else:
            kept = rounded_shift(reset * state, self.reset_right) + self.y.zero_point
            gate = self.gates[1].of(np.concatenate([x, np.clip(kept, -128, 127)]))
        new = saturated(self.result.apply(self._function(1, gate) << 15))
        state[:] = rounded_shift(z * state + (32768 - z) * new, 15)
        return self._stored(state)

    def _lstm(self, x: I64, h: I64, state: I64, c: I64) -> I64:
        i, o, f, g = np.split(self.gates[0].of(np.concatenate([x, h])), 4)
        to_in, to_out, to_forget = self.peepholes
        i = self._function(0, saturated(i + to_in.of(c)))
        if self.op.variant:
            forget = np.minimum((1 << self.cell_right) - i, LIMIT)
        else:
            forget = self._function(0, saturated(f + to_forget.of(c)))
        added = i * self._function(1, g) >> self.in_right
        c[:] = np.clip(rounded_shift(forget * c + added, self.cell_right), -self.cell_clip, self.cell_clip)
        o = self._function(0, saturated(o + to_out.of(c)))
        read = rounded_shift(c, self.narrower) if self.narrower >= 0 else saturated(c << -self.narrower)
        return np.clip(self.result.apply(o * self.curves[2].of(read)), -128, 127)
