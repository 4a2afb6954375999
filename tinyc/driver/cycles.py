"""Cycles of a compiled model, estimated from what the emulator executes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from tinyc.driver.compiled import CompiledModel
from tinyc.errors import CheckFailedError
from tinyc.run.trace import Trace, trace_firmware
from tinyc.target.board import Board
from tinyc.target.elf import read_elf
from tinyc.target.timing.cycles import Cycles
from tinyc.target.timing.estimate import Estimate, estimate, timing_of
from tinyc.target.timing.instructions import disassemble

# By how many instructions the stopwatch may differ from what the trace shows: its own error, and the call around a run.
TOLERANCE = 64


@dataclass(frozen=True)
class FunctionCost:
    """What runs in one function of the firmware, its callees not included."""

    name: str
    instructions: int
    estimated_cycles: Cycles


@dataclass(frozen=True)
class CycleCosts:
    """Estimated cycles of one inference, of its layers by their numbers, and of its functions, the dearest first.

    Layers are of a build that stops between them, the rest of the firmware as it is shipped.
    """

    total: Cycles
    layers: Mapping[int, Cycles]
    functions: tuple[FunctionCost, ...]


def estimate_cycles(compiled: CompiledModel, sample: Mapping[str, NDArray[Any]], wait_states: int = 0) -> CycleCosts:
    """Estimate what one sample takes (as `match_samples` gives it), with so many wait states of the flash.

    Raises TinycError where there are no timings of the board's core, no emulator or no firmware, CheckFailedError when
    the trace shows other code than the firmware's stopwatch counted.
    """
    board = compiled.board
    timing_of(board.cpu)
    data = compiled.input_bytes(sample, 1)
    with compiled.firmware() as elf:
        trace = trace_firmware(elf, board, data)
        (whole,) = _estimates(elf, board, trace, [trace.result.instructions], wait_states)
        functions = _functions(elf, whole)
    layers: defaultdict[int, Cycles] = defaultdict(Cycles)
    with compiled.firmware(trace=True) as elf:
        trace = trace_firmware(elf, board, data)
        steps = _estimates(elf, board, trace, [count for _, count in trace.result.steps], wait_states)
        for (layer, _), step in zip(trace.result.steps, steps, strict=True):
            layers[layer] += step.cycles
    rounded = {layer: cycles.rounded() for layer, cycles in layers.items()}
    return CycleCosts(whole.cycles.rounded(), rounded, functions)


def _estimates(elf: Path, board: Board, trace: Trace, counted: Sequence[int], wait_states: int) -> list[Estimate]:
    """Of each flow for which instructions were counted; what comes behind the last layer is left out."""
    code = disassemble(elf)
    found = [estimate(code, flow, board.cpu, wait_states) for flow in trace.flows[: len(counted)]]
    if len(found) != len(counted):
        raise CheckFailedError(f"{len(counted)} runs were counted, the trace shows {len(found)}", str(elf))
    for one, count in zip(found, counted, strict=True):
        if abs(one.instructions - count) > TOLERANCE:
            raise CheckFailedError(f"{count} instructions were counted, the trace shows {one.instructions}", str(elf))
    return found


def _functions(elf: Path, whole: Estimate) -> tuple[FunctionCost, ...]:
    symbols = read_elf(elf)
    costs: defaultdict[str, tuple[int, Cycles]] = defaultdict(lambda: (0, Cycles()))
    for start, (instructions, cycles) in whole.by_block.items():
        name = symbols.function_at(start) or "(no symbol)"
        count, before = costs[name]
        costs[name] = count + instructions, before + cycles
    found = [FunctionCost(name, count, cycles.rounded()) for name, (count, cycles) in costs.items()]
    return tuple(sorted(found, key=lambda one: (-one.estimated_cycles.estimate, one.name)))
