"""What compiling a model in int8 would make of its layers, told before anything is done."""

from __future__ import annotations

from dataclasses import dataclass

from tinyc.driver.phases import taken_over
from tinyc.ir.graph import Graph, Node
from tinyc.ir.types import Rounding
from tinyc.quant.adopt import NOT_SAID, is_quantized
from tinyc.quant.partition import float_layers, stays_apart
from tinyc.quant.tables import Composed, compose


@dataclass(frozen=True)
class Form:
    """How a layer of the float graph would be computed."""

    kind: str
    """"int8"; "table", maybe with its neighbours; or the type of its result."""
    because: str | None = None
    """Why it is in float; None if it is not."""


def int8_forms(graph: Graph) -> dict[str, Form]:
    """For each layer of a simplified graph, by its first result, how it would be computed."""
    given = is_quantized(graph)
    if given:
        planned = taken_over(graph, Rounding.SINGLE)
        apart = float_layers(planned, NOT_SAID)
        left = {n.outs[0] for n in graph.nodes}
    else:
        planned = compose(graph)
        apart = stays_apart(planned)
        left = {n.outs[0] for n in planned.nodes if not isinstance(n.op, Composed)}
    return {n.outs[0]: _form(graph, n, apart.get(n.outs[0]), n.outs[0] in left) for n in graph.nodes}


def _form(graph: Graph, node: Node, because: str | None, left: bool) -> Form:
    kind = graph.types[node.outs[0]].dtype
    touched = [kind, *(graph.types[v].dtype for v in node.ins if v not in graph.constants)]
    if not left:
        return Form("table")
    if not any(k.is_float for k in touched):
        return Form(kind.value)
    return Form("int8") if because is None else Form(kind.value, because)
