"""Remove channels that are dead or constant, exactly.

Why: trained networks hold channels that do nothing. In the quantized graph that can be proved: interval arithmetic
over all inputs bounds every channel, and a channel whose bounds coincide takes one value only. Its effect moves into
the biases of what reads it; channels that nothing reads go too. Not one bit of any output changes.

Channels of values that are connected channel by channel (through a depthwise convolution, say) go together or not at
all; where a constant meets padding it stays unless it is zero, because next to the border its effect differs. And a
channel stays if the arithmetic of its neighbours hangs on it: the channels of a layer may share one shift.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from tinyc.ir.graph import Graph, Names, Node
from tinyc.ir.groups import Groups
from tinyc.ir.op import NOT_FIXED, Array, ChannelFlow, ChannelRange, Mask, channels
from tinyc.ir.rules import Weight
from tinyc.ir.types import DType, QuantParams, TensorType


def remove_channels(graph: Graph) -> Graph:
    """The pass. What is computed in float or as it is keeps all its channels: only of int8 something is known."""
    return narrowed(graph)[0]


def narrowed(graph: Graph) -> tuple[Graph, dict[str, NDArray[np.int64]]]:
    """The pass, and for each value that lost channels the indices of those that it kept."""
    left: dict[str, NDArray[np.int64]] = {}
    while True:
        keep = _kept(graph)
        if all(mask.all() for mask in keep.values()):
            return graph, {value: indices for value, indices in left.items() if value in graph.types}
        for value, mask in keep.items():
            if not mask.all():
                left[value] = left.get(value, np.arange(mask.size))[mask]
        graph = _narrow(graph, keep)


def _kept(graph: Graph) -> dict[str, Mask]:
    """For each activation, which channels stay."""
    activations = [v for v in graph.types if v not in graph.constants]
    spaces = Groups(activations)
    for node in graph.nodes:
        if _flow(graph, node) is ChannelFlow.COUPLED:
            for value in node.ins:
                if value not in graph.constants:
                    spaces.join(value, node.outs[0])
    fixed, used = fixed_values(graph), _used(graph)
    removable = {space: np.ones(channels(graph.types[space]), bool) for space in spaces.members()}
    for value in activations:
        removable[spaces.of(value)] &= np.not_equal(fixed[value], NOT_FIXED) | ~used[value]
    for value in {*graph.given, *graph.wanted} - graph.constants.keys():
        removable[spaces.of(value)][:] = False
    for node in graph.nodes:
        sig = graph.signature(node)
        flow = _flow(graph, node)
        if flow is ChannelFlow.OPAQUE:
            for value in (*node.ins, *node.outs):
                if value not in graph.constants:
                    removable[spaces.of(value)][:] = False
        elif flow is ChannelFlow.MIXING:
            source = node.ins[0]
            removable[spaces.of(source)] &= node.op.absorbs(fixed[source], sig) | ~used[source]
    for mask in removable.values():
        if mask.all():
            mask[0] = False  # a tensor keeps at least one channel
    for node in filter(lambda n: _in_int8(graph, n), graph.nodes):
        gone = removable[spaces.of(node.outs[0])]
        gone &= ~node.op.spared(gone, graph.signature(node))
    return {value: ~removable[spaces.of(value)] for value in activations}


def _in_int8(graph: Graph, node: Node) -> bool:
    """Whether all that a node computes with is int8."""
    return all(graph.types[v].quant is not None for v in (*node.ins, *node.outs) if v not in graph.constants)


def _flow(graph: Graph, node: Node) -> ChannelFlow:
    return node.op.channel_flow(graph.signature(node)) if _in_int8(graph, node) else ChannelFlow.OPAQUE


def channel_bounds(graph: Graph) -> dict[str, ChannelRange]:
    """Bounds on the stored values of each channel of each value, whatever the inputs are."""
    bounds = {name: ChannelRange.anything(channels(kind)) for name, kind in graph.types.items()}
    for name, data in graph.constants.items():
        if graph.types[name].dtype is DType.I8 and data.ndim:
            others = tuple(range(data.ndim - 1))
            low, high = data.min(axis=others).astype(np.int64), data.max(axis=others).astype(np.int64)
            bounds[name] = ChannelRange(np.asarray(low), np.asarray(high))
    for node in filter(lambda n: _in_int8(graph, n), graph.nodes):
        results = node.op.channel_ranges([bounds[v] for v in node.ins], graph.signature(node))
        bounds.update(zip(node.outs, results, strict=True))
    return bounds


def fixed_values(graph: Graph) -> dict[str, NDArray[np.int64]]:
    """For each value, the one stored value that each channel can take, or NOT_FIXED."""
    return {v: np.where(b.constant, b.low, NOT_FIXED) for v, b in channel_bounds(graph).items()}


def _used(graph: Graph) -> dict[str, Mask]:
    """For each value, which channels an output depends on."""
    used = {name: np.zeros(channels(kind), bool) for name, kind in graph.types.items()}
    for value in graph.wanted:
        used[value][:] = True
    for node in reversed(graph.nodes):
        if not _in_int8(graph, node):
            for value in node.ins:
                used[value][:] = True
            continue
        wanted = np.logical_or.reduce([used[v] for v in node.outs])
        for value, mask in zip(node.ins, node.op.used_channels(wanted, graph.signature(node)), strict=True):
            used[value] |= mask
    return used


def _narrow(graph: Graph, keep: Mapping[str, Mask]) -> Graph:
    """Leave out the channels that are not kept."""
    fixed = fixed_values(graph)
    names = Names(graph.types)
    types, constants = dict(graph.types), dict(graph.constants)
    for value, mask in keep.items():
        kind = types[value]
        if kind.shape:
            types[value] = replace(kind, shape=(*kind.shape[:-1], int(mask.sum())))
    nodes = []
    for node in graph.nodes:
        nodes.append(_narrow_node(graph, node, keep, fixed, names, types, constants))
    return graph.with_nodes(nodes, types, constants)


def _narrow_node(
    graph: Graph,
    node: Node,
    keep: Mapping[str, Mask],
    fixed: Mapping[str, NDArray[np.int64]],
    names: Names,
    types: dict[str, TensorType],
    constants: dict[str, Array],
) -> Node:
    source = next((v for v in node.ins if v in keep), None)
    keep_out = keep[node.outs[0]]
    if source is None or (keep[source].all() and keep_out.all()):
        return node
    op, changed = node.op.narrowed(keep[source], keep_out, fixed[source], graph.signature(node))
    ins = list(node.ins)
    for index, data in changed.items():
        old = graph.types[node.ins[index]]
        quant = old.quant
        if quant is not None and isinstance(node.op.quant_rule.of_input(index), Weight):
            scales = np.array(quant.scale)[keep_out]
            quant = QuantParams(tuple(scales.tolist()), 0, quant.axis)
        ins[index] = names.fresh(node.ins[index])
        types[ins[index]], constants[ins[index]] = replace(old, shape=data.shape, quant=quant), data
    return replace(node, op=op, ins=tuple(ins))
