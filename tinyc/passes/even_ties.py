"""Let averages of int8 that are halfway between two steps go to even ones.

Why: that is where QuantizeLinear rounds them, and a quarter of all averages of four values are such ties. CMSIS-NN
sends them away from zero, so this is for kernels of our own.
"""

from __future__ import annotations

from dataclasses import replace

from tinyc.ir.graph import Graph


def even_ties(graph: Graph) -> Graph:
    """The pass."""
    return graph.with_nodes(
        replace(node, op=node.op.with_even_ties()) if graph.types[node.outs[0]].quant else node for node in graph.nodes
    )
