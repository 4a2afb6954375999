"""tinyc profile: what a compiled model costs in the emulator, layer by layer."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from tinyc.cli.command import Command, add_json, existing_folder
from tinyc.cli.terminal import Terminal
from tinyc.report.summary import title
from tinyc.report.table import Table
from tinyc.report.text import number, percent, ratio

if TYPE_CHECKING:
    from tinyc.driver.profile import Profile


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder of a compiled model")
    parser.add_argument("--inputs", type=Path, metavar="X.npz", help="its first sample is run; default: zeros")
    add_json(parser)


def execute(args: Namespace, terminal: Terminal) -> int:
    from tinyc.driver.compiled import CompiledModel
    from tinyc.driver.profile import profile
    from tinyc.samples import load_npz

    compiled = CompiledModel(existing_folder(args.folder))
    inputs = None if args.inputs is None else load_npz(args.inputs)
    result = profile(compiled, inputs, terminal.say)
    terminal.json(asdict(result))
    terminal.lines([title(compiled.report)])
    terminal.table(_layers(result))
    terminal.table(_memory(result))
    terminal.table(_symbols(result))
    return 0


def _layers(result: Profile) -> Table:
    total = sum(layer.instructions for layer in result.layers)
    rows = [
        (
            layer.name,
            layer.op,
            number(layer.macs),
            number(layer.instructions),
            ratio(layer.instructions, layer.macs),
            percent(layer.instructions, total),
        )
        for layer in result.layers
    ]
    macs = sum(layer.macs for layer in result.layers)
    rows.append(("one inference", "", number(macs), number(result.instructions), ratio(result.instructions, macs), ""))
    return Table("", ("layer", "operator", ">MACs", ">instructions (QEMU)", ">per MAC", ">share"), rows)


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
