"""What accumulates the graph: values, constants and nodes, under fresh names that the text form accepts."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyc.errors import TinycError, UnsupportedError, VerifyError
from tinyc.frontend.onnx.ports import Input, Output
from tinyc.frontend.onnx.tensors import MAX_ELEMENTS, as_float32
from tinyc.ir.graph import Graph, Names, Node, Port, constant_type
from tinyc.ir.op import Op
from tinyc.ir.types import TensorType, f32


class Builder:
    """A float graph in the making."""

    def __init__(self) -> None:
        self.types: dict[str, TensorType] = {}
        self.constants: dict[str, NDArray[Any]] = {}
        self._nodes: list[Node] = []
        self._names = Names(())

    def fresh(self, stem: str) -> str:
        """A value name made from any text."""
        return self._names.fresh(re.sub(r"[^A-Za-z0-9_.]", "_", stem) or "v")

    def input(self, given: Input) -> Port:
        """A new input of the model."""
        value = self.fresh(given.name)
        self.types[value] = f32(*given.shape)
        return Port(value, given.name, given.shape, given.dtype, tuple(range(len(given.shape))))

    def output(self, value: str, wanted: Output) -> Port:
        """`value` as an output of the model."""
        shape = self.types[value].shape
        return Port(value, wanted.name, shape, wanted.dtype, tuple(range(len(shape))))

    def constant(self, data: NDArray[Any], name: str, where: str) -> str:
        """A new float32 constant; TinycError for an empty one and for NaN or infinite values."""
        if data.size == 0:
            raise TinycError(f"'{name}' has no elements: its shape is {data.shape}", where)
        value = self.fresh(name)
        self.constants[value] = np.require(as_float32(data, name, where), requirements="C")
        self.types[value] = constant_type(self.constants[value])
        return value

    def emit(self, op: Op, ins: tuple[str, ...], stem: str, node: str, where: str) -> str:
        """`op` applied to values; its result. `node` is the ONNX node's name, `where` the place for messages.

        What depends on constants alone is computed here and now.
        """
        try:
            (kind,) = op.infer(*(self.types[v] for v in ins))
        except VerifyError as error:
            raise UnsupportedError(error.message, where, error.hint) from None
        if min(kind.shape, default=1) < 1 or kind.size > MAX_ELEMENTS:
            raise TinycError(f"its result's shape {kind.shape} is not possible", where)
        if all(v in self.constants for v in ins):
            (data,) = op.eval_float(*(self.constants[v] for v in ins))
            return self.constant(data.reshape(kind.shape), stem, where)
        out = self.fresh(stem)
        self.types[out] = kind
        self._nodes.append(Node(op, ins, (out,), node))
        return out

    def graph(self, name: str, inputs: tuple[Port, ...], outputs: tuple[Port, ...]) -> Graph:
        """The graph so far, without values that nothing reads."""
        return Graph(name, inputs, outputs, (), self.types, self.constants).with_nodes(self._nodes)
