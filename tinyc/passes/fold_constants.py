"""Compute at compile time what depends on constants only.

Why: exporters leave arithmetic on weights in the graph, and other passes create some.
"""

from __future__ import annotations

from collections.abc import Sequence

from tinyc.ir.graph import Graph, Node
from tinyc.passes.rewrite import Alias, Sweep, rewrite


def fold_constants(graph: Graph) -> Graph:
    """The pass. Float graphs only."""
    return rewrite(graph, evaluate)


def evaluate(node: Node, sweep: Sweep) -> Sequence[Node] | Alias | None:
    """A node whose inputs are all known becomes a constant."""
    if len(node.outs) != 1 or not all(v in sweep.constants for v in node.ins):
        return None
    if node.op.dequantization():
        return None  # the integers are wanted
    if node.outs[0] in sweep.wanted:
        return None  # an output is written at run time, whatever it depends on
    (result,) = node.op.eval_float(*(sweep.constants[v] for v in node.ins))
    return Alias(sweep.constant(node.outs[0], result))
