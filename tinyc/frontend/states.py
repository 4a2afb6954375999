"""Outputs that are fed back as inputs of the next run, as the user says: they become what the network keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tinyc.errors import TinycError
from tinyc.ir.graph import Graph, Names, Port, State

HINT = "--state h_in=h_out says that the output h_out is the input h_in of the next run"


def fed_back(graph: Graph, states: Mapping[str, str], file: str, zeros: Mapping[str, int] = {}) -> Graph:
    """The imported graph without the inputs and outputs that `states` names in pairs; it keeps these instead.

    States begin at zero. `zeros` has the numbers that stand for it, of inputs for which it is not 0. TinycError for
    pairs that do not fit.
    """
    if not states:
        return graph
    if len(set(states.values())) != len(states):
        raise TinycError("an output is fed back as two inputs", file, "feed back one, and let the model copy it")
    types, constants, names = dict(graph.types), dict(graph.constants), Names(graph.types)
    kept: list[State] = []
    for given, made in states.items():
        before, after = _port(graph.inputs, given, "input", file), _port(graph.outputs, made, "output", file)
        said = [f"{p.dtype} {'x'.join(map(str, p.shape)) or 'without axes'}" for p in (before, after)]
        kind = types[before.value]
        if kind != types[after.value] or said[0] != said[1]:
            raise TinycError(f"the output '{made}' ({said[1]}) cannot be the input '{given}' ({said[0]})", file, HINT)
        first = names.fresh(f"{before.value}_initial")
        types[first] = kind
        constants[first] = np.full(kind.shape, zeros.get(given, 0), kind.dtype.numpy)
        kept.append(State(before.value, after.value, first))
    outputs = tuple(p for p in graph.outputs if p.name not in states.values())
    if not outputs:
        raise TinycError("every output is fed back, and none is left", file, "a model needs an output that is not")
    inputs = tuple(p for p in graph.inputs if p.name not in states)
    return graph.with_nodes(
        graph.nodes, types, constants, inputs=inputs, outputs=outputs, states=(*graph.states, *kept)
    )


def _port(ports: Sequence[Port], name: str, what: str, file: str) -> Port:
    for port in ports:
        if port.name == name:
            return port
    known = ", ".join(f"'{p.name}'" for p in ports) or "none"
    raise TinycError(f"the model has no {what} '{name}'; its {what}s are: {known}", file, HINT)
