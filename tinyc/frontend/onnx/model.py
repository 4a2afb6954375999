"""Reading an ONNX file: is it one, which opset, what goes in and out, which nodes run in which order."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from onnx import (
    AttributeProto,
    GraphProto,
    ModelProto,
    NodeProto,
    TensorProto,
    ValueInfoProto,
    defs,
    load_model_from_string,
)

from tinyc.errors import TinycError, UnsupportedError
from tinyc.frontend.onnx.dynamic import with_plain_activations
from tinyc.frontend.onnx.legacy import FIRST_MODERN
from tinyc.frontend.onnx.ports import read_inputs, read_output
from tinyc.frontend.onnx.qoperators import with_plain_operators
from tinyc.frontend.ports import Input, Output

OLDEST_OPSET = 1
OTHER_DOMAINS = ("ai.onnx.ml", "ai.onnx.preview")
"""Domains beside ONNX's own, "", whose operators the onnx package describes."""


@dataclass(frozen=True, eq=False)
class Model:
    """What an ONNX file says. `nodes` are in an order in which they can run; `file` is for messages."""

    file: str
    directory: Path
    opsets: Mapping[str, int]  # of the known domains, as the model states them
    nodes: tuple[NodeProto, ...]
    tensors: Mapping[str, TensorProto]
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]

    def opset(self, node: NodeProto) -> int:
        """The version of the operators of the node's domain, which must be a known one, once it is written anew."""
        stated = self.opsets[node.domain]
        return stated if node.domain else max(stated, FIRST_MODERN)

    def is_legacy(self, node: NodeProto) -> bool:
        """Whether it is written in an older way than handlers know."""
        return not node.domain and self.opsets[""] < FIRST_MODERN


def read_model(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> Model:
    """Read and check the file; `shapes` gives the shapes of inputs that the model leaves open."""
    file = str(path)
    proto = _parse(path)
    opsets = _opsets(proto, file)
    graph = proto.graph
    if graph.sparse_initializer:
        raise UnsupportedError("sparse initializers", file, "store the weights as dense tensors")
    tensors = {t.name: t for t in graph.initializer}
    if len(tensors) != len(graph.initializer):
        raise TinycError("two initializers have one name", file)
    real_inputs = [i for i in graph.input if i.name not in tensors]
    _check_names(graph, real_inputs, tensors, file)
    inputs = read_inputs(real_inputs, shapes, file)
    given, tensors = with_plain_operators(graph.node, tensors, path.parent, file)
    given, tensors = with_plain_activations(given, tensors, path.parent, file)
    nodes = in_order(given, [*tensors, *(i.name for i in inputs)], file)
    outputs = tuple(read_output(o, file) for o in graph.output)
    return Model(file, path.parent, opsets, tuple(nodes), tensors, inputs, outputs)


def node_name(node: NodeProto) -> str:
    """The node's name, or that of its first result."""
    return node.name or next((o for o in node.output if o), "")


def reads(node: NodeProto) -> list[str]:
    """The tensors that a node reads: its inputs, and what its graphs take from around them."""
    names = [name for name in node.input if name]
    for attribute in node.attribute:
        if attribute.type == AttributeProto.GRAPH:
            graph = attribute.g
            own = {x.name for x in (*graph.input, *graph.initializer)} | {o for n in graph.node for o in n.output}
            wanted = [*(name for n in graph.node for name in reads(n)), *(o.name for o in graph.output)]
            names += [name for name in wanted if name not in own]
    return names


def operator_name(node: NodeProto) -> str:
    """The operator, behind its domain if that is not ONNX's own: "Add", "ai.onnx.ml.Binarizer"."""
    return f"{node.domain}.{node.op_type}" if node.domain else str(node.op_type)


def where(file: str, node: NodeProto) -> str:
    """The node as the place of an error."""
    return f"{file}: node '{node_name(node)}' ({node.op_type})"


def _parse(path: Path) -> ModelProto:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise TinycError(f"the model cannot be read: {error.strerror}", str(path)) from None
    hint = "export the model to ONNX; `python -m onnx.checker` says more about a damaged file"
    if not data:
        raise TinycError("the file is empty", str(path), hint)
    try:
        proto = load_model_from_string(data)
    except Exception:  # protobuf's own errors, which differ with its version
        raise TinycError("this is not an ONNX model, or it is damaged", str(path), hint) from None
    if not proto.HasField("graph") or not proto.opset_import:
        raise TinycError("this is not an ONNX model: it has no graph or no opset", str(path), hint)
    if not all(isinstance(text, str) for text in _texts(proto)):
        raise TinycError("a name in the model is not UTF-8 text", str(path), hint)
    for named in (*proto.opset_import, *proto.graph.node):
        if named.domain == "ai.onnx":
            named.domain = ""  # the same, and what all of onnx understands
    return proto


def _texts(proto: ModelProto) -> Iterator[object]:
    """Every name that tinyc looks at. protobuf hands out bytes where a name is not UTF-8."""
    graph = proto.graph
    yield from (o.domain for o in proto.opset_import)
    yield from (x.name for x in (*graph.input, *graph.output, *graph.initializer))
    for node in graph.node:
        yield from (node.name, node.op_type, node.domain, *node.input, *node.output, *(a.name for a in node.attribute))


def _opsets(proto: ModelProto, file: str) -> dict[str, int]:
    versions: dict[str, list[int]] = {}
    for given in proto.opset_import:
        if not given.domain or given.domain in OTHER_DOMAINS:
            versions.setdefault(given.domain, []).append(given.version)
    if not versions:
        raise UnsupportedError("the model uses no operators of ONNX's own domain", file)
    newest = {"": defs.onnx_opset_version(), "ai.onnx.ml": defs.onnx_ml_opset_version()}
    versions.setdefault("", [newest[""]])
    for domain, listed in versions.items():
        what = f"opset {listed[0]}" + (f" of {domain}" if domain else "")
        if len(set(listed)) > 1:
            raise TinycError(f"the model names more than one opset: {listed}", file)
        if listed[0] < OLDEST_OPSET:
            raise UnsupportedError(f"{what}; the oldest is {OLDEST_OPSET}", file)
        if listed[0] > newest.get(domain, 1):
            raise UnsupportedError(
                f"{what}; the installed onnx package knows {newest.get(domain, 1)}", file,
                f"pip install -U onnx, or export with opset {newest.get(domain, 1)} or lower",
            )  # fmt: skip
    return {domain: int(listed[0]) for domain, listed in versions.items()}


def _check_names(
    graph: GraphProto, inputs: Sequence[ValueInfoProto], tensors: Mapping[str, TensorProto], file: str
) -> None:
    seen = set(tensors)
    for name in [i.name for i in inputs] + [o for node in graph.node for o in node.output if o]:
        if name in seen:
            raise TinycError(f"'{name}' is defined twice", file)
        seen.add(name)
    if not graph.output:
        raise TinycError("the model has no outputs", file)
    names = [o.name for o in graph.output]
    for name in names:
        if names.count(name) > 1:
            raise TinycError(f"'{name}' is listed twice among the outputs", file)
        if name not in seen:
            raise TinycError(f"the output '{name}' is never computed", file)


# Order


def in_order(nodes: Sequence[NodeProto], known: Iterable[str], file: str) -> list[NodeProto]:
    """The nodes such that each comes after those it reads from; otherwise in the order of the file."""
    producers = {out: i for i, node in enumerate(nodes) for out in node.output if out}
    known = set(known)
    waits: list[int] = []
    readers: dict[int, list[int]] = {i: [] for i in range(len(nodes))}
    for index, node in enumerate(nodes):
        sources = {name for name in reads(node) if name not in known}
        for name in sources:
            if name not in producers:
                raise TinycError(f"reads '{name}', which nothing defines", where(file, node))
            readers[producers[name]].append(index)
        waits.append(len(sources))
    ready = [i for i, count in enumerate(waits) if count == 0]
    order: list[NodeProto] = []
    while ready:
        index = heapq.heappop(ready)
        order.append(nodes[index])
        for reader in readers[index]:
            waits[reader] -= 1
            if waits[reader] == 0:
                heapq.heappush(ready, reader)
    if len(order) < len(nodes):
        stuck = [f"'{node_name(n)}'" for n, count in zip(nodes, waits, strict=True) if count]
        raise TinycError(f"the graph has a cycle, among the nodes {', '.join(stuck[:5])}", file)
    return order


def needed(model: Model) -> tuple[NodeProto, ...]:
    """The nodes that an output depends on."""
    wanted = {o.name for o in model.outputs}
    kept = []
    for node in reversed(model.nodes):
        if wanted.intersection(node.output):
            wanted.update(reads(node))
            kept.append(node)
    return tuple(reversed(kept))
