"""Normalizations of rows that are written out, as one operator.

Why: exporters write a layer normalization as two means, a difference, a square, a root and a quotient. Piece by piece
these lose most of int8's range, or stay in float; the operator takes exact sums and rounds once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from tinyc.ir.graph import Graph, Node
from tinyc.ops.add import Add
from tinyc.ops.div import Div
from tinyc.ops.map import Map
from tinyc.ops.mean import Mean
from tinyc.ops.mul import Mul
from tinyc.ops.normalize import MOST, Normalize
from tinyc.ops.squared_difference import SquaredDifference
from tinyc.ops.sub import Sub
from tinyc.passes.rewrite import Sweep, rewrite


def fuse_normalization(graph: Graph) -> Graph:
    """The pass. Float graphs; a scale and an offset behind are left to `fold_affine`."""
    return rewrite(graph, into_one)


def into_one(node: Node, sweep: Sweep) -> Sequence[Node] | None:
    """(x − mean) / √(mean of its squares + epsilon), over the last axis; the mean may be missing."""
    for top, root in _quotients(node, sweep):
        epsilon, power = _below_root(root, sweep)
        row = _average(power, sweep) if power is not None else None
        found = _squared(row, top, sweep) if row is not None else None
        if found is None or epsilon < 0:
            continue
        x, centred = found
        kind = sweep.types[x]
        if kind != sweep.types[node.outs[0]] or kind.shape[-1] > MOST:
            continue
        ones, zeros = (sweep.constant(f"{node.outs[0]}_{n}", np.full(kind.shape[-1:], n, np.float32)) for n in (1, 0))
        return [Node(Normalize(epsilon, centred), (x, ones, zeros), node.outs, node.name)]
    return None


def _made(value: str | None, sweep: Sweep, kind: type, function: str = "") -> Node | None:
    """The node that makes `value`, if it is of that kind and nothing else reads it."""
    node = sweep.producer(value) if value is not None else None
    if node is None or not isinstance(node.op, kind) or sweep.uses[node.outs[0]] != 1:
        return None
    return node if not isinstance(node.op, Map) or node.op.function == function else None


def _number(value: str, sweep: Sweep) -> float | None:
    data = sweep.constants.get(value)
    return float(data.reshape(())) if data is not None and data.size == 1 else None


def _quotients(node: Node, sweep: Sweep) -> Iterator[tuple[str, str]]:
    """Dividend and the value below the root of the divisor, for each way to see the node as such a quotient."""
    pairs = [node.ins, node.ins[::-1]] if isinstance(node.op, Mul) else [node.ins]
    for top, bottom in (pair for pair in pairs if len(pair) == 2 and isinstance(node.op, Div | Mul)):
        if isinstance(node.op, Mul):
            inverse = _made(bottom, sweep, Map, "reciprocal")
            over = _made(bottom, sweep, Div)
            if over is not None and _number(over.ins[0], sweep) == 1:
                inverse, bottom = over, over.ins[1]
            elif inverse is not None:
                bottom = inverse.ins[0]
            if inverse is None:
                continue
        root = _made(bottom, sweep, Map, "sqrt")
        if root is not None and node.op == type(node.op)():
            yield top, root.ins[0]


def _below_root(value: str, sweep: Sweep) -> tuple[float, str | None]:
    """Epsilon and what it is added to."""
    total = _made(value, sweep, Add)
    if total is None or total.op != Add():
        return 0.0, value
    for index in (0, 1):
        number = _number(total.ins[index], sweep)
        if number is not None:
            return number, total.ins[1 - index]
    return 0.0, None


def _average(value: str, sweep: Sweep) -> str | None:
    """What `value` is the mean of, over the last axis."""
    node = _made(value, sweep, Mean)
    if node is None or node.op != Mean((sweep.types[node.ins[0]].rank - 1,)):
        return None
    return node.ins[0]


def _squared(value: str, top: str, sweep: Sweep) -> tuple[str, bool] | None:
    """If `value` is the square of `top`: the rows that are normalized, and whether `top` is these less their mean."""
    below = sweep.producer(top)
    rows, mean = below.ins if below is not None and below.op == Sub() else (top, "")
    both = _made(value, sweep, SquaredDifference)
    if both is not None and both.op == SquaredDifference():
        matches = both.ins == (rows, mean)
    else:
        product, power = _made(value, sweep, Mul), _made(value, sweep, Map, "pow")
        matches = (product is not None and product.op == Mul() and product.ins == (top, top)) or (
            power is not None and power.ins[0] == top and _number(power.ins[1], sweep) == 2
        )
    if not matches:
        return None
    average = sweep.producer(mean) if mean else None
    if average is None or average.ins[0] != rows or average.op != Mean((sweep.types[rows].rank - 1,)):
        return (top, False) if mean == "" or both is None else None
    return rows, True
