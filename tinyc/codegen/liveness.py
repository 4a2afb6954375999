"""Which activations share memory, and from when to when each is in use."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinyc.ir.graph import Graph, Node


@dataclass(frozen=True)
class Lifetimes:
    """`roots` maps each activation to the one whose buffer it lives in; `spans` has each root's steps [first, last)."""

    roots: dict[str, str]
    spans: dict[str, tuple[int, int]]


def lifetimes(graph: Graph, layers: Sequence[Node]) -> Lifetimes:
    """Lifetimes when the `layers` run one a step. Views live in their source's buffer; so do results in place.

    Inputs are in use from step 0 to their last reading, outputs to the end.
    """
    step_of = {node.outs[0]: step for step, node in enumerate(layers)}
    roots = {p.value: p.value for p in graph.inputs}
    last_use = _last_uses(graph, step_of, len(layers))
    for node in graph.nodes:
        if node.op.is_view:
            roots[node.outs[0]] = roots[node.ins[0]]
            continue
        for value in node.outs:
            roots[value] = value
        taken = _in_place(graph, node, step_of[node.outs[0]], roots, last_use)
        if taken is not None:
            roots[node.outs[0]] = taken
    spans: dict[str, tuple[int, int]] = {}
    born = {p.value: 0 for p in graph.inputs}
    for node in layers:
        born.update(dict.fromkeys(node.outs, step_of[node.outs[0]]))
    for value, root in roots.items():
        first = born.get(value, len(layers))
        old = spans.get(root, (first, first + 1))
        spans[root] = (min(old[0], first), max(old[1], last_use[value] + 1, first + 1))
    return Lifetimes(roots, {root: (first, max(last, first + 1)) for root, (first, last) in spans.items()})


def _last_uses(graph: Graph, step_of: dict[str, int], steps: int) -> dict[str, int]:
    """The last step at which each activation is read, itself or through a view; the end for outputs."""
    last = {value: -1 for value in graph.types if value not in graph.constants}
    last.update({p.value: steps for p in graph.outputs})
    for node in reversed(graph.nodes):
        for value in node.ins:
            if value in last:
                used = last[node.outs[0]] if node.op.is_view else step_of[node.outs[0]]
                last[value] = max(last[value], used)
    return last


def _in_place(graph: Graph, node: Node, step: int, roots: dict[str, str], last_use: dict[str, int]) -> str | None:
    """The root of an input whose buffer the result may take over."""
    kind = graph.types[node.outs[0]]
    for index in node.op.in_place:
        value = node.ins[index]
        if value in graph.constants or graph.types[value].bytes != kind.bytes or graph.types[value].shape != kind.shape:
            continue
        root = roots[value]
        sharing = [v for v, r in roots.items() if r == root]
        if all(last_use[v] <= step for v in sharing):
            return root
    return None
