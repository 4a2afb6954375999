"""Which values of a float graph hold stored int8 or uint8 numbers, and with which parameters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from tinyc.errors import UnsupportedError
from tinyc.ir.graph import Graph
from tinyc.ir.groups import Groups
from tinyc.ir.op import Op
from tinyc.ir.rules import Unify
from tinyc.ir.types import DType, QuantParams


@dataclass(frozen=True)
class Codes:
    """`params` has the parameters of every such value as int8: zero points of uint8 are shifted by 128."""

    params: Mapping[str, QuantParams]


def codes_of(graph: Graph) -> Codes:
    """Bytes that all come from `quantize`, inputs or constants and all go, moved at most, into `dequantize` or outputs.

    Values that are moved into each other must agree on their parameters, or else none of them counts.
    """
    bytes_ = {v for v, k in graph.types.items() if k.dtype in (DType.I8, DType.U8)}
    groups = Groups(bytes_)
    spoilt: set[str] = set()
    found: dict[str, set[QuantParams]] = {}
    for node in graph.nodes:
        touched = [v for v in (*node.ins, *node.outs) if v in bytes_]
        if not touched:
            continue
        q = node.op.quantization() or node.op.dequantization()
        if q is not None:
            (value,) = touched
            found.setdefault(value, set()).add(_as_int8(q, graph.types[value].dtype))
        elif (node.op.is_move or _joins(node.op)) and len(touched) == len(node.ins) + 1:
            for value in node.ins:
                groups.join(value, node.outs[0])
        else:
            spoilt.update(touched)
    for state in graph.states:
        if state.before in bytes_:
            groups.join(state.before, state.after)
            groups.join(state.before, state.initial)
    params: dict[str, QuantParams] = {}
    for members in groups.members().values():
        said = set().union(*(found.get(v, set()) for v in members))
        if len(said) == 1 and not spoilt.intersection(members):
            params.update(dict.fromkeys(members, *said))
    return Codes(params)


def _as_int8(q: QuantParams, kind: DType) -> QuantParams:
    return q if kind is DType.I8 else QuantParams(q.scale, q.zero_point - 128)


def _joins(op: Op) -> bool:
    """Whether the elements of the result are those of all inputs."""
    try:
        return all(isinstance(rule, Unify) for rule in op.quant_rule.outs)
    except UnsupportedError:
        return False
