"""Write functions with one slope below zero and another above as sums of clamped parts.

Why: CMSIS-NN has no function for them, but for all that these parts become.
"""

from __future__ import annotations

from collections.abc import Sequence

from tinyc.ir.graph import Graph, Node
from tinyc.ops.add import Add
from tinyc.ops.clamp import Clamp
from tinyc.ops.mul import Mul
from tinyc.ops.prelu import Prelu
from tinyc.passes.rewrite import Sweep, rewrite


def split_slopes(graph: Graph) -> Graph:
    """The pass. Float graphs."""
    return rewrite(graph, in_parts)


def in_parts(node: Node, sweep: Sweep) -> Sequence[Node] | None:
    """max(x, 0) + slope · min(x, 0) for constant slopes."""
    if not isinstance(node.op, Prelu) or node.ins[1] not in sweep.constants:
        return None
    x, slope = node.ins
    above = sweep.apply(Clamp(low=0.0), (x,), f"{node.outs[0]}_above", node.name)
    below = sweep.apply(Clamp(high=0.0), (x,), f"{node.outs[0]}_below", node.name)
    scaled = sweep.apply(Mul(), (below.outs[0], slope), f"{node.outs[0]}_scaled", node.name)
    total = Add(low=node.op.low, high=node.op.high)
    return [above, below, scaled, Node(total, (above.outs[0], scaled.outs[0]), node.outs, node.name)]
