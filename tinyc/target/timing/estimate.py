"""From how often each block of code ran to cycles."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from tinyc.errors import TinycError
from tinyc.target.cpu import Cpu
from tinyc.target.timing.cortex_m4 import CORTEX_M3, CORTEX_M4
from tinyc.target.timing.cortex_m7 import CORTEX_M7
from tinyc.target.timing.cycles import Cycles
from tinyc.target.timing.flash import waits
from tinyc.target.timing.instructions import Code, Instruction

Flow = Mapping[tuple[int, int, int], int]
"""How often the code in [start, end) ran with that at `next` behind it, by (start, end, next)."""


class Timing(Protocol):
    """What the model of a core says."""

    misprediction: Cycles

    def block(self, code: Sequence[Instruction], taken: bool) -> Cycles:
        """A run of instructions; `taken` if the last one goes elsewhere than behind itself."""


TIMINGS: dict[str, Timing] = {"cortex-m3": CORTEX_M3, "cortex-m4": CORTEX_M4, "cortex-m7": CORTEX_M7}
CACHED = {"cortex-m7"}


@dataclass(frozen=True)
class Estimate:
    """Instructions and cycles of a flow."""

    instructions: int
    cycles: Cycles
    by_block: Mapping[int, tuple[int, Cycles]]
    """Both by the address at which a block starts."""


def timing_of(cpu: Cpu) -> Timing:
    """The core's model; a TinycError that names those that have one if this one has none."""
    if cpu.name not in TIMINGS:
        raise TinycError(
            f"there are no timings of {cpu.name} to estimate cycles with", hint=f"there are for {_known()}"
        )
    return TIMINGS[cpu.name]


def _known() -> str:
    *most, last = TIMINGS
    return f"{', '.join(most)} and {last}"


def estimate(code: Code, flow: Flow, cpu: Cpu, wait_states: int = 0) -> Estimate:
    """What a core takes for a flow. `wait_states` are the flash's; all else is fast memory."""
    timing = timing_of(cpu)
    blocks: defaultdict[int, tuple[int, Cycles]] = defaultdict(lambda: (0, Cycles()))
    for (start, end, following), times in flow.items():
        run = _run(code, start, end)
        cycles = timing.block(run, following != end)
        if wait_states:
            cycles += waits(run, following, wait_states, cpu.name in CACHED)
        count, before = blocks[start]
        blocks[start] = count + times * len(run), before + cycles * times
    for start, missed in _mispredictions(code, flow).items():
        count, before = blocks[start]
        blocks[start] = count, before + timing.misprediction * missed
    return Estimate(
        instructions=sum(count for count, _ in blocks.values()),
        cycles=sum((cycles for _, cycles in blocks.values()), Cycles()),
        by_block=dict(blocks),
    )


def _run(code: Code, start: int, end: int) -> list[Instruction]:
    run = []
    at = start
    while at < end:
        if at not in code:
            raise TinycError(f"what ran at {at:#x} is no code of the firmware")
        run.append(code[at])
        at = code[at].end
    return run


def _mispredictions(code: Code, flow: Flow) -> dict[int, int]:
    """By a block's start, how often a simple predictor errs at its end: whenever it goes on where it rarely does.

    Blocks that end with the same branch are counted together, under one of them.
    """
    ways: defaultdict[int, Counter[int]] = defaultdict(Counter)
    starts: dict[int, int] = {}
    for (start, end, following), times in flow.items():
        ways[end][following] += times
        starts[end] = start
    missed = {}
    for end, where in ways.items():
        last = _run(code, starts[end], end)[-1]
        if last.leaves and not last.is_return and (last.conditional or last.is_indirect):
            missed[starts[end]] = sum(where.values()) - max(where.values())
    return missed
