"""Profiling: what a compiled model costs when it runs in the emulator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyc.driver.compiled import FIRMWARE, CompiledModel
from tinyc.driver.cycles import FunctionCost, estimate_cycles
from tinyc.driver.record import write_report
from tinyc.errors import CheckFailedError
from tinyc.samples import Say, match_samples, silent
from tinyc.target.cpu import Cpu
from tinyc.target.elf import read_elf
from tinyc.target.timing.cycles import Cycles
from tinyc.target.timing.estimate import timing_of

LARGEST_SYMBOLS = 15


@dataclass(frozen=True)
class LayerCost:
    """What one layer takes. `instructions` are those executed, not cycles."""

    name: str
    op: str
    kernel: str
    macs: int
    instructions: int
    of_bound: float | None
    """Which share of its instructions its multiply-accumulates need at least; None without any.

    More than 1 for a kernel that computes the same with fewer products.
    """
    estimated_cycles: Cycles | None
    """None unless asked for, or if it executes nothing."""


@dataclass(frozen=True)
class Profile:
    """The cost of one inference of the first sample. Sizes in bytes; the figures of QEMU are right to ±8."""

    instructions: int
    """Of the firmware as it is shipped. Those of the layers come from a build that stops between them."""
    init_instructions: int
    """Of the model's init, which makes what is prepared at start-up."""
    layers: tuple[LayerCost, ...]
    arena_planned: int
    arena_high_water: int
    """From the arena's start to the highest byte touched: never more than planned."""
    stack_high_water: int
    """Of the model's init and run, their callees included."""
    stack_reserved: int
    code: int
    rodata: int
    data: int
    bss: int
    flash: int
    symbols: tuple[tuple[str, int], ...]
    """The symbols that take the most flash, and their bytes."""
    instructions_per_mac_bound: float
    """What a multiply-accumulate takes at least on this core, all loads and stores left out; the mean of all layers."""
    estimated_cycles: Cycles | None = None
    """Of the firmware as it is shipped; None unless asked for, as what follows."""
    flash_wait_states: int | None = None
    functions: tuple[FunctionCost, ...] = ()
    """In which functions the cycles are spent, their callees not included, the dearest first."""


def profile(
    compiled: CompiledModel,
    inputs: Mapping[str, NDArray[Any]] | None = None,
    say: Say = silent,
    cycles: bool = False,
    flash_wait_states: int = 0,
) -> Profile:
    """Run the first sample of `inputs` (zeros by default) and note what it takes in the folder's report.

    With `cycles` they are estimated too; see `estimate_cycles`. Raises TinycError where the board has no emulator or
    the firmware was not linked, CheckFailedError when the firmware fails or touches more memory than was planned.
    """
    if cycles:
        timing_of(compiled.board.cpu)  # fail before minutes are spent
    ports = compiled.graph.inputs
    if inputs is None:
        if ports:
            say("no inputs given: profiled on zeros")
        samples = {p.name: np.zeros((1, *p.shape), p.dtype) for p in ports}
    else:
        samples = {name: a[:1] for name, a in match_samples(inputs, ports, "inputs", say).items()}
    shipped = compiled.run_qemu(samples)
    traced = compiled.run_qemu(samples, trace=True)
    planned = compiled.interface.arena_bytes
    if shipped.arena_high_water > planned:
        raise CheckFailedError(
            f"the model touches {shipped.arena_high_water} bytes of its arena; {planned} were planned",
            str(compiled.folder),
        )
    # of layers whose inputs are computed right into their results nothing is executed, nor counted
    counts = dict(enumerate(traced.layer_instructions))
    costs = estimate_cycles(compiled, samples, flash_wait_states) if cycles else None
    entries = compiled.report["layers"]
    bounds = [_bound(compiled.board.cpu, entry.get("dtype") == "f32") for entry in entries]
    macs = sum(entry["macs"] for entry in entries)
    least = sum(entry["macs"] * bound for entry, bound in zip(entries, bounds, strict=True))
    elf = read_elf(compiled.folder / FIRMWARE)
    result = Profile(
        instructions=shipped.instructions,
        init_instructions=shipped.init_instructions,
        layers=tuple(
            _layer(entry, counts.get(i, 0), bounds[i], costs.layers.get(i) if costs else None)
            for i, entry in enumerate(entries)
        ),
        arena_planned=planned,
        arena_high_water=shipped.arena_high_water,
        stack_high_water=shipped.stack_high_water,
        stack_reserved=elf.stack_bytes,
        code=elf.text_bytes,
        rodata=elf.rodata_bytes,
        data=elf.data_bytes,
        bss=elf.bss_bytes,
        flash=elf.flash_bytes,
        symbols=tuple((s.name, s.bytes) for s in elf.flash_symbols()[:LARGEST_SYMBOLS]),
        instructions_per_mac_bound=least / macs if macs else 0.0,
        estimated_cycles=costs.total if costs else None,
        flash_wait_states=flash_wait_states if costs else None,
        functions=costs.functions if costs else (),
    )
    _record(compiled, result)
    return result


def _bound(cpu: Cpu, in_float: bool) -> float:
    """Instructions that a multiply-accumulate takes at least, by how many of them the core's best instruction does."""
    if in_float:
        return 1.0  # no vectors of floats: see cpu.py
    return 1 / 16 if cpu.has_mve else 1 / 2 if cpu.has_dsp else 1.0


def _layer(entry: Mapping[str, Any], instructions: int, bound: float, cycles: Cycles | None) -> LayerCost:
    share = entry["macs"] * bound / instructions if entry["macs"] and instructions else None
    return LayerCost(entry["name"], entry["op"], entry["kernel"], entry["macs"], instructions, share, cycles)


def _record(compiled: CompiledModel, result: Profile) -> None:
    report = {
        **compiled.report,
        "instructions": result.instructions,
        "init_instructions": result.init_instructions,
        "arena_high_water": result.arena_high_water,
        "stack_high_water": result.stack_high_water,
        "layers": [
            {**entry, "instructions": layer.instructions}
            for entry, layer in zip(compiled.report["layers"], result.layers, strict=True)
        ],
    }
    write_report(report, compiled.folder)
    compiled.report = report
