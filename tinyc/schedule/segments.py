"""Stretches of a network, each one layer, layers that kernels compute in one, or a region: what each takes by itself.

What a stretch has in use at its fullest step depends on nothing outside it but on which tensors wait meanwhile. So
the peak of a network that is cut into stretches is the largest of theirs.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tinyc.errors import TinycError
from tinyc.ir.graph import Graph
from tinyc.ir.kernel import KernelTarget
from tinyc.ir.parts import Mode, Tiling
from tinyc.ir.region import RegionOp
from tinyc.program.chains import find_chains, names
from tinyc.program.choice import Choice
from tinyc.program.program import lower_graph
from tinyc.schedule.cost import instructions
from tinyc.schedule.regions import Cut, stretch, with_regions


@dataclass(frozen=True)
class Segment:
    """Nodes [first, last) as one region (`cut`) or kernel. Bytes in use at the fullest step, and what it executes."""

    first: int
    last: int
    cut: Cut | None
    in_use: int
    inside: int
    """The same, without tensors that wait or are results: never less in a longer region."""
    macs: int
    cost: int


Memo = dict[tuple[Any, ...], Segment | None]


TILES = (2, 3, 4)  # in a row


class Segments:
    """The segments of a graph, each evaluated once."""

    def __init__(self, graph: Graph, choice: Choice, fed: bool, memo: Memo | None = None) -> None:
        """`memo` keeps what is known of stretches, from one graph to another that shares nodes with it."""
        self.graph, self.choice, self.fed = graph, choice, fed
        self.count = len(graph.nodes)
        self._memo: Memo = {} if memo is None else memo
        self._known: dict[tuple[int, int, Tiling | None], Segment | None] = {}
        self._views = {n.outs[0]: n.ins[0] for n in graph.nodes if n.op.is_view}
        self._views |= {s.after: s.before for s in graph.states}  # which is where it is computed
        self._made = {v: i for i, n in enumerate(graph.nodes) for v in n.outs}
        self._last_read: dict[str, int] = {}
        for index, node in enumerate(graph.nodes):
            self._last_read.update(dict.fromkeys(map(self._source, node.ins), index))
        self._last_read.update(dict.fromkeys((self._source(v) for v in graph.wanted), self.count))
        self._chains: dict[int, list[int]] = {}
        numbers = {id(n): i for i, n in enumerate(graph.nodes)}
        for nodes in find_chains(graph, choice):
            first, last = numbers[id(nodes[0])], numbers[id(nodes[-1])] + 1
            if last - first == len(nodes):
                self._chains.setdefault(first, []).append(last)

    def _source(self, value: str) -> str:
        while value in self._views:
            value = self._views[value]
        return value

    def waiting(self, at: int) -> list[str]:
        """The tensors that are there before node `at` and are read by it or later."""
        made = [p.value for p in self.graph.inputs if not self.fed or at > 0]
        made += [s.before for s in self.graph.states]
        made += [v for v, i in self._made.items() if i < at and v not in self._views]
        return [v for v in made if self._last_read.get(v, -1) >= at]

    def bytes_waiting(self, at: int) -> int:
        """Their bytes: no schedule that is cut there takes less."""
        return sum(self.graph.types[v].bytes for v in self.waiting(at))

    def plain(self, at: int) -> Segment | None:
        """One node by itself; None if the input does not exist as a whole."""
        if self.fed and at == 0:
            return None
        return self._get(at, at + 1, None)

    @property
    def has_chains(self) -> bool:
        """Whether there are layers that kernels compute in one."""
        return bool(self._chains)

    def chains(self, at: int) -> Iterator[Segment]:
        """The layers from one on that kernels compute in one."""
        for last in self._chains.get(at, ()) if not (self.fed and at == 0) else ():
            segment = self._get(at, last, None)
            if segment is not None:
                yield segment

    def in_one(self, segment: Segment) -> tuple[str, ...]:
        """The names of the results of the layers of a chain; none if it is not one."""
        nodes = self.graph.nodes[segment.first : segment.last]
        return names(nodes) if segment.cut is None and len(nodes) > 1 else ()

    def region(self, first: int, last: int, tiling: Tiling) -> Segment | None:
        """A region; None if these nodes cannot run so."""
        nodes = self.graph.nodes[first:last]
        shapes = [self.graph.types[v].shape for n in nodes[:-1] for v in n.outs if not n.op.is_view]
        if not any(len(shape) == 4 and shape[tiling.axis] > 1 for shape in shapes):
            return None  # nothing inside comes in rows
        if any(s.after in n.outs for n in nodes for s in self.graph.states):
            return None  # states are made anew when all that reads them has run
        return self._get(first, last, tiling)

    def tilings(self, first: int, last: int, modes: Collection[Mode]) -> Iterator[Tiling]:
        """What to look at first: row by row, or where that is not among the modes, a few sizes of tiles."""
        if Mode.STREAM not in modes:
            if self.can_tile(first, last):
                height = self.graph.types[self.graph.nodes[last - 1].outs[0]].shape[1]
                for tiles in TILES:
                    if Mode.STREAM2D in modes:
                        yield Tiling(Mode.STREAM2D, 1, tiles)
                    if Mode.PATCH in modes:
                        yield Tiling(Mode.PATCH, -(-height // tiles), tiles)
            return
        shapes = [self.graph.types[v].shape for n in self.graph.nodes[first:last] for v in n.outs]
        planes = [shape for shape in shapes if len(shape) == 4]
        line = bool(planes) and all(shape[1] == 1 for shape in planes) and any(shape[2] > 1 for shape in planes)
        yield Tiling(Mode.STREAM, 1, axis=2 if line else 1)

    def can_tile(self, first: int, last: int) -> bool:
        """Whether the nodes can run in tiles that are narrower than their tensors: planes and nothing else."""
        for node in self.graph.nodes[first:last]:
            kinds = [self.graph.types[v] for v in (*node.ins, *node.outs) if v not in self.graph.constants]
            adds = node.op.accumulation(self.graph.signature(node), KernelTarget()) is not None
            if node.op.is_view or adds or any(kind.rank != 4 or kind.shape[2] < 2 for kind in kinds):
                return False
        return True

    def _get(self, first: int, last: int, tiling: Tiling | None) -> Segment | None:
        key = first, last, tiling
        if key not in self._known:
            self._known[key] = self._evaluate(first, last, tiling)
        return self._known[key]

    def _evaluate(self, first: int, last: int, tiling: Tiling | None) -> Segment | None:
        graph, waits = self._alone(first, last)
        fed = tiling is not None and self.fed and first == 0
        key = (*(n.outs[0] for n in graph.nodes), *graph.inputs, *graph.outputs, *graph.states, tiling, fed)
        if key not in self._memo:
            self._memo[key] = self._alone_takes(graph, first, last, tiling)
        taken = self._memo[key]
        cut = None if tiling is None else Cut(first, last, tiling, fed)
        return None if taken is None else replace(taken, first=first, last=last, cut=cut, in_use=taken.in_use + waits)

    def _alone_takes(self, graph: Graph, first: int, last: int, tiling: Tiling | None) -> Segment | None:
        """What a stretch takes when nothing waits."""
        cut = None if tiling is None else Cut(first, last, tiling, self.fed and first == 0)
        choice = self.choice
        if cut is None and last - first > 1:
            *before, whole = names(graph.nodes)
            choice = replace(choice, chains={whole: tuple(before)})
        if cut is not None:
            if cut.fed and any(self._last_read.get(p.value, -1) >= last for p in self.graph.inputs):
                return None
            try:
                graph = with_regions(graph, [Cut(0, last - first, cut.tiling, cut.fed)])
                op = graph.nodes[0].op
                assert isinstance(op, RegionOp)
                op.infer(*(graph.types[v] for v in graph.nodes[0].ins))
            except TinycError:
                return None
        try:
            lowering, used = lower_graph(graph, choice)
        except TinycError:
            return None
        results = {lowering.places[p.value].name for p in graph.outputs}
        columns = [i for i, name in enumerate(used.names) if name not in results]
        inside = np.maximum(used.high[:, columns] - used.low[:, columns], 0).sum(axis=1).max(initial=0)
        saved = max((p.bytes for s in lowering.steps for p in s.outs), default=0)
        return Segment(
            first, last, cut, used.in_use(), int(inside) - saved,
            graph.macs(), instructions(lowering.steps, lowering.layers, self.choice.costs),
        )  # fmt: skip

    def _alone(self, first: int, last: int) -> tuple[Graph, int]:
        """The nodes as a graph of their own, and the bytes of tensors that wait without being touched."""
        alone = stretch(self.graph, first, last)
        kept = [p for p in alone.inputs if self._last_read.get(self._source(p.value), -1) >= last]
        ins = set(alone.given)
        touched = ins | {self._source(v) for v in ins}
        waits = sum(self.graph.types[v].bytes for v in self.waiting(first) if v not in touched)
        return replace(alone, outputs=(*alone.outputs, *kept)), waits
