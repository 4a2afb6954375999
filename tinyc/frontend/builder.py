"""What accumulates the graph: values, constants and nodes, under fresh names that the text form accepts."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyc.errors import TinycError, UnsupportedError, VerifyError
from tinyc.frontend.ports import Input, Output
from tinyc.frontend.tensors import as_float32, is_possible
from tinyc.ir.graph import Graph, Names, Node, Port, State, constant_type
from tinyc.ir.op import Op
from tinyc.ir.types import DType, TensorType
from tinyc.ops.map import Map


def element_type(kind: np.dtype[Any]) -> DType:
    """The type in which elements are computed: all floats are float32."""
    found = DType.F32 if kind.kind == "f" else DType.of(kind)
    assert found is not None
    return found


class Builder:
    """A float graph in the making."""

    def __init__(self) -> None:
        self.types: dict[str, TensorType] = {}
        self.constants: dict[str, NDArray[Any]] = {}
        self._nodes: list[Node] = []
        self._inputs: dict[str, str] = {}
        self._names = Names(())
        self._states: list[State] = []

    def fresh(self, stem: str) -> str:
        """A value name made from any text."""
        return self._names.fresh(re.sub(r"[^A-Za-z0-9_.]", "_", stem) or "v")

    def input(self, given: Input) -> Port:
        """A new input of the model."""
        value = self.fresh(given.name)
        self._inputs[value] = given.name
        self.types[value] = TensorType(given.shape, element_type(np.dtype(given.dtype)))
        return Port(value, given.name, given.shape, given.dtype, tuple(range(len(given.shape))))

    def state(self, name: str, initial: NDArray[Any], where: str) -> str:
        """What a run finds that the one before left, or `initial`; `next` must say what it leaves."""
        first = self.constant(initial, f"{name}_initial", where)
        value = self.fresh(name)
        self.types[value] = self.types[first]
        self._states.append(State(value, value, first))
        return value

    def next(self, before: str, after: str) -> None:
        """A run leaves `after`, of the same type, in the state that it finds as `before`."""
        self._states = [replace(s, after=after) if s.before == before else s for s in self._states]

    def output(self, value: str, wanted: Output) -> Port:
        """`value` as an output of the model."""
        self._check_elements(value, wanted.name, "its outputs")
        kind = self.types[value]
        if wanted.rounded:
            value = self.emit(Map("to_bfloat16"), (value,), wanted.name, wanted.name, wanted.name)
        if wanted.dtype and element_type(np.dtype(wanted.dtype)) is not kind.dtype:
            raise TinycError(
                f"the output '{wanted.name}' is declared as {wanted.dtype} and computed as {kind.dtype.numpy}"
            )
        return Port(value, wanted.name, kind.shape, wanted.dtype or kind.dtype.numpy.name, tuple(range(kind.rank)))

    def constant(self, data: NDArray[Any], name: str, where: str) -> str:
        """A new constant, floats as float32; UnsupportedError for types that there are not."""
        value = self.fresh(name)
        if data.dtype.kind == "f":
            with np.errstate(over="ignore"):
                data = data.astype(np.float32)
        if DType.of(data.dtype) is None:
            raise UnsupportedError(f"'{name}' has {data.dtype} elements", where)
        self.constants[value] = np.require(data, requirements="C")
        self.types[value] = constant_type(self.constants[value])
        return value

    def not_constant(self, value: str, name: str, what: str, where: str) -> UnsupportedError:
        """The error for a tensor, the value of which has to be known at compile time; it says what that depends on."""
        sources, producers = {value}, {out: node for node in self._nodes for out in node.outs}
        while made := sources & producers.keys():
            sources = (sources - made).union(*(producers[v].ins for v in made))
        given = sorted(repr(self._inputs[v]) for v in sources if v in self._inputs)
        behind = f" from {', '.join(given)}" if given and given != [repr(name)] else ""
        return UnsupportedError(f"its {what} ('{name}') must be constant, not computed at run time{behind}", where)

    def emit(self, op: Op, ins: tuple[str, ...], stem: str, node: str, where: str) -> str:
        """`op`, which has one result, applied to values; see `emit_all`."""
        (value,) = self.emit_all(op, ins, stem, node, where)
        return value

    def emit_all(self, op: Op, ins: tuple[str, ...], stem: str, node: str, where: str) -> tuple[str, ...]:
        """`op` applied to values; its results. `node` is the model's name of the node, `where` the place for messages.

        What depends on constants alone is computed here and now, and so is what has no elements.
        """
        if not op.any_type:
            self._check_floats(op, ins, where)
        try:
            kinds = op.infer(*(self.types[v] for v in ins))
        except VerifyError as error:
            raise UnsupportedError(error.message, where, error.hint) from None
        for kind in kinds:
            if not is_possible(kind.shape):
                raise TinycError(f"its result's shape {kind.shape} is not possible", where)
        if all(kind.size == 0 for kind in kinds):
            return tuple(self.constant(np.zeros(kind.shape, kind.dtype.numpy), stem, where) for kind in kinds)
        for value in ins:
            self._check_elements(value, value, where)
        if all(v in self.constants for v in ins):
            results = zip(kinds, op.eval_float(*(self.constants[v] for v in ins)), strict=True)
            return tuple(self.constant(data.reshape(kind.shape), stem, where) for kind, data in results)
        outs = tuple(self.fresh(stem) for _ in kinds)
        self.types.update(zip(outs, kinds, strict=True))
        self._nodes.append(Node(op, ins, outs, node))
        return outs

    def _check_elements(self, value: str, name: str, where: str) -> None:
        """TinycError for what is empty, where something is to be computed from it."""
        if self.types[value].size == 0:
            raise TinycError(f"'{name}' has no elements: its shape is {self.types[value].shape}", where)

    def _check_floats(self, op: Op, ins: tuple[str, ...], where: str) -> None:
        """Operators whose meaning is real arithmetic want finite floats."""
        for value in ins:
            kind = self.types[value].dtype
            if not kind.is_float:
                raise UnsupportedError(f"{op.name} of {kind.numpy} elements", where, "cast them to float32")
            if value in self.constants:
                as_float32(self.constants[value], value, where)

    def copy(self, value: str, stem: str, node: str) -> str:
        """A value at run time that is the constant `value`."""
        return self.late(Map("identity"), value, stem, node)

    def late(self, op: Op, value: str, stem: str, node: str = "") -> str:
        """`op` applied at run time, even to a constant."""
        out = self.fresh(stem)
        (self.types[out],) = op.infer(self.types[value])
        self._nodes.append(Node(op, (value,), (out,), node))
        return out

    def graph(self, name: str, inputs: tuple[Port, ...], outputs: tuple[Port, ...]) -> Graph:
        """The graph so far, without values that nothing reads."""
        bare = Graph(name, inputs, outputs, (), self.types, self.constants, states=tuple(self._states))
        return bare.with_nodes(self._nodes)
