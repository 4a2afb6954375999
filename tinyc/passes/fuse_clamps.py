"""Fuse Relu, Relu6 and Clip into the operator before.

Why: a kernel clamps its results anyway when it requantizes them, so an activation that is a clamp is free. Behind a
maximum pooling it goes before that, where the layer there can take it: then no part of int8's range is for what is
clamped, and kernels need not clamp at all where the least stored value is the least result.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tinyc.ir.graph import Graph, Node
from tinyc.passes.moves import before_moves, over_moves
from tinyc.passes.rewrite import Sweep, rewrite


def fuse_clamps(graph: Graph) -> Graph:
    """The pass."""
    return rewrite(graph, before_maxima, into_producer)


def before_maxima(node: Node, sweep: Sweep) -> Sequence[Node] | None:
    """clamp(largest of f(x)) becomes the largest of clamp(f(x)), if f can clamp."""
    bounds = node.op.clamp_bounds()
    if bounds is None:
        return None
    pool, moves, _ = over_moves(node.ins[0], sweep)
    producer = over_moves(pool.ins[0], sweep)[0] if pool and pool.op.keeps_clamps else None
    if pool is None or producer is None or producer.op.clamped(*bounds) is None:
        return None
    clamp = sweep.apply(node.op, pool.ins, pool.ins[0], node.name)
    return [clamp, *before_moves(replace(pool, ins=clamp.outs), moves, node.outs[0], sweep)]


def into_producer(node: Node, sweep: Sweep) -> Sequence[Node] | None:
    """clamp(f(x)) becomes f'(x)."""
    bounds = node.op.clamp_bounds()
    if bounds is None:
        return None
    producer, moves, _ = over_moves(node.ins[0], sweep)
    op = producer.op.clamped(*bounds) if producer else None
    return before_moves(replace(producer, op=op), moves, node.outs[0], sweep) if producer and op else None
