"""Reading an ONNX file: is it one, which opset, what goes in and out, which nodes run in which order."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path

from onnx import GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, defs, load_model_from_string

from tinyc.errors import TinycError, UnsupportedError
from tinyc.frontend.onnx.tensors import MAX_ELEMENTS, element_name

OLDEST_OPSET = 7

_FLOATING: dict[int, str] = {
    TensorProto.FLOAT: "float32",
    TensorProto.FLOAT16: "float16",
    TensorProto.DOUBLE: "float64",
}


@dataclass(frozen=True)
class Input:
    """One tensor that the user provides; `dtype` is a NumPy name."""

    name: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class Output:
    """One tensor that the user gets back; `dtype` is a NumPy name."""

    name: str
    dtype: str


@dataclass(frozen=True, eq=False)
class Model:
    """What an ONNX file says. `nodes` are in an order in which they can run; `file` is for messages."""

    file: str
    directory: Path
    opset: int
    nodes: tuple[NodeProto, ...]
    tensors: Mapping[str, TensorProto]
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]


def read_model(path: Path, shapes: Mapping[str, tuple[int, ...]]) -> Model:
    """Read and check the file; `shapes` gives the shapes of inputs that the model leaves open."""
    file = str(path)
    proto = _parse(path)
    opset = _opset(proto, file)
    graph = proto.graph
    if graph.sparse_initializer:
        raise UnsupportedError("sparse initializers", file, "store the weights as dense tensors")
    tensors = {t.name: t for t in graph.initializer}
    if len(tensors) != len(graph.initializer):
        raise TinycError("two initializers have one name", file)
    real_inputs = [i for i in graph.input if i.name not in tensors]
    _check_names(graph, real_inputs, tensors, file)
    inputs = _inputs(real_inputs, shapes, file)
    nodes = in_order(graph.node, [*tensors, *(i.name for i in inputs)], file)
    outputs = tuple(_output(o, file) for o in graph.output)
    return Model(file, path.parent, opset, tuple(nodes), tensors, inputs, outputs)


def node_name(node: NodeProto) -> str:
    """The node's name, or that of its first result."""
    return node.name or next((o for o in node.output if o), "")


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
    return proto


def _texts(proto: ModelProto) -> Iterator[object]:
    """Every name that tinyc looks at. protobuf hands out bytes where a name is not UTF-8."""
    graph = proto.graph
    yield from (o.domain for o in proto.opset_import)
    yield from (x.name for x in (*graph.input, *graph.output, *graph.initializer))
    for tensor in graph.initializer:
        yield from (text for entry in tensor.external_data for text in (entry.key, entry.value))
    for node in graph.node:
        yield from (node.name, node.op_type, node.domain, *node.input, *node.output, *(a.name for a in node.attribute))


def _opset(proto: ModelProto, file: str) -> int:
    versions = [o.version for o in proto.opset_import if o.domain in ("", "ai.onnx")]
    if not versions:
        raise UnsupportedError("the model uses no operators of ONNX's own domain", file)
    newest = defs.onnx_opset_version()
    (opset,) = {*versions} if len({*versions}) == 1 else (max(versions),)
    if opset < OLDEST_OPSET:
        raise UnsupportedError(
            f"opset {opset}; the oldest that tinyc reads is {OLDEST_OPSET}", file,
            "export the model anew, or convert it with onnx.version_converter.convert_version(model, 17)",
        )  # fmt: skip
    if opset > newest:
        raise UnsupportedError(
            f"opset {opset}; the installed onnx package knows {newest}", file,
            f"pip install -U onnx, or export with opset {newest} or lower",
        )  # fmt: skip
    return int(opset)


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


# Inputs and outputs


def _inputs(infos: Sequence[ValueInfoProto], shapes: Mapping[str, tuple[int, ...]], file: str) -> tuple[Input, ...]:
    names = [i.name for i in infos]
    for name in shapes:
        if name not in names:
            raise TinycError(f"--shape names '{name}', the model's inputs are: {', '.join(names) or 'none'}", file)
    return tuple(_input(info, shapes.get(info.name), file) for info in infos)


def _input(info: ValueInfoProto, wanted: tuple[int, ...] | None, file: str) -> Input:
    where = f"{file}: input '{info.name}'"
    if not info.type.HasField("tensor_type"):
        raise UnsupportedError("it is not a tensor", where)
    kind = info.type.tensor_type
    if kind.elem_type not in _FLOATING:
        raise UnsupportedError(
            f"its elements are {element_name(kind.elem_type)}", where,
            "tinyc wants float32 inputs: move casts and look-ups of integers out of the model",
        )  # fmt: skip
    declared = _declared(info)
    if wanted is not None:
        shape = _overridden(declared, wanted, where)
    elif declared is None:
        raise TinycError("the model does not say its shape", where, f"give it with --shape {info.name}:1,3,96,96")
    else:
        shape = _assumed(info.name, declared, where)
    if min(shape, default=1) < 1 or prod(shape) > MAX_ELEMENTS:
        raise TinycError(f"its shape {shape} is not possible", where)
    return Input(info.name, shape, _FLOATING[kind.elem_type])


def _declared(info: ValueInfoProto) -> tuple[int | None, ...] | None:
    """The sizes that the model states; None for those that it leaves open (by a symbol, nothing, or −1)."""
    kind = info.type.tensor_type
    if not kind.HasField("shape"):
        return None
    return tuple(
        d.dim_value if d.WhichOneof("value") == "dim_value" and d.dim_value >= 0 else None for d in kind.shape.dim
    )


def _overridden(declared: tuple[int | None, ...] | None, wanted: tuple[int, ...], where: str) -> tuple[int, ...]:
    if declared is not None and len(declared) != len(wanted):
        raise TinycError(f"it has {len(declared)} axes, --shape gives {len(wanted)}: {wanted}", where)
    for axis, (fixed, size) in enumerate(zip(declared or (), wanted, strict=bool(declared))):
        if fixed is not None and fixed != size:
            raise TinycError(f"the model fixes axis {axis} to {fixed}, --shape gives {size}", where)
    return wanted


def _assumed(name: str, declared: tuple[int | None, ...], where: str) -> tuple[int, ...]:
    """The stated sizes; a first axis left open is a batch of one."""
    sizes = [1 if axis == 0 and size is None else size for axis, size in enumerate(declared)]
    shape = tuple(size for size in sizes if size is not None)
    if len(shape) != len(sizes):
        shown = ",".join("?" if s is None else str(s) for s in declared)
        example = ",".join("8" if s is None else str(s) for s in sizes)
        raise TinycError(
            f"its shape is not fixed: {shown}", where, f"fix it with --shape, as in --shape {name}:{example}"
        )
    return shape


def _output(info: ValueInfoProto, file: str) -> Output:
    kind = info.type.tensor_type.elem_type
    if kind != TensorProto.UNDEFINED and kind not in _FLOATING:
        raise UnsupportedError(
            f"its elements are {element_name(kind)}", f"{file}: output '{info.name}'",
            "tinyc computes float outputs: leave the last steps (casts, argmax) to the application",
        )  # fmt: skip
    return Output(info.name, _FLOATING.get(kind, "float32"))


# Order


def in_order(nodes: Sequence[NodeProto], known: Iterable[str], file: str) -> list[NodeProto]:
    """The nodes such that each comes after those it reads from; otherwise in the order of the file."""
    producers = {out: i for i, node in enumerate(nodes) for out in node.output if out}
    known = set(known)
    waits: list[int] = []
    readers: dict[int, list[int]] = {i: [] for i in range(len(nodes))}
    for index, node in enumerate(nodes):
        sources = {name for name in node.input if name and name not in known}
        for name in sources:
            if name not in producers:
                raise TinycError(f"reads '{name}', which nothing defines", f"{file}: node '{node_name(node)}'")
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
            wanted.update(node.input)
            kept.append(node)
    return tuple(reversed(kept))
