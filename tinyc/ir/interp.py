"""The reference interpreter: what a graph means. Float graphs over float32, quantized ones bit for bit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyc.errors import TinycError
from tinyc.ir.graph import Graph, Port
from tinyc.ir.op import Op, Signature

Array = NDArray[Any]


def execute(graph: Graph, inputs: Mapping[str, Array]) -> dict[str, Array]:
    """Every value of the graph, by name. `inputs` holds the graph's own input values, in their types.

    States that are not among `inputs` are at their beginning.
    """
    fresh = {s.before: graph.constants[s.initial] for s in graph.states}
    values: dict[str, Array] = {**graph.constants, **fresh, **inputs}
    for node in graph.nodes:
        results = evaluate(node.op, [values[v] for v in node.ins], graph.signature(node))
        values.update(zip(node.outs, results, strict=True))
    return values


class Stream:
    """A graph that runs on samples one after another, from its beginning on: each finds what the last one kept."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.kept: dict[str, Array] = {}
        """The states, once a sample has been run."""

    def execute(self, inputs: Mapping[str, Array]) -> dict[str, Array]:
        """As `execute`, for the next sample."""
        values = execute(self.graph, {**inputs, **self.kept})
        self.kept = {s.before: values[s.after] for s in self.graph.states}
        return values

    def run(self, inputs: Mapping[str, Array], raw: bool = False) -> dict[str, Array]:
        """As `run`, for the next sample."""
        graph = self.graph
        values = self.execute({p.value: to_value(graph, p, inputs[p.name]) for p in graph.inputs})
        return {p.name: to_user(graph, p, values[p.value], raw) for p in graph.outputs}


def execute_apart(graph: Graph, given: Mapping[str, Array]) -> dict[str, Array]:
    """What each node makes of the `given` values, which are another's results; of its own where that has none."""
    known, results = {**graph.constants, **given}, dict[str, Array]()
    for node in graph.nodes:
        made = dict(zip(node.outs, evaluate(node.op, [known[v] for v in node.ins], graph.signature(node)), strict=True))
        results |= made
        known = made | known
    return results


def evaluate(op: Op, ins: Sequence[Array], sig: Signature) -> tuple[Array, ...]:
    """What an operator makes of `ins`: in integers if any of the types around it is quantized, else over the reals."""
    if any(t.quant is not None for t in (*sig.ins, *sig.outs)):
        return op.eval_int(ins, sig)
    return op.eval_float(*ins)


def to_value(graph: Graph, port: Port, user: Array) -> Array:
    """The graph's value for the user's tensor `user` of an input: laid out, and quantized where the type says so."""
    if user.shape != port.shape:
        raise TinycError(f"input '{port.name}' has shape {port.shape}, got {user.shape}")
    kind = graph.types[port.value]
    array = user.transpose(port.perm).reshape(kind.shape)
    if kind.quant is not None and array.dtype != kind.dtype.numpy:
        array = kind.quant.quantize(array, kind.dtype)
    return np.require(array, kind.dtype.numpy, "C")


def to_user(graph: Graph, port: Port, value: Array, raw: bool = False) -> Array:
    """The user's tensor for an output's value: dequantized (not if `raw`), in the model's layout and dtype."""
    kind = graph.types[port.value]
    if kind.quant is not None and not raw and np.dtype(port.dtype) != value.dtype:
        value = kind.quant.dequantize(value).astype(port.dtype)
    laid_out = value.reshape([port.shape[p] for p in port.perm])
    return np.require(laid_out.transpose(np.argsort(port.perm)), requirements="C")


def run(graph: Graph, inputs: Mapping[str, Array], raw: bool = False) -> dict[str, Array]:
    """The model's outputs for one sample, by the source model's names, in its layout; states are at their beginning."""
    return Stream(graph).run(inputs, raw)
