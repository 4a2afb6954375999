"""Kernels for a whole program: the cheapest that keep to a budget of flash, and of RAM.

What a layer can do is found by lowering the graph, so that layers in regions count with all their parts. The budget
of flash is a knapsack. That of RAM forbids a kernel wherever what is in use beside it, workspace included, is more;
the memory planner then says whether the rest fits, and by how much the budget must be tightened if not.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import product

from tinyc.ir.graph import Graph, Node
from tinyc.ir.kernel import Candidate, In, prepared_in, tables_in
from tinyc.program.chains import best_apart, find_chains, names
from tinyc.program.choice import COMPACT, Choice, Offer, Optimize, kind
from tinyc.program.costs import Costs, call_key, label
from tinyc.program.knapsack import Option, cheapest, worthwhile
from tinyc.program.lowering import Lowering
from tinyc.program.prepared import prepared_bytes
from tinyc.program.program import build_program, fits_easily, lower_graph

TIGHTER = 4  # times that the budget of RAM is tightened because the plan has gaps
Options = Mapping[str, Sequence["LayerOption"]]


@dataclass(frozen=True, eq=False)
class LayerOption:
    """What a layer takes with one kind of candidate; or a chain, each of its layers with one or all in one."""

    picks: Mapping[str, str]
    """The kinds, by result."""
    key: str
    """What decides how long it takes, as text."""
    instructions: float
    constants: Mapping[object, int]
    """The bytes of what its calls read, by identity."""
    library: Mapping[str, int]
    """The bytes of code of functions that all layers share."""
    own: Mapping[str, int]
    """The bytes of code of functions that are made for calls."""
    chains: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The layers in one, as of `Choice.chains`."""
    prepared: Mapping[object, int] = field(default_factory=dict)
    """The bytes of RAM of tables that are made at start-up, by identity."""

    @property
    def kind(self) -> str:
        """The kinds as text."""
        return ", ".join(self.picks.values())


@dataclass(frozen=True)
class _Asked:
    """One question to the choice, and the answer."""

    offer: Offer
    answer: Candidate


@dataclass(frozen=True)
class _Recorder(Choice):
    """A choice that takes down what it is asked."""

    asked: dict[str, list[_Asked]] = field(default_factory=dict)

    def take(self, value: str, offer: Offer) -> Candidate:
        answer = super().take(value, offer)
        self.asked.setdefault(value, []).append(_Asked(offer, answer))
        return answer


def layer_options(graph: Graph, choice: Choice) -> dict[str, list[LayerOption]]:
    """What each layer can do, by the name of its result; the graph is scheduled. What `choice` takes comes first.

    Layers that it computes in one are one.
    """
    recorder = _Recorder(**vars(choice))
    lowering = Lowering(graph, recorder)
    lowering.run()
    times = Counter(id(step.calls) for step in lowering.steps)
    options = {value: _options_of(value, asked, times, choice) for value, asked in recorder.asked.items()}
    return {v: [replace(o, chains={v: choice.chains[v]}) for o in f] if v in choice.chains else f
            for v, f in options.items()}  # fmt: skip


def chain_options(graph: Graph, choice: Choice) -> dict[tuple[Node, ...], list[LayerOption]]:
    """What all layers can do that may be computed in one, whether or not that pays. They may overlap."""
    found = {}
    for nodes, offer in find_chains(graph, choice).items():
        *before, last = names(nodes)
        asked = [_Asked(offer, offer.candidates[0])]
        found[nodes] = [
            replace(option, chains={last: tuple(before)}) for option in _options_of(last, asked, {}, choice)
        ]  # fmt: skip
    return found


def _options_of(value: str, asked: Sequence[_Asked], times: Mapping[int, int], choice: Choice) -> list[LayerOption]:
    kinds = dict.fromkeys(kind(c) for a in asked for c in (a.answer, *a.offer.candidates))
    options = [_option(value, k, asked, times, choice.costs) for k in kinds]
    return _compact(options, asked[0].offer.plain) if choice.optimize is Optimize.SIZE else options


def _compact(options: Sequence[LayerOption], plain: int) -> list[LayerOption]:
    """Those that read few constants, `plain` being the bytes that there are at least."""
    sizes = [sum(option.constants.values()) for option in options]
    most = max(COMPACT * plain, min(sizes))
    return [option for option, size in zip(options, sizes, strict=True) if size <= most]


def _option(value: str, wanted: str, asked: Sequence[_Asked], times: Mapping[int, int], costs: Costs) -> LayerOption:
    instructions = 0.0
    constants: dict[object, int] = {}
    library: dict[str, int] = {}
    own: dict[str, int] = {}
    keys = []
    taken = []
    for a in asked:
        offer = a.offer
        cost = {id(c): costs.of_candidate(c, offer.work) for c in offer.candidates}
        candidate = next((c for c in offer.candidates if kind(c) == wanted), None)
        candidate = candidate or min(offer.candidates, key=lambda c: cost[id(c)])
        taken.append(candidate)
        count = max(1, times.get(id(a.answer), 0))
        key = " + ".join(call_key(call, offer.work) for call in candidate)
        keys.append(f"{count} x {key}")
        instructions += count * cost[id(candidate)]
        for call in candidate:
            if call.inline:
                own[call_key(call, {})] = costs.code_bytes(call)
            else:
                library[label(call)] = costs.code_bytes(call)
            library |= {label(t.call): costs.code_bytes(t.call) for t in prepared_in((call,))}
            for arg in call.args:
                if isinstance(arg, In) and arg.index in offer.constants:
                    constants[offer.ins[arg.index]] = offer.constants[arg.index]
                constants.update({(t.name, t.data.tobytes()): t.data.nbytes for t in tables_in(arg)})
    key = "; ".join(keys)
    instructions = costs.tuned.get(key, instructions)
    return LayerOption({value: wanted}, key, instructions, constants, library, own, {}, prepared_bytes(taken))


def _together(options: Sequence[LayerOption]) -> LayerOption:
    """Layers, or chains of them, each by itself, as one."""
    return LayerOption(
        {value: k for o in options for value, k in o.picks.items()},
        "",
        sum(o.instructions for o in options),
        {what: size for o in options for what, size in o.constants.items()},
        {name: size for o in options for name, size in o.library.items()},
        {name: size for o in options for name, size in o.own.items()},
        {value: before for o in options for value, before in o.chains.items()},
        {table: size for o in options for table, size in o.prepared.items()},
    )


def _with_chains(graph: Graph, choice: Choice, options: dict[str, list[LayerOption]]) -> dict[str, list[LayerOption]]:
    """The options, where the layers of those chains are one that save most; they can be taken apart."""
    options = dict(options)
    found = chain_options(graph, choice)
    alone = {nodes: sum(min(o.instructions for o in options[value]) for value in names(nodes)) for nodes in found}
    saved = {nodes: alone[nodes] - min(o.instructions for o in some) for nodes, some in found.items()}
    in_one = {names(nodes): some for nodes, some in found.items()}
    for nodes in best_apart(graph, {nodes: saving for nodes, saving in saved.items() if saving > 0}):
        values = names(nodes)
        parts = {run: in_one[run] if run in in_one else options[run[0]] for cut in _cuts(values, in_one) for run in cut}
        ways = [_together(some) for cut in _cuts(values, in_one) for some in product(*(parts[run] for run in cut))]
        for value in values:
            del options[value]
        options[values[-1]] = ways
    return options


def _cuts(values: tuple[str, ...], in_one: Container[tuple[str, ...]]) -> Iterator[tuple[tuple[str, ...], ...]]:
    """The ways to cut a chain into layers and shorter chains."""
    if not values:
        yield ()
    for end in range(1, len(values) + 1):
        if end == 1 or values[:end] in in_one:
            yield from ((values[:end], *rest) for rest in _cuts(values[end:], in_one))


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
    choice = replace(choice, picks={}, chains={})
    found = layer_options(graph, choice)
    plain = {value: [o for o in some if not o.prepared] for value, some in found.items()}
    picked = _select(graph, choice, _with_chains(graph, choice, plain), budget)
    if budget.ram is None or plain == found:
        return picked
    return _with_prepared(graph, choice, picked, found, budget)


def _select(graph: Graph, choice: Choice, options: Options, budget: Budget) -> Choice:
    """The choice among options that make nothing at start-up."""
    limit: int | None = None
    for _ in range(TIGHTER):
        usable = options if limit is None else _within_ram(graph, choice, options, limit)
        picked = _pick(choice, usable, budget)
        if budget.ram is None or fits_easily(graph, picked, budget.ram):
            break
        arena = build_program(graph, picked).arena_bytes
        if arena <= budget.ram:
            break
        limit = budget.ram if limit is None else limit - (arena - budget.ram)
    return picked


def _with_prepared(
    graph: Graph, choice: Choice, plain: Choice, options: Mapping[str, list[LayerOption]], budget: Budget
) -> Choice:
    """The choice with tables that are made at start-up, where they save instructions and RAM is left beside the arena.

    Layers take them in the order of what they save by byte. `plain` is what is taken without, and where nothing is
    saved. Layers that it computes in one may be taken apart for them.
    """
    assert budget.ram is not None
    in_one = {value for last, before in plain.chains.items() for value in (last, *before)}
    worth: list[tuple[float, str]] = []
    for value, some in options.items():
        taken = [o for o in some if not o.prepared and (value in in_one or o.kind == plain.picks.get(value))]
        now = min((o.instructions for o in taken), default=0.0)
        gains = [(now - o.instructions) / sum(o.prepared.values()) for o in some if o.prepared]
        if gains and max(gains) > 0:
            worth.append((max(gains), value))
    room = budget.ram - build_program(graph, plain).arena_bytes
    allowed: list[str] = []
    tables: dict[object, int] = {}
    for _, value in sorted(worth, reverse=True):
        more = {key: size for o in options[value] for key, size in o.prepared.items()}
        if sum((tables | more).values()) <= room:
            allowed.append(value)
            tables |= more
    while allowed:
        usable = {v: [o for o in some if v in allowed or not o.prepared] for v, some in options.items()}
        picked = _pick(choice, _with_chains(graph, choice, usable), budget)
        if build_program(graph, picked).arena_bytes <= budget.ram:
            return picked if _instructions(graph, picked) < _instructions(graph, plain) else plain
        allowed.pop()  # the workspaces that come with them do not fit
    return plain


def _instructions(graph: Graph, choice: Choice) -> float:
    """An estimate of what the kernels take that `choice` takes."""
    return sum(taken.instructions for taken, *_ in layer_options(graph, choice).values())


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


def _within_ram(graph: Graph, choice: Choice, options: Options, ram: int) -> Options:
    """The options with which at most `ram` bytes are in use while their layers run; the leanest if there is none."""
    taken: dict[str, dict[str, tuple[str, ...]]] = defaultdict(
        dict
    )  # by kind, the layers, and what is in one with them
    for option in (o for found in options.values() for o in found):
        for value, k in option.picks.items():
            taken[k][value] = option.chains.get(value, ())
    most: dict[tuple[str, str], int] = {}
    for k, values in taken.items():
        chains = {value: before for value, before in values.items() if before}
        lowering, used = lower_graph(graph, replace(choice, picks=dict.fromkeys(values, k), chains=chains))
        for step, in_use in zip(lowering.steps, used.in_use_by_step(), strict=False):
            value = lowering.layers[step.layer].node.outs[0] if step.calls else ""
            most[value, k] = max(most.get((value, k), 0), int(in_use))
    usable = {}
    for value, found in options.items():
        needs = [max(most.get(pick, 0) for pick in o.picks.items()) for o in found]
        allowed = max(ram, min(needs))
        usable[value] = [o for o, need in zip(found, needs, strict=True) if need <= allowed]
    return usable


def _pick(choice: Choice, options: Options, budget: Budget) -> Choice:
    """The choice with the kinds to take."""
    most = budget.code if budget.flash is None else budget.flash
    if most is None:
        return taking(choice, [min(found, key=lambda o: o.instructions) for found in options.values()])
    groups = _groups(options)
    library = {name: size for found in options.values() for o in found for name, size in o.library.items()}
    with_constants = budget.flash is not None
    tables = [
        [_merged([o[i] for o in members], with_constants) for i in range(len(members[0]))]
        for members in groups
    ]  # fmt: skip
    kept = [worthwhile(table) for table in tables]
    tables = [[table[i] for i in some] for table, some in zip(tables, kept, strict=True)]
    numbers = cheapest(tables, library, most)
    if numbers is None:
        numbers = cheapest([[replace(o, cost=o.bytes) for o in table] for table in tables], library)
        assert numbers is not None
    taken = []
    for members, some, number in zip(groups, kept, numbers, strict=True):
        taken += [found[some[number]] for found in members]
    return taking(choice, taken)


def taking(choice: Choice, options: Sequence[LayerOption]) -> Choice:
    """The choice that takes these options."""
    picks = {value: k for option in options for value, k in option.picks.items()}
    chains = {value: before for option in options for value, before in option.chains.items()}
    return replace(choice, picks=picks, chains=chains)


def _groups(options: Options) -> list[list[Sequence[LayerOption]]]:
    """Layers that share functions made for calls, together: they take the same kind."""
    groups: dict[object, list[Sequence[LayerOption]]] = defaultdict(list)
    for found in options.values():
        groups[tuple((o.kind, tuple(sorted(o.own))) for o in found)].append(found)
    return list(groups.values())


def _merged(layers: Sequence[LayerOption], with_constants: bool) -> Option:
    """The option that all of some layers take the same kind."""
    constants: dict[object, int] = {}
    for layer in layers if with_constants else ():
        constants.update(layer.constants)
    own = {name: size for layer in layers for name, size in layer.own.items()}
    shared = frozenset(name for layer in layers for name in layer.library)
    cost = round(sum(layer.instructions for layer in layers))
    return Option(cost, sum(constants.values()) + sum(own.values()), shared)
