"""Let convolutions pad their input themselves.

Why: exporters write asymmetric "same" padding as an operator of its own, which would copy the whole tensor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tinyc.ir.graph import Graph, Node
from tinyc.passes.rewrite import Sweep, rewrite


def fold_padding(graph: Graph) -> Graph:
    """The pass."""
    return rewrite(graph, into_consumer)


def into_consumer(node: Node, sweep: Sweep) -> Sequence[Node] | None:
    """f(pad(x)) becomes f'(x)."""
    producer = sweep.producer(node.ins[0]) if node.ins else None
    padding = producer.op.padding() if producer else None
    if producer is None or padding is None:
        return None
    op = node.op.padded(*padding)
    return [replace(node, op=op, ins=(producer.ins[0], *node.ins[1:]))] if op else None
