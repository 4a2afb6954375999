"""The program: the kernel calls of a graph and where in memory they find their data, as plain data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from numpy.typing import NDArray

from tinyc.errors import VerifyError
from tinyc.ir.graph import Graph
from tinyc.ir.kernel import In, Table, tables_in
from tinyc.ir.region import RegionOp
from tinyc.ir.types import TensorType
from tinyc.memory.bound import lower_bound
from tinyc.memory.buffers import Buffer, Distance, Memory, Plan
from tinyc.memory.check import find_fault
from tinyc.memory.first_fit import plan_first_fit
from tinyc.memory.planner import plan_buffers
from tinyc.memory.pools import plan_pools
from tinyc.program.choice import Choice
from tinyc.program.live import Usage, usage
from tinyc.program.lowering import Lowering
from tinyc.program.prepared import PreparedTables, prepared_tables
from tinyc.program.steps import Layer, Place, Step, workspace_bytes

ARENA_ALIGNMENT = 16
CANARY_BYTES = 16


@dataclass(frozen=True)
class MemoryPart:
    """A part of the arena that has a memory of its own: offsets from `start` on."""

    name: str
    start: int
    bytes: int
    accesses: int
    """Bytes that kernels are given there to read or to write in one inference, each once a call."""


@dataclass(frozen=True)
class Rows:
    """Input `input` of the model arrives in so many rows of so many bytes."""

    input: int
    rows: int
    row_bytes: int


@dataclass(frozen=True, eq=False)
class Program:
    """Everything the emitter needs: layers by number, the steps in which they run, and a place for every buffer."""

    graph: Graph
    layers: tuple[Layer, ...]
    steps: tuple[Step, ...]
    places: Mapping[str, Place]
    """Where the model's inputs and outputs, and all values between regions, lie as a whole."""
    buffers: tuple[Buffer, ...]
    plan: Plan
    canaries: bool = False
    """The last CANARY_BYTES of each buffer are nobody's: a debug build checks that they stay as they are."""
    memories: tuple[MemoryPart, ...] = ()
    """Where the arena lies in several memories: its parts, one behind the other, the fastest memory's first."""
    prepared: PreparedTables = field(default_factory=PreparedTables)
    """What is made at start-up, and stays in the arena."""

    @property
    def arena_bytes(self) -> int:
        """Input, output, intermediate tensors and workspace, all of them."""
        return max(-(-self.plan.arena_bytes // ARENA_ALIGNMENT) * ARENA_ALIGNMENT, ARENA_ALIGNMENT)

    @property
    def has_regions(self) -> bool:
        """Whether some layers run in parts."""
        return any(isinstance(node.op, RegionOp) for node in self.graph.nodes)

    @property
    def fed(self) -> Rows | None:
        """The input that arrives by rows, if one does."""
        for op in (node.op for node in self.graph.nodes):
            if isinstance(op, RegionOp) and op.fed_value is not None:
                kind = op.body.types[op.fed_value]
                index = [p.value for p in self.graph.inputs].index(op.fed_value)
                rows = kind.shape[op.axis]
                return Rows(index, rows, kind.bytes // rows)
        return None

    @cached_property
    def constants(self) -> dict[str, TensorType]:
        """The types of the constants that steps read, in the order in which they do."""
        found: dict[str, TensorType] = {}
        for step in self.steps:
            read = {arg.index for call in step.calls for arg in call.args if isinstance(arg, In)}
            places = [place for i, place in enumerate(step.ins) if place.constant and i in read]
            found.update({place.name: self.layers[step.layer].graph.types[place.name] for place in places})
        return found

    @cached_property
    def tables(self) -> dict[int, Table]:
        """The tables that calls are given beside the graph's constants, by identity; those that are equal share one."""
        found: dict[int, Table] = {}
        distinct: dict[tuple[str, bytes], Table] = {}
        for step in self.steps:
            for table in (table for call in step.calls for arg in call.args for table in tables_in(arg)):
                if id(table) not in found:
                    key = (table.data.dtype.name, table.data.tobytes())
                    found[id(table)] = distinct.setdefault(key, table)
        return found

    @property
    def weights_bytes(self) -> int:
        """Everything constant that kernels read: weights, packed or as they are, biases, multipliers, tables."""
        distinct = {id(table): table for table in self.tables.values()}
        first = sum(data.nbytes for name, data in self.initial.items() if name not in self.constants)
        return sum(k.bytes for k in self.constants.values()) + sum(t.data.nbytes for t in distinct.values()) + first

    @cached_property
    def initial(self) -> dict[str, NDArray[Any]]:
        """The constants with which states begin that are not the same byte throughout."""
        found = {s.initial: self.graph.constants[s.initial] for s in self.graph.states}
        return {name: data for name, data in found.items() if len(set(data.tobytes())) > 1}

    def offset(self, place: Place) -> int:
        """Where in the arena a place is."""
        return self.plan.offsets[place.name] + place.offset

    def kernels(self, layer: int) -> list[str]:
        """The functions that a layer calls, those that move its rows included."""
        calls = [call.function for step in self.steps if step.layer == layer for call in step.calls]
        return list(dict.fromkeys(calls))

    def workspace_bytes(self, layer: int) -> int:
        """The largest workspace of a layer's steps."""
        return max((workspace_bytes(s.calls) for s in self.steps if s.layer == layer), default=0)


def _check_fed(graph: Graph) -> None:
    """Raise VerifyError unless rows arrive for one region at most, of an input that nothing else reads."""
    fed = [n.op.fed_value for n in graph.nodes if isinstance(n.op, RegionOp) and n.op.fed_value]
    if len(fed) > 1:
        raise VerifyError(f"only one input can arrive by rows, not {len(fed)}", graph.name)
    for value in fed:
        if value not in {p.value for p in graph.inputs}:
            raise VerifyError(f"%{value} cannot arrive by rows: it is not an input of the model", graph.name)
        if graph.use_counts()[value] > 1:
            raise VerifyError(f"%{value} cannot arrive by rows: something else than the region reads it", graph.name)


def _check_states(graph: Graph) -> None:
    """Raise VerifyError unless each state is made behind all that reads it, by a layer that runs as a whole."""
    made = {v: i for i, n in enumerate(graph.nodes) for v in n.outs}
    if len({s.after for s in graph.states}) != len(graph.states):
        raise VerifyError("two states cannot be computed in one place", graph.name)
    for state in graph.states:
        node = graph.nodes[made[state.after]] if state.after in made else None
        if node is None or node.op.is_view or isinstance(node.op, RegionOp):
            raise VerifyError(f"%{state.after} cannot be computed where the state %{state.before} is", graph.name)
        held = graph.shown([state.before])
        if any(held.intersection(reader.ins) for reader in graph.nodes[made[state.after] :]):
            raise VerifyError(f"%{state.before} is read when it has been made anew", graph.name)
        if held.intersection(graph.wanted):
            raise VerifyError(f"%{state.before} is wanted when it has been made anew", graph.name)


def lower_graph(graph: Graph, choice: Choice) -> tuple[Lowering, Usage]:
    """Select kernels and lay out steps; what is in use when follows from them."""
    _check_fed(graph)
    _check_states(graph)
    lowering = Lowering(graph, choice)
    lowering.run()
    given = [lowering.places[v] for v in graph.given if v in lowering.places]
    kept = [lowering.places[v] for v in graph.wanted]
    tables = [place for _, place in prepared_tables(lowering.steps).calls]
    return lowering, usage(lowering.steps, [*given, *tables], [*kept, *tables], choice.follow)


def fits_easily(graph: Graph, choice: Choice, ram: int) -> bool:
    """Whether a plan of at most `ram` bytes is found without a search."""
    _, used = lower_graph(graph, choice)
    whole = ram // ARENA_ALIGNMENT * ARENA_ALIGNMENT
    return plan_first_fit(_buffers(graph, used), used.distances(), max(used.in_use(), whole)).arena_bytes <= whole


def _buffers(graph: Graph, used: Usage) -> list[Buffer]:
    """The buffers, as they must be aligned for the types that there are."""
    wide = any(kind.dtype.bytes > 4 for kind in graph.types.values())
    return [replace(b, alignment=8) for b in used.buffers()] if wide else used.buffers()


def build_program(graph: Graph, choice: Choice, canaries: bool = False, memories: Sequence[Memory] = ()) -> Program:
    """Select kernels and plan memory.

    With `canaries` buffers do not overlap, and something is left behind each. The arena is spread over `memories`,
    the fastest first, if some are given; DoesNotFitError if they do not hold it.
    """
    lowering, used = lower_graph(graph, choice)
    buffers, distances = _buffers(graph, used), used.distances()
    if canaries:
        buffers = [replace(b, bytes=-(-b.bytes // 4) * 4 + CANARY_BYTES) for b in buffers]
        plan = plan_buffers(buffers, distances := [])
    elif memories:
        return _spread(graph, lowering, buffers, distances, memories)
    else:
        plan = plan_buffers(buffers, distances, used.in_use())
    fault = find_fault(buffers, plan, distances)
    if fault:
        raise VerifyError(f"the memory plan is wrong: {fault}", graph.name)
    layers, steps = tuple(lowering.layers), tuple(lowering.steps)
    tables = prepared_tables(steps)
    return Program(graph, layers, steps, lowering.places, tuple(buffers), plan, canaries, prepared=tables)


def _spread(
    graph: Graph,
    lowering: Lowering,
    buffers: Sequence[Buffer],
    distances: Sequence[Distance],
    memories: Sequence[Memory],
) -> Program:
    """A program whose buffers lie in several memories: what is accessed most in the first."""
    accesses = Counter[str]()
    tables = prepared_tables(lowering.steps)
    for step in lowering.steps:
        for place in (*step.reads, *step.writes, *tables.of_step(step)):
            accesses[place.name] += place.bytes
    buffers = [replace(b, accesses=accesses[b.name]) for b in buffers]
    pools = plan_pools(buffers, memories, distances)
    parts: list[MemoryPart] = []
    offsets: dict[str, int] = {}
    start = 0
    for memory in memories:
        size = 0
        if memory.name in pools.plans:
            plan = pools.plans[memory.name]
            offsets.update({name: start + offset for name, offset in plan.offsets.items()})
            size = -(-plan.arena_bytes // ARENA_ALIGNMENT) * ARENA_ALIGNMENT
        parts.append(MemoryPart(memory.name, start, size, pools.accesses(buffers, memory.name)))
        start += size
    plan = Plan({b.name: offsets[b.name] for b in buffers}, start, lower_bound(buffers, distances))
    fault = find_fault(buffers, plan, distances)
    if fault:
        raise VerifyError(f"the memory plan is wrong: {fault}", graph.name)
    layers, steps = tuple(lowering.layers), tuple(lowering.steps)
    return Program(graph, layers, steps, lowering.places, tuple(buffers), plan, memories=tuple(parts), prepared=tables)
