"""Cycles of Cortex-M7, whose manual has no table: two instructions a cycle, in order, by what others have measured.

The rules are a simplification of published measurements (quinapalus.com/cm7cycles.html, github.com/jnk0le/random).

- Two neighbours issue together unless the second needs what the first computes (a store may store it), or both are
  stores, multiplications, bit and parallel operations, operations with a shifted operand, or floating-point arithmetic;
  a multiplication does not go with a store, a bit operation only as the first of the two. Two loads go together where
  they are of words from the same base at an odd number of words from each other, so in different banks.
- What moves two or more registers takes half as many cycles, rounded up, alone. A division takes 7, alone.
- Results come late: of multiplications after 2 cycles (1 for one that adds to it), of loads of words after 1 (2 for
  multiplications, shifted operands and addresses), of other loads 1 more, of floating-point arithmetic after 3 (of
  multiply-accumulate 5), and what is not a plain addition or move can be an address after 2.
- Taken branches are predicted, and end the pair. A branch that went both ways was mispredicted as often as it went the
  rarer way, at 7 cycles; what jumps through a register, whenever it did not go where it goes most.

Low: loads always go together, plain additions and moves go together with what needs them, a division takes 2, and no
branch is mispredicted. High: one instruction a cycle, mispredictions at 8 and twice as many, 1 more for a taken branch,
12 for a division. Memory is taken to be tightly coupled or cached; a run of code starts with all that it needs.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil

from tinyc.target.timing.cycles import Cycles
from tinyc.target.timing.instructions import Instruction, Kind

MISPREDICTION = Cycles(0, 7, 16)
DIVISION = Cycles(2, 7, 12)
_MULTIPLICATIONS = (Kind.MUL, Kind.MLA, Kind.MUL_DSP, Kind.MUL_LONG, Kind.MLA_LONG)
_FLOATS = (Kind.FLOAT, Kind.FLOAT_MLA, Kind.FLOAT_DIVIDE)
_PLAIN = ("add", "sub", "mov", "lsl", "lsr", "asr", "ror", "adr")


class DualIssue:
    """A core that issues up to two instructions a cycle, in order."""

    misprediction = MISPREDICTION
    """Of one branch; `estimate` says how many there are."""

    def block(self, code: Sequence[Instruction], taken: bool) -> Cycles:
        """A run of instructions; `taken` if the last one goes elsewhere than behind itself."""
        low = _issue(code, pairs=True, eager=True, division=DIVISION.low)
        estimate = _issue(code, pairs=True, eager=False, division=DIVISION.estimate)
        high = _issue(code, pairs=False, eager=False, division=DIVISION.high)
        return Cycles(low, max(low, estimate), max(estimate, high) + (1 if taken else 0))


def _issue(code: Sequence[Instruction], pairs: bool, eager: bool, division: float) -> float:
    """Cycles until the last instruction has issued; `eager` by the rules of the low bound."""
    ready: dict[str, float] = {}  # from which cycle on a register can be used by a plain operation
    maker: dict[str, Instruction] = {}
    now = 0.0
    older: Instruction | None = None  # what issues in this cycle, if there is room beside it
    for this in code:
        waits = {r: ready.get(r, 0) + _extra(maker.get(r), this, r) for r in this.reads}
        start = max([now, *waits.values()])
        together = False
        if older is not None and pairs and _pair(older, this, eager):
            forwarded = older.writes if _forwards(older, this, eager) else frozenset()
            together = all(cycle <= now for r, cycle in waits.items() if r not in forwarded)
        if together:
            start, now, older = now, now + 1, None
        else:
            start = start if older is None else max(start, now + 1)
            alone = _alone(this, division)
            now, older = (start + alone, None) if alone else (start, this)
        for register in this.writes:
            ready[register] = start + 1
            maker[register] = this
    return now + (1 if older is not None else 0)


def _alone(this: Instruction, division: float) -> float:
    """How many cycles it keeps to itself; 0 for one that leaves room for another."""
    if this.kind in (Kind.LOAD_MANY, Kind.STORE_MANY):
        return ceil(this.words / 2)
    if this.kind is Kind.DIVIDE:
        return division
    if this.kind is Kind.FLOAT_DIVIDE:
        return 15
    return 0


def _extra(maker: Instruction | None, this: Instruction, register: str) -> int:
    """Cycles that a result waits for beyond the one after its instruction, until `this` can use it."""
    if maker is None:
        return 0
    if maker.kind in _MULTIPLICATIONS:
        return 0 if register in this.accumulates else 1
    if maker.kind is Kind.FLOAT_MLA:
        return 4
    if maker.kind is Kind.FLOAT:
        return 0 if this.kind is Kind.STORE else 2
    early = this.kind in (*_MULTIPLICATIONS, Kind.BITS) or this.shifted or register in this.address_reads
    if maker.kind is Kind.LOAD and register not in maker.address_reads:
        narrow = not maker.text.startswith(("ldr.", "ldr ", "ldrd", "vldr"))
        return (1 if early else 0) + (1 if narrow else 0)
    if register in this.address_reads and not maker.is_memory:
        return 0 if _is_plain(maker) else 1
    return 0


def _is_plain(this: Instruction) -> bool:
    """What the first of the two adders in a row can do."""
    return this.kind is Kind.ALU and not this.shifted and this.text.startswith(_PLAIN)


def _forwards(older: Instruction, this: Instruction, eager: bool) -> bool:
    """Whether `this` may take the result of `older` in the same cycle."""
    if this.kind is Kind.STORE and not older.writes & this.address_reads:
        return True
    return eager and _is_plain(older) and this.kind is Kind.ALU and not this.shifted


def _pair(older: Instruction, this: Instruction, eager: bool) -> bool:
    """Whether nothing but results stands in the way of issuing both in one cycle."""
    if _alone(this, 1) or Kind.BARRIER in (older.kind, this.kind) or this.kind is Kind.BITS:
        return False
    if older.leaves and not older.conditional:
        return False
    if older.kind is Kind.LOAD and this.kind is Kind.LOAD:
        return eager or _other_bank(older, this)
    stores = (older.kind, this.kind).count(Kind.STORE)
    multiplications = sum(one.kind in _MULTIPLICATIONS for one in (older, this))
    if stores + multiplications > 1:
        return False
    return not (older.shifted and this.shifted) and not (older.kind in _FLOATS and this.kind in _FLOATS)


def _other_bank(older: Instruction, this: Instruction) -> bool:
    """Words that are read from the same base, one from an even and one from an odd place."""
    both = (older, this)
    if older.address_reads != this.address_reads or any(one.indexed or one.words != 1 for one in both):
        return False
    return (older.offset - this.offset) // 4 % 2 == 1 and all(
        one.text.startswith(("ldr.", "ldr ", "vldr")) for one in both
    )


CORTEX_M7 = DualIssue()
