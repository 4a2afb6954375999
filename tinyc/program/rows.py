"""From the parts of a region to steps: where rows lie between the parts, and how they move.

Each tensor of a region has a buffer for the rows (in a strip: as wide as the strip needs it) that are still needed.
Kernels want them one behind the other, so new rows are written behind the old ones, and where there is no room left,
the rows that are still needed move to the front first. What does not lie as a kernel wants it is copied.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from math import prod

from tinyc.ir.accumulation import Accumulation
from tinyc.ir.kernel import Candidate, In, Out, tinyc_call
from tinyc.ir.op import Region, Span
from tinyc.ir.parts import Doing, Part, hull, is_empty, whole
from tinyc.ir.region import RegionOp
from tinyc.ir.types import TensorType
from tinyc.program.lowering import Lowering, workspace
from tinyc.program.steps import Place, Step, Written


@dataclass
class Store:
    """`held`, a region of a tensor, without gaps from byte `offset` of a buffer on."""

    name: str
    kind: TensorType
    held: Region
    offset: int = 0
    constant: bool = False

    def at(self, region: Region) -> int:
        """The byte at which `region` starts."""
        index = 0
        for (start, _), (low, high) in zip(region, self.held, strict=True):
            index = index * (high - low) + start - low
        return self.offset + index * self.kind.dtype.bytes

    def place(self, region: Region) -> Place | None:
        """Where `region` lies; None if there is something else in between. It may reach beyond the last row held."""
        if is_empty(region):
            return Place(self.name, self.offset, 0, self.constant)
        sizes = [stop - start for start, stop in region]
        first = next((axis for axis, size in enumerate(sizes) if size > 1), len(sizes))
        if sizes[first + 1 :] != [high - low for low, high in self.held[first + 1 :]]:
            return None
        return Place(self.name, self.at(region), prod(sizes) * self.kind.dtype.bytes, self.constant)

    def around(self, region: Region) -> Place:
        """The bytes from the first to the last of `region`."""
        last = tuple((stop - 1, stop) for _, stop in region)
        size = self.at(last) + self.kind.dtype.bytes - self.at(region)
        return Place(self.name, self.at(region), size, self.constant)

    def stride(self, axis: int) -> int:
        """Bytes from one index of `axis` to the next."""
        return prod(high - low for low, high in self.held[axis + 1 :]) * self.kind.dtype.bytes


@dataclass
class Rows:
    """What happens to one tensor within one tile: who reads it from which row on, what is written."""

    reads: list[int] = field(default_factory=list)
    oldest: list[int] = field(default_factory=list)
    """The first row that each of `reads` or one after it needs."""
    writes: list[tuple[int, Span]] = field(default_factory=list)
    extent: Region | None = None

    def add(self, region: Region) -> None:
        self.extent = region if self.extent is None else hull(self.extent, region)

    def finish(self) -> None:
        for i in range(len(self.oldest) - 2, -1, -1):
            self.oldest[i] = min(self.oldest[i], self.oldest[i + 1])

    def needed_from(self, part: int) -> int | None:
        """The first row that parts from `part` on need."""
        at = bisect_left(self.reads, part)
        return self.oldest[at] if at < len(self.reads) else None

    def room(self) -> int:
        """The most rows that are held at a time."""
        most = 0
        for part, (start, stop) in self.writes:
            oldest = self.needed_from(part)
            most = max(most, stop - (start if oldest is None else min(oldest, start)))
        return most


class RegionLowering:
    """Makes the steps of one region."""

    def __init__(self, lowering: Lowering, op: RegionOp) -> None:
        self.lowering, self.op, self.body, self.axis = lowering, op, op.body, op.axis
        self.views = {n.outs[0]: n.ins[0] for n in self.body.nodes if n.op.is_view}
        self.layers: dict[str, int] = {}
        self.whole: dict[str, Store] = {}
        self.stores: dict[str, Store] = {}
        self.rooms: dict[str, int] = {}
        self.calls: dict[tuple[object, ...], Candidate] = {}
        self.accumulations: dict[str, Accumulation] = {}
        self.started: set[str] = set()
        self.parts = list(op.parts)
        self.rows = self._rows()

    def run(self) -> None:
        for node in self.body.nodes:
            if not node.op.is_view:
                self.layers[node.outs[0]] = self.lowering.layer(node, self.body)
        self._place_whole()
        self.halos = self._halos()
        for index, part in enumerate(self.parts):
            match part.doing:
                case Doing.COMPUTE | Doing.REUSE:
                    self._compute(index, part)
                case Doing.FEED:
                    self._step(self._next_layer(index), (), (), (self._own_place(index, part),))
                case Doing.ADD:
                    self._add(index, part)
                case Doing.FINISH:
                    self._finish(index, part)

    # What lies where

    def _place_whole(self) -> None:
        """The region's inputs and results lie where the graph has them."""
        for port in self.body.inputs:
            if port.value != self.op.fed_value:
                self.whole[port.value] = self._whole(port.value, self.lowering.places[port.value])
            else:
                del self.lowering.places[port.value]
        for port in self.body.outputs:
            value = self._source(port.value)
            if value not in self.whole:
                self.lowering.places[value] = Place(value, 0, self.body.types[value].bytes)
                self.whole[value] = self._whole(value, self.lowering.places[value])
            self.lowering.places[port.value] = self.lowering.places[value]

    def _whole(self, value: str, place: Place) -> Store:
        kind = self.body.types[value]
        return Store(place.name, kind, whole(kind), place.offset)

    def _source(self, value: str) -> str:
        """What a view shows in the end."""
        while value in self.views:
            value = self.views[value]
        return value

    def _region_of_source(self, value: str, region: Region) -> Region:
        """For a view, the rows of what it shows that hold `region`; all of what has no rows one behind the other."""
        source = self._source(value)
        kind, shape = self.body.types[source], self.body.types[value].shape
        if source == value:
            return region
        if kind.rank != 4 or prod(kind.shape[: self.axis]) != 1:
            return whole(kind)
        row = kind.size // kind.shape[self.axis]
        start = last = 0
        for (low, high), size in zip(region, shape, strict=True):
            start, last = start * size + low, last * size + high - 1
        rows = list(whole(kind))
        rows[self.axis] = (start // row, last // row + 1)
        return tuple(rows)

    def _rows(self) -> dict[tuple[str, int], Rows]:
        """What happens to each tensor in each tile."""
        found: dict[tuple[str, int], Rows] = {}
        for index, part in enumerate(self.parts):
            mine = found.setdefault((part.out, part.strip), Rows())
            if part.doing in (Doing.COMPUTE, Doing.REUSE, Doing.FEED):
                mine.writes.append((index, self._span(part.region)))
            if part.doing is not Doing.ADD:
                mine.add(part.region)
            for value, region in zip(part.node.ins if part.node else (), part.ins, strict=True):
                if part.doing not in (Doing.COMPUTE, Doing.ADD) or value in self.body.constants:
                    continue
                if region is None or is_empty(region):
                    continue
                wanted = self._region_of_source(value, region)
                theirs = found.setdefault((self._source(value), part.strip), Rows())
                theirs.add(wanted)
                theirs.reads.append(index)
                theirs.oldest.append(self._span(wanted)[0])
        for rows in found.values():
            rows.finish()
        return found

    def _span(self, region: Region) -> Span:
        return region[self.axis] if len(region) > self.axis else (0, 1)

    def _next_layer(self, index: int) -> int:
        """The layer of the next part that has one."""
        return next(self.layers[p.out] for p in self.parts[index:] if p.out in self.layers)

    # Places

    def _own_place(self, index: int, part: Part) -> Place:
        """Where `part` leaves its rows, once there is room for them."""
        place = self._store(index, part).place(part.region)
        assert place is not None
        return place

    def _store(self, index: int, part: Part) -> Store:
        """The store that takes the rows of `part`, with room for them."""
        value = part.out
        if value in self.whole:
            return self.whole[value]
        rows, kind = self.rows[value, part.strip], self.body.types[value]
        assert rows.extent is not None
        if kind.rank <= self.axis:
            return self.stores.setdefault(value, Store(value, kind, whole(kind)))
        start, stop = self._span(part.region)
        if index == rows.writes[0][0] if rows.writes else True:
            self.stores[value] = Store(value, kind, self._with_rows(rows.extent, (start, start)))
            self.rooms[value] = max(rows.room(), stop - start)
        store = self.stores[value]
        base, top = self._span(store.held)
        if stop - base > self.rooms[value]:
            oldest = rows.needed_from(index)
            first = start if oldest is None else min(oldest, start)
            moved = Store(value, kind, self._with_rows(store.held, (first, top)))
            if first < top:
                self._move(self.layers.get(value, self._next_layer(index)), store.place(moved.held), moved)
            self.stores[value] = store = moved
            base = first
        store.held = self._with_rows(store.held, (base, stop))
        return store

    def _with_rows(self, region: Region, span: Span) -> Region:
        return (*region[: self.axis], span, *region[self.axis + 1 :])

    def _move(self, layer: int, source: Place | None, moved: Store) -> None:
        target = moved.place(moved.held)
        assert source is not None and target is not None
        call = self._once(("move", source.bytes), lambda: (tinyc_call("tinyc_move", source.bytes, In(0), Out()),))
        self._step(layer, call, (source,), (target,))

    def _once(self, key: tuple[object, ...], make: Callable[[], Candidate]) -> Candidate:
        """Calls that are made once for equal keys."""
        if key not in self.calls:
            self.calls[key] = make()
        return self.calls[key]

    def _copy(self, layer: int, source: Store, target: Store, region: Region) -> None:
        """Copy `region` of a tensor from one store to another."""
        loops = [(source.kind.dtype.bytes, 1, 1)]  # counts and strides: of bytes that lie together, of rows of them, …
        for axis in range(len(region) - 1, -1, -1):
            count, step_in, step_out = loops[-1]
            size, strides = region[axis][1] - region[axis][0], (source.stride(axis), target.stride(axis))
            if strides == (count * step_in, count * step_out):
                loops[-1] = (size * count, step_in, step_out)
            elif size > 1:
                loops.append((size, *strides))
        if len(loops) > 2:
            outer = next(axis for axis, (start, stop) in enumerate(region) if stop - start > 1)
            for index in range(*region[outer]):
                self._copy(layer, source, target, (*region[:outer], (index, index + 1), *region[outer + 1 :]))
            return
        row = loops[0][0]
        rows, step_in, step_out = loops[1] if len(loops) > 1 else (1, row, row)
        call = self._once(
            ("copy", rows, row, step_in, step_out),
            lambda: (tinyc_call("tinyc_copy_rows", rows, row, In(0), step_in, 0, Out(), step_out),),
        )
        gaps = target.place(region) is None
        self._step(layer, call, (source.around(region),), (target.around(region),), updates=gaps)

    def _step(
        self,
        layer: int,
        calls: Candidate,
        ins: Sequence[Place],
        outs: Sequence[Place],
        written: Written | None = None,
        updates: bool = False,
    ) -> None:
        space = workspace(layer, calls)
        self.lowering.steps.append(Step(layer, calls, tuple(ins), tuple(outs), space, written, updates))

    def _input(self, layer: int, part: Part, at: int) -> Place:
        """Where input `at` of a part lies in one piece, copied there if need be."""
        assert part.node is not None
        value, region = part.node.ins[at], part.ins[at]
        kind = self.body.types[value]
        if value in self.body.constants:
            data = Store(value, kind, whole(kind), constant=True)
            return data.place(region or whole(kind)) or self._cropped(layer, data, region or whole(kind))
        assert region is not None
        source = self._source(value)
        store = self.whole.get(source) or self.stores.get(source)
        if is_empty(region):  # all of it is padding: an address that is not read
            return Place(store.name if store else source, 0, 0)
        assert store is not None
        if source != value:
            wanted = self._region_of_source(value, region)
            place = store.place(wanted)
            assert place is not None
            start = place.offset - Store(place.name, store.kind, whole(store.kind)).at(wanted)
            store = Store(place.name, kind, whole(kind), start)
        return store.place(region) or self._cropped(layer, store, region)

    def _cropped(self, layer: int, store: Store, region: Region) -> Place:
        """The place of a copy of `region` that has no gaps."""
        crop = Store(f"{store.name} (for layer {layer})", store.kind, region)
        self._copy(layer, store, crop, region)
        place = crop.place(region)
        assert place is not None
        return place

    # Parts

    def _compute(self, index: int, part: Part) -> None:
        node, op, layer = part.node, part.op, self.layers[part.out]
        assert node is not None and op is not None
        store = self._store(index, part)
        rows = self._with_rows(store.held, self._span(part.region)) if len(store.held) > self.axis else store.held
        self._recall(layer, part, store, rows)
        if part.doing is Doing.COMPUTE:
            ins = tuple(self._input(layer, part, i) for i in range(len(node.ins)))
            sig = part.signature(self.body)
            fixed = tuple(part.ins[i] for i in sig.constants)
            key = (layer, op, *(t.shape for t in sig.ins), sig.y.shape, fixed)
            calls = self._once(key, lambda: self.lowering.choice.select(node, op, sig))
            out = store.place(part.region)
            if out is not None:
                self._step(layer, calls, ins, (out,), Written(part.out, part.region, out))
            else:
                tile = Store(f"{part.out} (tile)", store.kind, part.region)
                place = tile.place(part.region)
                assert place is not None
                self._step(layer, calls, ins, (place,), Written(part.out, part.region, place))
                self._copy(layer, tile, store, part.region)
        self._remember(layer, part, store, rows)

    def _accumulation(self, part: Part) -> Accumulation:
        if part.out not in self.accumulations:
            assert part.node is not None
            found = part.node.op.accumulation(self.body.signature(part.node), self.lowering.choice.target)
            assert found is not None
            self.accumulations[part.out] = found
        return self.accumulations[part.out]

    def _sums(self, part: Part) -> Place:
        return Place(f"{part.out} (sums)", 0, self._accumulation(part).sums.bytes)

    def _add(self, index: int, part: Part) -> None:
        layer, sums = self.layers[part.out], self._sums(part)
        accumulation = self._accumulation(part)
        assert part.node is not None and part.ins[0] is not None
        if part.out not in self.started:
            self.started.add(part.out)
            fill = tinyc_call("tinyc_fill", Out(), accumulation.start(), sums.bytes)
            self._step(layer, (fill,), (), (sums,))
        ins = tuple(self._input(layer, part, i) for i in range(len(part.node.ins)))
        region = part.ins[0]
        calls = self._once((layer, "add", region), lambda: accumulation.add_calls(region))
        self._step(layer, calls, ins, (sums,), updates=True)

    def _finish(self, index: int, part: Part) -> None:
        assert part.node is not None
        layer = self.layers[part.out]
        calls = self._accumulation(part).finish_calls()
        constants = tuple(self._input(layer, part, i) for i in range(1, len(part.node.ins)))
        out = self._own_place(index, part)
        self._step(layer, calls, (self._sums(part), *constants), (out,), Written(part.out, part.region, out))

    # Columns that neighbouring strips share

    def _halos(self) -> dict[str, Store]:
        """For `stream2d`: where the columns of a tensor are kept that the next strip needs again."""
        widths: dict[str, int] = {}
        for (value, strip), rows in self.rows.items():
            if self._has_halo(value) and strip and rows.writes and rows.extent is not None:
                new = self.parts[rows.writes[0][0]].region[2][0]
                widths[value] = max(widths.get(value, 0), new - rows.extent[2][0])
        stores = {}
        for value, width in widths.items():
            if width:
                kind = self.body.types[value]
                n, h, _, c = whole(kind)
                stores[value] = Store(f"{value} (kept columns)", kind, (n, h, (0, width), c))
        return stores

    def _has_halo(self, value: str) -> bool:
        """Whether a tensor is cut into strips."""
        return value not in self.whole and self.body.types[value].rank == 4

    def _kept(self, part: Part, strip: int) -> Span:
        """The columns of a part's tensor that strip `strip` finds there when it starts."""
        rows = self.rows.get((part.out, strip))
        if rows is None or not rows.writes or rows.extent is None:
            return (0, 0)
        return rows.extent[2][0], self.parts[rows.writes[0][0]].region[2][0]

    def _halo(self, part: Part, columns: Span) -> Store:
        halo = self.halos[part.out]
        n, h, (_, width), c = halo.held
        return Store(halo.name, halo.kind, (n, h, (columns[0], columns[0] + width), c))

    def _recall(self, layer: int, part: Part, store: Store, rows: Region) -> None:
        if part.out in self.halos and part.strip:
            columns = self._kept(part, part.strip)
            if columns[0] < columns[1]:
                region = (rows[0], rows[1], columns, rows[3])
                self._copy(layer, self._halo(part, columns), store, region)

    def _remember(self, layer: int, part: Part, store: Store, rows: Region) -> None:
        if part.out in self.halos:
            columns = self._kept(part, part.strip + 1)
            if columns[0] < columns[1]:
                region = (rows[0], rows[1], columns, rows[3])
                self._copy(layer, store, self._halo(part, columns), region)
