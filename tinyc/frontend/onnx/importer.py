"""What the rest of tinyc calls: import a model, or list what it consists of."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from onnx import NodeProto

from tinyc.errors import TinycError
from tinyc.frontend.onnx.model import needed, node_name, read_model, reads
from tinyc.frontend.onnx.walk import Walk
from tinyc.frontend.states import fed_back
from tinyc.frontend.summary import NodeSummary
from tinyc.frontend.view import Activation, Constant
from tinyc.ir.graph import Graph
from tinyc.resources import text_name


def import_model(
    path: Path, shapes: Mapping[str, tuple[int, ...]] = {}, states: Mapping[str, str] = {}
) -> Graph:  # fmt: skip
    """The float graph of the model at `path`, named after the file.

    `shapes` fixes inputs whose shape the model leaves open; a first axis that is open is otherwise a batch of 1.
    `states` as in `fed_back`. The graph's inputs and outputs have ONNX's names and layout; those without elements are
    left out.
    TinycError says what is wrong with a bad file, UnsupportedError what tinyc does not do.
    """
    model = read_model(path, shapes)
    walk = Walk(model)
    inputs = tuple(port for given in model.inputs if (port := walk.add_input(given)))
    for node in needed(model):
        walk.add_initializers(reads(node))
        walk.add(node)
    outputs = []
    walk.add_initializers(output.name for output in model.outputs)
    for output in model.outputs:
        known = walk.known.get(output.name)
        if isinstance(known, Constant) and known.data.size == 0:
            continue
        if isinstance(known, Constant):
            constant = walk.builder.constant(known.data, output.name, model.file)
            known = Activation(walk.builder.copy(constant, output.name, output.name))
        if known is None:
            raise TinycError(f"the output '{output.name}' is computed by no node", model.file)
        outputs.append(walk.builder.output(known.value, output))
    if not outputs:
        raise TinycError("none of its outputs has any elements", model.file)
    return fed_back(walk.builder.graph(text_name(path).stem, inputs, tuple(outputs)), states, model.file)


def inspect_model(path: Path, shapes: Mapping[str, tuple[int, ...]] = {}) -> list[NodeSummary]:
    """Every node of the model, in an order in which they can run, with all that stands in the way of compiling it.

    Raises TinycError for a file that cannot be read at all. Behind a node that is not supported, shapes are
    those that ONNX's own inference finds; where it finds none, nodes are judged by their operators alone.
    """
    model = read_model(path, shapes)
    walk = Walk(model)
    for given in model.inputs:
        walk.add_input(given)
    unread: set[str] = set()
    return [_summary(walk, node, unread) for node in model.nodes]


def _summary(walk: Walk, node: NodeProto, unread: set[str]) -> NodeSummary:
    """`unread`: tensors so far that are constant, of values unknown because they come from an unknown shape."""
    problem = ""
    try:
        walk.add_initializers(reads(node))
        unknown = {name for name in reads(node) if name not in walk.known}
        if not unknown:
            walk.add(node)
        elif walk.is_static(node, unread):
            walk.check(node)
            unread.update(node.output)
        else:
            walk.check_handled(node)
    except TinycError as error:
        problem = error.message
        walk.guess(node)
    first = next((o for o in node.output if o in walk.known), None)
    shape = None if first is None else walk.shape(first)
    folded = bool(unread.intersection(node.output)) or (first is not None and isinstance(walk.known[first], Constant))
    return NodeSummary(node_name(node), node.op_type, shape, folded, problem)
