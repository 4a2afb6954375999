"""What the rest of tinyc calls: import a model, or list what it consists of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tinyc.errors import TinycError
from tinyc.frontend.states import fed_back
from tinyc.frontend.summary import NodeSummary
from tinyc.frontend.tflite.model import NOT_GIVEN, Model, Operator, check, node_name
from tinyc.frontend.tflite.schema import read_file
from tinyc.frontend.tflite.tensors import parameters
from tinyc.frontend.tflite.variables import OPERATORS
from tinyc.frontend.tflite.walk import Walk
from tinyc.frontend.view import Constant
from tinyc.ir.graph import Graph, Port
from tinyc.resources import text_name


def import_model(
    path: Path, shapes: Mapping[str, tuple[int, ...]] = {}, states: Mapping[str, str] = {}
) -> Graph:  # fmt: skip
    """The float graph of the model at `path`, named after the file.

    `shapes` changes the sizes of inputs that the model leaves open; `states` as in `fed_back`. The graph's inputs and
    outputs have the names and the element types of the model's tensors; those without elements are left out.
    TinycError says what is wrong with a bad file, UnsupportedError what tinyc does not do.
    """
    walk, inputs = _start(path, shapes)
    model = walk.model
    for operator in _needed(model):
        walk.add(operator)
    walk.variables.finish()
    names = _port_names(model, model.outputs)
    outputs = [walk.add_output(model.tensors[i], name) for i, name in zip(model.outputs, names, strict=True)]
    ports = tuple(port for port in outputs if port)
    if not ports:
        raise TinycError("none of its outputs has any elements", model.file)
    graph = walk.builder.graph(text_name(path).stem, tuple(port for port in inputs if port), ports)
    return fed_back(graph, states, model.file, _zeros(model))


def inspect_model(path: Path, shapes: Mapping[str, tuple[int, ...]] = {}) -> list[NodeSummary]:
    """Every operator of the model, in order, with all that stands in the way of compiling it.

    Raises TinycError for a file that cannot be read at all. Behind an operator that is not supported, shapes are
    those that the model states.
    """
    walk, _ = _start(path, shapes)
    return [_summary(walk, operator) for operator in walk.model.operators]


def _start(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> tuple[Walk, list[Port | None]]:
    model = read_file(path)
    check(model)
    names = _port_names(model, model.inputs)
    for name in shapes:
        if name not in names:
            raise TinycError(f"--shape names '{name}', the model's inputs are: {', '.join(names) or 'none'}", str(path))
    walk = Walk(model, shapes)
    return walk, [walk.add_input(model.tensors[i], name) for i, name in zip(model.inputs, names, strict=True)]


def _zeros(model: Model) -> dict[str, int]:
    """The stored numbers that stand for zero in the model's inputs."""
    found = {}
    for index, name in zip(model.inputs, _port_names(model, model.inputs), strict=True):
        q = parameters(model.tensors[index], f"{model.file}: input '{name}'")
        found.update({name: int(q.zero[0])} if q is not None else {})
    return found


def _port_names(model: Model, tensors: tuple[int, ...]) -> list[str]:
    """The names of the tensors; where two have one name, with their numbers behind."""
    names = [model.tensors[i].name for i in tensors]
    return [n if names.count(n) == 1 else f"{n}_{i}" for n, i in zip(names, tensors, strict=True)]


def _needed(model: Model) -> list[Operator]:
    """The operators that an output or a variable depends on."""
    wanted, kept = set(model.outputs), []
    for operator in reversed(model.operators):
        if operator.code in OPERATORS or wanted.intersection(operator.outputs):
            wanted.update(operator.inputs)
            kept.append(operator)
    return kept[::-1]


def _summary(walk: Walk, operator: Operator) -> NodeSummary:
    model, problem = walk.model, ""
    given = [model.tensors[i] for i in operator.inputs if i != NOT_GIVEN]
    unknown = [t for t in given if t.index not in walk.stored and t.data is None and not t.is_variable and all(t.shape)]
    try:
        if unknown:
            walk.check(operator)
        else:
            walk.add(operator)
    except TinycError as error:
        problem = error.message
        walk.guess(operator)
    first = next((model.tensors[i] for i in operator.outputs if i in walk.stored), None)
    shape = None if first is None else walk.shape(first)
    folded = first is not None and isinstance(walk.stored[first.index], Constant)
    return NodeSummary(node_name(operator), operator.code, shape, folded, problem)
