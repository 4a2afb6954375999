"""Local rewriting: rules that replace one node by others, applied until none of them fires.

A rule may leave nodes behind that nothing reads any more; they are dropped after each sweep. Correctness never
depends on how often a value is used: rules ask for that only to avoid computing something twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from tinyc.ir.graph import Graph, Names, Node, constant_type
from tinyc.ir.op import Op, Signature
from tinyc.ir.types import TensorType


class Alias(str):
    """A rule's answer: the node's only result is this value."""


Rule = Callable[[Node, "Sweep"], "Sequence[Node] | Alias | None"]


class Sweep:
    """A graph in the middle of being rewritten: what rules may look at, and what they may add."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.types: dict[str, TensorType] = dict(graph.types)
        self.constants: dict[str, NDArray[Any]] = dict(graph.constants)
        self.producers: dict[str, Node] = {}
        self.uses: Counter[str] = graph.use_counts()
        self.wanted = set(graph.wanted)
        self._names = Names(graph.types)

    def producer(self, value: str) -> Node | None:
        """The node that computes `value`; None for inputs and constants."""
        return self.producers.get(value)

    def signature(self, node: Node) -> Signature:
        """What surrounds `node`."""
        constants = {i: self.constants[v] for i, v in enumerate(node.ins) if v in self.constants}
        ins, outs = tuple(self.types[v] for v in node.ins), tuple(self.types[v] for v in node.outs)
        return Signature(ins, outs, self.graph.rounding, constants)

    def constant(self, stem: str, data: NDArray[Any]) -> str:
        """A new constant."""
        name = self._names.fresh(stem)
        self.types[name], self.constants[name] = constant_type(data), data
        return name

    def apply(self, op: Op, ins: Sequence[str], stem: str, source: str = "") -> Node:
        """A new node with one new result, typed by inference."""
        (kind,) = op.infer(*(self.types[v] for v in ins))
        name = self._names.fresh(stem)
        self.types[name] = kind
        return Node(op, tuple(ins), (name,), source)

    def with_constants(self, node: Node, op: Op, constants: dict[int, NDArray[Any]]) -> Node:
        """`node` with another operator and some of its constants replaced."""
        ins = [self.constant(v, constants[i]) if i in constants else v for i, v in enumerate(node.ins)]
        return replace(node, op=op, ins=tuple(ins))


def rewrite(graph: Graph, *rules: Rule) -> Graph:
    """Apply the rules everywhere until none fires."""
    changed = True
    while changed:
        graph, changed = _sweep(graph, rules)
    return graph


def _sweep(graph: Graph, rules: Sequence[Rule]) -> tuple[Graph, bool]:
    sweep = Sweep(graph)
    nodes: list[Node] = []
    aliases: dict[str, str] = {}
    changed = False
    for node in graph.nodes:
        node = replace(node, ins=tuple(aliases.get(v, v) for v in node.ins))
        result: Sequence[Node] | Alias | None = None
        for rule in rules:
            result = rule(node, sweep)
            if result is not None:
                break
        changed |= result is not None
        if isinstance(result, Alias):
            aliases[node.outs[0]] = str(result)
            continue
        for new in result if result is not None else [node]:
            nodes.append(new)
            sweep.producers.update(dict.fromkeys(new.outs, new))
    outputs = tuple(replace(p, value=aliases.get(p.value, p.value)) for p in graph.outputs)
    states = tuple(replace(s, after=aliases.get(s.after, s.after)) for s in graph.states)
    swept = graph.with_nodes(nodes, sweep.types, sweep.constants, outputs=outputs, states=states)
    return drop_dead_nodes(swept), changed


def drop_dead_nodes(graph: Graph) -> Graph:
    """Without the nodes that no output and no state depends on."""
    needed = set(graph.wanted)
    kept: list[Node] = []
    for node in reversed(graph.nodes):
        if needed.intersection(node.outs):
            needed.update(node.ins)
            kept.append(node)
    return graph.with_nodes(reversed(kept)) if len(kept) < len(graph.nodes) else graph
