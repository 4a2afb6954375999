"""Putting neighbouring layers into a region."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinyc.ir.graph import Graph, Node, plain_port
from tinyc.ir.parts import Tiling
from tinyc.ir.region import RegionOp


@dataclass(frozen=True)
class Cut:
    """Nodes [first, last) of a graph become a region that runs in tiles. `fed`: the model's input comes by rows."""

    first: int
    last: int
    tiling: Tiling
    fed: bool = False


def with_regions(graph: Graph, cuts: Sequence[Cut]) -> Graph:
    """The graph with regions in place of the nodes that `cuts`, in order and apart, stand for."""
    nodes: list[Node] = []
    constants = dict(graph.constants)
    types = dict(graph.types)
    at = 0
    for cut in cuts:
        nodes += graph.nodes[at : cut.first]
        nodes.append(_region(graph, cut))
        at = cut.last
    return graph.with_nodes([*nodes, *graph.nodes[at:]], types, constants)


def _region(graph: Graph, cut: Cut) -> Node:
    inside = graph.nodes[cut.first : cut.last]
    made = {v for n in inside for v in n.outs}
    read = dict.fromkeys(v for n in inside for v in n.ins)
    outside = {v for n in (*graph.nodes[: cut.first], *graph.nodes[cut.last :]) for v in n.ins}
    outside |= {p.value for p in graph.outputs}
    ins = tuple(v for v in read if v not in made and v not in graph.constants)
    outs = tuple(v for n in inside for v in n.outs if v in outside)
    body = Graph(
        "",
        tuple(plain_port(v, graph.types[v]) for v in ins),
        tuple(plain_port(v, graph.types[v]) for v in outs),
        tuple(inside),
        {v: graph.types[v] for v in (*read, *(o for n in inside for o in n.outs))},
        {v: graph.constants[v] for v in read if v in graph.constants},
        graph.rounding,
    )
    tiling = cut.tiling
    fed = ins.index(next(p.value for p in graph.inputs if p.value in ins)) if cut.fed else -1
    op = RegionOp(tiling.mode.value, tiling.rows, body, tiling.strips, tiling.axis, fed)
    first, last = (n.name or n.outs[0] for n in (inside[0], inside[-1]))
    return Node(op, ins, outs, f"{first} to {last}")
