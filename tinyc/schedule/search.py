"""The search for schedules: which stretches of a network to run as regions, and how.

A schedule cuts the network into segments (`segments.py`): single layers, layers in one, regions. Its peak is the
largest of theirs, its cost their sum, so the best schedule within a budget of RAM is a shortest path from the first
node to the last over the segments that keep to the budget. Regions start and end where little waits, and anywhere
around the fullest segment. First the least peak is found (a path whose largest step is smallest); what a region holds
inside never shrinks when it gets longer, so most regions need not be looked at. Then, for budgets from there up to
layer by layer, the cheapest paths. What is found is planned, and what another plan beats is dropped.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from tinyc.ir.graph import Graph
from tinyc.ir.kernel import KernelSet
from tinyc.ir.parts import Mode, Tiling
from tinyc.ir.region import RegionOp, flattened
from tinyc.program.choice import Choice
from tinyc.program.program import Program, build_program, lower_graph
from tinyc.samples import Say, silent
from tinyc.schedule.cost import instructions
from tinyc.schedule.recompute import candidates, computed_twice
from tinyc.schedule.regions import Cut, with_regions
from tinyc.schedule.segments import TILES, Memo, Segment, Segments

BUDGETS = 10  # between the least peak and layer by layer
ROWS = (8, 4, 2)  # that a part may compute at a time, instead of one
LEAST_BOUND = 1024  # bytes: where the search for the least peak begins, if the inputs do not take more
GROWTH = 1.4  # by which that bound goes up until there is a schedule
WORTH_TWICE = 2  # a tensor is computed twice if it takes at least one in so many of the bytes in use
MOST_TWICE = 1.35  # executed MACs beyond which nothing more is computed twice, those of the graph being 1
LONGEST = 32  # nodes in a region
AROUND = 12  # nodes before and behind the fullest segment: there, regions may start and end anywhere
TILED = 40  # regions that are tried in strips
TILING_PAYS = 1.1  # strips are tried where more is in use than this many times the inputs
DEFAULT_OVERHEAD = 1.08

Path = tuple[tuple[int, int, Cut | None], ...]
"""A way through the network: the first node, the end and the region of each segment."""


@dataclass(frozen=True, eq=False)
class Point:
    """A way to run a model."""

    graph: Graph
    program: Program
    choice: Choice
    macs: int
    """Executed multiply-accumulates, repetitions included."""
    steps: int
    """Kernel calls and moves of one inference."""
    cost: int
    """Estimated instructions: to be compared among points of one model."""

    @property
    def ram(self) -> int:
        """Bytes of the arena."""
        return self.program.arena_bytes

    def describe(self) -> str:
        """Its regions in words."""
        regions = [n for n in self.graph.nodes if isinstance(n.op, RegionOp)]
        texts = []
        for node in regions:
            op = node.op
            assert isinstance(op, RegionOp)
            strips = f" in {op.strips} strips" if op.strips > 1 else ""
            texts.append(f"{op.mode} {op.rows} row{'s' if op.rows > 1 else ''}{strips}: {node.name}")
        described = "; ".join(texts) or "layer by layer"
        chains = self.choice.chains
        if not chains:
            return described
        layers = sum(len(before) + 1 for before in chains.values())
        return f"{described}, {layers} layers in {len(chains)} kernel{'s' if len(chains) > 1 else ''}"


def explore(
    graph: Graph,
    choice: Choice,
    fed: bool = False,
    say: Say = silent,
    modes: Collection[Mode] = tuple(Mode),
) -> list[Point]:
    """The Pareto front of RAM against executed MACs and estimated instructions, the largest RAM first.

    With `fed` the input arrives by rows, and every point has a region that takes it. Only the kernel set `tinyc` has
    what regions need beside the layers' own kernels.
    """
    schedules = [] if fed else [(graph, choice)]
    if choice.kernels is KernelSet.TINYC:
        schedules += _schedules(graph, choice, fed, modes, say)
    points: list[Point] = []
    hopes = sorted((_hope(*s) for s in schedules), key=lambda hope: (hope.cost, hope.macs))
    for number, hope in enumerate(hopes, 1):
        say(f"planning schedule {number} of {len(hopes)}")
        if not any(p.ram <= hope.ram and p.cost <= hope.cost and p.macs <= hope.macs for p in points):
            points.append(plan(hope.graph, hope.choice))
    return front(points)


@dataclass(frozen=True, eq=False)
class _Hope:
    """What a schedule costs, and what its arena takes at least: planning it takes a while."""

    graph: Graph
    choice: Choice
    ram: int
    macs: int
    cost: int


def _hope(graph: Graph, choice: Choice) -> _Hope:
    lowering, used = lower_graph(graph, choice)
    cost = instructions(lowering.steps, lowering.layers, choice.costs)
    return _Hope(graph, choice, used.in_use(), graph.macs(), cost)


def _schedules(
    graph: Graph, choice: Choice, fed: bool, modes: Collection[Mode], say: Say
) -> Iterator[tuple[Graph, Choice]]:
    """What is worth planning, with regions and chains: the graph as it is, then with wide tensors computed twice."""
    memo: Memo = {}
    base = graph.macs()
    while graph.macs() <= MOST_TWICE * base:
        segments = Segments(graph, choice, fed, memo)
        search = _Search(segments, modes, say)
        # what is in use is less with layers in one, but leaves the planner more gaps
        several = [_Search(segments, modes, say, in_one=True)] if segments.has_chains else []
        seen: set[Path] = set()
        for path in (path for s in (search, *several) for path in s.paths(seen)):
            in_one = filter(None, map(segments.in_one, path))
            chains = {values[-1]: values[:-1] for values in in_one}
            yield with_regions(graph, [s.cut for s in path if s.cut]), replace(choice, chains=chains)
        wide = {v: graph.types[v].bytes for v in candidates(graph)}
        if search.least is None or max(wide.values(), default=0) * WORTH_TWICE < search.least:
            return
        for value in [v for v, size in wide.items() if size == max(wide.values())]:
            say(f"{value} is computed twice")
            graph = computed_twice(graph, value)


def plan(graph: Graph, choice: Choice) -> Point:
    """What a graph, with its regions, takes."""
    program = build_program(graph, choice)
    cost = instructions(program.steps, program.layers, choice.costs)
    return Point(graph, program, choice, graph.macs(), len(program.steps), cost)


def front(points: Iterable[Point]) -> list[Point]:
    """The points that no other beats in RAM, MACs and instructions alike; the largest RAM first."""
    kept: list[Point] = []
    for point in sorted(points, key=lambda p: (p.ram, p.cost, p.macs)):
        if not any(k.cost <= point.cost and k.macs <= point.macs for k in kept):
            kept.append(point)
    return kept[::-1]


def choose(
    points: Sequence[Point], ram: int | None = None, max_overhead: float | None = None, macs: int | None = None
) -> Point | None:
    """The point to take: the cheapest that fits `ram`, or the smallest that executes at most `max_overhead` · `macs`.

    With neither, the smallest whose estimated instructions are within DEFAULT_OVERHEAD of the cheapest. None if no
    point is as wanted. `macs` are those of layer by layer.
    """
    if not points:
        return None
    base = macs if macs is not None else flattened(points[0].graph).macs()
    if ram is None and max_overhead is None:
        least = min(p.cost for p in points)
        return min((p for p in points if p.cost <= DEFAULT_OVERHEAD * least), key=lambda p: p.ram)
    able = [p for p in points if max_overhead is None or p.macs <= max_overhead * base]
    if ram is None:
        return min(able, key=lambda p: p.ram, default=None)
    return min((p for p in able if p.ram <= ram), key=lambda p: (p.cost, p.ram), default=None)


class _Search:
    """`in_one`: also with layers that kernels compute in one."""

    def __init__(self, segments: Segments, modes: Collection[Mode], say: Say, in_one: bool = False) -> None:
        self.segments, self.modes, self.say, self.in_one = segments, modes, say, in_one
        self.regions: dict[int, list[Segment]] = {}
        self.least: int | None = None
        """The least peak found, without tiles."""

    def paths(self, seen: set[Path]) -> Iterable[list[Segment]]:
        """The schedules worth planning that were not `seen` yet."""
        self.least = least = self._least()
        if least is None:
            return
        plain = self._plain_peak()
        self._tiles(least)
        for budget in self._budgets(least, plain):
            path = self._cheapest(budget)
            if path is None:
                continue
            path = [self._with_more_rows(s, budget) for s in path]
            key = tuple((s.first, s.last, s.cut) for s in path)
            if key not in seen and any(s.last - s.first > 1 for s in path):
                seen.add(key)
                yield path

    def _plain_peak(self) -> int:
        """The peak of layer by layer, as far as the input exists as a whole."""
        plain = [self.segments.plain(i) for i in range(self.segments.count)]
        return max((s.in_use for s in plain if s), default=0)

    def _budgets(self, least: int, most: int) -> list[int]:
        """Budgets to try, in equal ratios, from what the regions known make possible."""
        low = max((s.in_use for s in self._bottleneck() or ()), default=least)
        ratio = (max(most, least) / low) ** (1 / BUDGETS) if low else 1.0
        return sorted({least, *(round(low * ratio**i) for i in range(BUDGETS))})

    # The least peak

    def _least(self) -> int | None:
        """The least peak without repeating anything, and with it all regions that can be part of good schedules."""
        narrow = self._narrow()
        most = sum(kind.bytes for kind in self.segments.graph.types.values())
        bound = max(self.segments.bytes_waiting(0), LEAST_BOUND)
        path = None
        while path is None and bound < GROWTH * most:
            self._grow(narrow, bound)
            path = self._bottleneck(bound)
            bound = bound if path else round(GROWTH * bound)
        if path is None:
            return None
        while True:
            fullest = max(path, key=lambda s: s.in_use)
            self.say(f"schedules down to {fullest.in_use} bytes in use")
            around = range(max(0, fullest.first - AROUND), min(self.segments.count, fullest.last + AROUND) + 1)
            self._grow(around, fullest.in_use - 1, over=fullest)
            better = self._bottleneck(fullest.in_use - 1)
            if better is None:
                return fullest.in_use
            path = better

    def _narrow(self) -> list[int]:
        """Places between nodes where less waits than just before and just after."""
        waits = [self.segments.bytes_waiting(i) for i in range(self.segments.count + 1)]
        inner = range(1, self.segments.count)
        narrow = [i for i in inner if waits[i] <= waits[i - 1] and waits[i] <= waits[i + 1]]
        return [0, *narrow, self.segments.count]

    def _grow(self, positions: Sequence[int], bound: int, over: Segment | None = None) -> None:
        """Evaluate the regions between `positions` that can be part of a schedule within `bound`; those `over` one."""
        known = {(s.first, s.last) for found in self.regions.values() for s in found}
        open_places = [p for p in positions if p == 0 or self.segments.bytes_waiting(p) <= bound]
        for place, first in enumerate(open_places):
            for last in open_places[place + 1 :]:
                if last - first > LONGEST:
                    break
                if (first, last) in known or (over and (first >= over.last or last <= over.first)):
                    continue
                found = [self.segments.region(first, last, t) for t in self.segments.tilings(first, last, self.modes)]
                valid = [s for s in found if s is not None]
                self.regions.setdefault(first, []).extend(s for s in valid if s.in_use <= bound)
                if valid and min(s.inside for s in valid) > bound:
                    break

    def _edges(self, first: int) -> Iterable[Segment]:
        plain = self.segments.plain(first)
        if plain is not None:
            yield plain
        if self.in_one:
            yield from self.segments.chains(first)
        yield from self.regions.get(first, ())

    def _bottleneck(self, bound: int = 2**62) -> list[Segment] | None:
        """The path whose largest segment is smallest, if that is within `bound`."""
        return self._path(lambda so_far, s: max(so_far, s.in_use), lambda s: s.in_use <= bound)

    def _cheapest(self, budget: int) -> list[Segment] | None:
        """The cheapest path within a budget."""
        return self._path(lambda so_far, s: so_far + s.cost, lambda s: s.in_use <= budget)

    def _path(self, join: Callable[[int, Segment], int], allowed: Callable[[Segment], bool]) -> list[Segment] | None:
        best: dict[int, tuple[int, Segment | None]] = {}
        waiting: list[tuple[int, int, int, Segment | None]] = [(0, 0, 0, None)]
        order = 0
        while waiting:
            value, at, _, through = heapq.heappop(waiting)
            if at in best:
                continue
            best[at] = value, through
            if at == self.segments.count:
                break
            for segment in self._edges(at):
                if segment.last not in best and allowed(segment):
                    order += 1
                    heapq.heappush(waiting, (join(value, segment), segment.last, order, segment))
        path: list[Segment] = []
        at = self.segments.count
        while at:
            if at not in best:
                return None
            through = best[at][1]
            assert through is not None
            path.append(through)
            at = through.first
        return path[::-1]

    # Tiles, and more rows at a time

    def _tiles(self, least: int) -> None:
        """Regions in strips, for those stretches in which plain rows take the most."""
        if Mode.STREAM not in self.modes:
            return  # they have been looked at
        if not self.segments.fed and least < TILING_PAYS * self.segments.bytes_waiting(0):
            return
        able = [s for found in self.regions.values() for s in found if s.cut and not s.cut.fed]
        able = [s for s in able if s.in_use <= 2 * least and self.segments.can_tile(s.first, s.last)]
        able.sort(key=lambda s: (s.last - s.first, s.in_use))
        for segment in able[:TILED]:
            for mode in (Mode.STREAM, Mode.STREAM2D):
                for strips in TILES if mode in self.modes else ():
                    tiled = self.segments.region(segment.first, segment.last, Tiling(mode, 1, strips))
                    if tiled is not None and tiled.in_use < segment.in_use:
                        self.regions[segment.first].append(tiled)

    def _with_more_rows(self, segment: Segment, budget: int) -> Segment:
        """The same region with the most rows a part that the budget allows, if that is cheaper."""
        if segment.cut is None or segment.cut.tiling.mode is Mode.PATCH:
            return segment
        for rows in ROWS:
            tiling = replace(segment.cut.tiling, rows=rows)
            wider = self.segments.region(segment.first, segment.last, tiling)
            if wider is not None and wider.in_use <= budget and wider.cost < segment.cost:
                return wider
        return segment
