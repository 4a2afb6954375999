"""Operators that ONNX defines by others: the nodes that stand for one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from onnx import AttributeProto, FunctionProto, GraphProto, NodeProto, defs, helper

Kinds = Mapping[str, tuple[np.dtype[Any], tuple[int, ...]]]


def has_function_body(node: NodeProto, opset: int) -> bool:
    """Whether ONNX defines the operator by others."""
    schema: Any = defs.get_schema(node.op_type, opset, node.domain)  # whose stubs lack functions
    return bool(schema.has_function or schema.has_context_dependent_function)


def function_body(node: NodeProto, opset: int, kinds: Kinds) -> list[NodeProto] | None:
    """The nodes of which `node` is made, under names that no others have; None if it is not made of others.

    `kinds` has the element types and shapes of its inputs.
    """
    function = _function(node, opset, kinds)
    if function is None:
        return None
    prefix = next(o for o in node.output if o)
    names = dict(zip(function.input, node.input, strict=False))
    names |= dict.fromkeys(function.input[len(node.input) :], "")
    names |= {name: given for name, given in zip(function.output, node.output, strict=False) if given}
    schema = defs.get_schema(node.op_type, opset, node.domain)
    given = {a.name: a.default_value for a in schema.attributes.values() if a.default_value.name}
    given |= {a.name: a for a in function.attribute_proto}
    given |= {a.name: a for a in node.attribute}
    return list(renamed(function.node, names, given, prefix, node.name))


def _function(node: NodeProto, opset: int, kinds: Kinds) -> FunctionProto | None:
    schema: Any = defs.get_schema(node.op_type, opset, node.domain)
    if schema.has_context_dependent_function:
        types = [_type(kinds[name]) if name else b"" for name in node.input]
        versions = [v for v in schema.context_dependent_function_opset_versions if v <= opset]
        if versions:
            data = schema.get_context_dependent_function_with_opset_version(
                max(versions), node.SerializeToString(), types
            )
            return FunctionProto.FromString(data) if data else None
    versions = [v for v in schema.function_opset_versions if v <= opset]
    data = schema.get_function_with_opset_version(max(versions)) if versions else b""
    return FunctionProto.FromString(data) if data else None


def _type(kind: tuple[np.dtype[Any], tuple[int, ...]]) -> bytes:
    element = helper.np_dtype_to_tensor_dtype(kind[0])
    return bytes(helper.make_tensor_type_proto(element, kind[1]).SerializeToString())


def renamed(
    nodes: Iterable[NodeProto], names: dict[str, str], given: Mapping[str, AttributeProto], prefix: str, node_name: str
) -> Iterator[NodeProto]:
    """The nodes of a function or a graph, called `node_name`, under names that no others have.

    `names` has the new names of tensors from outside, and gets those of what the nodes define; `given` has the
    attributes of the function.
    """
    for inner in nodes:
        made = NodeProto(op_type=inner.op_type, domain=inner.domain, name=node_name)
        made.input.extend(names.get(name, name) for name in inner.input)
        for name in inner.output:
            if name and name not in names:
                names[name] = f"{prefix}/{name}"
            made.output.append(names.get(name, ""))
        for attribute in inner.attribute:
            if attribute.type == AttributeProto.GRAPH:
                body = _renamed_graph(attribute.g, names, given, prefix, node_name)
                made.attribute.append(helper.make_attribute(attribute.name, body))
            elif not attribute.ref_attr_name:
                made.attribute.append(attribute)
            elif attribute.ref_attr_name in given:
                made.attribute.append(given[attribute.ref_attr_name])
                made.attribute[-1].name = attribute.name
        yield made


def _renamed_graph(
    graph: GraphProto, names: Mapping[str, str], given: Mapping[str, AttributeProto], prefix: str, node_name: str
) -> GraphProto:
    inside = {**names, **{info.name: f"{prefix}/{info.name}" for info in (*graph.input, *graph.initializer)}}
    for inner in graph.node:
        inside |= {name: f"{prefix}/{name}" for name in inner.output if name}
    made = GraphProto()
    made.CopyFrom(graph)
    del made.node[:]
    made.node.extend(renamed(graph.node, inside, given, prefix, node_name))
    for info in (*made.input, *made.initializer, *made.output):
        info.name = inside.get(info.name, info.name)
    return made
