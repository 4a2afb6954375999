"""tinyc profile: what a compiled model costs in the emulator, layer by layer."""

from __future__ import annotations

import re
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from tinyc.cli.command import Command, add_json, existing_folder
from tinyc.cli.terminal import Terminal
from tinyc.errors import TinycError
from tinyc.report.summary import title
from tinyc.report.table import Table
from tinyc.report.text import number, percent, ratio

if TYPE_CHECKING:
    from tinyc.driver.profile import Profile
    from tinyc.target.timing.cycles import Cycles

DEAREST_FUNCTIONS = 15


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder of a compiled model")
    parser.add_argument("--inputs", type=Path, metavar="X.npz", help="its first sample is run; default: zeros")
    parser.add_argument(
        "--cycles",
        action="store_true",
        help="estimate cycles too, from every instruction that is executed: for Cortex-M3, Cortex-M4 and Cortex-M7",
    )
    parser.add_argument(
        "--flash-wait-states",
        type=_wait_states,
        metavar="N",
        help="with --cycles: code and constants lie in flash that takes N more cycles a line; default: 0",
    )
    add_json(parser)


def execute(args: Namespace, terminal: Terminal) -> int:
    from tinyc.driver.compiled import CompiledModel
    from tinyc.driver.profile import profile
    from tinyc.samples import load_npz

    if args.flash_wait_states is not None and not args.cycles:
        raise TinycError("--flash-wait-states is of the estimate that --cycles asks for", hint="give both, or neither")
    compiled = CompiledModel(existing_folder(args.folder))
    inputs = None if args.inputs is None else load_npz(args.inputs)
    result = profile(compiled, inputs, terminal.say, args.cycles, args.flash_wait_states or 0)
    terminal.json(asdict(result))
    terminal.lines([title(compiled.report)])
    terminal.table(_layers(result))
    if compiled.report.get("prepared_bytes"):
        count = number(result.init_instructions)
        terminal.lines(["", f"start-up: init prepares weights in {count} instructions (QEMU)"])
    if result.estimated_cycles is not None:
        terminal.lines(["", *_cycles(result, result.estimated_cycles)])
        terminal.table(_functions(result))
    terminal.table(_memory(result))
    terminal.table(_symbols(result))
    return 0


def _wait_states(text: str) -> int:
    if not re.fullmatch(r"\d+", text):
        raise ArgumentTypeError(f"'{text}' is not a number of wait states, such as 5")
    return int(text)


def _layers(result: Profile) -> Table:
    total = sum(layer.instructions for layer in result.layers)
    rows = [
        [
            layer.name,
            layer.op,
            layer.kernel.replace("tinyc_", ""),
            number(layer.macs),
            number(layer.instructions),
            ratio(layer.instructions, layer.macs),
            "-" if layer.of_bound is None else percent(layer.of_bound, 1),
            percent(layer.instructions, total),
            _estimate(layer.estimated_cycles),
        ]
        for layer in result.layers
    ]
    macs, all_instructions = sum(layer.macs for layer in result.layers), result.instructions
    per_mac = ratio(all_instructions, macs)
    bound = percent(macs * result.instructions_per_mac_bound, all_instructions) if macs else "-"
    cycles = _estimate(result.estimated_cycles)
    rows.append(["one inference", "", "", number(macs), number(all_instructions), per_mac, bound, "", cycles])
    heads = ("layer", "operator", "kernel", ">MACs", ">instructions (QEMU)", ">per MAC", ">of the bound", ">share")
    if result.estimated_cycles is None:
        return Table("", heads, [row[:-1] for row in rows])
    return Table("", (*heads, ">estimated cycles"), rows)


def _estimate(cycles: Cycles | None) -> str:
    return number(None if cycles is None else round(cycles.estimate))


def _cycles(result: Profile, cycles: Cycles) -> list[str]:
    low, estimate, high = (_short(value) for value in (cycles.low, cycles.estimate, cycles.high))
    each = ratio(cycles.estimate, result.instructions)
    flash = f"flash with {result.flash_wait_states} wait states" if result.flash_wait_states else "no wait states"
    return [f"estimated cycles of one inference: about {estimate} ({low} to {high}), {each} an instruction, {flash}"]


def _short(cycles: float) -> str:
    """With three digits, such as 12.4M."""
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if cycles >= size:
            scaled = cycles / size
            return f"{scaled:.{2 if scaled < 10 else 1 if scaled < 100 else 0}f}{unit}"
    return f"{cycles:.0f}"


def _functions(result: Profile) -> Table:
    total = sum(one.estimated_cycles.estimate for one in result.functions)
    rows = [
        (
            one.name,
            number(one.instructions),
            number(round(one.estimated_cycles.estimate)),
            f"{_short(one.estimated_cycles.low)} to {_short(one.estimated_cycles.high)}",
            percent(one.estimated_cycles.estimate, total),
        )
        for one in result.functions[:DEAREST_FUNCTIONS]
    ]
    return Table("", ("function", ">instructions", ">estimated cycles", ">range", ">share"), rows)


def _memory(result: Profile) -> Table:
    rows = [
        ("arena", number(result.arena_high_water), f"touched, of {number(result.arena_planned)} planned"),
        ("stack", number(result.stack_high_water), f"used by the model, of {number(result.stack_reserved)} reserved"),
        ("RAM", number(result.data + result.bss), f"data {number(result.data)}, bss {number(result.bss)}"),
        ("flash", number(result.flash), f"code {number(result.code)}, rodata {number(result.rodata)}, data as above"),
    ]
    return Table("", ("memory", ">bytes", "of that"), rows)


def _symbols(result: Profile) -> Table:
    rows = [(name, number(size), percent(size, result.flash)) for name, size in result.symbols]
    return Table("", ("largest in flash", ">bytes", ">share"), rows)


COMMAND = Command(
    "profile", "Measure a compiled model in the emulator: instructions, RAM, stack, flash.", configure, execute
)
