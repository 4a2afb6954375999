"""The parts in which a region of a network runs: which operator computes what part of its result, and in what order.

A region runs tile by tile. Within a tile results are pulled: to compute some rows, an operator asks the producers of
its inputs for just the rows that it needs and that are not there yet. So rows come into being as late as they can and
are held as briefly as they can. Three modes differ in what outlives a tile:

- `patch`: nothing; what neighbouring tiles have in common is computed again for each;
- `stream`: nothing either, but a tile is a strip of the whole height, in which each row is computed once;
- `stream2d`: the columns that the next strip needs too are kept. Where a strip needs columns that the one before it
  did not need (of tensors that stand side by side in another), they are computed again.

Sums over the rows of a tensor (a mean, a dense layer) are added up as soon as its rows come.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import pairwise
from typing import Any

from tinyc.ir.graph import Graph, Node
from tinyc.ir.kernel import KernelTarget
from tinyc.ir.op import Array, Op, Region, Signature, Span
from tinyc.ir.types import TensorType


class Mode(Enum):
    """What a region keeps between its parts."""

    PATCH = "patch"
    STREAM = "stream"
    STREAM2D = "stream2d"


@dataclass(frozen=True)
class Tiling:
    """How a region is cut up. Rows are counted along `axis` (2 for networks over one dimension)."""

    mode: Mode
    rows: int
    """Rows that one part computes; for `patch`, of a tile of the results."""
    strips: int = 1
    """Tiles side by side."""
    axis: int = 1


class Doing(Enum):
    """What a part does with its operator."""

    COMPUTE = "compute"
    REUSE = "reuse"  # stream2d: the rows' columns in this strip have all been computed in earlier ones
    FEED = "feed"  # rows of an input arrive from outside
    ADD = "add"  # add a part of the input to the operator's sums
    FINISH = "finish"  # turn the sums into the result


@dataclass(frozen=True)
class Part:
    """`op` computes `region` of the value `out` from the regions `ins` of the node's inputs (None: a whole constant).

    To ADD, it takes `ins[0]` into the sums over which `out` is computed. To FEED needs no node.
    """

    doing: Doing
    out: str
    region: Region
    node: Node | None = None
    op: Op | None = None
    ins: tuple[Region | None, ...] = ()
    strip: int = 0

    def signature(self, body: Graph) -> Signature:
        """The types around `op`."""
        assert self.node is not None
        of_all = body.signature(self.node)
        ins = tuple(t if r is None else part_of(t, r) for t, r in zip(of_all.ins, self.ins, strict=True))
        constants = {i: cut(a, self.ins[i]) for i, a in of_all.constants.items()}
        return replace(of_all, ins=ins, outs=(part_of(of_all.y, self.region),), constants=constants)


def part_of(kind: TensorType, region: Region) -> TensorType:
    """The type of a part of a tensor."""
    return replace(kind, shape=tuple(stop - start for start, stop in region))


def cut(data: Array, region: Region | None) -> Array:
    """The part of an array, in the same memory; None stands for all of it."""
    if region is None:
        return data
    index: tuple[Any, ...] = (*(slice(*span) for span in region), ...)  # so that it is an array without axes, too
    part: Array = data[index]
    return part


def whole(kind: TensorType) -> Region:
    """All of a tensor."""
    return tuple((0, size) for size in kind.shape)


def is_empty(region: Region) -> bool:
    """Whether it holds no element."""
    return any(stop <= start for start, stop in region)


def hull(a: Region, b: Region) -> Region:
    """The smallest region that contains both; an empty one adds nothing."""
    if is_empty(a):
        return b
    if is_empty(b):
        return a
    return tuple((min(p[0], q[0]), max(p[1], q[1])) for p, q in zip(a, b, strict=True))


def split(span: Span, parts: int) -> list[Span]:
    """`span` in so many nearly equal parts, the larger ones first."""
    size = span[1] - span[0]
    bounds = [span[0] + -(-size * i // parts) for i in range(parts + 1)]
    return [(a, b) for a, b in pairwise(bounds) if a < b]


def body_parts(body: Graph, tiling: Tiling, fed: str | None = None) -> list[Part]:
    """The parts of a region, in order. `fed` is the input whose rows arrive one by one."""
    return _Splitter(body, tiling, fed).run()


class _Splitter:
    def __init__(self, body: Graph, tiling: Tiling, fed: str | None) -> None:
        self.body, self.tiling, self.fed = body, tiling, fed
        self.axis = tiling.axis
        self.producers = body.producers()
        self.outputs = tuple(p.value for p in body.outputs)
        self.adders = self._adders()
        self.parts: list[Part] = []
        self.needed: dict[str, Region] = {}
        self.done: dict[str, int] = {}
        self.made: set[str] = set()  # values that do not come in rows and are there; stream2d: in later strips too
        self.kept: dict[str, int] = {}  # stream2d: where the columns end that the preceding strip has computed
        self.strip = 0

    def run(self) -> list[Part]:
        tiles = self._tiles()
        for self.strip, tile in enumerate(tiles):
            keeps = self.tiling.mode is Mode.STREAM2D
            self.made = {v for v in self.made if keeps and not self.producers[v].op.is_view}
            before, self.needed = self.needed, self._needed(tile)
            self.done = {value: region[self.axis][0] for value, region in self.needed.items() if self._by_rows(value)}
            if self.fed is not None:
                self.done[self.fed] = 0
            if keeps:
                self.kept = {v: before[v][self._across][1] for v in before if self._goes_on(v, before)}
            self._drive()
        return self.parts

    def _goes_on(self, value: str, before: Mapping[str, Region]) -> bool:
        """Whether the preceding strip, which needed `before`, had all that is needed of a value left of its end."""
        if not self._by_rows(value) or value not in self.needed:
            return False
        (top, bottom), (low, high) = self.needed[value][self.axis], before[value][self.axis]
        return low <= top and bottom <= high and before[value][self._across][0] <= self.needed[value][self._across][0]

    @property
    def _across(self) -> int:
        return 3 - self.axis

    def _by_rows(self, value: str) -> bool:
        return self.body.types[value].rank == 4

    # What is needed of each value for a tile of the results

    def _tiles(self) -> list[dict[str, Region]]:
        """For each tile, its region of each result."""
        regions = {v: whole(self.body.types[v]) for v in self.outputs}
        if self.tiling.strips == 1 and self.tiling.mode is not Mode.PATCH:
            return [regions]
        (value,) = self.outputs
        region = regions[value]
        rows = [region[self.axis]]
        if self.tiling.mode is Mode.PATCH:
            start, stop = region[self.axis]
            rows = [(r, min(r + self.tiling.rows, stop)) for r in range(start, stop, self.tiling.rows)]
        tiles = []
        for row in rows:
            for col in split(region[self._across], self.tiling.strips):
                spans = list(region)
                spans[self.axis], spans[self._across] = row, col
                tiles.append({value: tuple(spans)})
        return tiles

    def _needed(self, tile: Mapping[str, Region]) -> dict[str, Region]:
        needed = dict(tile)
        for node in reversed(self.body.nodes):
            if node.outs[0] not in needed or node.outs[0] in self.made:
                continue
            for value, region in self._wanted(node, self._window(node, needed[node.outs[0]])[1]):
                needed[value] = hull(needed[value], region) if value in needed else region
        return needed

    def _window(self, node: Node, region: Region) -> tuple[Op, tuple[Region | None, ...]]:
        """The operator for `region` of a node's result, and what it reads of each input."""
        return node.op.window(region, *(self.body.types[v] for v in node.ins))

    def _wanted(self, node: Node, ins: Sequence[Region | None]) -> list[tuple[str, Region]]:
        """Those regions `ins` of a node's inputs that must be there: not of constants, and not empty.

        A part wholly in the padding, or beside what is joined, needs nothing of an input.
        """
        wanted = zip(node.ins, ins, strict=True)
        return [(v, r) for v, r in wanted if v not in self.body.constants and r is not None and not is_empty(r)]

    # Pulling

    def _drive(self) -> None:
        """Pull the results, those with rows side by side."""
        streamed = [v for v in self.outputs if self._by_rows(v) and v not in self.adders]
        spans = {v: self.needed[v][self.axis] for v in streamed}
        steps = max((stop - start for start, stop in spans.values()), default=0) if len(streamed) > 1 else 1
        for step in range(1, steps + 1):
            for value in streamed:
                start, stop = spans[value]
                self._pull(value, start + -(-(stop - start) * step // steps))
        for value in self.outputs:
            self._pull(value, self.body.types[value].shape[self.axis] if self._by_rows(value) else 1)

    def _pull(self, value: str, stop: int) -> None:
        """See to it that rows up to `stop` are there."""
        node = self.producers.get(value)
        if node is None:
            if value == self.fed:
                self._feed(value, stop)
            return
        if node.op.is_view or not self._by_rows(value) or value in self.adders:
            self._make_whole(value, node)
            return
        last = self.needed[value][self.axis][1]
        while self.done[value] < min(stop, last):
            start = self.done[value]
            self._compute(node, value, (start, self._chunk_end(start, last)))

    def _chunk_end(self, start: int, last: int) -> int:
        return last if self.tiling.mode is Mode.PATCH else min(start + self.tiling.rows, last)

    def _feed(self, value: str, stop: int) -> None:
        region = whole(self.body.types[value])
        while self.done[value] < min(stop, self.needed[value][self.axis][1]):
            row = self.done[value]
            spans = (*region[: self.axis], (row, row + 1), *region[self.axis + 1 :])
            self.parts.append(Part(Doing.FEED, value, spans))
            self.done[value] = row + 1
            self._add(value, spans)

    def _compute(self, node: Node, value: str, rows: Span) -> None:
        spans = list(self.needed[value])
        spans[self.axis] = rows
        if self.tiling.mode is Mode.STREAM2D:
            start, stop = spans[self._across]
            spans[self._across] = (max(start, self.kept.get(value, 0)), stop)
            if spans[self._across][0] >= stop:
                spans[self._across] = (stop, stop)
                nothing = (None,) * len(node.ins)
                self.parts.append(Part(Doing.REUSE, value, tuple(spans), node, node.op, nothing, self.strip))
                self.done[value] = rows[1]
                return
        region = tuple(spans)
        op, ins = self._window(node, region)
        for source, part in self._wanted(node, ins):
            self._pull(source, part[self.axis][1] if self._by_rows(source) else 1)
        self.parts.append(Part(Doing.COMPUTE, value, region, node, op, ins, self.strip))
        self.done[value] = rows[1]
        self._add(value, region)

    def _make_whole(self, value: str, node: Node) -> None:
        """Compute all of a value that does not come in rows."""
        if value in self.made:
            return
        self.made.add(value)
        for source in node.ins:
            if source not in self.body.constants:
                kind = self.body.types[source]
                self._pull(source, kind.shape[self.axis] if self._by_rows(source) else 1)
        if value in self.adders and self._outside(self.adders[value]):
            summed = self.adders[value]
            self._add_to(node, value, summed, whole(self.body.types[summed]))
        if node.op.is_view:
            return
        kind = self.body.types[value]
        op, ins = self._window(node, whole(kind))
        doing = Doing.FINISH if value in self.adders else Doing.COMPUTE
        self.parts.append(Part(doing, value, whole(kind), node, op, ins, self.strip))

    # Sums

    def _adders(self) -> dict[str, str]:
        """Values that are made of sums over the rows of another, and that one (whose views they may read)."""
        if self.tiling.strips > 1 or self.tiling.mode is Mode.PATCH:
            return {}
        adders = {}
        for node in self.body.nodes:
            if node.op.accumulation(self.body.signature(node), KernelTarget()) is None:
                continue
            source = node.ins[0]
            while source in self.producers and self.producers[source].op.is_view:
                source = self.producers[source].ins[0]
            if source != node.ins[0]:
                shape, flat = self.body.types[source].shape, self.body.types[node.ins[0]].shape
                if flat != (1, self.body.types[source].size) or shape[0] != 1:
                    continue
            if self._by_rows(source) and source not in adders and self.body.types[source].shape[self.axis] > 1:
                adders[node.outs[0]] = source
        return adders

    def _outside(self, value: str) -> bool:
        return value not in self.producers and value != self.fed

    def _add(self, source: str, region: Region) -> None:
        """Rows of `source` have come: add them to the sums over it."""
        for value, summed in self.adders.items():
            if summed == source:
                self._add_to(self.producers[value], value, source, region)

    def _add_to(self, node: Node, value: str, source: str, region: Region) -> None:
        kind = self.body.types[node.ins[0]]
        if kind.rank != 4:  # a flat view of the rows
            row = self.body.types[source].size // self.body.types[source].shape[self.axis]
            start, stop = region[self.axis]
            region = ((0, 1), (start * row, stop * row))
        rest = (None,) * (len(node.ins) - 1)
        result = whole(self.body.types[value])
        self.parts.append(Part(Doing.ADD, value, result, node, node.op, (region, *rest), self.strip))
