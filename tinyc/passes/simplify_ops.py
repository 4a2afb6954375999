"""Replace operators by simpler ones that mean the same on the types at hand.

Why: a pool over the whole plane is a mean, and a mean may have a scale of its own in int8, which a pool may not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tinyc.ir.graph import Graph, Node
from tinyc.passes.rewrite import Sweep, rewrite


def simplify_ops(graph: Graph) -> Graph:
    """The pass. Float graphs only: it may change how a graph is quantized."""
    if any(node.op.dequantization() for node in graph.nodes):
        return graph  # whose quantization is given, and fits the operators as they are
    return rewrite(graph, to_simpler)


def to_simpler(node: Node, sweep: Sweep) -> Sequence[Node] | None:
    """Ask the operator."""
    op = node.op.simplified(*(sweep.types[v] for v in node.ins))
    return [replace(node, op=op)] if op else None
