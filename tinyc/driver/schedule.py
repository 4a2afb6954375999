"""Choosing a schedule: what a user asks of it, what the search finds, and which of that is taken."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from tinyc.driver.firmware import largest_buffers
from tinyc.errors import DoesNotFitError, TinycError
from tinyc.ir.graph import Graph
from tinyc.ir.kernel import KernelSet
from tinyc.ir.parts import Mode
from tinyc.program.choice import Choice
from tinyc.program.selection import Budget, select_kernels
from tinyc.report.text import shape
from tinyc.samples import Say, silent
from tinyc.schedule.search import Point, choose, explore, plan


class Schedule(Enum):
    """Which ways to run a model are looked at."""

    LAYER = "layer"  # layer by layer, without a search
    PATCH = "patch"
    STREAM = "stream"
    STREAM2D = "stream2d"
    AUTO = "auto"  # all of them

    @property
    def modes(self) -> tuple[Mode, ...]:
        """The modes that regions may have."""
        return tuple(Mode) if self is Schedule.AUTO else tuple(m for m in Mode if m.value == self.value)


class InputForm(Enum):
    """How the model's input comes."""

    WHOLE = "whole"
    ROWS = "rows"  # one by one, and never in memory as a whole


@dataclass(frozen=True)
class ScheduleWish:
    """What a user asks of a schedule."""

    schedule: Schedule | None = None
    """None: layer by layer where that fits, else AUTO."""
    ram: int | None = None
    """Bytes that the arena may take: the fastest schedule within them is wanted."""
    max_overhead: float | None = None
    """How many multiply-accumulates may be executed, those of layer by layer being 1: the least RAM is wanted."""
    rows: bool = False
    """The input arrives row by row, and is never in memory as a whole."""

    @property
    def searches(self) -> bool:
        """Whether there is a search whatever layer by layer takes."""
        if self.schedule is None:
            return self.rows or (self.max_overhead is not None and self.ram is None)
        return self.schedule is not Schedule.LAYER

    def limit(self, space: Space) -> int:
        """Bytes that the arena may take at most."""
        return space.bytes if self.ram is None else min(self.ram, space.bytes)

    def check(self, kernels: KernelSet) -> None:
        """Raise TinycError if it contradicts itself, or the kernel set cannot do it."""
        if self.max_overhead is not None and not self.max_overhead >= 1:
            raise TinycError(
                f"an overhead of {self.max_overhead:g}: layer by layer, which computes nothing twice, is 1",
                hint="1.05 allows 5 % more multiply-accumulates",
            )
        if self.ram is not None and self.ram < 1:
            raise TinycError(f"an arena of {self.ram} bytes holds no model")
        if self.rows and self.schedule is Schedule.LAYER:
            raise TinycError(
                "an input that arrives by rows needs layers that run in parts: not the schedule 'layer'",
                hint="leave out --schedule, or choose auto",
            )
        if self.searches and self.schedule is not Schedule.AUTO and kernels is not KernelSet.TINYC:
            raise TinycError(
                f"layers run in parts with functions that the kernel set '{kernels.value}' does not have",
                hint=f"--kernels {KernelSet.TINYC.value}, or --schedule {Schedule.LAYER.value}",
            )


@dataclass(frozen=True)
class Space:
    """The RAM of a board, in bytes, and how much of it the firmware takes beside the arena."""

    board: str
    ram: int
    taken: int

    @property
    def bytes(self) -> int:
        """What is left for the arena; negative if even the rest does not fit."""
        return self.ram - self.taken


@dataclass(frozen=True, eq=False)
class Scheduled:
    """What was found. `points`: the front that the search gave, or layer by layer alone where there was none."""

    point: Point
    points: Sequence[Point]
    ram: int | None
    """The bytes that the arena was to keep to."""
    macs: int
    """Multiply-accumulates of layer by layer."""


def find_schedule(
    graph: Graph, choice: Choice, wish: ScheduleWish, space: Space, say: Say = silent, watch: Say = silent
) -> Scheduled:
    """The schedule that suits best.

    `say` takes a remark for the user, `watch` is told how far the search is. Raises DoesNotFitError with the least RAM
    that was found if nothing is as wanted, TinycError if the model cannot run so at all.
    """
    wish.check(choice.kernels)
    limit = wish.limit(space)
    if not wish.searches:
        point = plan(graph, choice)
        if point.ram > limit > 0:
            point = min(point, plan(graph, select_kernels(graph, choice, Budget(ram=limit))), key=lambda p: p.ram)
        if point.ram <= limit:
            return Scheduled(point, (point,), wish.ram, point.macs)
        if wish.schedule is Schedule.LAYER or limit <= 0:
            raise misfit([point], wish, space, graph.macs())
        if choice.kernels is KernelSet.TINYC:
            say(f"layer by layer takes {point.ram} bytes of RAM and there are {limit}: looking for another schedule")
    points = search(graph, choice, wish, watch)
    taken = pick(points, wish, space, graph.macs())
    if taken is None:
        raise misfit(points, wish, space, graph.macs())
    return Scheduled(taken, points, wish.ram if wish.searches else limit, graph.macs())


def search(graph: Graph, choice: Choice, wish: ScheduleWish, watch: Say = silent) -> list[Point]:
    """The front of all schedules that are as `wish` says, not looking at what fits; never empty."""
    if wish.rows:
        _check_rows(graph)
    schedule = wish.schedule or Schedule.AUTO
    points = explore(graph, choice, fed=wish.rows, say=watch, modes=schedule.modes)
    if schedule is not Schedule.AUTO:
        points = [p for p in points if p.program.has_regions]
    if points:
        return points
    if wish.rows:
        raise TinycError(
            f"no layers of the model can take the input '{graph.inputs[0].name}' row by row", hint="--input whole"
        )
    raise TinycError(
        f"the schedule '{schedule.value}' brings nothing: no layers of the model take less RAM so",
        hint=f"--schedule {Schedule.AUTO.value} or {Schedule.LAYER.value}",
    )


def pick(points: Sequence[Point], wish: ScheduleWish, space: Space, macs: int) -> Point | None:
    """The point to take; None if none fits. `macs` are those of layer by layer."""
    limit = wish.limit(space)
    if wish.ram is None and wish.searches:
        taken = choose(points, None, wish.max_overhead, macs)
        if taken is not None and taken.ram <= limit:
            return taken
    return choose(points, limit, wish.max_overhead, macs)


def misfit(points: Sequence[Point], wish: ScheduleWish, space: Space, macs: int) -> DoesNotFitError:
    """The error that says what there would have to be. `points` are those that were found, none as wanted."""
    limit = wish.limit(space)
    if wish.ram == limit:
        message = f"no schedule was found for the {limit} bytes of RAM that are wanted"
    else:
        message = f"no schedule was found for {space.ram} bytes of RAM"
        message += f", of which {space.taken} are for stack and variables" if space.taken else ""
    if wish.max_overhead is not None:
        message += f", with at most {wish.max_overhead:g} times the operations"
    least = min(points, key=lambda p: p.ram)
    able = [p for p in points if wish.max_overhead is None or p.macs <= wish.max_overhead * macs]
    lines = [message]
    for point in dict.fromkeys((*sorted(able, key=lambda p: p.ram)[:1], least)):
        times = f" and {point.macs / macs:.2f} times the operations" if point.macs > macs else ""
        lines.append(f"  the arena needs {point.ram} bytes{times}: {point.describe()}")
    ways = []
    if wish.schedule not in (None, Schedule.AUTO):
        ways.append(f"--schedule {Schedule.AUTO.value}")
    if least not in able:
        ways.append("a larger --max-overhead")
    if not wish.rows and wish.schedule is not Schedule.LAYER and len(least.graph.inputs) == 1:
        ways.append("--input rows if the input can come row by row")
    return DoesNotFitError(
        "\n".join([*lines, largest_buffers(least.program)]),
        f"board {space.board}",
        f"try {', or '.join([*ways, 'a smaller model, or a board with more RAM'])}",
    )


def _check_rows(graph: Graph) -> None:
    if len(graph.inputs) != 1:
        names = ", ".join(f"'{p.name}'" for p in graph.inputs)
        raise TinycError(
            f"only a model with one input can take it by rows; this one has {names}", hint="--input whole"
        )  # fmt: skip
    port = graph.inputs[0]
    inside = graph.types[port.value].shape
    if len(inside) != 4 or inside[0] != 1 or max(inside[1:3]) < 2:
        raise TinycError(
            f"the input '{port.name}' of shape {shape(port.shape)} has no rows that could arrive one by one",
            hint="--input rows is for images and series; take --input whole",
        )
