"""Move transposes and reshapes out of the way until they cancel.

Why: the source models are NCHW, the kernels NHWC. The importer puts a transpose before and behind every
convolution and pool; this pass pushes them down through everything that does not care about the order of axes,
where each meets its inverse, and lets the model's inputs and outputs take over what is left at the ends. A plain
NCHW network has none left inside.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tinyc.errors import VerifyError
from tinyc.ir.graph import Graph, Node, Port
from tinyc.ir.op import Array, Op
from tinyc.ops.reshape import Reshape
from tinyc.ops.transpose import Transpose, merged_axes
from tinyc.passes.rewrite import Alias, Sweep, drop_dead_nodes, rewrite
from tinyc.passes.turn_states import turn_states

Axes = tuple[int, ...]


def cancel_transposes(graph: Graph) -> Graph:
    """The pass."""
    return turn_states(graph, _cancelled)


def _cancelled(graph: Graph) -> Graph:
    graph = rewrite(graph, merge, reorder_weights, to_reshape, sink)
    graph = absorb_into_ports(graph)
    graph = rewrite(graph, merge, reorder_weights, to_reshape, lift)
    graph = absorb_into_ports(graph)
    if any(node.op.dequantization() for node in graph.nodes):
        # between a layer and its `quantize` a transpose would keep it from int8
        graph = absorb_into_ports(rewrite(graph, merge, to_reshape, sink))
    return graph


def merge(node: Node, sweep: Sweep) -> Sequence[Node] | Alias | None:
    """A node that changes nothing goes; a node and its producer become one where there is an operator for both."""
    if node.op.is_identity(*(sweep.types[v] for v in node.ins)):
        return Alias(node.ins[0])
    producer = sweep.producer(node.ins[0])
    both = node.op.merged_with(producer.op) if producer else None
    if producer is None or both is None:
        return None
    return [replace(node, op=both, ins=(producer.ins[0], *node.ins[1:]))]


def to_reshape(node: Node, sweep: Sweep) -> Sequence[Node] | None:
    """A transpose that moves only axes of size 1 moves no element."""
    perm = node.op.rearrangement()
    if perm is None:
        return None
    _, moved = merged_axes(sweep.types[node.ins[0]].shape, perm)
    if moved != tuple(range(len(moved))):
        return None
    return [replace(node, op=Reshape(sweep.types[node.outs[0]].shape))]


def reorder_weights(node: Node, sweep: Sweep) -> Sequence[Node] | None:
    """Flatten after a transpose, then weights: flatten without it, and put the weights in that order."""
    flatten = sweep.producer(node.ins[0]) if node.ins else None
    transpose = sweep.producer(flatten.ins[0]) if flatten and flatten.op.is_view else None
    perm = transpose.op.rearrangement() if transpose else None
    if flatten is None or transpose is None or perm is None or perm[0] != 0:
        return None
    before, flat = sweep.types[flatten.ins[0]].shape, sweep.types[flatten.outs[0]].shape
    if flat != (before[0], int(np.prod(before[1:]))):
        return None
    back = np.argsort([p - 1 for p in perm[1:]])
    order = np.arange(flat[1]).reshape(before[1:]).transpose(back).reshape(-1)
    constants = node.op.reordered(sweep.signature(node).constants, order)
    if constants is None:
        return None
    flat_node = sweep.apply(flatten.op, [transpose.ins[0]], flatten.outs[0], flatten.name)
    moved = sweep.with_constants(node, node.op, constants)
    return [flat_node, replace(moved, ins=(flat_node.outs[0], *moved.ins[1:]))]


def sink(node: Node, sweep: Sweep) -> Sequence[Node] | None:
    """f(rearranged x) becomes rearranged f'(x), if all activations that f reads are rearranged alike."""
    activations = [i for i, v in enumerate(node.ins) if not _is_constant(v, sweep)]
    if not activations or len(node.outs) != 1:
        return None
    producers = [sweep.producer(node.ins[i]) for i in activations]
    if any(p is None for p in producers):
        return None
    sources = {i: p.ins[0] for i, p in zip(activations, producers, strict=True) if p}
    axes = _common([(_mapping(p, sweep), sweep.types[p.ins[0]].shape) for p in producers if p])
    if axes is None:
        return None
    if len({sweep.types[v].rank for v in sources.values()}) != 1:
        return None
    rank = sweep.types[sources[activations[0]]].rank
    op = node.op.on_axes(axes, rank)
    if op is None:
        return None
    moved = _rebuild(node, op, sources, axes, rank, sweep)
    if moved is None:
        return None
    kind = sweep.types[node.outs[0]]
    last = Transpose(axes) if sorted(axes) == list(range(rank)) else Reshape(kind.shape)
    return [*moved, Node(last, moved[-1].outs, node.outs, node.name)]


def lift(node: Node, sweep: Sweep) -> Sequence[Node] | None:
    """A transpose behind f of one activation moves before f, on its way to an input of the model."""
    perm = node.op.rearrangement()
    producer = sweep.producer(node.ins[0])
    if perm is None or producer is None or len(producer.outs) != 1 or sweep.uses[node.ins[0]] != 1:
        return None
    activations = [i for i, v in enumerate(producer.ins) if not _is_constant(v, sweep)]
    if len(activations) != 1:
        return None
    rank = len(perm)
    axes = tuple(int(a) for a in np.argsort(perm))
    op = producer.op.on_axes(axes, rank)
    source = producer.ins[activations[0]]
    if op is None or sweep.types[source].rank != rank:
        return None
    first = sweep.apply(Transpose(perm), [source], source)
    moved = _rebuild(producer, op, {activations[0]: first.outs[0]}, axes, rank, sweep)
    if moved is None:
        return None
    return [first, *moved[:-1], replace(moved[-1], outs=node.outs)]


def _mapping(producer: Node, sweep: Sweep) -> Axes | None:
    """Where each axis of the producer's result comes from, if it only rearranges; −1 for an added axis."""
    perm = producer.op.rearrangement()
    if perm is not None:
        return perm
    if not producer.op.is_view:
        return None
    before, after = sweep.types[producer.ins[0]].shape, sweep.types[producer.outs[0]].shape
    solid = [a for a, size in enumerate(before) if size != 1]
    if [before[a] for a in solid] != [size for size in after if size != 1]:
        return None
    rest = iter(solid)
    return tuple(-1 if size == 1 else next(rest) for size in after)


def _common(found: Sequence[tuple[Axes | None, tuple[int, ...]]]) -> Axes | None:
    """The one mapping for all operands, of which each has its own and the shape of its source.

    An added axis may as well be any axis of size 1 that the source has.
    """
    mappings = [axes for axes, _ in found if axes is not None]
    if len(mappings) != len(found):
        return None
    common = max(mappings, key=lambda axes: sum(a >= 0 for a in axes))
    for axes, shape in found:
        if axes is None or len(axes) != len(common):
            return None
        for own, shared in zip(axes, common, strict=True):
            if own != shared and not (own < 0 <= shared < len(shape) and shape[shared] == 1):
                return None
    return common


def _is_constant(value: str, sweep: Sweep) -> bool:
    """Whether it is known, or integers are of which it is made."""
    producer = sweep.producer(value)
    return value in sweep.constants or (producer is not None and _integers(producer, sweep) is not None)


def _integers(node: Node, sweep: Sweep) -> Array | None:
    """The constant that `node` dequantizes."""
    return sweep.constants.get(node.ins[0]) if node.op.dequantization() else None


def _rebuild(node: Node, op: Op, sources: dict[int, str], axes: Axes, rank: int, sweep: Sweep) -> list[Node] | None:
    """`op` on the sources, last, with the constants of `node` rearranged to suit; None where it does not fit."""
    ins, nodes = [], []
    for i, value in enumerate(node.ins):
        if i in sources:
            ins.append(sources[i])
            continue
        late = sweep.producer(value)
        data = sweep.constants[late.ins[0] if late else value]
        shape = [1] * rank
        full = (1,) * (len(axes) - data.ndim) + data.shape
        if len(full) > len(axes) or any(axis < 0 and size != 1 for axis, size in zip(axes, full, strict=True)):
            return None
        order = sorted((a for a in range(len(axes)) if axes[a] >= 0), key=lambda a: axes[a])
        for a in order:
            shape[axes[a]] = full[a]
        spare = [a for a in range(len(axes)) if axes[a] < 0]
        moved = np.ascontiguousarray(data.reshape(full).transpose([*spare, *order]).reshape(shape))
        name = sweep.constant(value, moved)
        if late:
            nodes.append(sweep.apply(late.op, (name,), value, late.name))
        ins.append(nodes[-1].outs[0] if late else name)
    try:
        return [*nodes, sweep.apply(op, ins, node.outs[0], node.name)]
    except VerifyError:
        return None


def absorb_into_ports(graph: Graph) -> Graph:
    """Let the model's inputs and outputs take over the transposes and reshapes next to them."""
    consumers, producers = graph.consumers(), graph.producers()
    uses = graph.use_counts()
    renamed: dict[str, str] = {}
    inputs = []
    for port in graph.inputs:
        readers = consumers[port.value]
        if readers and uses[port.value] == len(readers) and all(n.op == readers[0].op for n in readers):
            taken = _absorb(graph, port, readers[0], readers[0].outs[0], inverse=False)
            if taken:
                renamed.update({n.outs[0]: taken.value for n in readers})
                port = taken
        inputs.append(port)
    outputs = []
    for port in graph.outputs:
        node = producers.get(port.value)
        taken = _absorb(graph, port, node, node.ins[0], inverse=True) if node else None
        computed = taken and (taken.value in producers)
        outputs.append(taken if taken and computed else port)
    if inputs == list(graph.inputs) and outputs == list(graph.outputs):
        return graph
    dropped = set(renamed)
    nodes = [replace(n, ins=tuple(renamed.get(v, v) for v in n.ins)) for n in graph.nodes if n.outs[0] not in dropped]
    outputs = [replace(p, value=renamed.get(p.value, p.value)) for p in outputs]
    states = tuple(replace(s, after=renamed.get(s.after, s.after)) for s in graph.states)
    smaller = graph.with_nodes(nodes, inputs=tuple(inputs), outputs=tuple(outputs), states=states)
    return absorb_into_ports(drop_dead_nodes(smaller))


def _absorb(graph: Graph, port: Port, node: Node, value: str, inverse: bool) -> Port | None:
    """The port for `value`, which is on the other side of `node`."""
    if node.op.is_view:
        return replace(port, value=value)
    perm = node.op.rearrangement()
    if perm is None or tuple(port.shape[p] for p in port.perm) != graph.types[port.value].shape:
        return None
    step = [int(a) for a in np.argsort(perm)] if inverse else perm
    return replace(port, value=value, perm=tuple(port.perm[p] for p in step))
