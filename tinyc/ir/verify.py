"""Check a graph against its own rules. Run after every phase, so that a broken pass is named at once."""

from __future__ import annotations

import numpy as np

from tinyc.errors import VerifyError
from tinyc.ir.graph import Graph, Node
from tinyc.ir.region import RegionOp
from tinyc.ir.rules import AsIs, Bias, Fixed, Free, SameAs, Unify, Weight
from tinyc.ir.types import DType, TensorType


def verify(graph: Graph) -> None:
    """Raise VerifyError naming the offending node if the graph is not well formed."""
    _check_constants(graph)
    defined = {*graph.given, *graph.constants}
    for node in graph.nodes:
        where = _where(graph, node)
        for value in node.ins:
            if value not in defined:
                raise VerifyError(f"%{value} is used before it is defined", where)
        for value in node.outs:
            if value in defined:
                raise VerifyError(f"%{value} is defined twice", where)
        defined.update(node.outs)
        _check_types(graph, node, where)
        if isinstance(node.op, RegionOp):
            _check_body(graph, node, node.op.body, where)
        else:
            _check_quantization(graph, node, where)
    for port in graph.outputs:
        if port.value not in defined:
            raise VerifyError(f"the output %{port.value} is never computed", graph.name)
    _check_states(graph, defined)
    for port in (*graph.inputs, *graph.outputs):
        if sorted(port.perm) != list(range(len(port.shape))):
            raise VerifyError(f"{port.perm} does not permute the axes of '{port.name}' {port.shape}", graph.name)
        if int(np.prod(port.shape)) != graph.types[port.value].size:
            raise VerifyError(f"'{port.name}' {port.shape} does not hold %{port.value}", graph.name)


def _check_states(graph: Graph, defined: set[str]) -> None:
    """A state is kept as it is: its values have one type, and are no other state's."""
    for state in graph.states:
        if state.after not in defined:
            raise VerifyError(f"%{state.after}, the next %{state.before}, is never computed", graph.name)
        if state.initial not in graph.constants:
            raise VerifyError(f"%{state.initial}, the first %{state.before}, is not a constant", graph.name)
        kinds = [graph.types[v] for v in (state.before, state.after, state.initial)]
        if any(kind != kinds[0] for kind in kinds):
            raise VerifyError(f"the state %{state.before} has several types: {', '.join(map(str, kinds))}", graph.name)
    if len(set(graph.given)) != len(graph.given):
        raise VerifyError("two inputs or states are one value", graph.name)


def _check_constants(graph: Graph) -> None:
    for name, data in graph.constants.items():
        kind = graph.types[name]
        if data.shape != kind.shape or data.dtype != kind.dtype.numpy:
            raise VerifyError(f"constant %{name} is {data.dtype}{data.shape}, its type says {kind}", graph.name)


def _check_types(graph: Graph, node: Node, where: str) -> None:
    try:
        inferred = node.op.infer(*(graph.types[v] for v in node.ins))
    except VerifyError as error:
        raise VerifyError(error.message, error.where or where, error.hint) from None
    if len(inferred) != len(node.outs):
        raise VerifyError(f"{len(inferred)} results wanted, {len(node.outs)} named", where)
    for value, want in zip(node.outs, inferred, strict=True):
        have = graph.types[value]
        if (have.shape, have.dtype) != (want.shape, want.dtype):
            raise VerifyError(f"%{value} should be {want}, is {have}", where)


def _check_body(graph: Graph, node: Node, body: Graph, where: str) -> None:
    """A body is a graph whose values have the names that they have outside, and no other value's."""
    verify(body)
    if body.states:
        raise VerifyError("a region keeps nothing from one run to the next", where)
    if tuple(p.value for p in body.inputs) != node.ins or tuple(p.value for p in body.outputs) != node.outs:
        raise VerifyError("a region and its body must read and compute values of the same names", where)
    if any(body.types[v] != graph.types[v] for v in (*node.ins, *node.outs)) or body.rounding is not graph.rounding:
        raise VerifyError("a region and its body must agree on types and rounding", where)
    inner = {v for n in body.nodes for v in n.outs} - set(node.outs)
    taken = inner & set(graph.types)
    if taken:
        raise VerifyError(f"%{min(taken)} inside a region is the name of another value", where)


def _check_quantization(graph: Graph, node: Node, where: str) -> None:
    sig = graph.signature(node)
    if all(t.quant is None for t in (*sig.ins, *sig.outs)):
        return
    rule = node.op.quant_rule
    for index, kind in enumerate(sig.ins):
        match rule.of_input(index):
            case AsIs():
                _want(kind.dtype is DType.I8 and kind.quant is not None, f"input {index} must be int8", kind, where)
            case Weight(axis=axis):
                fits = kind.quant is not None and kind.quant.axis == axis and kind.dtype is DType.I8
                _want(fits, f"input {index} must be int8 with a scale for each index of axis {axis}", kind, where)
            case Bias():
                _want(kind.dtype is DType.I32, f"input {index} must be int32", kind, where)
    for index, kind in enumerate(sig.outs):
        if isinstance(rule.outs[index], Free):
            continue
        _want(kind.dtype is DType.I8 and kind.quant is not None, f"result {index} must be int8", kind, where)
        match rule.outs[index]:
            case SameAs(index=source):
                _want(
                    kind.quant == sig.ins[source].quant, f"result {index} must be scaled as input {source}", kind, where
                )
            case Unify():
                read = [t for i, t in enumerate(sig.ins) if isinstance(rule.of_input(i), AsIs)]
                _want(all(t.quant == kind.quant for t in read), "inputs and result must have one scale", kind, where)
            case Fixed(params=params):
                _want(kind.quant == params, f"result {index} must have scale {params}", kind, where)


def _want(holds: bool, rule: str, kind: TensorType, where: str) -> None:
    if not holds:
        raise VerifyError(f"{rule}, is {kind}", where)


def _where(graph: Graph, node: Node) -> str:
    outs = ", ".join("%" + v for v in node.outs)
    ins = ", ".join("%" + v for v in node.ins)
    source = f" (node '{node.name}')" if node.name else ""
    return f"{graph.name}: {outs} = {node.op.name}({ins}){source}"
