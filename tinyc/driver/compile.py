"""Compile a model: from its file to a folder with C, firmware, and the record of what was done."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyc.codegen import c
from tinyc.codegen.emit import Weights, emit_model, write_files
from tinyc.driver.compiled import BOARD, FIRMWARE
from tinyc.driver.firmware import (
    CmsisNN,
    SelfTest,
    check_fit,
    firmware_files,
    largest_buffers,
    largest_constants,
    link_firmware,
    linker_text,
    main_text,
)
from tinyc.driver.interface import interface_of
from tinyc.driver.kernels import KernelWish, kernel_target, settle
from tinyc.driver.output import check_output, list_files, replacing
from tinyc.driver.phases import Given, Lowered, Quantization, lower
from tinyc.driver.record import REPORT, build_report, write_report
from tinyc.driver.schedule import Scheduled, ScheduleWish, Space, find_schedule
from tinyc.errors import DoesNotFitError, TinycError
from tinyc.frontend import import_model
from tinyc.ir import text
from tinyc.ir.graph import Graph
from tinyc.ir.interp import execute, to_value
from tinyc.ir.kernel import KernelSet
from tinyc.ir.region import flattened
from tinyc.ir.types import Rounding
from tinyc.memory.buffers import Memory
from tinyc.program.choice import Choice
from tinyc.program.costs import shipped_costs
from tinyc.program.program import Program, build_program
from tinyc.quant.adopt import is_quantized
from tinyc.quant.calibrate import Progress, random_samples
from tinyc.quant.observers import ObserverChoice
from tinyc.resources import text_name
from tinyc.samples import Say, load_npz, match_samples, silent
from tinyc.schedule.search import Point
from tinyc.target.board import Board
from tinyc.target.linker import DEFAULT_STACK_BYTES

Calibration = Path | str | Mapping[str, NDArray[Any]]
Sample = Mapping[str, NDArray[Any]]

FLOAT_LAYERS = 5
"""How many layers that stay in float are listed by name."""

VARIABLES_BYTES = 1024
"""More than the firmware's variables take beside the arena and the stack."""


@dataclass(frozen=True)
class Options:
    """What a user can choose."""

    board: Board
    calibration: Calibration | None = None
    """An .npz file, arrays by input name, or "random:SEED"; None for `float`."""
    float: bool = False
    strict_int8: bool = False
    """Layers that would stay in float are an error."""
    kernels: KernelSet = KernelSet.TINYC
    wish: KernelWish = field(default_factory=KernelWish)
    rounding: Rounding = Rounding.SINGLE
    observer: ObserverChoice = field(default_factory=ObserverChoice)
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    states: Mapping[str, str] = field(default_factory=dict)
    """For each input that a run takes from the one before, the output that it is there."""
    cmsis_nn: CmsisNN | None = None
    schedule: ScheduleWish = field(default_factory=ScheduleWish)
    canaries: bool = False
    """A debug build: buffers do not overlap, and bytes behind each are watched from step to step."""
    memories: tuple[Memory, ...] = ()
    """Over which the arena is spread, the fastest first; none: it lies in one piece."""
    weights: Weights | None = None
    """None: as C text, or in a binary file if they are large."""
    dump_dir: Path | None = None
    link: bool = True
    """Build the firmware too, which takes the Arm toolchain."""
    cache_dir: Path | None = None
    progress: Progress | None = None
    say: Say = silent
    watch: Say = silent
    """Told how far the search for a schedule is."""

    @property
    def choice(self) -> Choice:
        """What decides which kernels are called."""
        cpu = self.board.cpu
        target = kernel_target(cpu, self.cmsis_nn is not None)
        costs = shipped_costs(cpu.name)
        return Choice(target, self.kernels, self.wish.optimize, costs, prepare=self.wish.prepare)

    @property
    def space(self) -> Space:
        """What the board has for the arena; what is not linked brings a stack of its own."""
        taken = DEFAULT_STACK_BYTES + VARIABLES_BYTES if self.link else 0
        return Space(self.board.name, self.board.ram.bytes, taken)


def compile_model(model: Path, out: Path, options: Options) -> None:
    """Compile the file `model` into the folder `out`, which is replaced as a whole or not at all."""
    check_output(out, options.dump_dir)
    imported, quantization = read_model(model, options)
    found: list[Scheduled] = []

    def schedule(graph: Graph) -> Graph:
        found.append(find_schedule(graph, options.choice, options.schedule, options.space, options.say, options.watch))
        return found[0].point.graph

    lowered = lower(imported, quantization, options.dump_dir, schedule)
    tell_float_layers(lowered, options.say)
    point = settled(found[0].point, options)
    points = [point if p is found[0].point else p for p in found[0].points]
    scheduled = replace(found[0], point=point, points=points)
    write_model(out, model, lowered, scheduled, quantization, options)


def settled(point: Point, options: Options) -> Point:
    """A schedule with the kernels that are wanted for it. Where the least RAM was, they take no more than it does."""
    ram = options.schedule.limit(options.space)
    if options.schedule.searches and options.schedule.ram is None:
        ram = min(ram, point.ram)
    point = settle(
        point, options.wish, options.board, ram, options.link, options.cmsis_nn, options.cache_dir, options.watch
    )
    if options.wish.prepare and not point.program.prepared.bytes:
        options.say("no weights are prepared at start-up: within these budgets that makes nothing faster")
    return point


def read_model(model: Path, options: Options) -> tuple[Graph, Quantization | Given | None]:
    """The imported graph, and how it is quantized; None for float."""
    options.schedule.check(options.kernels)
    options.wish.check(options.link, options.cmsis_nn is not None)
    if options.canaries and options.memories:
        raise TinycError("canaries are for an arena in one piece", hint="leave out the memories in debug builds")
    if options.cmsis_nn is not None:
        options.cmsis_nn.check()
    imported = import_model(model, options.shapes, options.states)
    return imported, _quantization(imported, options)


def write_model(
    out: Path,
    model: Path,
    lowered: Lowered,
    scheduled: Scheduled,
    quantization: Quantization | Given | None,
    options: Options,
) -> None:
    """Write the folder `out` for a model whose graph, in `lowered`, is that of the schedule."""
    if options.canaries or options.memories:
        point = scheduled.point
        try:
            program = build_program(point.graph, point.choice, options.canaries, options.memories)
        except DoesNotFitError as error:
            raise DoesNotFitError(error.message, error.where, "larger memories, or --ram, to take less") from None
        scheduled = replace(scheduled, point=replace(scheduled.point, program=program))
    check_fit(scheduled.point.program, options.board)
    sample = None
    if isinstance(quantization, Quantization):
        sample = {name: a[0] for name, a in quantization.samples.items()}
    with replacing(out) as folder:
        _write(folder, model, sample, lowered, scheduled, options)


def _quantization(imported: Graph, options: Options) -> Quantization | Given | None:
    if options.float:
        return None
    given = options.calibration
    # CMSIS-NN has neither functions of floats nor tables
    foreign = options.kernels is not KernelSet.TINYC
    strict = options.strict_int8 or foreign
    even_ties = options.rounding is Rounding.SINGLE and not foreign
    if is_quantized(imported):
        if given is not None:
            options.say("the model brings its quantization, which is kept: calibration data are not needed")
        return Given(options.rounding, strict, even_ties, tables=not foreign)
    if given is None and not imported.inputs:
        given = {}  # its one sample
    if given is None:
        raise TinycError(
            "int8 needs calibration data",
            hint="give --calibration samples.npz with real inputs, or compile with --float",
        )
    if isinstance(given, str) and given.startswith("random:"):
        seed = given.removeprefix("random:")
        if not seed.isdecimal():
            raise TinycError(f"no calibration '{given}'", hint="random:SEED wants a whole number, as in random:1")
        options.say("calibrated on random inputs: the accuracy of the result is meaningless")
        samples: Mapping[str, NDArray[Any]] = random_samples(imported, int(seed))
    elif isinstance(given, Mapping):
        samples = match_samples(given, imported.inputs, "calibration", options.say)
    else:
        samples = match_samples(load_npz(Path(given)), imported.inputs, str(given), options.say)
    return Quantization(
        samples, options.observer, options.rounding, options.progress, not foreign, strict, even_ties
    )  # fmt: skip


def _write(
    folder: Path, model: Path, sample: Sample | None, lowered: Lowered, scheduled: Scheduled, options: Options
) -> None:
    board, program = options.board, scheduled.point.program
    data = model.read_bytes()
    source = text_name(model)
    name = c.identifier(source.stem)
    interface = interface_of(program, name)
    sha256 = hashlib.sha256(data).hexdigest()
    files = emit_model(program, name, source.name, sha256, options.weights)
    selftest = None if board.emulator else _selftest(program, sample)
    texts = {
        **files.texts,
        "main.c": main_text(interface, len(program.layers), selftest),
        "linker.ld": linker_text(board),
    }
    if board.toml:
        texts[BOARD] = board.toml
    write_files(folder, texts, [*files.runtime, *firmware_files(board)], files.data)
    text.save(lowered.float_graph, folder / "float.tc")
    text.save(lowered.graph, folder / "model.tc")
    report = build_report(source.name, sha256, board, lowered, scheduled, interface, options.kernels)
    report["states"] = dict(options.states)
    report["max_overhead"] = options.schedule.max_overhead
    report["calibration"] = _calibration_note(options, is_quantized(lowered.float_graph))
    report["cmsis_nn"] = None if options.cmsis_nn is None else options.cmsis_nn.record()
    if options.link:
        try:
            elf = link_firmware(
                folder, folder / FIRMWARE, board, program.graph.rounding, options.cmsis_nn,
                cache_dir=options.cache_dir,
            )  # fmt: skip
        except DoesNotFitError as error:
            largest = f"{largest_buffers(program)}\n{largest_constants(program)}"
            raise DoesNotFitError(f"{error.message}\n{largest}", error.where, error.hint) from None
        report.update(
            code_bytes=elf.text_bytes, flash_bytes=elf.flash_bytes, ram_bytes=elf.ram_bytes, firmware=FIRMWARE
        )
    report["files"] = sorted([*list_files(folder), REPORT])
    write_report(report, folder)


def tell_float_layers(lowered: Lowered, say: Say) -> None:
    """Which layers of a quantized model are computed in float, and why."""
    names = {n.outs[0]: n.name or n.outs[0] for n in flattened(lowered.graph).nodes}
    reasons: dict[str, dict[str, None]] = {}
    for value, why in lowered.float_layers.items():
        reasons.setdefault(why, {})[f"'{names[value]}'"] = None
    for why, found in reasons.items():
        layers = list(found)
        more = f" and {len(layers) - FLOAT_LAYERS} more" if len(layers) > FLOAT_LAYERS else ""
        say(f"in float: {', '.join(layers[:FLOAT_LAYERS])}{more}, because {why}")


def _calibration_note(options: Options, given: bool) -> str | None:
    if options.float:
        return None
    if given:
        return "the model's own"
    if isinstance(options.calibration, str) and options.calibration.startswith("random:"):
        return f"{options.calibration}: accuracy is meaningless"
    percent = options.observer.percent
    method = "minmax" if percent is None else f"percentile:{percent:g}"
    source = "arrays" if isinstance(options.calibration, Mapping) else Path(str(options.calibration)).name
    return f"{source}, {method}"


def _selftest(program: Program, sample: Sample | None) -> SelfTest:
    """`sample`, zeros where there is none, and what the interpreter makes of it."""
    graph = program.graph
    inputs = {}
    for port in graph.inputs:
        user = np.zeros(port.shape, port.dtype) if sample is None else sample[port.name]
        inputs[port.value] = to_value(graph, port, user)
    values = execute(graph, inputs)
    return SelfTest(
        samples=1,
        input=b"".join(inputs[p.value].tobytes() for p in graph.inputs),
        expected=b"".join(np.ascontiguousarray(values[p.value]).tobytes() for p in graph.outputs),
    )
