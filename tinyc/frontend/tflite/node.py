"""One TensorFlow Lite operator as a handler sees it: a view in real numbers, with options."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinyc.errors import UnsupportedError
from tinyc.frontend.builder import Builder
from tinyc.frontend.tensors import Array
from tinyc.frontend.tflite.model import Model, Operator, Quantization, Tensor, node_name, short_name
from tinyc.frontend.tflite.options import Options
from tinyc.frontend.tflite.tensors import dtype, parameters
from tinyc.frontend.view import Known, View
from tinyc.ir.types import DType
from tinyc.ops.quantize import Quantize


class NodeView(View):
    """One operator. Its inputs are real numbers, also where the model stores them in integers."""

    def __init__(self, model: Model, operator: Operator, ins: Sequence[Known | None], builder: Builder) -> None:
        tensors = [model.tensors[i] if i >= 0 else None for i in operator.inputs]
        self.outputs: tuple[Tensor, ...] = tuple(model.tensors[i] for i in operator.outputs)
        super().__init__(
            node_name(operator), ins, [short_name(t) if t else "" for t in tensors],
            [short_name(t) for t in self.outputs], builder, model.where(operator),
        )  # fmt: skip
        self.code = operator.code
        self.options: Options = operator.options
        self.options.where = self.where
        self._tensors = tensors

    def quantization(self, index: int) -> Quantization | None:
        """What the integers of an input stand for; None if it is not stored in integers."""
        tensor = self._tensors[index]
        return None if tensor is None else parameters(tensor, self.where)

    def result_quantization(self, index: int = 0) -> Quantization | None:
        """As `quantization`, of a result."""
        return parameters(self._output(index), self.where)

    def result_type(self, index: int = 0) -> DType:
        """The element type in which the model has a result."""
        return dtype(self._output(index), self.where)

    def stored_type(self, index: int) -> DType:
        """The element type in which the model has an input."""
        return dtype(self._given(index), self.where)

    def is_variable(self, index: int) -> bool:
        """Whether the input keeps its value from one operator that changes it to the next."""
        return self._given(index).is_variable

    def _given(self, index: int) -> Tensor:
        tensor = self._tensors[index] if index < len(self._tensors) else None
        if tensor is None:
            raise self.invalid(f"input {index} is missing")
        return tensor

    def _output(self, index: int) -> Tensor:
        if index >= len(self.outputs):
            raise self.invalid(f"it has {len(self.outputs)} results, at least {index + 1} are expected")
        return self.outputs[index]

    def stored(self, index: int, what: str) -> Array:
        """The data of a constant input as the model stores them; `what` they are, for the message."""
        data = self.constant(index, what)
        known = self._input(index)
        grid = getattr(known, "grid", None)
        return data if grid is None else np.asarray(grid.stored)

    def of_integers(self, index: int) -> bool:
        """Whether the input is stored in integers that stand for real numbers."""
        return index < len(self._tensors) and self.quantization(index) is not None

    def count(self, least: int, most: int | None = None) -> None:
        """UnsupportedError unless the operator has so many inputs."""
        most = least if most is None else most
        if not least <= len(self) <= most:
            wanted = str(least) if least == most else f"{least} to {most}"
            raise UnsupportedError(f"it has {len(self)} inputs, {wanted} are expected", self.where)

    def state(self, initial: Array) -> str:
        """What a run finds that the one before left as `next`, or `initial`."""
        return self._builder.state(f"{self.name}_state", initial, self.where)

    def next(self, before: str, after: str) -> None:
        """A run leaves `after` where it finds `before`."""
        self._builder.next(before, after)

    def known(self, index: int) -> Known:
        """The input as it is known, a constant with its integers."""
        return self._input(index)

    def result(self, value: str, index: int = 0) -> str:
        """A result as the model stores it, for what only changes its shape from here on."""
        q, kind = self.result_quantization(index), self.type_of(value).dtype
        if q is None or not kind.is_float:
            return value
        return self.emit(Quantize(*one_scale(q, self.outputs[index], self.where), self.result_type(index).value), value)


def one_scale(q: Quantization, tensor: Tensor, where: str) -> tuple[float, int]:
    """Scale and zero point of an activation."""
    if q.scale.size != 1:
        raise UnsupportedError(f"'{tensor.name}' is computed and has a scale for each channel", where)
    return float(q.scale[0]), int(q.zero[0])
