"""A TensorFlow Lite file as plain data, and whether it hangs together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from tinyc.errors import TinycError
from tinyc.frontend.tflite.options import Options

NOT_GIVEN = -1
"""In place of the number of a tensor: an optional input that is left out."""


@dataclass(frozen=True, eq=False)
class Quantization:
    """What integers stand for: scale · (stored − zero); one scale, or one for each index of `axis`."""

    scale: NDArray[np.float32]
    zero: NDArray[np.int64]
    axis: int


@dataclass(frozen=True, eq=False)
class Tensor:
    """`kind` is the schema's name of the element type; `data` the bytes as they lie in the file, None: there are none.

    `signature` is the shape with −1 for what the model leaves open, () if it does not say.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    signature: tuple[int, ...]
    kind: str
    quantization: Quantization | None
    data: NDArray[np.uint8] | None
    is_variable: bool
    is_sparse: bool


@dataclass(frozen=True, eq=False)
class Operator:
    """`code` is the schema's name, "CUSTOM" for operators that have only the name `custom`."""

    index: int
    code: str
    custom: str
    version: int
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Options


@dataclass(frozen=True, eq=False)
class Model:
    """The graph of a file that runs; `file` is for messages. Operators are in the order in which they run.

    `others` are the further graphs of the file, from number 1 on.
    """

    file: str
    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    others: tuple[Model, ...] = ()

    def where(self, operator: Operator) -> str:
        """The operator as the place of an error."""
        custom = f" '{operator.custom}'" if operator.custom else ""
        return f"{self.file}: operator {operator.index} ({operator.code}{custom})"


def node_name(operator: Operator) -> str:
    """What an operator is called: operators of this format have no names, and their results have very long ones."""
    return f"{operator.code.lower()}_{operator.index}"


def short_name(tensor: Tensor) -> str:
    """A name for reading: of several that were fused the first, without the scopes around it."""
    return "_".join(tensor.name.split(";")[0].split("/")[-2:])


def check(model: Model) -> None:
    """TinycError unless all tensors exist, are made once, and are there before they are read; of the others, too."""
    count = len(model.tensors)
    made: set[int] = set()
    for what, listed in (("input", model.inputs), ("output", model.outputs)):
        for index in listed:
            if not 0 <= index < count:
                raise TinycError(f"its {what} is tensor {index}, there are {count}", model.file)
        if len(set(listed)) != len(listed):
            raise TinycError(f"a tensor is listed twice among the {what}s", model.file)
    made.update(model.inputs)
    later = {index for operator in model.operators for index in operator.outputs}
    for operator in model.operators:
        where = model.where(operator)
        for index in operator.inputs:
            if index == NOT_GIVEN:
                continue
            if not 0 <= index < count:
                raise TinycError(f"it reads tensor {index}, there are {count}", where)
            _check_defined(model.tensors[index], made, later, where)
        for index in operator.outputs:
            if not 0 <= index < count:
                raise TinycError(f"its result is tensor {index}, there are {count}", where)
            if index in made or model.tensors[index].data is not None:
                raise TinycError(f"its result '{model.tensors[index].name}' is defined twice", where)
            made.add(index)
    for index in model.outputs:
        _check_defined(model.tensors[index], made, later, model.file)
    for other in model.others:
        check(other)


def _check_defined(tensor: Tensor, made: set[int], later: set[int], where: str) -> None:
    if tensor.index in made or tensor.data is not None or tensor.is_variable or 0 in tensor.shape:
        return
    if tensor.index in later:
        raise TinycError(f"'{tensor.name}' is read before it is computed: the graph has a cycle, or no order", where)
    raise TinycError(f"'{tensor.name}' is computed by no operator, and has no data: its buffer is empty", where)
