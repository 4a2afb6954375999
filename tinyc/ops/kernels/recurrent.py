"""Kernels of recurrent cells in int8: weights packed for a core, and all that `tinyc_sequence_kernels.h` wants."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyc.ir.kernel import Candidate, In, KernelCall, KernelTarget, Out, Struct, Table, Workspace, inlined, tinyc_call
from tinyc.ir.op import Signature
from tinyc.ops._cells import LENGTHS, MOST_BITS, C, Gates, H, Scaling, States, X
from tinyc.ops._curves import LIMIT
from tinyc.ops.kernels.conv_pairs import by_pairs, words_of

I64 = NDArray[np.int64]

FORMS = ("rnn", "gru", "lstm", "lstm_tflite")
BLOCK = 4  # rows whose results are made room for, and that kernels without pairs take at a time
NONE = Scaling(0, 1)


def candidates(numbers: States, sig: Signature, target: KernelTarget) -> Sequence[Candidate]:
    """The fastest first: functions that are made for the cell, then a shared one."""
    if not target.dsp or target.mve:
        call = _Packed(numbers, sig, unit=4).call("rows", 0)
        return [(inlined(call),), (call,)]
    packed = _Packed(numbers, sig, unit=8)
    wide = packed.call("pairs", 1)
    fits = all(gates.bits == MOST_BITS for gates in numbers.gates)
    narrow = packed.call("pairs", 0) if fits else None
    found = [inlined(call) for call in (wide, narrow) if call]
    return [(call,) for call in (*found, narrow or wide)]


class _Packed:
    """A cell whose column has parts of a multiple of `unit` values for x and for h."""

    def __init__(self, numbers: States, sig: Signature, unit: int) -> None:
        self.numbers, self.sig = numbers, sig
        self.inputs, self.size = sig.x.shape[2], sig.y.shape[2]
        self.parts = [-(-count // unit) * unit for count in (self.inputs, self.size)]

    def call(self, kind: str, wide: int) -> KernelCall:
        """Of the kernel of a kind."""
        sig, (x, h) = self.sig, self.parts
        curves, fields = self._curves()
        stream = [self._pairs(gates, bool(wide)) if kind == "pairs" else self._rows(gates) for gates in self._gates()]
        rows = sum(-(-len(gates.weights) // BLOCK) * BLOCK for gates in self._gates())
        column = (x + h) * (3 if kind == "pairs" else 1)
        last = C if len(sig.outs) > 1 else H
        steps, sequences, _ = sig.x.shape
        return tinyc_call(
            f"tinyc_recurrent_{kind}_s8",
            Struct("tinyc_recurrent_params", {**self._fields(), "wide": wide, **fields}, "cell"),
            In(X), Table("weights", np.concatenate(stream).astype(np.int32)), Table("curves", curves),
            In(LENGTHS), In(H), In(last), Workspace(), Out(0), Out(len(sig.outs) - 1),
            workspace_bytes=column + 2 * rows + 2 * (-(-self.size // 2) * 2) + -(-self.size // 4) * 4,
            work={
                "calls": 1, "products": steps * sequences * sum(g.weights.size for g in self._gates()),
                "gates": steps * sequences * rows, "results": steps * sequences * self.size,
            },
            variant="int16" if wide else "",
        )  # fmt: skip

    def _gates(self) -> list[Gates]:
        return self.numbers.gates

    def _part(self, gates: Gates) -> tuple[int, int]:
        """The first value of the column that the gates read, and how many."""
        x, h = self.parts
        return {"xh": (0, x + h), "x": (0, x), "h": (x, h)}[gates.reads]

    def _columns(self, gates: Gates) -> I64:
        """The weights (rows, values), as far apart as the values in the column."""
        first, count = self._part(gates)
        x = self.inputs if first == 0 else 0
        weights = gates.weights.astype(np.int64)
        found = np.zeros((len(weights), count), np.int64)
        found[:, :x] = weights[:, :x]
        at = self.parts[0] if first == 0 else 0
        found[:, at : at + weights.shape[1] - x] = weights[:, x:]
        return found

    def _pairs(self, gates: Gates, wide: bool) -> I64:
        odd = len(gates.weights) % 2
        weights, start, scales = (
            np.pad(a, [(0, odd), (0, 0)]) for a in (self._columns(gates), gates.start[:, None], gates.scales)
        )
        values = weights.reshape(len(weights), -1, 4)
        start = start << gates.bits
        if wide:
            values = values << gates.bits
        else:
            start = start - 127 * values[:, :, 1::2].sum(axis=(1, 2))[:, None]
        return np.concatenate([by_pairs(start), words_of(values, not wide), by_pairs(scales)], axis=1).reshape(-1)

    def _rows(self, gates: Gates) -> I64:
        missing = -len(gates.weights) % BLOCK
        weights, start, scales = (
            np.pad(a, [(0, missing), (0, 0)]) for a in (self._columns(gates), gates.start[:, None], gates.scales)
        )
        words = np.ascontiguousarray(weights.astype(np.int8)).view("<i4").astype(np.int64)
        blocks = [a.reshape(len(weights) // BLOCK, -1) for a in (start, scales, words)]
        return np.concatenate(blocks, axis=1).reshape(-1)

    def _curves(self) -> tuple[NDArray[np.int16], dict[str, Any]]:
        """The table of what functions read, all there once, and peepholes; and where they start."""
        table: list[NDArray[np.int16]] = []
        starts = []
        for entries in self.numbers.tables:
            same = [i for i, other in enumerate(table) if np.array_equal(other, entries)]
            starts.append(same[0] if same else len(table))
            table += [] if same else [entries]
        size = len(table[0])
        peepholes = self.numbers.peepholes
        used = any(p.weights.any() for p in peepholes)
        fields = {
            "curves": tuple(size * at for at in [*starts, 0, 0][:3]),
            "peepholes": size * len(table) if used else -1,
            "peephole_rights": tuple([p.right for p in peepholes] if used else (0, 0, 0)),
        }
        table += [p.weights.astype(np.int16) for p in peepholes] if used else []
        return np.concatenate(table), fields

    def _fields(self) -> dict[str, Any]:
        op, numbers = self.numbers.op, self.numbers
        steps, sequences, inputs = self.sig.x.shape
        lstm = op.cell == "lstm"
        gates = [self._gate_fields(g) for g in self._gates()]
        none = dict.fromkeys(("rows", "from", "fours", "bits"), 0) | {"right": 1}
        return {
            "cell": FORMS.index(numbers.form or op.cell),
            "steps": steps, "sequences": sequences, "inputs": inputs, "size": self.size,
            "reverse": int(op.reverse), "variant": int(op.variant),
            "x_fours": self.parts[0] // 4, "h_fours": self.parts[1] // 4,
            "gates": tuple([*gates, none, none][:3]),
            "zero_point": numbers.y.zero_point,
            "clips": tuple([*numbers.clips, LIMIT][:2]),
            "reset_right": numbers.reset_right,
            "in_right": numbers.in_right,
            "cell_right": numbers.cell_right,
            "cell_clip": numbers.cell_clip,
            "narrower": numbers.narrower,
            "first_zero": numbers.first_zero,
            "first_c_zero": numbers.first_c_zero if lstm else 0,
            "first": _scaling(numbers.first),
            "first_c": _scaling(numbers.first_c if lstm else NONE),
            "last_c": _scaling(numbers.last_c if lstm else NONE),
            "result": _scaling(numbers.result),
        }  # fmt: skip

    def _gate_fields(self, gates: Gates) -> dict[str, int]:
        first, count = self._part(gates)
        return {
            "rows": len(gates.weights), "from": first // 4, "fours": count // 4, "bits": gates.bits,
            "right": gates.right,
        }  # fmt: skip


def _scaling(scaling: Scaling) -> dict[str, int]:
    return {"multiplier": scaling.multiplier, "right": scaling.right, "offset": scaling.offset}
