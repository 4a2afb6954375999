"""If, Loop and Scan: one branch is taken, or both where that is known at run time only; loops are unrolled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from onnx import GraphProto, NodeProto, TensorProto, helper

from tinyc.errors import TinycError, UnsupportedError
from tinyc.frontend.onnx.expand import renamed
from tinyc.frontend.onnx.tensors import to_array
from tinyc.frontend.view import Activation, Constant, Known

if TYPE_CHECKING:  # which needs this module
    from tinyc.frontend.onnx.walk import Walk

MOST_ITERATIONS = 1024


class _Body:
    """What a node with graphs is made of, under names of its own."""

    def __init__(self, walk: Walk, node: NodeProto, at: str) -> None:
        self.walk, self.node, self.at = walk, node, at
        self.prefix = next(o for o in node.output if o)
        self.ins = [walk.known[name] if name else None for name in node.input]
        self.attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        self._made = 0

    def run(self, graph: GraphProto, ins: Sequence[Known], label: str) -> list[Known]:
        """The results of a graph."""
        prefix = f"{self.prefix}/{label}"
        if len(graph.input) != len(ins):
            raise TinycError(f"its graph '{graph.name}' has {len(graph.input)} inputs, it is given {len(ins)}", self.at)
        names = {info.name: f"{prefix}/{info.name}" for info in (*graph.input, *graph.initializer)}
        self.walk.known |= {names[info.name]: known for info, known in zip(graph.input, ins, strict=True)}
        for tensor in graph.initializer:
            data = to_array(tensor, self.walk.model.directory, self.at)
            self.walk.known[names[tensor.name]] = Constant(data)
        nodes = list(renamed(graph.node, names, {}, prefix, self.node.name))
        results = [names.get(o.name, o.name) for o in graph.output]
        self.walk.add_nodes(nodes, results, f"operator {self.node.op_type}", self.at)
        for info, name in zip(graph.output, results, strict=True):
            if name not in self.walk.known:
                raise TinycError(f"the output '{info.name}' of its graph is computed by no node", self.at)
        return [self.walk.known[name] for name in results]

    def graph(self, name: str, results: int) -> GraphProto:
        """An attribute that is a graph, of that many results or more."""
        graph = self.attributes[name]
        if not isinstance(graph, GraphProto) or len(graph.output) < results:
            raise TinycError(f"attribute {name} must be a graph of {results} results or more", self.at)
        return graph

    def integers(self, names: Sequence[str], count: int, most: int) -> list[int]:
        """So many integers of an attribute that has one of the names, from −most to most; 0 if it is not given."""
        found = next((list(self.attributes[name]) for name in names if name in self.attributes), [0] * count)
        if len(found) != count or any(abs(value) > most for value in found):
            raise TinycError(f"attribute {names[0]} = {found} must be {count} integers of at most {most}", self.at)
        return found

    def compute(self, op: str, *ins: Known, **attributes: int) -> Known:
        """The result of an operator of ONNX."""
        self._made += 1
        out = f"{self.prefix}/{op}_{self._made}"
        names = [f"{out}/{i}" for i in range(len(ins))]
        self.walk.known |= dict(zip(names, ins, strict=True))
        made = helper.make_node(op, names, [out], name=self.node.name)
        made.attribute.extend(helper.make_attribute(key, value) for key, value in attributes.items())
        self.walk.add_nodes([made], [out], f"operator {self.node.op_type}", self.at)
        return self.walk.known[out]

    def shape(self, known: Known) -> tuple[int, ...]:
        """The shape of a tensor."""
        return known.data.shape if isinstance(known, Constant) else self.walk.builder.types[known.value].shape

    def stacked(self, parts: Sequence[Known], axis: int) -> Known:
        """Tensors of one shape, behind one another along a new axis."""
        rank = len(self.shape(parts[0])) + 1
        axis %= rank
        if len({self.shape(part) for part in parts}) != 1:
            raise UnsupportedError("its iterations give results of several shapes", self.at)
        old = self.shape(parts[0])
        shape = Constant(np.array((*old[:axis], 1, *old[axis:]), np.int64))
        whole = [self.compute("Reshape", part, shape) for part in parts]
        return whole[0] if len(whole) == 1 else self.compute("Concat", *whole, axis=axis)

    def index(self, known: Known, index: int, axis: int) -> Known:
        """One index of an axis, without that axis."""
        return self.compute("Gather", known, Constant(np.array(index, np.int64)), axis=axis)

    def constant(self, known: Known | None, name: str, what: str) -> Constant:
        """What has to be known at compile time."""
        if isinstance(known, Activation):
            raise self.walk.not_constant(known, name, what, self.at)
        assert known is not None
        return known

    def number(self, known: Known | None, name: str, what: str) -> int:
        """The one number of what has to be known at compile time."""
        data = self.constant(known, name, what).data
        if data.size != 1:
            raise TinycError(f"the {what} '{name}' of shape {data.shape} is not one value", self.at)
        return int(data.reshape(())[()])


def _if(body: _Body) -> list[Known]:
    """The branch that is taken; of both each element by the condition where that is computed at run time."""
    condition = body.ins[0]
    branches = [body.graph(f"{name}_branch", len(body.node.output)) for name in ("then", "else")]
    if isinstance(condition, Constant):
        taken = 0 if body.number(condition, body.node.input[0], "condition") else 1
        return body.run(branches[taken], (), "else" if taken else "then")
    assert condition is not None
    first, second = (body.run(b, (), label) for b, label in zip(branches, ("then", "else"), strict=True))
    if [body.shape(k) for k in first] != [body.shape(k) for k in second]:
        raise body.walk.not_constant(
            condition, body.node.input[0], "condition, whose branches differ in shape,", body.at
        )
    chosen = body.compute("Reshape", condition, Constant(np.zeros(0, np.int64)))
    return [body.compute("Where", chosen, a, b) for a, b in zip(first, second, strict=True)]


def _loop(body: _Body) -> list[Known]:
    """As many copies of its graph as it has iterations."""
    trips, going = (*body.ins[:2], None, None)[:2]
    carried = [known for known in body.ins[2:] if known is not None]
    graph = body.graph("body", 1 + len(carried))
    count = None if trips is None else body.number(trips, body.node.input[0], "trip count")
    scanned: list[list[Known]] = [[] for _ in graph.output[1 + len(carried) :]]
    iteration = 0
    while count is None or iteration < count:
        if going is not None and not body.number(going, graph.output[0].name, "condition"):
            break
        _check_length(body, iteration)
        now = Constant(np.array(iteration, np.int64))
        going, *results = body.run(graph, [now, going or Constant(np.array(True)), *carried], str(iteration))
        carried = results[: len(carried)]
        for parts, known in zip(scanned, results[len(carried) :], strict=True):
            parts.append(known)
        iteration += 1
    infos = graph.output[1 + len(carried) :]
    return [*carried, *(body.stacked(p, 0) if p else _nothing(i) for p, i in zip(scanned, infos, strict=True))]


def _nothing(info: object) -> Known:
    """What a loop without iterations collects."""
    kind = info.type.tensor_type  # type: ignore[attr-defined] # a ValueInfoProto, whose name the stubs hide
    sizes = tuple(d.dim_value for d in kind.shape.dim)
    return Constant(np.zeros((0, *sizes), helper.tensor_dtype_to_np_dtype(kind.elem_type or TensorProto.FLOAT)))


def _check_length(body: _Body, iterations: int) -> None:
    if iterations >= MOST_ITERATIONS:
        raise UnsupportedError(f"it runs more than {MOST_ITERATIONS} times: loops are unrolled", body.at)


def _scan(body: _Body) -> list[Known]:
    """As many copies of its graph as there are slices."""
    if body.walk.model.opset(body.node) >= 9:
        return _scanned(body, [known for known in body.ins if known is not None], "")
    if body.ins[0] is not None:
        raise UnsupportedError("lengths of sequences", body.at)
    ins = [known for known in body.ins[1:] if known is not None]
    each = [_scanned(body, [body.index(known, i, 0) for known in ins], f"{i}/") for i in range(body.shape(ins[0])[0])]
    return [body.stacked(parts, 0) for parts in zip(*each, strict=True)]


def _scanned(body: _Body, ins: Sequence[Known], label: str) -> list[Known]:
    count = body.attributes["num_scan_inputs"]
    if not 1 <= count <= len(ins):
        raise TinycError(f"attribute num_scan_inputs = {count} of {len(ins)} inputs", body.at)
    states, slices = list(ins[: len(ins) - count]), ins[len(ins) - count :]
    graph = body.graph("body", len(states))
    results = len(graph.output) - len(states)
    least = min(len(body.shape(known)) for known in slices)
    if least < 1:
        raise TinycError("a sequence without axes", body.at)
    into = body.integers(("scan_input_directions", "directions"), count, 1)
    axes = body.integers(("scan_input_axes",), count, least - 1)
    out = body.integers(("scan_output_directions",), results, 1)
    out_axes = body.integers(("scan_output_axes",), results, 8)
    lengths = {body.shape(known)[axis] for known, axis in zip(slices, axes, strict=True)}
    if len(lengths) != 1 or 0 in lengths:
        raise UnsupportedError(f"sequences of lengths {sorted(lengths)}", body.at)
    (length,) = lengths
    _check_length(body, length - 1)
    scanned: list[list[Known]] = [[] for _ in range(results)]
    for i in range(length):
        now = [
            body.index(known, length - 1 - i if backwards else i, axis)
            for known, axis, backwards in zip(slices, axes, into, strict=True)
        ]
        found = body.run(graph, [*states, *now], f"{label}{i}")
        states = found[: len(states)]
        for parts, known in zip(scanned, found[len(states) :], strict=True):
            parts.append(known)
    ordered = [parts[::-1] if backwards else parts for parts, backwards in zip(scanned, out, strict=True)]
    return [*states, *(body.stacked(parts, axis) for parts, axis in zip(ordered, out_axes, strict=True))]


_CONTROL: Mapping[str, Callable[[_Body], list[Known]]] = {"If": _if, "Loop": _loop, "Scan": _scan}
CONTROL = frozenset(_CONTROL)


def run_control(walk: Walk, node: NodeProto, at: str) -> list[Known]:
    """The results of a node whose attributes are graphs."""
    return _CONTROL[node.op_type](_Body(walk, node, at))
