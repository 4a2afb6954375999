"""Elementwise int8 layers that depend on one tensor alone become one table.

Why: a quantized model has a scale behind each piece of a SiLU, a Gelu or a Mish. All pieces together have 256 results,
and with the rounding of each piece these are exactly the model's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from tinyc.ir.graph import Graph, Node
from tinyc.ir.op import Array, Signature
from tinyc.ir.types import DType, TensorType
from tinyc.ops.lookup import Lookup
from tinyc.passes.rewrite import drop_dead_nodes

VALUES = np.arange(-128, 128).astype(np.int8)


@dataclass(frozen=True, eq=False)
class _Cone:
    """The results of `layers` layers for all values of `source`."""

    source: str
    results: NDArray[np.int8]
    layers: int


def fuse_tables(graph: Graph) -> Graph:
    """The pass. Integer graphs."""
    cones: dict[str, _Cone] = {}
    nodes: list[Node] = []
    for node in graph.nodes:
        cone = _cone(node, graph, cones)
        if cone is not None:
            cones[node.outs[0]] = cone
            if cone.layers > 1:
                node = replace(node, op=Lookup(tuple(map(int, cone.results))), ins=(cone.source,))
        nodes.append(node)
    return drop_dead_nodes(graph.with_nodes(nodes))


def _cone(node: Node, graph: Graph, cones: Mapping[str, _Cone]) -> _Cone | None:
    """What all values of one tensor become in `node`, if that is elementwise and reads nothing else but numbers."""
    kinds = [graph.types[v] for v in (*node.ins, *node.outs)]
    if not node.op.elementwise or len(node.outs) != 1 or any(k.dtype is not DType.I8 or not k.quant for k in kinds):
        return None
    ins: list[Array] = []
    sources: set[str] = set()
    layers = 1
    for value, kind in zip(node.ins, kinds, strict=False):
        data = graph.constants.get(value)
        if data is not None:
            if not data.size or (data != data.flat[0]).any():
                return None
            ins.append(data.reshape(-1)[:1])
        elif kind.shape != kinds[-1].shape:
            return None
        else:
            cone = cones.get(value, _Cone(value, VALUES, 0))
            ins.append(cone.results)
            sources.add(cone.source)
            layers += cone.layers
    if len(sources) != 1:
        return None
    (source,) = sources
    types = tuple(TensorType(a.shape, k.dtype, k.quant) for a, k in zip([*ins, VALUES], kinds, strict=True))
    constants = {i: ins[i] for i, v in enumerate(node.ins) if v in graph.constants}
    (results,) = node.op.eval_int(ins, Signature(types[:-1], types[-1:], graph.rounding, constants))
    return _Cone(source, results, layers)
