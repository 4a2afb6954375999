"""What models cost on each emulated core: `make bench`.

Compiles the examples, and the reference models in ../shared where they are, for one board of each core with each
kernel set and schedule, runs one sample of each in the emulator, and writes the table to build/bench.md and
build/bench.json. Where ../shared has the figures of TensorFlow Lite Micro with CMSIS-NN for the same network and
core, the best of its builds stands beside. A summary, models × cores, comes first. `--jobs` compiles and emulates
several at a time: what is counted does not depend on it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from rich.progress import track

import tinyc
from tinyc.driver.kernels import kernel_target
from tinyc.driver.profile import profile
from tinyc.driver.trial import trial
from tinyc.ir.graph import Graph, plain_port
from tinyc.ir.region import RegionOp
from tinyc.ir.types import i8
from tinyc.program.choice import Choice
from tinyc.program.program import build_program
from tinyc.target.board import load_board

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
BUILD = ROOT / "build"
BOARDS = ("qemu-m0", "mps2-an385", "mps2-an386", "mps2-an500", "mps2-an505", "mps3-an547")
CALIBRATION_SAMPLES = 20

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Model:
    """A model to measure: its ONNX file, and real samples (an .npz file and the array in it) where there are some."""

    file: Path
    samples: Path | None = None
    array: str = "x"
    baseline: str = ""
    """Its name among the figures of TensorFlow Lite Micro."""

    @property
    def name(self) -> str:
        """What it is called in the table."""
        return self.file.stem

    def load_samples(self) -> Arrays | None:
        """Up to CALIBRATION_SAMPLES real samples."""
        if self.samples is None:
            return None
        with np.load(self.samples) as archive:
            return {self.array: archive[self.array][:CALIBRATION_SAMPLES]}


def shared_model(name: str, samples: str | None = None, array: str = "x", baseline: str = "") -> Model:
    """A reference model."""
    return Model(
        SHARED / "models" / f"{name}.onnx", SHARED / "data" / samples if samples else None, array, baseline
    )  # fmt: skip


MODELS = (
    Model(ROOT / "examples/digits/digits.onnx", ROOT / "examples/digits/calibration.npz", "image"),
    Model(ROOT / "examples/sensor/vibration.onnx", ROOT / "examples/sensor/calibration.npz", "signal"),
    shared_model("ad01_float", "ad01_samples.npz", baseline="ad01_int8"),
    shared_model("kws_dscnn_float", "kws_samples.npz", "x_float", baseline="kws_dscnn_int8"),
    shared_model("resnet8_float", "cifar10_calib.npz", baseline="resnet8_int8"),
    shared_model("vww96_float", baseline="vww96_int8"),
    shared_model("mcunet_vww_float", baseline="mcunet_vww_int8"),
)


@dataclass(frozen=True)
class Way:
    """A way to compile: kernels, what they are chosen for, and the schedule."""

    name: str
    kernels: str = "tinyc"
    optimize: str = "speed"
    schedule: str = "layer"


WAYS = (
    Way("speed"),
    Way("size", optimize="size"),
    Way("cmsis-nn", kernels="cmsis-nn"),
    Way("speed, auto", schedule="auto"),
)


@dataclass(frozen=True)
class Row:
    """One model on one core, compiled in one way. `instructions` are those of one inference, counted by QEMU.

    Sizes are in bytes. `code_bytes` are those of the model and its kernels, with what they need of C's library; those
    of start-up and harness are left out. `weights_bytes` has everything constant; `plain_bytes` the weights and biases
    as they are, and a multiplier and a shift for each channel.
    """

    model: str
    board: str
    cpu: str
    way: str
    calibration: str
    macs: int
    macs_executed: int
    instructions: int
    arena_bytes: int
    stack_bytes: int
    ram_bytes: int
    code_bytes: int
    weights_bytes: int
    plain_bytes: int
    flash_bytes: int
    tflm_instructions: int | None
    tflm_arena_bytes: int | None
    tflm_code_bytes: int | None


def measure(model: Model, board: str, way: Way, baselines: Mapping[str, Any]) -> Row:
    """Compile, emulate, and take down what it costs."""
    samples = model.load_samples()
    with tempfile.TemporaryDirectory(prefix="tinyc-bench-") as folder:
        compiled = tinyc.compile(
            model.file, board, folder, calibration=samples or "random:1",
            kernels=way.kernels, optimize=way.optimize, schedule=way.schedule,
        )  # fmt: skip
        cost = profile(compiled, samples)
        report, graph = compiled.report, compiled.graph
    builds = baselines.get(model.baseline, {}).get("builds", {})
    core = report["cpu"].replace("cortex-", "")
    rivals = [build for name, build in builds.items() if name.startswith(f"{core}-")]
    return Row(
        model=model.name,
        board=board,
        cpu=report["cpu"],
        way=way.name,
        calibration="real" if samples else "random",
        macs=report["macs"],
        macs_executed=report["macs_executed"],
        instructions=cost.instructions,
        arena_bytes=cost.arena_planned,
        stack_bytes=cost.stack_high_water,
        ram_bytes=report["ram_bytes"],
        code_bytes=cost.code - harness_bytes(board),
        weights_bytes=report["weights_bytes"],
        plain_bytes=plain_bytes(graph),
        flash_bytes=cost.flash,
        tflm_instructions=min((build["instructions"] for build in rivals), default=None),
        tflm_arena_bytes=min((build["arena_bytes"] for build in rivals), default=None),
        tflm_code_bytes=min((build["code_bytes"] for build in rivals), default=None),
    )


@cache
def harness_bytes(board: str) -> int:
    """The code of a firmware whose model does nothing."""
    kind = i8(4, scale=1.0)
    graph = Graph("nothing", (plain_port("x", kind),), (plain_port("x", kind),), (), {"x": kind})
    target = load_board(board)
    with trial(build_program(graph, Choice(kernel_target(target.cpu))), target) as (_, elf):
        return elf.text_bytes


def plain_bytes(graph: Graph) -> int:
    """Weights, biases, and what requantization takes for each channel."""
    total = 0
    for body in (graph, *(node.op.body for node in graph.nodes if isinstance(node.op, RegionOp))):
        for name in body.constants:
            kind = body.types[name]
            total += kind.bytes + (8 * len(kind.quant.scale) if kind.quant and kind.quant.axis is not None else 0)
    return total


def markdown(rows: Iterable[Row]) -> str:
    """The table."""
    lines = [
        "| model | core | kernels, schedule | MACs | instructions | a MAC | TFLM | TFLM / tinyc | arena | TFLM | stack"
        " | code | TFLM | weights | of plain |",
        "|---|---|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in rows:
        rival = row.tflm_instructions
        cells = [
            row.model + ("" if row.calibration == "real" else " *"),
            row.cpu.removeprefix("cortex-").upper(),
            row.way,
            f"{row.macs_executed:,}",
            f"{row.instructions:,}",
            f"{row.instructions / row.macs_executed:.2f}",
            f"{rival:,}" if rival else "",
            f"{rival / row.instructions:.2f}" if rival else "",
            f"{row.arena_bytes:,}",
            f"{row.tflm_arena_bytes:,}" if row.tflm_arena_bytes else "",
            f"{row.stack_bytes:,}",
            f"{row.code_bytes:,}",
            f"{row.tflm_code_bytes:,}" if row.tflm_code_bytes else "",
            f"{row.weights_bytes:,}",
            f"{row.weights_bytes / row.plain_bytes:.2f}",
        ]
        lines.append(f"| {' | '.join(cells)} |")
    lines += [
        "",
        "Instructions of one inference, counted by QEMU: not cycles. Sizes in bytes; code of the model and its kernels",
        "(TFLM: of the whole image without the model), weights with all tables, and how much of plain int8 they are.",
        "MACs without those of channels that do nothing. `*` calibrated on random inputs.",
    ]
    return "\n".join(lines) + "\n"


SUMMARY = ("speed", "cmsis-nn")
"""The ways that the summary has."""


def summary(rows: Sequence[Row]) -> str:
    """Instructions of models × cores, each followed by what TFLM takes as a multiple."""
    cores = list(dict.fromkeys(row.cpu for row in rows))
    found = {(row.model, row.way, row.cpu): row for row in rows}

    def cell(row: Row | None) -> str:
        if row is None:
            return ""
        rival = row.tflm_instructions
        return f"{row.instructions:,}" + (f" (TFLM {rival / row.instructions:.1f} ×)" if rival else "")

    lines = [
        f"| model | kernels | {' | '.join(core.removeprefix('cortex-').upper() for core in cores)} |",
        f"|---|---|{'--:|' * len(cores)}",
    ]
    for model, way in dict.fromkeys((row.model, row.way) for row in rows if row.way in SUMMARY):
        lines.append(f"| {model} | {way} | {' | '.join(cell(found.get((model, way, core))) for core in cores)} |")
    return "\n".join(lines) + "\n"


def command_line(description: str, models: Iterable[Model]) -> argparse.ArgumentParser:
    """A command line on which some of `models` can be named."""
    parser = argparse.ArgumentParser(description=description)
    names = [model.name for model in models]
    parser.add_argument("--models", nargs="+", choices=names, default=names, metavar="NAME", help=", ".join(names))
    return parser


def named(models: Iterable[Model], names: Sequence[str], job: str) -> list[Model]:
    """The models of these names whose files are there; of others `job` says that they are left out."""
    wanted = [model for model in models if model.name in names]
    for model in wanted:
        if not model.file.is_file():
            print(f"{job}: {model.name} is left out: there is no {model.file}", file=sys.stderr)
    return [model for model in wanted if model.file.is_file()]


def publish(job: str, rows: Iterable[Any], table: str) -> None:
    """Write what was measured to build/, as JSON and as the table, and print the table. `rows` are dataclasses."""
    BUILD.mkdir(exist_ok=True)
    (BUILD / f"{job}.json").write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")
    (BUILD / f"{job}.md").write_text(table)
    print(table, end="")


def attempt(model: Model, board: str, way: Way, baselines: Mapping[str, Any]) -> Row | str:
    """What `measure` finds, or the message why it could not."""
    try:
        return measure(model, board, way, baselines)
    except tinyc.TinycError as error:
        return f"{model.name} on {board}, {way.name}: {error}"


def measured(jobs: Sequence[tuple[Model, str, Way]], baselines: Mapping[str, Any], workers: int) -> Iterator[Row | str]:
    """What `attempt` finds for each job, in their order."""
    with ProcessPoolExecutor(workers) as pool:
        futures = [pool.submit(attempt, *job, baselines) for job in jobs]
        for _ in track(as_completed(futures), "measuring", total=len(jobs), console=Console(stderr=True)):
            pass
        yield from (future.result() for future in futures)


def main() -> int:
    """Measure what is asked for, and write and print the table; 1 if a model could not be measured."""
    parser = command_line("Measure models in the emulator.", MODELS)
    parser.add_argument("--boards", nargs="+", default=BOARDS, metavar="BOARD", help="default: one of each core")
    ways = [way.name for way in WAYS]
    parser.add_argument("--ways", nargs="+", choices=ways, default=ways, metavar="WAY", help=", ".join(map(repr, ways)))
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, metavar="N", help="default: one a processor")
    args = parser.parse_args()
    models = named(MODELS, args.models, "bench")
    anchors = SHARED / "anchors" / "tflm.json"
    baselines = json.loads(anchors.read_text())["models"] if anchors.is_file() else {}
    wanted = [way for way in WAYS if way.name in args.ways]
    jobs = [(model, board, way) for model in models for board in args.boards for way in wanted]
    rows = []
    for result in measured(jobs, baselines, args.jobs):
        if isinstance(result, Row):
            rows.append(result)
        else:
            print(f"bench: {result}", file=sys.stderr)
    publish("bench", rows, f"{summary(rows)}\n{markdown(rows)}")
    return 0 if len(rows) == len(jobs) else 1


if __name__ == "__main__":
    sys.exit(main())
