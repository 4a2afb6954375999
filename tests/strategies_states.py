"""Random networks that keep values from one run to the next: graphs of `strategies`, into which states are put."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
from numpy.typing import NDArray
from strategies import STEPS, Step, float_inputs, random_graph

from tinyc.ir.graph import Graph, Node, State
from tinyc.ir.types import Rounding
from tinyc.ops import Add, Concat, Mul, Reshape, Strided
from tinyc.quant.calibrate import calibrate
from tinyc.quant.observers import ObserverChoice
from tinyc.quant.quantize import quantize

Array = NDArray[Any]


class _Stateful:
    def __init__(self, rng: Random, graph: Graph) -> None:
        self.rng, self.graph = rng, graph
        self.numbers = np.random.default_rng(rng.getrandbits(32))

    def add(self, stem: str, data: Array) -> str:
        """A new constant."""
        name = f"{stem}{len(self.graph.types)}"
        self.graph = replace(
            self.graph,
            types={**self.graph.types, name: replace(self.graph.types[self.graph.inputs[0].value], shape=data.shape)},
            constants={**self.graph.constants, name: data.astype(np.float32)},
        )
        return name

    def state(self, shape: tuple[int, ...]) -> str:
        """A value that is found by a run; what it is next is said later. One in two begins at zero."""
        begin = np.zeros(shape) if self.rng.random() < 0.5 else self.numbers.normal(size=shape)
        initial = self.add("first", begin)
        name = f"state{len(self.graph.types)}"
        state = State(name, name, initial)
        types = {**self.graph.types, name: self.graph.types[initial]}
        self.graph = replace(self.graph, types=types, states=(*self.graph.states, state))
        return name

    def next(self, before: str, after: str) -> None:
        states = tuple(replace(s, after=after) if s.before == before else s for s in self.graph.states)
        self.graph = replace(self.graph, states=states)

    def insert(self, at: int, op: Any, *ins: str) -> str:
        """A node at a place of the order."""
        (kind,) = op.infer(*(self.graph.types[v] for v in ins))
        name = f"new{len(self.graph.types)}"
        nodes = [*self.graph.nodes[:at], Node(op, ins, (name,), f"{op.name} {name}"), *self.graph.nodes[at:]]
        self.graph = replace(self.graph, nodes=tuple(nodes), types={**self.graph.types, name: kind})
        return name

    def ready(self, value: str) -> int:
        """The number of the node behind the one that makes a value."""
        return next((i + 1 for i, n in enumerate(self.graph.nodes) if value in n.outs), 0)

    def in_place_of(self, value: str, new: str, since: int) -> None:
        """Nodes from a number on, and outputs, read `new` instead of `value`."""
        nodes = [
            replace(n, ins=tuple(new if v == value else v for v in n.ins)) if i >= since else n
            for i, n in enumerate(self.graph.nodes)
        ]
        outputs = tuple(replace(p, value=new) if p.value == value else p for p in self.graph.outputs)
        self.graph = replace(self.graph, nodes=tuple(nodes), outputs=outputs)

    def fed_back(self, value: str) -> None:
        """A part of a state comes to a value; any value of the same shape is what the state is next."""
        before = self.state(self.graph.types[value].shape)
        at = self.ready(value)
        part = self.insert(at, Mul(), before, self.add("half", np.full(self.graph.types[value].shape, 0.5)))
        total = self.insert(at + 1, Add(), value, part)
        self.in_place_of(value, total, at + 2)
        alike = [v for v, k in self.graph.types.items() if k == self.graph.types[value]]
        self.next(before, total if self.rng.random() < 0.4 else self.rng.choice(alike))

    def delayed(self, value: str) -> None:
        """The last values of a tensor behind one another, as for a convolution in time; the oldest comes to it."""
        shape = self.graph.types[value].shape
        length = self.rng.randint(2, 4)
        size = int(np.prod(shape))
        before = self.state((1, length - 1, size))
        at = self.ready(value)
        flat = self.insert(at, Reshape((1, 1, size)), value)
        joined = self.insert(at + 1, Concat(1), before, flat)
        self.next(before, self.insert(at + 2, Strided((1, length - 1, size), (0, 1, 0), (1, 1, 1)), joined))
        oldest = self.insert(at + 3, Strided((1, 1, size), (0, 0, 0), (1, 1, 1)), joined)
        total = self.insert(at + 5, Add(), value, self.insert(at + 4, Reshape(shape), oldest))
        self.in_place_of(value, total, at + 6)


def stateful(rng: Random, graph: Graph, most: int = 3, delays: bool = True) -> Graph:
    """The graph with up to so many states."""
    made = _Stateful(rng, graph)
    for _ in range(rng.randint(1, most)):
        taken = {*made.graph.constants, *(s.before for s in made.graph.states)}
        kinds = {v: k for v, k in made.graph.types.items() if v not in taken}
        values = [v for v, k in kinds.items() if k.dtype.is_float and k.size > 1]
        ways = (made.fed_back, made.fed_back, made.delayed) if delays else (made.fed_back,)
        rng.choice(ways)(rng.choice(values))
    return made.graph.with_nodes(made.graph.nodes)


def random_stateful(rng: Random, steps: Sequence[Step] = STEPS, most: int = 4) -> Graph:
    """A float graph with states."""
    return stateful(rng, random_graph(rng, steps, most))


def sequence(graph: Graph, count: int, seed: int = 0) -> list[dict[str, Array]]:
    """Values of a float graph's inputs, sample by sample."""
    return [float_inputs(graph, 1000 * seed + number) for number in range(count)]


def quantized_on(graph: Graph, samples: Sequence[dict[str, Array]], rounding: Rounding = Rounding.SINGLE) -> Graph:
    """The integer graph, calibrated on a sequence."""
    arrays = {p.name: np.stack([s[p.value] for s in samples]) for p in graph.inputs}
    return quantize(graph, calibrate(graph, arrays, ObserverChoice()), rounding)
