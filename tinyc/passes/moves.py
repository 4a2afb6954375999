"""Layers that only move elements, seen from behind: what a function of single elements may step over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tinyc.ir.graph import Node
from tinyc.passes.rewrite import Sweep


def over_moves(value: str, sweep: Sweep) -> tuple[Node | None, list[Node], NDArray[np.int64] | None]:
    """The node behind which there is nothing but moves up to `value`, these moves, and what becomes of its channels.

    That is for each channel of the node's result the one of `value` in which its elements are, None if in several.
    Everything on the way has one reader.
    """
    moves: list[Node] = []
    size = sweep.types[value].shape[-1:]
    found: NDArray[np.int64] | None = np.arange(size[0] if size else 1)
    while True:
        node = sweep.producer(value)
        if node is None or sweep.uses[value] != 1 or len(node.outs) != 1:
            return None, moves, found
        if not node.op.is_move:
            return node, moves, found
        channels = node.op.moved_channels(*(sweep.types[v] for v in node.ins))
        found = None if found is None or channels is None else found[channels]
        moves.insert(0, node)
        value = node.ins[0]


def before_moves(made: Node, moves: Sequence[Node], out: str, sweep: Sweep) -> list[Node]:
    """`made` in place of the node before the moves, which lead to `out` again."""
    if not moves:
        return [replace(made, outs=(out,))]
    nodes = [sweep.apply(made.op, made.ins, made.outs[0], made.name)]
    for move in moves:
        (value,) = nodes[-1].outs
        sweep.uses[value] = 1  # rules that fire in the same sweep ask for it
        nodes.append(sweep.apply(move.op, (value,), move.outs[0], move.name))
    return [*nodes[:-1], replace(nodes[-1], outs=(out,))]
