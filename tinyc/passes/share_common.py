"""Compute the same thing only once.

Why: exporters repeat constants and shape arithmetic, and the importer one transpose for each reader of a tensor.
"""

from __future__ import annotations

from collections.abc import Sequence

from tinyc.ir.graph import Graph, Node
from tinyc.ir.op import Op
from tinyc.passes.rewrite import Alias, Sweep, rewrite


def share_common(graph: Graph) -> Graph:
    """The pass."""
    first: dict[tuple[Op, tuple[str, ...]], str] = {}

    def reuse(node: Node, sweep: Sweep) -> Sequence[Node] | Alias | None:
        if len(node.outs) != 1:
            return None
        known = first.setdefault((node.op, node.ins), node.outs[0])
        return None if known == node.outs[0] else Alias(known)

    return rewrite(_share_constants(graph), reuse)


def _share_constants(graph: Graph) -> Graph:
    """Integers that stand for different real numbers stay apart: what a value counts in is one for all its readers."""
    first: dict[tuple[object, ...], str] = {}
    readers = graph.consumers()
    same = {}
    for name, data in graph.constants.items():
        stands_for = frozenset(node.op.dequantization() for node in readers[name])
        key = (data.dtype.str, data.shape, data.tobytes(), graph.types[name], stands_for)
        same[name] = first.setdefault(key, name)
    nodes = [Node(n.op, tuple(same.get(v, v) for v in n.ins), n.outs, n.name) for n in graph.nodes]
    return graph.with_nodes(nodes)
