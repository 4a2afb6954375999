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


def stretch(graph: Graph, first: int, last: int) -> Graph:
    """Nodes [first, last) as a graph of their own. Its results are what is read behind them.

    States that they make anew are its states, others its inputs.
    """
    nodes = graph.nodes[first:last]
    made = dict.fromkeys(v for n in nodes for v in n.outs)
    read = dict.fromkeys(v for n in nodes for v in n.ins)
    states = tuple(s for s in graph.states if s.after in made)
    kept = {s.before for s in states}
    later = {v for n in graph.nodes[last:] for v in n.ins} | set(graph.wanted)
    return Graph(
        "",
        tuple(plain_port(v, graph.types[v]) for v in read if not {v} & (made.keys() | kept | graph.constants.keys())),
        tuple(plain_port(v, graph.types[v]) for v in made if v in later),
        nodes,
        {v: graph.types[v] for v in (*read, *made, *kept)},
        {v: graph.constants[v] for v in read if v in graph.constants},
        graph.rounding,
        states,
    )


def _region(graph: Graph, cut: Cut) -> Node:
    body, tiling = stretch(graph, cut.first, cut.last), cut.tiling
    ins, outs = (tuple(p.value for p in ports) for ports in (body.inputs, body.outputs))
    fed = ins.index(next(p.value for p in graph.inputs if p.value in ins)) if cut.fed else -1
    op = RegionOp(tiling.mode.value, tiling.rows, body, tiling.strips, tiling.axis, fed)
    first, last = (n.name or n.outs[0] for n in (body.nodes[0], body.nodes[-1]))
    return Node(op, ins, outs, f"{first} to {last}")
