"""Fold scaling and shifting by constants into the weights of the operator before.

Why: batch normalization arrives as a multiplication and an addition. Behind a convolution or a dense layer they
cost nothing once they are part of its weights; what is left anywhere else becomes one depthwise convolution of
one cell, which has exact per-channel scales in int8. Where all channels are scaled and shifted alike that is left to
tables, which are cheaper and take in functions around it; `uniform_to_depthwise` is for those who have no tables.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinyc.ir.graph import Graph, Node
from tinyc.ir.op import F32, Array
from tinyc.ops.depthwise_conv2d import DepthwiseConv2D
from tinyc.passes.moves import before_moves, over_moves
from tinyc.passes.rewrite import Sweep, rewrite


def fold_affine(graph: Graph) -> Graph:
    """The pass. Float graphs in NHWC."""
    if any(node.op.dequantization() for node in graph.nodes):
        return rewrite(graph, into_weights)  # other weights than the model's own have no scales that are given
    return rewrite(graph, into_weights, to_depthwise)


def into_weights(node: Node, sweep: Sweep) -> Sequence[Node] | None:
    """scale · (x · w + b) + shift becomes x · w' + b'."""
    found = per_channel(node, sweep)
    if found is None:
        return None
    value, scale, shift = found
    if sweep.types[value].shape != sweep.types[node.outs[0]].shape:
        return None
    producer, moves, channels = over_moves(value, sweep)
    if producer is None or (channels is None and max(scale.size, shift.size) > 1):
        return None
    scale, shift = (part if part.size == 1 else part[channels] for part in (scale, shift))
    constants = producer.op.scaled(sweep.signature(producer).constants, scale, shift)
    if constants is None:
        return None
    return before_moves(sweep.with_constants(producer, producer.op, constants), moves, node.outs[0], sweep)


def uniform_to_depthwise(graph: Graph) -> Graph:
    """The pass for what `fold_affine` leaves to tables."""
    return rewrite(graph, into_weights, lambda node, sweep: to_depthwise(node, sweep, uniform=True))


def to_depthwise(node: Node, sweep: Sweep, uniform: bool = False) -> Sequence[Node] | None:
    """A per-channel scale and shift that has no weights before it, and what comes before it of that kind."""
    found = per_channel(node, sweep)
    if found is None or sweep.types[node.outs[0]].rank != 4:
        return None
    value, scale, shift = found
    if scale.size == shift.size == 1 and not uniform:
        return None
    producer = sweep.producer(value)
    before = per_channel(producer, sweep) if producer and sweep.uses[value] == 1 else None
    if before is not None:
        value, scale, shift = before[0], scale * before[1], scale * before[2] + shift
    channels = sweep.types[value].shape[3]
    w = np.broadcast_to(scale, (channels,)).reshape(1, 1, 1, channels)
    weights = sweep.constant(f"{node.outs[0]}_scale", np.ascontiguousarray(w, dtype=np.float32))
    bias = np.ascontiguousarray(np.broadcast_to(shift, (channels,)), dtype=np.float32)
    ins = (value, weights, sweep.constant(f"{node.outs[0]}_shift", bias))
    return [Node(DepthwiseConv2D(), ins, node.outs, node.name)]


def per_channel(node: Node, sweep: Sweep) -> tuple[str, F32, F32] | None:
    """The value that `node` scales and shifts, and by what for each index of the last axis."""
    found = node.op.affine(sweep.signature(node))
    if found is None:
        return None
    index, scale, shift = found
    if any(size != 1 for a in (scale, shift) for size in a.shape[:-1]):
        return None
    return node.ins[index], _flat(scale), _flat(shift)


def _flat(data: Array) -> F32:
    return data.reshape(-1).astype(np.float32)
