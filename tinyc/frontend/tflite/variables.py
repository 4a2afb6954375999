"""Variables: what a run assigns to them, the next one reads. They become what the graph keeps from run to run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from tinyc.errors import TinycError, UnsupportedError
from tinyc.frontend.tensors import Array
from tinyc.frontend.tflite.model import Operator, Tensor
from tinyc.frontend.tflite.tensors import check_shape, element, parameters
from tinyc.frontend.view import Activation, Constant, Known

if TYPE_CHECKING:
    from tinyc.frontend.tflite.walk import Walk

OPERATORS = ("VAR_HANDLE", "READ_VARIABLE", "ASSIGN_VARIABLE", "CALL_ONCE")

Key = tuple[str, str]
"""A variable's container and name."""


class Variables:
    """The variables of one graph as its operators come along."""

    def __init__(self, walk: Walk) -> None:
        self.walk, self.model = walk, walk.model
        self._handles: dict[int, Key] = {}
        self._first: dict[Key, Array] = {}
        """With what they begin, where CALL_ONCE says it."""
        self._before: dict[Key, str] = {}
        """The values that a run finds in those that are read before they are assigned."""
        self.now: dict[Key, Known] = {}

    def add(self, operator: Operator) -> None:
        """Import one of the OPERATORS."""
        steps = {
            "VAR_HANDLE": self._handle, "READ_VARIABLE": self._read, "ASSIGN_VARIABLE": self._assign,
            "CALL_ONCE": self._call_once,
        }  # fmt: skip
        operator.options.where = self.model.where(operator)
        steps[operator.code](operator)
        operator.options.finish()

    def finish(self) -> None:
        """Say what states are in the next run, once all operators have been added."""
        for key, before in self._before.items():
            builder, known = self.walk.builder, self.now[key]
            if isinstance(known, Constant):
                after = builder.copy(builder.constant(known.data, key[1], self.model.file), key[1], key[1])
            else:
                after = known.value
            kinds = builder.types[before], builder.types[after]
            if kinds[0] != kinds[1]:
                raise UnsupportedError(
                    f"the variable '{key[1]}' is read as {kinds[0]} and assigned as {kinds[1]}", self.model.file
                )
            builder.next(before, after)

    def _handle(self, operator: Operator) -> None:
        self._expect(operator, 0, 1)
        name, container = (operator.options.text(option) for option in ("SharedName", "Container"))
        self._handles[operator.outputs[0]] = container, name
        self.walk.stored[operator.outputs[0]] = Constant(np.zeros((), np.int32))  # nobody looks at it

    def _read(self, operator: Operator) -> None:
        self._expect(operator, 1, 1)
        key, tensor = self._key(operator), self.model.tensors[operator.outputs[0]]
        if key not in self.now:
            self.now[key] = self._begun(key, tensor, self.model.where(operator))
        self.walk.stored[tensor.index] = self.now[key]

    def _begun(self, key: Key, tensor: Tensor, where: str) -> Known:
        """What a run finds in a variable: a state, or if nothing is assigned to it what it begins with."""
        check_shape(tensor, where)
        kind, q = element(tensor, where), parameters(tensor, where)
        first = self._first.get(key)
        assigned = any(
            self._handles.get(op.inputs[0]) == key for op in self.model.operators if op.code == "ASSIGN_VARIABLE"
        )
        if first is None and not assigned:
            raise UnsupportedError(f"the variable '{key[1]}' is read and never assigned", where)
        if first is None:
            first = np.full(tensor.shape, 0 if q is None else int(q.zero[0]), kind)
        if (first.shape, first.dtype) != (tensor.shape, kind):
            raise UnsupportedError(
                f"the variable '{key[1]}' begins as {first.dtype}{first.shape} and is read as {kind}{tensor.shape}",
                where,
            )
        if not assigned:
            return Constant(first)
        self._before[key] = self.walk.builder.state(key[1], first, where)
        return Activation(self._before[key])

    def _assign(self, operator: Operator) -> None:
        self._expect(operator, 2, 0)
        self.now[self._key(operator)] = self.walk.known(
            self.model.tensors[operator.inputs[1]], self.model.where(operator)
        )

    def _call_once(self, operator: Operator) -> None:
        """The graph that is called assigns constants, before anything is read."""
        from tinyc.frontend.tflite.walk import Walk  # which is made of what is here

        self._expect(operator, 0, 0)
        where, index = self.model.where(operator), operator.options.integer("InitSubgraphIndex")
        if not 0 < index <= len(self.model.others):
            raise TinycError(f"it calls subgraph {index}, there are {len(self.model.others) + 1}", where)
        inner = Walk(self.model.others[index - 1], {})
        for step in inner.model.operators:
            inner.add(step)
        for key, known in inner.variables.now.items():
            if not isinstance(known, Constant):
                raise UnsupportedError(f"the variable '{key[1]}' begins with what is not constant", where)
            if key in self.now:
                raise UnsupportedError(f"the variable '{key[1]}' is read or assigned before it begins", where)
            self._first[key] = known.data

    def _key(self, operator: Operator) -> Key:
        index = operator.inputs[0]
        if index not in self._handles:
            name = self.model.tensors[index].name if index >= 0 else ""
            raise TinycError(f"'{name}' is not the handle of a variable", self.model.where(operator))
        return self._handles[index]

    def _expect(self, operator: Operator, inputs: int, outputs: int) -> None:
        found = len(operator.inputs), len(operator.outputs)
        if found != (inputs, outputs) or -1 in operator.inputs:
            raise TinycError(
                f"it has {found[0]} inputs and {found[1]} results, {inputs} and {outputs} are expected",
                self.model.where(operator),
            )


def called_once(operators: tuple[Operator, ...]) -> Mapping[int, Operator]:
    """The operators that call a graph once, by its number."""
    calls = [op for op in operators if op.code == "CALL_ONCE"]
    return {op.options.look("InitSubgraphIndex"): op for op in calls}
