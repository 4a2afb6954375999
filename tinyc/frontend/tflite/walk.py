"""The walk over the operators of a TensorFlow Lite model: each goes to its handler, between stored and real numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from tinyc.errors import TinycError, UnsupportedError
from tinyc.frontend.builder import Builder, element_type
from tinyc.frontend.ports import Input, Output
from tinyc.frontend.tflite import variables
from tinyc.frontend.tflite.handlers import HANDLERS, STATEFUL
from tinyc.frontend.tflite.model import NOT_GIVEN, Model, Operator, Tensor, node_name, short_name
from tinyc.frontend.tflite.node import NodeView, one_scale
from tinyc.frontend.tflite.tensors import check_shape, dtype, element, parameters, real, to_array
from tinyc.frontend.tflite.variables import Variables
from tinyc.frontend.view import Activation, Constant, Known
from tinyc.ir.graph import Port
from tinyc.ops.dequantize import Dequantize
from tinyc.ops.quantize import Quantize

Shape = tuple[int, ...]


class Walk:
    """What is known of the tensors so far, as they are stored and as real numbers, and the graph that comes of it."""

    def __init__(self, model: Model, shapes: Mapping[str, Shape]) -> None:
        self.model = model
        self.builder = Builder()
        self.stored: dict[int, Known] = {}
        self._real: dict[int, Known] = {}
        self._shapes = shapes
        self.variables = Variables(self)

    # Ports

    def add_input(self, tensor: Tensor, name: str) -> Port | None:
        """An input of the model; None if it has no elements, for then there is nothing to be given."""
        where = f"{self.model.file}: input '{name}'"
        if tensor.data is not None or tensor.is_variable:
            raise UnsupportedError("it is a variable or has data", where)
        parameters(tensor, where)
        check_shape(tensor, where)
        given = Input(name, self._input_shape(tensor, name, where), str(element(tensor, where)))
        if 0 in given.shape:
            self.stored[tensor.index] = Constant(np.zeros(given.shape, given.dtype))
            return None
        port = self.builder.input(given)
        self.stored[tensor.index] = Activation(port.value)
        return port

    def add_output(self, tensor: Tensor, name: str) -> Port | None:
        """An output of the model, as it is stored; None if it has no elements."""
        known = self.known(tensor, self.model.file)
        if isinstance(known, Constant):
            if known.data.size == 0:
                return None
            known = Activation(self.builder.copy(self.builder.constant(known.data, name, self.model.file), name, name))
        return self.builder.output(known.value, Output(name, str(element(tensor, self.model.file))))

    def _input_shape(self, tensor: Tensor, name: str, where: str) -> Shape:
        wanted = self._shapes.get(name)
        if wanted is None:
            return tensor.shape
        fixed = tensor.signature or tensor.shape
        if len(wanted) != len(fixed):
            raise TinycError(f"it has {len(fixed)} axes, --shape gives {len(wanted)}: {wanted}", where)
        for axis, (size, given) in enumerate(zip(fixed, wanted, strict=True)):
            if size not in (-1, given):
                raise TinycError(f"the model fixes axis {axis} to {size}, --shape gives {given}", where)
        return wanted

    # Tensors

    def known(self, tensor: Tensor, where: str) -> Known:
        """The tensor as it is stored."""
        if tensor.index not in self.stored:
            if tensor.data is None and 0 not in tensor.shape:
                raise TinycError(f"'{tensor.name}' is not computed", where)
            self.stored[tensor.index] = Constant(to_array(tensor, where))
        return self.stored[tensor.index]

    def real(self, tensor: Tensor, where: str) -> Known:
        """The tensor as real numbers, or as it is where its elements stand for nothing else."""
        if tensor.index not in self._real:
            self._real[tensor.index] = self._dequantized(tensor, where)
        return self._real[tensor.index]

    def _dequantized(self, tensor: Tensor, where: str) -> Known:
        known, q = self.known(tensor, where), parameters(tensor, where)
        if q is None:
            return known
        if isinstance(known, Constant):
            return Constant(*real(known.data, q))
        op = Dequantize(*one_scale(q, tensor, where))
        value = self.builder.emit(op, (known.value,), f"{short_name(tensor)}_real", short_name(tensor), where)
        return Activation(value)

    def shape(self, tensor: Tensor) -> Shape:
        """The shape of a known tensor."""
        known = self.stored[tensor.index]
        return known.data.shape if isinstance(known, Constant) else self.builder.types[known.value].shape

    # Operators

    def check(self, operator: Operator) -> None:
        """UnsupportedError for an operator that no handler knows."""
        if operator.code not in HANDLERS and operator.code not in variables.OPERATORS:
            hint = "replace it by builtin operators, or run it in the application" if operator.custom else (
                f"`tinyc inspect {self.model.file}` lists everything that stands in the way"
            )  # fmt: skip
            name = f"custom operator '{operator.custom}'" if operator.code == "CUSTOM" else f"operator {operator.code}"
            raise UnsupportedError(f"{name} is not supported", self.model.where(operator), hint)

    def add(self, operator: Operator) -> None:
        """Import an operator whose inputs are all known."""
        self.check(operator)
        if operator.code in variables.OPERATORS:
            self.variables.add(operator)
            return
        where = self.model.where(operator)
        if not operator.outputs:
            raise TinycError("it has no results", where)
        ins = [None if i == NOT_GIVEN else self._in(self.model.tensors[i], operator) for i in operator.inputs]
        if operator.code != "DEQUANTIZE" and all(isinstance(known, Constant) for known in ins if known):
            # the numbers themselves, so that the results are constants too
            ins = [Constant(known.data) if isinstance(known, Constant) else None for known in ins]
        view = NodeView(self.model, operator, ins, self.builder)
        results = HANDLERS[operator.code](view)
        operator.options.finish()
        self._define(operator, [results] if isinstance(results, str | Constant | Activation) else results, where)

    def _in(self, tensor: Tensor, operator: Operator) -> Known:
        where = self.model.where(operator)
        if not tensor.is_variable:
            return self.real(tensor, where)
        if operator.code not in STATEFUL:
            raise UnsupportedError(f"'{tensor.name}' is a variable, which keeps its value from run to run", where)
        if tensor.data is not None or sum(other.inputs.count(tensor.index) for other in self.model.operators) > 1:
            raise UnsupportedError(f"'{tensor.name}' is a variable that has data, or that is read twice", where)
        check_shape(tensor, where)
        return Constant(np.zeros(tensor.shape, element(tensor, where)))

    def _define(self, operator: Operator, values: Sequence[str | Known], where: str) -> None:
        if len(values) != len(operator.outputs):
            raise TinycError(f"it has {len(operator.outputs)} results, {len(values)} are expected", where)
        for index, value in zip(operator.outputs, values, strict=True):
            tensor = self.model.tensors[index]
            self.stored[index] = self._stored(tensor, value, node_name(operator), where)

    def _stored(self, tensor: Tensor, made: str | Known, node: str, where: str) -> Known:
        """A result as the model stores it; it must be what the model says."""
        if isinstance(made, Constant) and made.data.dtype.kind == "f" and tensor.kind == "FLOAT32":
            return made
        if isinstance(made, Constant):
            raise UnsupportedError(f"a constant of {made.data.dtype} elements as {tensor.kind}", where)
        value = made.value if isinstance(made, Activation) else made
        kind, q = self.builder.types[value], parameters(tensor, where)
        if q is not None and kind.dtype.is_float:
            op = Quantize(*one_scale(q, tensor, where), dtype(tensor, where).value)
            value = self.builder.emit(op, (value,), short_name(tensor), node, where)
            kind = self.builder.types[value]
        if kind.dtype is not dtype(tensor, where):
            raise UnsupportedError(
                f"its result '{tensor.name}' has {tensor.kind} elements, it is computed as {kind.dtype.numpy}", where
            )
        if kind.shape != tensor.shape and not self._shapes and -1 not in tensor.signature:
            raise TinycError(f"its result '{tensor.name}' has shape {tensor.shape}, it should be {kind.shape}", where)
        if value in self.builder.constants:
            return Constant(self.builder.constants[value])
        return Activation(value)

    def guess(self, operator: Operator) -> None:
        """Stand-ins for the results of an operator that is not supported, of the shapes that the model states."""
        for index in operator.outputs:
            tensor = self.model.tensors[index]
            if index in self.stored or min(tensor.shape, default=1) < 1:
                continue
            try:
                kind = element(tensor, "")
                check_shape(tensor, "")
            except TinycError:
                continue
            given = Input(tensor.name, tensor.shape, element_type(kind).numpy.name)
            self.stored[index] = Activation(self.builder.input(given).value)
