"""Constants that a quantized model has in integers, made ready for layers that read them.

Why: models store the parameters of layers as integers, and compute with these before a layer sees them: weights in
another shape, halves of a bias that are added, a slope under other axes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tinyc.ir.graph import Graph, Names, Node
from tinyc.ir.op import Array
from tinyc.passes.rewrite import Alias, Sweep, rewrite


def known_constants(graph: Graph) -> Graph:
    """The pass: what depends on dequantized constants alone is a constant, in integers where it is only moved."""
    return rewrite(_with_own_constants(graph), moved, evaluated)


def moved(node: Node, sweep: Sweep) -> Sequence[Node] | None:
    """A dequantized constant that is moved is a moved constant, dequantized."""
    (first, *_) = node.ins or ("",)
    producer = sweep.producer(first)
    if not node.op.is_move or producer is None or _integers(producer, sweep) is None:
        return None
    (data,) = node.op.eval_float(sweep.constants[producer.ins[0]])
    return [replace(producer, ins=(sweep.constant(producer.ins[0], data),), outs=node.outs)]


def evaluated(node: Node, sweep: Sweep) -> Alias | None:
    """What an operator makes of constants, dequantized ones among them."""
    if node.op.dequantization() or len(node.outs) != 1 or node.outs[0] in sweep.wanted:
        return None
    data = [known(value, sweep) for value in node.ins]
    if not data or any(each is None for each in data):
        return None
    (result,) = node.op.eval_float(*(each for each in data if each is not None))
    return Alias(sweep.constant(node.outs[0], result))


def known(value: str, sweep: Sweep) -> Array | None:
    """The data of a constant, dequantized if it is one of integers."""
    if value in sweep.constants:
        return sweep.constants[value]
    producer = sweep.producer(value)
    stored = _integers(producer, sweep) if producer is not None else None
    return None if stored is None or producer is None else producer.op.eval_float(stored)[0]


def _integers(node: Node, sweep: Sweep) -> Array | None:
    """What `node` dequantizes, if that is a constant."""
    return sweep.constants.get(node.ins[0]) if node.op.dequantization() else None


def _with_own_constants(graph: Graph) -> Graph:
    """The same bytes are one constant for each scale with which they are dequantized."""
    types, constants, names = dict(graph.types), dict(graph.constants), Names(graph.types)
    taken: set[str] = set()
    nodes: list[Node] = []
    for node in graph.nodes:
        value = node.ins[0] if node.ins else ""
        if node.op.dequantization() and value in graph.constants:
            if value in taken:
                name = names.fresh(value)
                types[name], constants[name] = types[value], constants[value]
                node = replace(node, ins=(name,))
            taken.add(value)
        nodes.append(node)
    return graph.with_nodes(nodes, types, constants)
