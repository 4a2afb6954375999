"""Fuse Relu, Relu6 and Clip into the operator before.

Why: a kernel clamps its results anyway when it requantizes them, so an activation that is a clamp is free.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tinyc.ir.graph import Graph, Node
from tinyc.passes.moves import before_moves, over_moves
from tinyc.passes.rewrite import Sweep, rewrite


def fuse_clamps(graph: Graph) -> Graph:
    """The pass."""
    return rewrite(graph, into_producer)


def into_producer(node: Node, sweep: Sweep) -> Sequence[Node] | None:
    """clamp(f(x)) becomes f'(x)."""
    bounds = node.op.clamp_bounds()
    if bounds is None:
        return None
    producer, moves, _ = over_moves(node.ins[0], sweep)
    op = producer.op.clamped(*bounds) if producer else None
    return before_moves(replace(producer, op=op), moves, node.outs[0], sweep) if producer and op else None
