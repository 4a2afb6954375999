"""Fuse Relu, Relu6 and Clip into the operator before.

Why: a kernel clamps its results anyway when it requantizes them, so an activation that is a clamp is free.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tinyc.ir.graph import Graph, Node
from tinyc.passes.rewrite import Sweep, rewrite


def fuse_clamps(graph: Graph) -> Graph:
    """The pass."""
    return rewrite(graph, into_producer)


def into_producer(node: Node, sweep: Sweep) -> Sequence[Node] | None:
    """clamp(f(x)) becomes f'(x)."""
    bounds = node.op.clamp_bounds()
    producer = sweep.producer(node.ins[0]) if bounds else None
    if bounds is None or producer is None or sweep.uses[node.ins[0]] != 1 or len(producer.outs) != 1:
        return None
    op = producer.op.clamped(*bounds)
    return [replace(producer, op=op, outs=node.outs)] if op else None
