"""Cycles of Cortex-M3 and Cortex-M4, by their Technical Reference Manuals (Arm 100165 and 100166, chapter 3).

One instruction after another: the table's figures, and what the text says on neighbours:

- A load of one register takes 2 cycles, 1 right behind another such load whose result is not its address. Low: also
  behind a store; high: always 2, as code whose wide loads are not aligned may have it, and 3 from beside the PC.
- A store takes 1 with an immediate offset; with a register as offset 2, or 1 right behind a load.
- n registers take 1 + n, and nothing overlaps; so do the FPU's loads and stores of one. Low: these take n.
- An address that the instruction before has computed (not loaded) costs 1 more. Low: 0.
- A taken branch takes 1 + P with P = 2. Low: P = 1; high: P = 3. Whatever else writes the PC costs P more.
- If-then is free behind an instruction of 16 bits, else 1. Low: 0; high: 1. What it skips is counted as if executed,
  but in the low bound it takes 1.
- A division takes 2 to 12, taken as 7. On Cortex-M3, whose long multiplications depend on the values too, as the table.
- A floating-point result costs 1 more where the next instruction takes it.
- High: three or more instructions of 32 bits in a row, none at a multiple of 4, cost 1 more, as others have measured.

A run of code starts with nothing right before it. What cannot be seen is in none of the bounds: loads and stores that
are not aligned (1 or 2 more), full write buffers, other bus masters, interrupts.
"""

from __future__ import annotations

from collections.abc import Sequence

from tinyc.target.timing.cycles import Cycles, exactly
from tinyc.target.timing.instructions import Instruction, Kind

REFILL = Cycles(1, 2, 3)
DIVISION = Cycles(2, 7, 12)
_FLOATS = (Kind.FLOAT, Kind.FLOAT_MLA, Kind.FLOAT_DIVIDE)

M4_TABLE = {
    Kind.DIVIDE: DIVISION,
    Kind.FLOAT_MLA: exactly(3),
    Kind.FLOAT_DIVIDE: exactly(14),
    Kind.BARRIER: REFILL,
}
M3_TABLE = {
    **M4_TABLE,
    Kind.MLA: exactly(2),
    Kind.MUL_LONG: Cycles(3, 4, 5),
    Kind.MLA_LONG: Cycles(4, 5, 7),
}


class InOrder:
    """A core that issues one instruction at a time. `table` has what takes other than one cycle."""

    misprediction = exactly(0)
    """These cores do not predict: a branch's price does not depend on where it went before."""

    def __init__(self, table: dict[Kind, Cycles]) -> None:
        self._table = table

    def block(self, code: Sequence[Instruction], taken: bool) -> Cycles:
        """A run of instructions; `taken` if the last one goes elsewhere than behind itself."""
        total = Cycles(0, 0, _unaligned_runs(code))
        before = None
        for instruction in code:
            cycles = self._one(instruction, before)
            if taken and instruction.leaves and instruction is code[-1]:
                cycles += REFILL
            if instruction.conditional and instruction.kind is not Kind.BRANCH:
                cycles = Cycles(min(1, cycles.low), cycles.estimate, cycles.high)
            if before is not None and before.kind in _FLOATS and before.writes & instruction.reads:
                cycles += exactly(1)
            total += cycles
            before = instruction
        return total

    def _one(self, this: Instruction, before: Instruction | None) -> Cycles:
        if this.is_memory:
            return _memory(this, before) + _address_stall(this, before)
        if this.kind is Kind.TABLE_BRANCH:
            return exactly(2)
        if this.kind is Kind.IT:
            return Cycles(0, 0 if before is not None and before.bytes == 2 else 1, 1)
        if this.kind is Kind.FLOAT_MOVE and len(this.reads | this.writes) > 2:
            return exactly(2)
        return self._table.get(this.kind, exactly(1))


def _unaligned_runs(code: Sequence[Instruction]) -> int:
    """Of three or more wide instructions that are not aligned."""
    unaligned = "".join("x" if one.bytes == 4 and one.address % 4 else " " for one in code)
    return sum(len(run) > 2 for run in unaligned.split())


def _memory(this: Instruction, before: Instruction | None) -> Cycles:
    behind_load = before is not None and before.kind is Kind.LOAD and not before.writes & this.address_reads
    behind_store = before is not None and before.kind is Kind.STORE
    if this.kind in (Kind.LOAD_MANY, Kind.STORE_MANY):
        return exactly(1 + this.words)
    if this.is_float:
        return Cycles(this.words, 1 + this.words, 1 + this.words)
    if this.kind is Kind.LOAD:
        return Cycles(1 if behind_load or behind_store else 2, 1 if behind_load else 2, 3 if this.is_literal else 2)
    if this.indexed:
        return Cycles(1, 1 if behind_load else 2, 2)
    return exactly(1)


def _address_stall(this: Instruction, before: Instruction | None) -> Cycles:
    computed = before is not None and not before.is_memory and bool(before.writes & this.address_reads)
    return Cycles(0, 1, 1) if computed else exactly(0)


CORTEX_M3 = InOrder(M3_TABLE)
CORTEX_M4 = InOrder(M4_TABLE)
