"""The graph: nodes in execution order, in single-assignment form, over named and typed values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyc.ir.op import Op, Signature
from tinyc.ir.types import DType, Rounding, TensorType


@dataclass(frozen=True)
class Port:
    """An input or output of the model: the link between the user's tensor and a value of the graph.

    `shape` and `dtype` (a NumPy name) are the user's; the value holds `user.transpose(perm)`, reshaped to its type.
    """

    value: str
    name: str
    shape: tuple[int, ...]
    dtype: str
    perm: tuple[int, ...]


def plain_port(value: str, kind: TensorType) -> Port:
    """A port at which the user's tensor is the value itself."""
    return Port(value, value, kind.shape, np.dtype(kind.dtype.numpy).name, tuple(range(kind.rank)))


@dataclass(frozen=True)
class State:
    """What the network keeps from one run to the next: `after`, which a run computes, is `before` in the next one.

    Both are values of one type. In the first run `before` is the constant `initial`.
    """

    before: str
    after: str
    initial: str


@dataclass(frozen=True)
class Node:
    """One operator applied to values. `name` is what the source model calls it, for messages and reports."""

    op: Op
    ins: tuple[str, ...]
    outs: tuple[str, ...]
    name: str = ""


@dataclass(frozen=True, eq=False)
class Graph:
    """A model. `types` has every value; `constants` the data of those that are known at compile time."""

    name: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    nodes: tuple[Node, ...]
    types: Mapping[str, TensorType]
    constants: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    rounding: Rounding = Rounding.SINGLE
    states: tuple[State, ...] = ()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Graph):
            return NotImplemented
        return (
            (self.name, self.inputs, self.outputs, self.states, self.nodes, self.rounding)
            == (other.name, other.inputs, other.outputs, other.states, other.nodes, other.rounding)
            and dict(self.types) == dict(other.types)
            and self.constants.keys() == other.constants.keys()
            and all(_same(a, other.constants[k]) for k, a in self.constants.items())
        )

    __hash__ = None  # type: ignore[assignment]  # graphs are compared, never used as keys

    def signature(self, node: Node) -> Signature:
        """The types around `node` and its constant inputs."""
        return Signature(
            tuple(self.types[v] for v in node.ins),
            tuple(self.types[v] for v in node.outs),
            self.rounding,
            {i: self.constants[v] for i, v in enumerate(node.ins) if v in self.constants},
        )

    @property
    def given(self) -> tuple[str, ...]:
        """The values that are there before the first node: the inputs, and what was kept of the run before."""
        return (*(p.value for p in self.inputs), *(s.before for s in self.states))

    @property
    def wanted(self) -> tuple[str, ...]:
        """The values that are needed behind the last node: the outputs, and what is kept for the next run."""
        return (*(p.value for p in self.outputs), *(s.after for s in self.states))

    @property
    def state_bytes(self) -> int:
        """The bytes that are kept from one run to the next."""
        return sum(self.types[s.before].bytes for s in self.states)

    def held(self) -> set[str]:
        """The states as a run finds them, and views of them: what lies where a state is kept until it is made anew."""
        return self.shown(s.before for s in self.states)

    def shown(self, values: Iterable[str]) -> set[str]:
        """These values, and all views of them."""
        found = set(values)
        for node in self.nodes:
            if node.op.is_view and node.ins[0] in found:
                found.update(node.outs)
        return found

    def producers(self) -> dict[str, Node]:
        """The node that computes each value; constants and what is `given` have none."""
        return {out: node for node in self.nodes for out in node.outs}

    def consumers(self) -> dict[str, list[Node]]:
        """The nodes that read each value, in order, once for each reading."""
        table: dict[str, list[Node]] = {name: [] for name in self.types}
        for node in self.nodes:
            for value in node.ins:
                table[value].append(node)
        return table

    def use_counts(self) -> Counter[str]:
        """How often each value is read, by nodes and as one that is `wanted`."""
        return Counter([*(v for n in self.nodes for v in n.ins), *self.wanted])

    def is_integer(self) -> bool:
        """Whether the graph has been quantized."""
        return any(t.quant is not None for t in self.types.values())

    def is_wholly_integer(self) -> bool:
        """Whether it has been quantized and no activation is left in float."""
        return self.is_integer() and not any(
            kind.dtype.is_float for name, kind in self.types.items() if name not in self.constants
        )

    def macs(self) -> int:
        """Multiply-accumulates of one inference."""
        return sum(n.op.macs(*(self.types[v] for v in n.ins)) for n in self.nodes)

    def with_nodes(
        self,
        nodes: Iterable[Node],
        types: Mapping[str, TensorType] | None = None,
        constants: Mapping[str, NDArray[Any]] | None = None,
        **changes: Any,
    ) -> Graph:
        """A copy with other nodes, in which values that nothing mentions any more are dropped."""
        nodes = tuple(nodes)
        types, constants = types or self.types, constants if constants is not None else self.constants
        copy = replace(self, nodes=nodes, **changes)
        mentioned = {*copy.given, *copy.wanted, *(s.initial for s in copy.states)}
        for node in nodes:
            mentioned.update(node.ins, node.outs)
        return replace(
            copy,
            types={k: t for k, t in types.items() if k in mentioned},
            constants={k: a for k, a in constants.items() if k in mentioned},
        )


class Names:
    """Fresh value names that a graph does not use yet."""

    def __init__(self, taken: Iterable[str]) -> None:
        self._taken = set(taken)

    def fresh(self, stem: str) -> str:
        """`stem` itself if it is free, else with the lowest free number behind it."""
        name = next(n for n in _numbered(stem) if n not in self._taken)
        self._taken.add(name)
        return name


def _numbered(stem: str) -> Iterator[str]:
    yield stem
    number = 1
    while True:
        yield f"{stem}_{number}"
        number += 1


def _same(a: NDArray[Any], b: NDArray[Any]) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def constant_type(data: NDArray[Any]) -> TensorType:
    """The type of a constant without quantization."""
    kinds = {np.dtype(d.numpy): d for d in DType}
    return TensorType(data.shape, kinds[data.dtype])
