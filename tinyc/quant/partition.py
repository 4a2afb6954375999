"""Which layers are computed in int8, and which stay as they are: for want of an int8 form, or because that is cheaper.

A layer without an int8 form stays in float, and so do light layers around it that would only be quantized to be
dequantized again: those that read nothing but what is computed in float, and those without products that stand
between inputs of the model and float layers alone. Layers on integers and truth values keep these.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tinyc.errors import UnsupportedError
from tinyc.ir.graph import Graph, Node
from tinyc.ir.op import Op
from tinyc.ir.rules import AsIs, Fixed, Free, QuantRule
from tinyc.ir.types import DType

HEAVY = 8
"""Multiply-accumulates for each element read or written from which on it pays to quantize a layer between others."""

NEIGHBOURS = "its neighbours are in float"
INFINITE = "infinite numbers, as in masks, go into it"


def rules_of(graph: Graph) -> dict[str, QuantRule]:
    """The rule of each node of a float graph, by its first result: `Free` throughout for what stays as it is."""
    apart = stays_apart(graph)
    return {n.outs[0]: _free(n) if n.outs[0] in apart else n.op.quant_rule for n in graph.nodes}


def stored_values(graph: Graph, rules: Mapping[str, QuantRule]) -> set[str]:
    """The activations of a float graph that are needed in int8."""
    free = read_as_they_are(graph, rules)
    found = {v for v in graph.given if v not in free and graph.types[v].dtype.is_float}
    found.update(s.after for s in graph.states if s.before in found)
    for node in graph.nodes:
        rule = rules[node.outs[0]]
        found.update(v for i, v in enumerate(node.ins) if isinstance(rule.of_input(i), AsIs))
        found.update(v for v, out in zip(node.outs, rule.outs, strict=True) if not isinstance(out, Free))
    return found - graph.constants.keys()


def read_as_they_are(graph: Graph, rules: Mapping[str, QuantRule]) -> set[str]:
    """The values that a node reads as they are."""
    return {v for n in graph.nodes for i, v in enumerate(n.ins) if isinstance(rules[n.outs[0]].of_input(i), Free)}


def stays_apart(graph: Graph) -> dict[str, str]:
    """Why nodes of a float graph are not computed in int8, by the first result."""
    apart = {n.outs[0]: why for n in graph.nodes if (why := why_not(graph, n)) is not None}
    infinite = {v for v, data in graph.constants.items() if data.dtype.kind == "f" and not np.isfinite(data).all()}
    for node in graph.nodes:
        if infinite.intersection(node.ins):
            apart.setdefault(node.outs[0], INFINITE)
            infinite.update(() if _is_bounded(node.op) else node.outs)
    made = {v: n.outs[0] for n in graph.nodes for v in n.outs}
    light = {n.outs[0] for n in graph.nodes if n.outs[0] not in apart and _is_light(graph, n)}

    def in_float(value: str) -> bool:
        return made.get(value) in apart

    for node in graph.nodes:
        read = _activations(graph, node)
        if node.outs[0] in light and read and all(map(in_float, read)):
            apart[node.outs[0]] = NEIGHBOURS
    inputs, outputs = set(graph.given), set(graph.wanted)
    moving = {n.outs[0] for n in graph.nodes if _macs(graph, n) == 0}
    between = _between(graph, light & moving - apart.keys(), set(apart), inputs, outputs)
    return apart | dict.fromkeys(between, NEIGHBOURS)


def _between(graph: Graph, light: set[str], apart: set[str], inputs: set[str], outputs: set[str]) -> set[str]:
    """The nodes of `light` with nothing but nodes that are apart or light before them, up to the inputs, and behind."""
    made = {v: n.outs[0] for n in graph.nodes for v in n.outs}
    consumers = graph.consumers()
    nodes = [n for n in graph.nodes if n.outs[0] in light]
    found = set(light)
    while True:
        inside = found | apart
        kept = {
            n.outs[0] for n in nodes
            if n.outs[0] in found and not outputs.intersection(n.outs)
            and all(v in inputs or made[v] in inside for v in _activations(graph, n))
            and (read := [c.outs[0] for v in n.outs for c in consumers[v]]) and inside.issuperset(read)
        }  # fmt: skip
        if kept == found:
            return kept
        found = kept


def why_not(graph: Graph, node: Node) -> str | None:
    """Why a node of a float graph has no int8 form; None if it has one."""
    try:
        rule = node.op.quant_rule
    except UnsupportedError as error:
        return error.message
    for index, value in enumerate(node.ins):
        if isinstance(rule.of_input(index), Free):
            continue
        kind, data = graph.types[value].dtype, graph.constants.get(value)
        if data is None and not isinstance(rule.of_input(index), AsIs):
            return f"{node.op.described} has an int8 form only with constant weights"
        if not kind.is_float:
            return of_elements(node.op, kind)
    for value, out in zip(node.outs, rule.outs, strict=True):
        if not isinstance(out, Free) and not graph.types[value].dtype.is_float:
            return of_elements(node.op, graph.types[value].dtype)
    return None


def of_elements(op: Op, kind: DType) -> str:
    """That an operator keeps a type which is not float."""
    return f"{op.described} is of {kind.value} elements"


def float_layers(graph: Graph, otherwise: str, known: Mapping[str, str] | None = None) -> dict[str, str]:
    """Why nodes of a quantized graph compute with floats, by the first result.

    `known` has reasons already; what has an int8 form all the same is so `otherwise`.
    """
    found = [n for n in graph.nodes if _computes_in_float(graph, n)]
    return {n.outs[0]: (known or {}).get(n.outs[0]) or why_not(graph, n) or otherwise for n in found}


def refuse_float_layers(graph: Graph, reasons: Mapping[str, str]) -> None:
    """Raise UnsupportedError for the first node that computes with floats for one of the `reasons`."""
    found = [n for n in graph.nodes if n.outs[0] in reasons and _computes_in_float(graph, n)]
    for node in sorted(found, key=lambda n: reasons[n.outs[0]] == NEIGHBOURS):
        raise UnsupportedError(
            f"{reasons[node.outs[0]]}, and int8 alone is allowed",
            f"{graph.name}: node '{node.name}'",
            "to compute it in float, take --kernels tinyc without --strict-int8",
        )


def _computes_in_float(graph: Graph, node: Node) -> bool:
    op, touched = node.op, [*node.outs, *(v for v in node.ins if v not in graph.constants)]
    conversion = op.is_view or op.quantization() is not None or op.dequantization() is not None
    return not conversion and any(graph.types[v].dtype.is_float for v in touched)


def _free(node: Node) -> QuantRule:
    return QuantRule((Free(),), (Free(),) * len(node.outs))


def _activations(graph: Graph, node: Node) -> list[str]:
    """The floats that a node reads and that are computed."""
    return [v for v in node.ins if v not in graph.constants and graph.types[v].dtype.is_float]


def _is_light(graph: Graph, node: Node) -> bool:
    """Whether a node takes no more than the conversions of what it reads and writes would."""
    return _macs(graph, node) < HEAVY * sum(graph.types[v].size for v in (*_activations(graph, node), *node.outs))


def _is_bounded(op: Op) -> bool:
    """Whether the result has a fixed range, whatever goes in."""
    try:
        return all(isinstance(out, Fixed) for out in op.quant_rule.outs)
    except UnsupportedError:
        return False


def _macs(graph: Graph, node: Node) -> int:
    return node.op.macs(*(graph.types[v] for v in node.ins))
