"""Kernels for a whole program: the cheapest that keep to a budget of flash, and of RAM.

What a layer can do is found by lowering the graph, so that layers in regions count with all their parts. The budget
of flash is a knapsack. That of RAM forbids a kernel wherever what is in use beside it, workspace included, is more;
the memory planner then says whether the rest fits, and by how much the budget must be tightened if not.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from tinyc.ir.graph import Graph, Node
from tinyc.ir.kernel import Candidate, In, tables_in
from tinyc.ir.op import Op, Signature
from tinyc.program.choice import COMPACT, Choice, Optimize, kind, plain_bytes, plain_work
from tinyc.program.costs import Costs, Work, call_key, label
from tinyc.program.knapsack import Option, cheapest
from tinyc.program.lowering import Lowering
from tinyc.program.program import build_program, lower_graph

TIGHTER = 4  # times that the budget of RAM is tightened because the plan has gaps


@dataclass(frozen=True, eq=False)
class LayerOption:
    """What a layer takes with one kind of candidate."""

    kind: str
    key: str
    """What decides how long it takes, as text."""
    instructions: float
    constants: Mapping[object, int]
    """The bytes of what its calls read, by identity."""
    library: Mapping[str, int]
    """The bytes of code of functions that all layers share."""
    own: Mapping[str, int]
    """The bytes of code of functions that are made for calls."""


@dataclass(frozen=True)
class _Asked:
    """One question to the choice, and the answer."""

    candidates: Sequence[Candidate]
    answer: Candidate
    work: Work
    node: Node
    sig: Signature


@dataclass(frozen=True)
class _Recorder(Choice):
    """A choice that takes down what it is asked."""

    asked: dict[str, list[_Asked]] = field(default_factory=dict)

    def select(self, node: Node, op: Op, sig: Signature) -> Candidate:
        answer = super().select(node, op, sig)
        asked = _Asked(self.offered(node, op, sig), answer, plain_work(op, sig), node, sig)
        self.asked.setdefault(node.outs[0], []).append(asked)
        return answer


def layer_options(graph: Graph, choice: Choice) -> dict[str, list[LayerOption]]:
    """What each layer can do, by the name of its result; the graph is scheduled. What `choice` takes comes first."""
    recorder = _Recorder(**vars(choice))
    lowering = Lowering(graph, recorder)
    lowering.run()
    times = Counter(id(step.calls) for step in lowering.steps)
    options: dict[str, list[LayerOption]] = {}
    for value, asked in recorder.asked.items():
        kinds = dict.fromkeys(kind(c) for a in asked for c in (a.answer, *a.candidates))
        options[value] = [_option(k, asked, times, choice.costs) for k in kinds]
        if choice.optimize is Optimize.SIZE:
            options[value] = _compact(options[value], plain_bytes(asked[0].sig))
    return options


def _compact(options: Sequence[LayerOption], plain: int) -> list[LayerOption]:
    """Those that read few constants, `plain` being the bytes that there are at least."""
    sizes = [sum(option.constants.values()) for option in options]
    most = max(COMPACT * plain, min(sizes))
    return [option for option, size in zip(options, sizes, strict=True) if size <= most]


def _option(wanted: str, asked: Sequence[_Asked], times: Mapping[int, int], costs: Costs) -> LayerOption:
    instructions = 0.0
    constants: dict[object, int] = {}
    library: dict[str, int] = {}
    own: dict[str, int] = {}
    keys = []
    for a in asked:
        cost = {id(c): costs.of_candidate(c, a.work) for c in a.candidates}
        candidate = next((c for c in a.candidates if kind(c) == wanted), None)
        candidate = candidate or min(a.candidates, key=lambda c: cost[id(c)])
        count = max(1, times.get(id(a.answer), 0))
        key = " + ".join(call_key(call, a.work) for call in candidate)
        keys.append(f"{count} x {key}")
        instructions += count * cost[id(candidate)]
        for call in candidate:
            if call.inline:
                own[call_key(call, {})] = costs.code_bytes(call)
            else:
                library[label(call)] = costs.code_bytes(call)
            for arg in call.args:
                if isinstance(arg, In) and arg.index in a.sig.constants:
                    constants[a.node.ins[arg.index]] = a.sig.ins[arg.index].bytes
                constants.update({(t.name, t.data.tobytes()): t.data.nbytes for t in tables_in(arg)})
    key = "; ".join(keys)
    return LayerOption(wanted, key, costs.tuned.get(key, instructions), constants, library, own)


@dataclass(frozen=True)
class Budget:
    """Bytes that there are; None: enough."""

    flash: int | None = None
    """For code of kernels and all that they read."""
    code: int | None = None
    """For code of kernels; looked at where flash is not."""
    ram: int | None = None
    """For the arena."""


def select_kernels(graph: Graph, choice: Choice, budget: Budget) -> Choice:
    """The choice whose picks take the fewest instructions within a budget; if nothing fits, those that take the least.

    Sizes of code are estimates: see `code_of`.
    """
    options = layer_options(graph, choice)
    limit: int | None = None
    for _ in range(TIGHTER):
        usable = options if limit is None else _within_ram(graph, choice, options, limit)
        picked = replace(choice, picks=_pick(usable, budget))
        if budget.ram is None:
            break
        arena = build_program(graph, picked).arena_bytes
        if arena <= budget.ram:
            break
        limit = budget.ram if limit is None else limit - (arena - budget.ram)
    return picked


def code_of(graph: Graph, choice: Choice) -> int:
    """An estimate of the bytes of code of the kernels that `choice` takes."""
    parts: dict[str, int] = {}
    for taken, *_ in layer_options(graph, choice).values():
        parts |= {**taken.library, **taken.own}
    return sum(parts.values())


def flash_of(graph: Graph, choice: Choice) -> int:
    """An estimate of the bytes of these kernels and of all that they read."""
    constants: dict[object, int] = {}
    for taken, *_ in layer_options(graph, choice).values():
        constants.update(taken.constants)
    return code_of(graph, choice) + sum(constants.values())


def _within_ram(
    graph: Graph, choice: Choice, options: Mapping[str, list[LayerOption]], ram: int
) -> dict[str, list[LayerOption]]:
    """The options with which at most `ram` bytes are in use while their layer runs; the leanest if there is none."""
    kinds = dict.fromkeys(o.kind for found in options.values() for o in found)
    most: dict[str, dict[str, int]] = defaultdict(dict)
    for k in kinds:
        picks = {value: k for value, found in options.items() if any(o.kind == k for o in found)}
        lowering, used = lower_graph(graph, replace(choice, picks=picks))
        for step, in_use in zip(lowering.steps, used.in_use_by_step(), strict=False):
            value = lowering.layers[step.layer].node.outs[0] if step.calls else ""
            most[value][k] = max(most[value].get(k, 0), int(in_use))
    usable = {}
    for value, found in options.items():
        least = min((most[value].get(o.kind, 0) for o in found), default=0)
        usable[value] = [o for o in found if most[value].get(o.kind, 0) <= max(ram, least)]
    return usable


def _pick(options: Mapping[str, Sequence[LayerOption]], budget: Budget) -> dict[str, str]:
    """By layer, the kind to take."""
    most = budget.code if budget.flash is None else budget.flash
    if most is None:
        return {value: min(found, key=lambda o: o.instructions).kind for value, found in options.items()}
    groups = _groups(options)
    library = {name: size for found in options.values() for o in found for name, size in o.library.items()}
    with_constants = budget.flash is not None
    tables = [
        [_merged([o[i] for o in members], with_constants) for i in range(len(members[0]))]
        for members in groups.values()
    ]  # fmt: skip
    numbers = cheapest(tables, library, most)
    if numbers is None:
        numbers = cheapest([[replace(o, cost=o.bytes) for o in table] for table in tables], library)
        assert numbers is not None
    picks = {}
    for (values, members), number in zip(groups.items(), numbers, strict=True):
        picks.update({value: found[number].kind for value, found in zip(values, members, strict=True)})
    return picks


def _groups(options: Mapping[str, Sequence[LayerOption]]) -> dict[tuple[str, ...], list[Sequence[LayerOption]]]:
    """Layers that share functions made for calls, together: they take the same kind."""
    groups: dict[object, list[str]] = defaultdict(list)
    for value, found in options.items():
        groups[tuple((o.kind, tuple(sorted(o.own))) for o in found)].append(value)
    return {tuple(values): [options[v] for v in values] for values in groups.values()}


def _merged(layers: Sequence[LayerOption], with_constants: bool) -> Option:
    """The option that all of some layers take the same kind."""
    constants: dict[object, int] = {}
    for layer in layers if with_constants else ():
        constants.update(layer.constants)
    own = {name: size for layer in layers for name, size in layer.own.items()}
    shared = frozenset(name for layer in layers for name in layer.library)
    cost = round(sum(layer.instructions for layer in layers))
    return Option(cost, sum(constants.values()) + sum(own.values()), shared)
