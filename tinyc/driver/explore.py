"""Exploring: every schedule of a model that is worth a look, and on request what each takes in the emulator."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tinyc.driver.compile import Options, read_model, settled, tell_float_layers, write_model
from tinyc.driver.compiled import CompiledModel
from tinyc.driver.output import check_output
from tinyc.driver.phases import Given, Lowered, Quantization, lower
from tinyc.driver.schedule import Scheduled, misfit, pick, search
from tinyc.errors import DoesNotFitError, TinycError
from tinyc.ir.verify import verify
from tinyc.schedule.search import Point

TIMEOUT_S = 600.0


@dataclass(frozen=True, eq=False)
class Exploration:
    """The front that was found, the largest RAM first."""

    points: Sequence[Point]
    chosen: Point | None
    """What `compile` would take; None if nothing fits."""
    misfit: DoesNotFitError | None
    """Why nothing is chosen."""
    macs: int
    """Multiply-accumulates of layer by layer."""
    space_bytes: int
    """The bytes of RAM that the board has for the arena."""
    instructions: Sequence[int | None]
    """Of each point, counted by QEMU; None if that was not asked for, or the board does not hold the point."""
    _work: _Work

    def overhead(self, point: Point) -> float:
        """How many multiply-accumulates it executes, those of layer by layer being 1."""
        return point.macs / self.macs if self.macs else 1.0

    def compile(self, point: Point, out: str | Path) -> CompiledModel:
        """Compile one of the points into a folder, which is replaced as a whole or not at all."""
        check_output(Path(out), None)
        self._work.write(self._work.settled(point), Path(out))
        return CompiledModel(Path(out))


def explore_model(model: Path, options: Options, measure: bool = False, out: Path | None = None) -> Exploration:
    """Search; with `measure` count the instructions of each point; compile the one chosen into the folder `out`.

    Points that are measured or compiled have the kernels that `compile` takes for them, the others estimates of these.
    Raises TinycError if the model cannot run as is wished, the board has no emulator to measure with, or `out` cannot
    be written; DoesNotFitError if there is nothing for `out`.
    """
    if measure and options.board.emulator is None:
        raise TinycError(
            f"board '{options.board.name}' has no emulator to measure with", hint="`tinyc boards` lists those that have"
        )
    if out is not None:
        check_output(out, options.dump_dir)
    imported, quantization = read_model(model, options)
    lowered = lower(imported, quantization)
    tell_float_layers(lowered, options.say)
    macs, wish, space = lowered.graph.macs(), options.schedule, options.space
    points = search(lowered.graph, options.choice, wish, options.watch)
    for point in points:
        verify(point.graph)
    chosen = pick(points, wish, space, macs)
    problem = None if chosen is not None else misfit(points, wish, space, macs)
    if out is not None and problem is not None:
        raise problem
    work = _Work(model, options, lowered, quantization, points)
    final = [work.settled(p, p is chosen) if measure or (out is not None and p is chosen) else p for p in points]
    if chosen is not None:
        chosen = final[points.index(chosen)]
    points, work = final, replace(work, points=final)
    counts = work.measured() if measure else [None] * len(points)
    if out is not None and chosen is not None:
        work.write(chosen, out)
    return Exploration(points, chosen, problem, macs, space.bytes, counts, work)


@dataclass(frozen=True, eq=False)
class _Work:
    """A model of which any point can be compiled."""

    model: Path
    options: Options
    lowered: Lowered
    quantization: Quantization | Given | None
    points: Sequence[Point]

    def settled(self, point: Point, chosen: bool = False) -> Point:
        """With the kernels that `compile` takes; those of the one that is chosen may fill all that is allowed."""
        self.options.watch(f"choosing kernels for {point.ram} bytes of RAM")
        wish = self.options.schedule if chosen else replace(self.options.schedule, ram=None)
        return settled(point, replace(self.options, schedule=wish))

    def write(self, point: Point, out: Path, cache_dir: Path | None = None) -> None:
        """Compile a point into a folder."""
        macs = self.lowered.graph.macs()
        scheduled = Scheduled(point, self.points, self.options.schedule.ram, macs)
        lowered = replace(self.lowered, graph=point.graph)
        options = replace(self.options, cache_dir=cache_dir)
        write_model(out, self.model, lowered, scheduled, self.quantization, options)

    def measured(self) -> list[int | None]:
        """The instructions of one inference, of the first sample or of zeros, for each point that the board holds."""
        counts: list[int | None] = []
        with tempfile.TemporaryDirectory(prefix="tinyc-explore-") as name:
            for number, point in enumerate(self.points, 1):
                self.options.watch(f"measuring schedule {number} of {len(self.points)}")
                fits = point.ram <= self.options.space.bytes
                counts.append(self._instructions(point, Path(name)) if fits else None)
        return counts

    def _instructions(self, point: Point, work: Path) -> int:
        self.write(point, work / "out", work / "cache")
        compiled = CompiledModel(work / "out")
        if isinstance(self.quantization, Quantization):
            samples = {name: a[:1] for name, a in self.quantization.samples.items()}
        else:
            samples = {p.name: np.zeros((1, *p.shape), p.dtype) for p in point.graph.inputs}
        return compiled.run_qemu(samples, timeout_s=TIMEOUT_S).instructions
