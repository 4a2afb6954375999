"""Keep states in the order of axes in which layers want them.

Why: what a streaming model keeps is NCHW, or channels before time, like its tensors. The order of a state is nobody's
business, but a transpose before every reader would stay, for states are no ports that could take it over. So they are
turned, with the inputs that they meet, where that leaves less to transpose.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from tinyc.ir.graph import Graph, Names, Node
from tinyc.ir.types import TensorType
from tinyc.ops.transpose import Transpose

CHANNELS_LAST = {3: (0, 2, 1), 4: (0, 2, 3, 1)}
"""By rank, where the axes come from."""


def turn_states(graph: Graph, cancel: Callable[[Graph], Graph]) -> Graph:
    """What `cancel` makes of the graph, with states turned where it leaves fewer bytes to transpose."""
    best = cancel(graph)
    if not graph.states:
        return best
    states = [s.before for s in graph.states]
    inputs = [p.value for p in graph.inputs]
    moved = [v for v in states if sum(size > 1 for size in graph.types[v].shape) > 1]
    tries = [*inputs, *moved], [*inputs, *states], states, *([state] for state in states)
    found = [cancel(_turned(graph, [v for v in some if graph.types[v].rank in CHANNELS_LAST])) for some in tries]
    return min([best, *found], key=_cost)


def _cost(graph: Graph) -> tuple[int, int]:
    """The bytes that transposes move, and the number of nodes."""
    moved = sum(graph.types[n.outs[0]].bytes for n in graph.nodes if n.op.rearrangement() is not None)
    return moved, len(graph.nodes)


def _turned(graph: Graph, values: Sequence[str]) -> Graph:
    """The graph with inputs and states that have their channels last, and transposes that undo it."""
    types, constants, names = dict(graph.types), dict(graph.constants), Names(graph.types)
    before: list[Node] = []
    behind: list[Node] = []
    as_it_was = {value: names.fresh(value) for value in values}

    def order(value: str) -> tuple[int, ...]:
        return CHANNELS_LAST[graph.types[value].rank]

    def turned(value: str) -> TensorType:
        kind = graph.types[value]
        return replace(kind, shape=tuple(kind.shape[axis] for axis in order(value)))

    for value, old in as_it_was.items():
        types[old], types[value] = graph.types[value], turned(value)
        back = tuple(int(axis) for axis in np.argsort(order(value)))
        before.append(Node(Transpose(back), (value,), (old,)))
    states = []
    for state in graph.states:
        after = as_it_was.get(state.after, state.after)
        if state.before in as_it_was:
            made, first = names.fresh(state.after), names.fresh(state.initial)
            types[made] = types[first] = turned(state.before)
            behind.append(Node(Transpose(order(state.before)), (after,), (made,)))
            constants[first] = np.ascontiguousarray(graph.constants[state.initial].transpose(order(state.before)))
            state, after = replace(state, initial=first), made
        states.append(replace(state, after=after))
    nodes = [replace(n, ins=tuple(as_it_was.get(v, v) for v in n.ins)) for n in graph.nodes]
    inputs = [
        replace(p, perm=tuple(p.perm[axis] for axis in order(p.value))) if p.value in as_it_was else p
        for p in graph.inputs
    ]  # fmt: skip
    outputs = [replace(p, value=as_it_was.get(p.value, p.value)) for p in graph.outputs]
    return graph.with_nodes(
        [*before, *nodes, *behind], types, constants,
        inputs=tuple(inputs), outputs=tuple(outputs), states=tuple(states),
    )  # fmt: skip
