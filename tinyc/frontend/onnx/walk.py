"""The walk over the nodes of an ONNX model: what can be computed now is, everything else goes to its handler."""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence
from typing import Any

import numpy as np
from onnx import NodeProto

from tinyc.errors import TinycError, UnsupportedError
from tinyc.frontend.builder import Builder
from tinyc.frontend.grids import Grid, grid_of
from tinyc.frontend.onnx.control import CONTROL, run_control
from tinyc.frontend.onnx.expand import function_body, has_function_body
from tinyc.frontend.onnx.fold import can_evaluate, evaluate, result_shapes, static_shape
from tinyc.frontend.onnx.handlers import HANDLERS
from tinyc.frontend.onnx.legacy import modern
from tinyc.frontend.onnx.model import Model, operator_name, reads, where
from tinyc.frontend.onnx.node import NodeView
from tinyc.frontend.onnx.schema import check_elements, check_node, with_known_attributes
from tinyc.frontend.onnx.tensors import to_array
from tinyc.frontend.ports import Input
from tinyc.frontend.tensors import Array
from tinyc.frontend.view import Activation, Constant, Known
from tinyc.ir.graph import Port

_OF_SHAPES = {"Shape", "Size"}
_MOVES = frozenset({"Flatten", "Identity", "Reshape", "Squeeze", "Transpose", "Unsqueeze"})
"""Operators of which a constant keeps its integers."""


class Walk:
    """What is known of the ONNX tensors so far, and the graph that comes of it."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self.builder = Builder()
        self.known: dict[str, Known] = {}
        self._read = {o.name for o in model.outputs} | {name for node in model.nodes for name in reads(node)}

    def shape(self, name: str) -> tuple[int, ...]:
        """The shape of a known tensor."""
        known = self.known[name]
        return known.data.shape if isinstance(known, Constant) else self.builder.types[known.value].shape

    def add_input(self, given: Input) -> Port | None:
        """An input of the model; None if it has no elements, for then there is nothing to be given."""
        if 0 in given.shape:
            self.known[given.name] = Constant(np.zeros(given.shape, given.dtype))
            return None
        port = self.builder.input(given)
        self.known[given.name] = Activation(port.value)
        return port

    def add_initializers(self, names: Iterable[str]) -> None:
        """Read those of the names that are initializers."""
        for name in names:
            if name in self.model.tensors and name not in self.known:
                tensor = self.model.tensors[name]
                self.known[name] = Constant(to_array(tensor, self.model.directory, self.model.file))

    def check(self, node: NodeProto) -> None:
        """What `check_node` says of it."""
        check_node(node, self.model.opsets, where(self.model.file, node))

    def check_handled(self, node: NodeProto) -> None:
        """`check`, and UnsupportedError for an operator that no handler knows."""
        self.check(node)
        if (
            operator_name(node) not in HANDLERS
            and node.op_type not in CONTROL
            and not has_function_body(node, self.model.opset(node))
        ):
            raise UnsupportedError(
                f"operator {node.op_type} is not supported", where(self.model.file, node),
                f"`tinyc inspect {self.model.file}` lists everything that stands in the way",
            )  # fmt: skip

    def add(self, node: NodeProto) -> None:
        """Import a node, the inputs of which must be known."""
        self.check(node)
        at = where(self.model.file, node)
        if missing := [name for name in reads(node) if name not in self.known]:
            raise TinycError(f"reads '{missing[0]}', which is not computed", at)
        for plain in modern(node, self.shape, at) if self.model.is_legacy(node) else [node]:
            self._add(plain, at)

    def _add(self, node: NodeProto, at: str) -> None:
        kinds = [self._element(name) if name else None for name in node.input]
        check_elements(node, self.model.opset(node), kinds, at)
        ins = [self.known[name] if name else None for name in node.input]
        constants = {n: k.data for n, k in zip(node.input, ins, strict=True) if isinstance(k, Constant)}
        if node.op_type in _OF_SHAPES and isinstance(ins[0], Activation):
            self._define(node, [Constant(static_shape(node, self.shape(node.input[0]), at))])
        elif not any(isinstance(k, Activation) for k in ins) and can_evaluate(node, self.model.opset(node)):
            results = evaluate(node, self.model.opset(node), constants, self.model.directory, at)
            self._define(node, [Constant(results[0], self._grid(node)), *map(Constant, results[1:])] if results else [])
        else:
            self._define(node, self._handled(node, ins))

    def _grid(self, node: NodeProto) -> Grid | None:
        """Of which integers the result of a node of constants is made."""
        given = [self.known.get(name) for name in node.input]
        arrays = [known.data if isinstance(known, Constant) else None for known in given]
        if node.op_type == "DequantizeLinear" and arrays[0] is not None and arrays[1] is not None:
            axis = next((a.i for a in node.attribute if a.name == "axis"), 1)
            return grid_of(arrays[0], arrays[1], arrays[2] if len(arrays) > 2 else None, axis)
        first = given[0] if given else None
        if node.op_type not in _MOVES or not isinstance(first, Constant) or first.grid is None:
            return None

        def move(data: Array) -> Array:
            ins = {n: k.data for n, k in zip(node.input, given, strict=True) if isinstance(k, Constant)}
            ins[node.input[0]] = data
            at = where(self.model.file, node)
            return evaluate(node, self.model.opset(node), ins, self.model.directory, at)[0]

        return first.grid.moved(move)

    def is_static(self, node: NodeProto, unread: Container[str]) -> bool:
        """Whether the results will be constant once all shapes are known; `unread` are such tensors before it."""
        if node.op_type in _OF_SHAPES:
            return True
        return all(name in unread or isinstance(self.known.get(name), Constant) for name in node.input if name)

    def guess(self, node: NodeProto) -> None:
        """Stand-ins for the results of a node that is not supported, where ONNX's own inference finds their shapes."""
        try:
            self.check(with_known_attributes(node, self.model.opsets))
        except TinycError:
            return  # ONNX's inference relies on nodes that are well written
        if not all(name in self.known for name in node.input if name):
            return
        constants, activations = {}, {}
        for name in filter(None, node.input):
            known = self.known[name]
            if isinstance(known, Constant):
                constants[name] = known.data
            else:
                activations[name] = self.shape(name)
        shapes = result_shapes(node, self.model.opset(node), constants, activations)
        for name, shape in zip(filter(None, node.output), shapes, strict=True):
            if shape is not None and min(shape, default=1) > 0:
                self.known[name] = Activation(self.builder.input(Input(name, shape, "float32")).value)

    def _handled(self, node: NodeProto, ins: Sequence[Known | None]) -> Sequence[Known | None]:
        at = where(self.model.file, node)
        if node.op_type in CONTROL:
            return run_control(self, node, at)
        if operator_name(node) not in HANDLERS:
            self._expand(node, at)
            return [self.known.get(name) for name in node.output]
        view = NodeView(node, self.model.opset(node), ins, self.builder, at)
        values = HANDLERS[operator_name(node)](view)
        view.attributes.finish(self.model.opset(node))
        found = [self._known(v) for v in ([values] if isinstance(values, str) else values)]
        for name in node.output[len(found) :]:
            if name in self._read:
                raise UnsupportedError(f"its further result '{name}' is used", at)
        return found

    def _known(self, value: str | None) -> Known | None:
        if value is None:
            return None
        return Constant(self.builder.constants[value]) if value in self.builder.constants else Activation(value)

    def _expand(self, node: NodeProto, at: str) -> None:
        """Import the nodes of which ONNX says that the operator is made."""
        kinds = {name: (self._element(name), self.shape(name)) for name in node.input if name}
        body = function_body(node, self.model.opset(node), kinds)
        if body is None:
            self.check_handled(node)
            raise UnsupportedError(f"operator {node.op_type} of inputs of these types", at)
        self.add_nodes(body, (), f"operator {node.op_type}", at)

    def add_nodes(self, nodes: Iterable[NodeProto], results: Iterable[str], what: str, at: str) -> None:
        """Import nodes of which something is made, and from which these results are read."""
        self._read.update(results)
        for node in nodes:
            self._read.update(reads(node))
            if missing := [name for name in reads(node) if name not in self.known]:
                raise UnsupportedError(f"{what} is made of others: one reads '{missing[0]}', which is not computed", at)
            try:
                self.add(node)
            except UnsupportedError as error:
                raise UnsupportedError(f"{what} is made of others: {error.message}", at, error.hint) from None

    def not_constant(self, known: Activation, name: str, what: str, at: str) -> UnsupportedError:
        """The error for a tensor that has to be known at compile time."""
        return self.builder.not_constant(known.value, name, what, at)

    def _element(self, name: str) -> np.dtype[Any]:
        known = self.known[name]
        return known.data.dtype if isinstance(known, Constant) else self.builder.types[known.value].dtype.numpy

    def _define(self, node: NodeProto, results: Sequence[Known | None]) -> None:
        # onnx's evaluator leaves out results without a name, handlers leave out those at the end
        named = [name for name in node.output if name] if len(results) < len(node.output) else node.output
        self.known.update({n: r for n, r in zip(named, results, strict=False) if n and r is not None})
