"""The LSTM of TensorFlow Lite Micro: c has 16 bits, gates have 12 fraction bits, their functions 15.

A gate is the sum of two scaled and saturated sums of products, one of x and one of h. Both functions read one table,
of the sigmoid from 0 on: tanh x = 2 · sigmoid 2x − 1.
"""

from __future__ import annotations

from math import frexp
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tinyc.errors import UnsupportedError
from tinyc.ir.fixed_point import multiplier_and_shift, requantize, rounding_shift
from tinyc.ir.op import Array, Signature
from tinyc.ir.types import QuantParams, Rounding
from tinyc.ops._cells import I64, B, Gates, R, Scaling, States, W, room_above
from tinyc.ops._curves import LIMIT

if TYPE_CHECKING:
    from tinyc.ops.recurrent import Recurrent

GATE_BITS, FUNCTION_BITS = 12, 15
ENTRIES = 256
STEPS = 24  # entries for an input of 1
ABOVE = (
    4, 8, 12, 14, 15, 16, 17, 19, 20, 21, 22, 25, 27, 28, 29, 30, 31, 33, 34, 35, 37, 39, 40, 41, 43, 44, 45, 46, 49,
    50, 54, 62, 63, 64, 66, 82, 86, 93, 100, 103, 112, 116, 135, 255,
)  # fmt: skip
"""The entries that are greater than the nearest number by one."""

LEAST_CELL, MOST_CELL = -28, 2
"""Powers of two that c may count in."""


def half_sigmoid() -> NDArray[np.int16]:
    """65536 · sigmoid(i / 24) − 32768 for entry i, as TensorFlow Lite has it."""
    entries = np.rint(65536 / (1 + np.exp(-np.arange(ENTRIES) / STEPS)))
    entries[list(ABOVE)] += 1
    return (entries - 32768).astype(np.int16)


TABLE = half_sigmoid().astype(np.int64)


def saturated(x: I64) -> I64:
    return np.clip(x, -LIMIT - 1, LIMIT)


def between(magnitude: I64, bits: int) -> I64:
    """2^bits times the entry at magnitude / 2^bits, straight between entries; the largest number behind the last."""
    place = np.minimum(magnitude >> bits, ENTRIES - 2)
    low, high = TABLE[place], TABLE[place + 1]
    found = (low << bits) + (magnitude & ((1 << bits) - 1)) * (high - low)
    return np.where(magnitude >> bits >= ENTRIES - 1, LIMIT << bits, found)


def sigmoid(gate: I64) -> I64:
    """Of a number with GATE_BITS fraction bits."""
    half = (between(np.abs(3 * gate), 9) + 512) >> 10
    return 16384 + np.where(gate >= 0, half, -half)


def tanh(x: I64, narrower: int) -> I64:
    """Of a number with GATE_BITS + `narrower` fraction bits."""
    scaled = (3 * x + ((1 << narrower) >> 1)) >> narrower if narrower > 0 else 3 * x << -narrower
    half = (between(np.abs(scaled), 8) + 128) >> 8
    return np.where(scaled >= 0, half, -half)


class TfliteNumbers(States):
    """The constants of an LSTM, and what TensorFlow Lite Micro computes with them.

    The model's scales are those of the weights of x for the gates i, o, f and g, of those of h, and of c.
    """

    form = "lstm_tflite"

    def __init__(self, op: Recurrent, sig: Signature) -> None:
        *weights, cell = op.scales
        super().__init__(op, sig, cell)
        power = frexp(cell)[1] - 1
        of_x, of_h = weights[:4], weights[4:]
        none = np.zeros(4 * self.size, np.float32)
        self.gates = [
            self._gates(sig.constants[W], sig.constants[B], of_x, sig.x.q, "x"),
            self._gates(sig.constants[R], none, of_h, self.y, "h"),
        ]
        self.tables = [half_sigmoid()] * 3
        # products of two functions, or of one and c, have FUNCTION_BITS more; both factors are powers of two
        self.cell_right = FUNCTION_BITS - 1
        self.in_right = 2 * FUNCTION_BITS + power - 1
        self.narrower = -power - GATE_BITS
        multiplier, shift = multiplier_and_shift(2.0 ** (-2 * FUNCTION_BITS) / self.y.per_tensor_scale)
        if shift > 0:
            raise UnsupportedError(f"a scale of h of {self.y.per_tensor_scale} is too fine", hint="--rounding single")
        self.result = Scaling(multiplier, -shift, self.y.zero_point)
        clip = int(min(np.float64(np.float32(op.cell_clip)) / cell, LIMIT))
        self.cell_clip = clip if op.cell_clip else LIMIT + 1

    def _gates(self, real: Array, bias: Array, scales: list[float], values: QuantParams, reads: str) -> Gates:
        """Rows of weights, as the model stores them."""
        unit = np.repeat(np.array(scales, np.float64), self.size)
        weights = np.rint(real.astype(np.float64) / unit[:, None]).astype(np.int64)
        products = np.float32(values.per_tensor_scale) * np.array(scales, np.float32)  # as TensorFlow Lite does it
        scaling = [multiplier_and_shift(float(f) * 2.0**GATE_BITS) for f in products]
        multipliers, shifts = np.repeat(np.array(scaling, np.int64), self.size, axis=0).T
        own = np.rint(bias.astype(np.float64) / (values.per_tensor_scale * unit)).astype(np.int64)
        start = own - values.zero_point * weights.sum(axis=1)
        most = (np.abs(start) + 128 * np.abs(weights).sum(axis=1)) << np.maximum(shifts, 0)
        if int(most.max()) >= 2**30:
            raise UnsupportedError(
                "sums of the LSTM may reach 2^30 before they are scaled; TensorFlow Lite Micro's may overflow",
                hint="compile with --rounding single",
            )
        return Gates(weights.astype(np.int8), start, multipliers, room_above(weights, start), 1, reads, shifts)

    def _step(self, x: I64, h: I64, state: I64, c: I64) -> I64:
        i, o, f, g = np.split(saturated(self.gates[0].of(x) + self.gates[1].of(h)), 4)
        kept = saturated(_halved(sigmoid(f) * c, self.cell_right))
        added = saturated(_halved(sigmoid(i) * tanh(g, 0), self.in_right))
        c[:] = np.clip(saturated(kept + added), -self.cell_clip, self.cell_clip)
        product = sigmoid(o) * tanh(c, self.narrower)
        numbers = requantize(product, self.result.multiplier, -self.result.right, Rounding.TFLITE)
        return np.clip(numbers + self.result.offset, -128, 127)


def _halved(product: I64, right: int) -> I64:
    """product / 2^(1 + right), rounded twice: to half of it, ties up, then away from zero."""
    return rounding_shift((product + 1) >> 1, right)
