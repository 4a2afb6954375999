"""Elementwise layers of one tensor as one table: from the 256 values that it can have in int8 to those of the result.

Why: a function of a stored value has 256 results, whatever it is made of. Models bring many functions in pieces, as
x · sigmoid(x), a Gelu of five layers, a Mish; one table is faster than any two of these layers, rounds once, and
does not ask whether the pieces have int8 forms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from tinyc.ir.graph import Graph, Node
from tinyc.ir.op import Array
from tinyc.ir.rules import AsIs, Observed, QuantRule
from tinyc.ir.types import QuantParams, Rounding
from tinyc.ops._unary import UnaryOp
from tinyc.ops.dequantize import Dequantize
from tinyc.ops.lookup import Lookup
from tinyc.ops.quantize import Quantize
from tinyc.quant.partition import stays_apart, why_not

Known = Callable[[str], Array | None]


@dataclass(frozen=True)
class Cone:
    """Elementwise nodes, in order, that make the last one's result of one value and of constant numbers."""

    source: str
    nodes: tuple[Node, ...]
    numbers: Mapping[str, Array]
    names: frozenset[str]
    """What the source is called."""

    def apply(self, x: Array) -> Array:
        """The result for float32 elements of the source."""
        values = {**dict.fromkeys(self.names, x), **self.numbers}
        with np.errstate(all="ignore"):
            for node in self.nodes:
                (values[node.outs[0]],) = node.op.eval_float(*(values[v] for v in node.ins))
        return values[self.nodes[-1].outs[0]]

    def table(self, x: QuantParams, y: QuantParams, rounding: Rounding) -> Lookup:
        """The same on stored values, with one rounding at the end, or as TensorFlow Lite has it for a single node."""
        if rounding is Rounding.TFLITE and len(self.nodes) == 1:
            with np.errstate(over="ignore"):  # of scales that are far apart
                given = self.nodes[0].op.tflite_table(x, y)
            if given is not None:
                return Lookup(tuple(map(int, given)))
        return _lookup(self.apply, x, y)


def rescaled(x: QuantParams, y: QuantParams) -> Lookup:
    """What brings stored values to another scale, by way of float32."""
    return _lookup(lambda real: real, x, y)


def _lookup(function: Callable[[Array], Array], x: QuantParams, y: QuantParams) -> Lookup:
    numbers = np.arange(-128, 128).astype(np.int8)
    (start,) = Dequantize(x.per_tensor_scale, x.zero_point).eval_float(numbers)
    (stored,) = Quantize(y.per_tensor_scale, y.zero_point).eval_float(function(start))
    return Lookup(tuple(map(int, stored)))


class Cones:
    """The cones of a graph. `known` gives the data of constants; no cone reaches beyond the `ends`.

    These are values by name, and the name of the one that they are the same as.
    """

    def __init__(self, graph: Graph, known: Known, ends: Mapping[str, str]) -> None:
        self.types, self.known, self.ends = graph.types, known, ends
        self.made = {v: (at, n) for at, n in enumerate(graph.nodes) for v in n.outs}

    def above(self, value: str) -> Cone | None:
        """The largest cone that ends in `value`; None if there is none."""
        inside: dict[int, Node] = {}
        numbers: dict[str, Array] = {}
        names: dict[str, set[str]] = {}
        frontier, found = {value}, None
        while True:
            if inside and len(frontier) == 1:
                (source,) = frontier
                if self.types[source].dtype.is_float:
                    found = Cone(
                        source, tuple(inside[at] for at in sorted(inside)), dict(numbers),
                        frozenset(names[source]),
                    )  # fmt: skip
            latest = max(frontier, key=lambda v: self.made[v][0] if v in self.made else -1)
            opened = self._opened(latest, self.types[value].shape)
            if opened is None:
                return found
            sources, read = opened
            at, node = self.made[latest]
            inside[at] = node
            numbers |= read
            frontier.remove(latest)
            for source in sources:
                frontier.add(self.ends.get(source, source))
                names.setdefault(self.ends.get(source, source), set()).add(source)
            if not frontier:
                return None

    def _opened(self, value: str, shape: tuple[int, ...]) -> tuple[set[str], dict[str, Array]] | None:
        """The values and the numbers that a value is made of, if it is made element by element."""
        if value not in self.made or value in self.ends or self.types[value].shape != shape:
            return None
        _, node = self.made[value]
        if not node.op.elementwise or len(node.outs) != 1:
            return None
        sources: set[str] = set()
        numbers: dict[str, Array] = {}
        for operand in node.ins:
            data = self.known(operand)
            if data is None:
                sources.add(operand)
            elif data.size and (data == data.flat[0]).all() and np.isfinite(data.flat[0]):
                numbers[operand] = data.flat[0].reshape(())
            else:
                return None
        fits = all(self.types[v].shape == shape for v in sources)
        return (sources, numbers) if fits else None


@dataclass(frozen=True, eq=False)
class Composed(UnaryOp):
    """A cone as one layer of a float graph, until its scales are known and it becomes a table."""

    name: ClassVar[str] = "composed"

    cone: Cone

    @property
    def quant_rule(self) -> QuantRule:
        return QuantRule(ins=(AsIs(),), outs=(Observed(),))

    def apply(self, x: Array) -> Array:
        return self.cone.apply(x)


def compose(graph: Graph) -> Graph:
    """The pass. Float graphs; the cones that are better than their layers become one layer each."""
    cones = Cones(graph, graph.constants.get, {})
    needed = set(graph.wanted)
    nodes: list[Node] = []
    for node in reversed(graph.nodes):
        if not needed.intersection(node.outs):
            continue
        cone = cones.above(node.outs[0]) if len(node.outs) == 1 else None
        better = cone is not None and (len(cone.nodes) > 1 or len(node.ins) > 1 or why_not(graph, node) is not None)
        if cone is not None and better and graph.types[node.outs[0]].dtype.is_float:
            node = Node(Composed(cone), (cone.source,), node.outs, node.name)
        nodes.append(node)
        needed.update(node.ins)
    made = replace(graph, nodes=tuple(reversed(nodes)))
    return taken_apart(made)


def taken_apart(graph: Graph) -> Graph:
    """Cones that are computed in float after all become their layers again; values inside the others stay known."""
    apart = stays_apart(graph)
    nodes: list[Node] = []
    made: set[str] = set()
    for node in graph.nodes:
        inner = node.op.cone.nodes if isinstance(node.op, Composed) and node.outs[0] in apart else (node,)
        nodes += [n for n in inner if n.outs[0] not in made]
        made.update(v for n in inner for v in n.outs)
    return replace(graph, nodes=tuple(nodes))
