"""What schedules save: RAM against instructions for the models, `make bench-memory`.

Each model is compiled layer by layer and with the smallest schedules that execute little more than that, with the
input in memory and with the input arriving by rows. Each runs in the emulator: the outputs must be the interpreter's
bit for bit, and the arena's high-water mark must be what was planned. The table goes to build/bench-memory.md and
build/bench-memory.json; the exit status is 1 if anything is not as it must be.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from bench import MODELS, Model, command_line, named, publish, shared_model
from numpy.typing import NDArray

import tinyc
from tinyc.ir.interp import execute, to_value
from tinyc.quant.calibrate import random_samples
from tinyc.samples import match_samples
from tinyc.schedule.search import choose

BOARD = "mps2-an386"
SAMPLE_SEED = 2
TIMEOUT_S = 900.0
OVERHEADS = (1.02, 1.3)

MEMORY_MODELS = (
    *(m for m in MODELS if m.name != "ad01_float"),  # dense layers alone have no rows
    shared_model("mcunetv2_large_lsuv_float"),
)

# The same networks elsewhere: arenas of TensorFlow Lite Micro, and figures of the others' authors. Where a figure
# leaves out the input, or is in kB, it says so.
PEERS = {
    "kws_dscnn_float": "TFLM 22,820",
    "resnet8_float": "TFLM 54,996",
    "vww96_float": "TFLM 100,708",
    "mcunet_vww_float": "TFLM 219,808; TinyEngine 93,992, in patches 62,352 + 19,200 of input; StreamNet 44.0 kB; "
    "msf-CNN without input 45.3 kB at 1.02×, 26.2 kB at 1.11×, 15.4 kB at 1.96×",
    "mcunetv2_large_lsuv_float": "TFLM 2,602,112; TinyEngine in patches 444,168 + 150,528 of input",
}


@dataclass(frozen=True)
class Row:
    """One schedule of one model. Sizes in bytes; `instructions` are those of one inference, counted by QEMU."""

    model: str
    wanted: str
    schedule: str
    arena_planned: int
    arena_high_water: int
    stack: int
    overhead: float
    """Multiply-accumulates executed, those of layer by layer being 1."""
    instructions: int
    slowdown: float
    """Instructions, those of layer by layer being 1."""
    estimated: float
    """The same by the estimate that the search goes by."""
    outputs_agree: bool

    @property
    def as_planned(self) -> bool:
        """Whether the arena is used up to its last byte, as far as its alignment lets one tell."""
        return 0 <= self.arena_planned - self.arena_high_water < 16

    @property
    def right(self) -> bool:
        """Whether all is as it must be."""
        return self.as_planned and self.outputs_agree


@dataclass(frozen=True)
class Case:
    """A compiled schedule, and what was asked for."""

    wanted: str
    compiled: tinyc.CompiledModel
    overhead: float
    cost: int


def cases(model: Model, folder: Path) -> Iterator[Case]:
    """Layer by layer, and the smallest schedules that execute little more; each is compiled when its turn comes."""
    calibration = model.load_samples() or "random:1"
    plain = tinyc.compile(model.file, BOARD, folder, calibration=calibration, schedule="layer")
    yield Case("layer by layer", plain, 1.0, plain.report["front"][0]["instructions_estimated"])
    for form, title in (("whole", "smallest"), ("rows", "by rows")):
        try:
            found = tinyc.explore(model.file, BOARD, calibration=calibration, input=form)
        except tinyc.TinycError as error:
            print(f"bench-memory: {model.name}, {title}: {error}", file=sys.stderr)
            continue
        chosen = {"about as fast": choose(found.points, macs=found.macs)}
        chosen.update((f"≤ {limit}×", choose(found.points, None, limit, found.macs)) for limit in OVERHEADS)
        seen = []
        for wish, point in chosen.items():
            if point is None or point in seen or not point.program.has_regions:
                continue
            seen.append(point)
            yield Case(f"{title}, {wish}", found.compile(point, folder), found.overhead(point), point.cost)


def measure(model: Model) -> Iterator[Row]:
    """Compile, emulate and compare each case."""
    first: tuple[int, int, bytes] | None = None
    with tempfile.TemporaryDirectory(prefix="tinyc-bench-") as name:
        for case in cases(model, Path(name) / "out"):
            compiled = case.compiled
            samples = sample_of(model, compiled)
            result = compiled.run_qemu(samples, timeout_s=TIMEOUT_S)
            if first is None:
                first = result.instructions, case.cost, interpreted(compiled, samples)
            instructions, cost, wanted = first
            yield Row(
                model=model.name,
                wanted=case.wanted,
                schedule=compiled.report["schedule_described"],
                arena_planned=result.arena_bytes,
                arena_high_water=result.arena_high_water,
                stack=result.stack_high_water,
                overhead=case.overhead,
                instructions=result.instructions,
                slowdown=result.instructions / instructions,
                estimated=case.cost / cost,
                outputs_agree=result.outputs == wanted,
            )


def sample_of(model: Model, compiled: tinyc.CompiledModel) -> Mapping[str, NDArray[Any]]:
    """One sample: a real one where there are some, else random."""
    samples = model.load_samples() or random_samples(compiled.graph, SAMPLE_SEED, 1)
    return {name: a[:1] for name, a in match_samples(samples, compiled.graph.inputs, model.name).items()}


def interpreted(compiled: tinyc.CompiledModel, samples: Mapping[str, NDArray[Any]]) -> bytes:
    """The outputs of the interpreter, layer by layer, as bytes in the arena."""
    graph = compiled.flat_graph
    values = execute(graph, {p.value: to_value(graph, p, samples[p.name][0]) for p in graph.inputs})
    return b"".join(np.ascontiguousarray(values[p.value]).tobytes() for p in graph.outputs)


def markdown(rows: Iterable[Row]) -> str:
    """The table."""
    lines = [
        "| model | schedule | RAM planned | measured | MACs | instructions | × | estimated × | stack | outputs |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|---|",
    ]
    shown = ""
    for row in rows:
        if row.model != shown and row.model in PEERS:
            lines.append(f"| {row.model} | *elsewhere: {PEERS[row.model]}* | | | | | | | | |")
        shown = row.model
        cells = [
            row.model,
            row.wanted,
            f"{row.arena_planned:,}",
            f"{row.arena_high_water:,}{'' if row.as_planned else ' **!**'}",
            f"{row.overhead:.3f}",
            f"{row.instructions:,}",
            f"{row.slowdown:.3f}",
            f"{row.estimated:.3f}",
            f"{row.stack:,}",
            "equal" if row.outputs_agree else "**DIFFERENT**",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    lines += [
        "",
        f"On {BOARD}, in bytes. RAM is the arena, which holds inputs, outputs, tensors and workspace; measured is its",
        "high-water mark, which may be up to 15 bytes less, as arenas are multiples of 16. MACs and × are to layer by",
        "layer. About as fast: the smallest that is estimated to take at most 8 % more instructions than the fastest",
        "with that form of input. Instructions were counted by QEMU. Outputs are compared with the interpreter's bits.",
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """Measure what is asked for, and write and print the table; 1 if anything is not as it must be."""
    args = command_line("Measure what schedules save.", MEMORY_MODELS).parse_args()
    rows: list[Row] = []
    failed = False
    for model in named(MEMORY_MODELS, args.models, "bench-memory"):
        try:
            for row in measure(model):
                rows.append(row)
                print(f"{row.model}: {row.wanted}: {row.arena_planned:,} bytes, {row.slowdown:.3f} ×", file=sys.stderr)
        except tinyc.TinycError as error:
            failed = True
            print(f"bench-memory: {model.name}: {error}", file=sys.stderr)
    publish("bench-memory", rows, markdown(rows))
    return 0 if not failed and all(row.right for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
