"""Random changes of an ONNX model that leave it one: attributes, shapes, data, edges, nodes, opsets."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from random import Random

from google.protobuf.message import DecodeError
from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto, ValueInfoProto, defs

INTEGERS = (0, 1, 2, 3, 4, 5, 7, 8, 16, 64, 255, 1024, 2**16, 2**31 - 1, 2**31, 2**32, 2**62, 2**63 - 1)
NUMBERS = (0.0, 1.0, 0.5, -1.0, 2.0, 1e-30, 1e30, 3.4e38, float("inf"), float("-inf"), float("nan"))
TEXTS = (
    b"", b"SAME_UPPER", b"SAME_LOWER", b"VALID", b"NOTSET", b"constant", b"reflect", b"edge", b"wrap", b"linear",
    b"nearest", b"cubic", b"bilinear", b"none", b"add", b"mul", b"align_corners", b"asymmetric", b"half_pixel",
    b"floor", b"forward", b"reverse", b"bidirectional", b"Tanh", b"ij,jk->ik", b"...i,i->...", b"\xff\xfe",
    b"DCR",
)  # fmt: skip
KINDS = tuple(TensorProto.DataType.values())
DOMAINS = ("", "ai.onnx", "ai.onnx.ml", "com.microsoft", "org.other")
OPERATORS = tuple(sorted({schema.name for schema in defs.get_all_schemas()}))

MOST_CHANGES = 4


def mutated(data: bytes, others: Sequence[bytes], seed: int) -> bytes | None:
    """The serialized model after some random changes, perhaps with nodes of another; None if it is no model."""
    random = Random(seed)
    model = ModelProto()
    try:
        model.ParseFromString(data)
    except DecodeError:
        return None
    for _ in range(random.randint(1, MOST_CHANGES)):
        graph = random.choice([model.graph, model.graph, *_inner_graphs(model.graph)])
        change = random.choice(_CHANGES)
        with suppress(UnicodeDecodeError, UnicodeEncodeError, ValueError, TypeError):  # of what is damaged already
            if change is _splice:
                _splice_from(graph, others, random)
            elif change is _opset:
                _opset(model, random)
            else:
                change(graph, random)
    return bytes(model.SerializeToString())


def _inner_graphs(graph: GraphProto) -> Iterator[GraphProto]:
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.type == AttributeProto.GRAPH:
                yield attribute.g
                yield from _inner_graphs(attribute.g)


def _integer(random: Random) -> int:
    return random.choice((1, 1, -1)) * random.choice(INTEGERS)


def _names(graph: GraphProto) -> list[str]:
    return [
        "", "nobody", *(i.name for i in graph.input), *(t.name for t in graph.initializer),
        *(o for n in graph.node for o in n.output),
    ]  # fmt: skip


# What is changed. Each takes a graph, and does nothing where there is nothing of its kind.


def _attribute(graph: GraphProto, random: Random) -> None:
    node = _node(graph, random)
    if node is None:
        return
    if not node.attribute or random.random() < 0.3:
        _new_attribute(node, random)
        return
    attribute = random.choice(node.attribute)
    match random.randrange(8):
        case 0:
            node.attribute.remove(attribute)
        case 1:
            node.attribute.append(attribute)
        case 2:
            attribute.type = random.choice(AttributeProto.AttributeType.values())
        case _:
            _change_value(attribute, random)


def _new_attribute(node: NodeProto, random: Random) -> None:
    known = [s for s in (_schema(node.op_type, node.domain),) if s is not None]
    names = [a for s in known for a in s.attributes] or ["axis"]
    name = random.choice(names)
    made = node.attribute.add(name=name)
    kinds = [s.attributes[name].type for s in known if name in s.attributes]
    made.type = int(kinds[0].value) if kinds else AttributeProto.INT
    _change_value(made, random)


def _schema(name: str, domain: str) -> defs.OpSchema | None:
    try:
        return defs.get_schema(name, domain)
    except defs.SchemaError:
        return None


def _change_value(attribute: AttributeProto, random: Random) -> None:
    match attribute.type:
        case AttributeProto.INT:
            attribute.i = _integer(random) if random.random() < 0.7 else max(min(attribute.i + 1, 2**62), -(2**62))
        case AttributeProto.FLOAT:
            attribute.f = random.choice(NUMBERS)
        case AttributeProto.STRING:
            attribute.s = random.choice(TEXTS)
        case AttributeProto.INTS:
            _change_list(attribute.ints, lambda: _integer(random), random)
        case AttributeProto.FLOATS:
            _change_list(attribute.floats, lambda: random.choice(NUMBERS), random)
        case AttributeProto.STRINGS:
            _change_list(attribute.strings, lambda: random.choice(TEXTS), random)
        case AttributeProto.TENSOR:
            _change_tensor(attribute.t, random)
        case _:
            attribute.ref_attr_name = random.choice(("", "axis"))


def _change_list(values: object, make: Callable[[], object], random: Random) -> None:
    assert hasattr(values, "append") and hasattr(values, "__delitem__")
    count = len(values)  # type: ignore[arg-type]
    match random.randrange(4):
        case 0:
            values.append(make())
        case 1 if count:
            del values[random.randrange(count)]
        case 2 if count:
            values[random.randrange(count)] = make()  # type: ignore[index]
        case _ if count:
            values[random.randrange(count)] = random.choice((0, 1, 2, -1))  # type: ignore[index]


def _tensor(graph: GraphProto, random: Random) -> None:
    if graph.initializer:
        _change_tensor(random.choice(graph.initializer), random)


def _change_tensor(tensor: TensorProto, random: Random) -> None:
    match random.randrange(9):
        case 0:
            _change_list(tensor.dims, lambda: _integer(random), random)
        case 1:
            tensor.data_type = random.choice(KINDS)
        case 2:
            data = bytearray(tensor.raw_data)
            if data:
                data[random.randrange(len(data))] ^= 1 << random.randrange(8)
            tensor.raw_data = bytes(data)
        case 3:
            tensor.raw_data = tensor.raw_data[: random.randrange(len(tensor.raw_data) + 1)]
        case 4:
            tensor.data_location = TensorProto.EXTERNAL
            tensor.external_data.add(key=random.choice(("location", "offset", "length")), value=str(_integer(random)))
        case 5 if tensor.raw_data and len(tensor.raw_data) % 8 == 0:
            tensor.raw_data = b"".join(
                _integer(random).to_bytes(8, "little", signed=True) for _ in range(len(tensor.raw_data) // 8)
            )
        case 6:
            tensor.name = random.choice(("", "x", "y", "nobody"))
        case 7 if tensor.float_data or tensor.int64_data or tensor.int32_data:
            _change_list(tensor.float_data, lambda: random.choice(NUMBERS), random)
            _change_list(tensor.int64_data, lambda: _integer(random), random)
        case _:
            small = random.choice((0, 0, 1, 2, 0xFF))
            tensor.raw_data = bytes([small]) * len(tensor.raw_data)


def _shape(graph: GraphProto, random: Random) -> None:
    info = _info(graph, random)
    if info is None:
        return
    kind = info.type.tensor_type
    match random.randrange(6):
        case 0:
            kind.elem_type = random.choice(KINDS)
        case 1:
            kind.shape.dim.add(dim_value=_integer(random))
        case 2:
            kind.ClearField("shape")
        case 3 if kind.shape.dim:
            random.choice(kind.shape.dim).dim_param = "n"
        case 4 if kind.shape.dim:
            del kind.shape.dim[random.randrange(len(kind.shape.dim))]
        case _ if kind.shape.dim:
            random.choice(kind.shape.dim).dim_value = random.choice((0, 1, 2, 3, 5, 8, _integer(random)))


def _info(graph: GraphProto, random: Random) -> ValueInfoProto | None:
    infos = [*graph.input, *graph.input, *graph.output, *graph.value_info]
    return random.choice(infos) if infos else None


def _edge(graph: GraphProto, random: Random) -> None:
    node = _node(graph, random)
    if node is None:
        return
    names = _names(graph)
    ends = node.input if random.random() < 0.8 else node.output
    match random.randrange(5):
        case 0:
            ends.append(random.choice(names))
        case 1 if ends:
            del ends[random.randrange(len(ends))]
        case _ if ends:
            ends[random.randrange(len(ends))] = random.choice(names)


def _nodes(graph: GraphProto, random: Random) -> None:
    node = _node(graph, random)
    if node is None:
        return
    match random.randrange(6):
        case 0:
            graph.node.remove(node)
        case 1:
            node.op_type = random.choice(OPERATORS)
        case 2:
            node.domain = random.choice(DOMAINS)
        case 3:
            node.name = random.choice(("", "x", "\u00e9", "a" * 300))
        case 4:
            _chain(graph, node, node.op_type, random)
        case _:
            _chain(graph, node, random.choice(OPERATORS), random)


def _chain(graph: GraphProto, node: NodeProto, op: str, random: Random) -> None:
    """Another node behind one; its result takes the place of an output."""
    made = NodeProto(op_type=op, input=node.output[:1], output=[f"made{random.randrange(1000)}"])
    names = _names(graph)
    made.input.extend(random.choice(names) for _ in range(random.choice((0, 0, 1, 1, 2, 3))))
    if op == node.op_type:
        made.attribute.extend(node.attribute)
        made.input.extend(node.input[len(made.input) :])
    graph.node.append(made)
    if graph.output:
        random.choice(graph.output).name = made.output[0]


def _ports(graph: GraphProto, random: Random) -> None:
    ports = graph.input if random.random() < 0.5 else graph.output
    match random.randrange(4):
        case 0:
            ports.add(name=random.choice(_names(graph)))
        case 1 if ports:
            del ports[random.randrange(len(ports))]
        case 2 if ports:
            random.choice(ports).name = random.choice(_names(graph))
        case _ if graph.input:
            _freeze(graph, random.choice(graph.input), random)


def _freeze(graph: GraphProto, info: ValueInfoProto, random: Random) -> None:
    """An input becomes a constant of its shape, if that is small."""
    sizes = [d.dim_value for d in info.type.tensor_type.shape.dim]
    count = 1
    for size in sizes:
        count *= size
    if 0 <= count <= 4096:
        width = 8 if info.type.tensor_type.elem_type in (TensorProto.INT64, TensorProto.DOUBLE) else 4
        data = bytes(random.choice((0, 1, 0x3F)) if i % width == 0 else 0 for i in range(count * width))
        tensor = TensorProto(name=info.name, dims=sizes, data_type=info.type.tensor_type.elem_type, raw_data=data)
        graph.initializer.append(tensor)


def _opset(model: ModelProto, random: Random) -> None:
    match random.randrange(6):
        case 0:
            model.opset_import.add(domain=random.choice(DOMAINS), version=random.randint(0, 30))
        case 1:
            model.ClearField("opset_import")
        case 2:
            model.ir_version = random.randint(0, 20)
        case _ if model.opset_import:
            random.choice(model.opset_import).version = random.choice((random.randint(1, 27), _integer(random)))


def _splice(graph: GraphProto, random: Random) -> None:
    """Stands for `_splice_from`."""


def _splice_from(graph: GraphProto, others: Sequence[bytes], random: Random) -> None:
    """The nodes of another model behind this one's, reading what this one has."""
    if not others:
        return
    other = ModelProto.FromString(random.choice(others)).graph
    taken = set(_names(graph))
    if not other.input or not other.output or taken & {o for n in other.node for o in n.output if o}:
        for name in {n for node in other.node for n in (*node.input, *node.output) if n}:
            _rename(other, name, f"{name}_{random.randrange(100)}")
    names = _names(graph)[2:] or [""]
    for info in other.input:
        if random.random() < 0.5:
            _rename(other, info.name, random.choice(names))
        else:
            graph.input.append(info)
    graph.node.extend(other.node)
    graph.initializer.extend(other.initializer)
    graph.output.extend(other.output)


def _rename(graph: GraphProto, old: str, new: str) -> None:
    for node in graph.node:
        for ends in (node.input, node.output):
            for i, name in enumerate(ends):
                if name == old:
                    ends[i] = new
    for info in (*graph.input, *graph.output, *graph.initializer):
        if info.name == old:
            info.name = new


def _node(graph: GraphProto, random: Random) -> NodeProto | None:
    return random.choice(graph.node) if graph.node else None


_CHANGES: tuple[Callable[[GraphProto, Random], None] | Callable[[ModelProto, Random], None], ...] = (
    _attribute, _attribute, _attribute, _tensor, _tensor, _shape, _shape, _shape, _edge, _edge, _nodes, _nodes,
    _ports, _opset, _splice,
)  # fmt: skip
