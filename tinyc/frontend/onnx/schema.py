"""What ONNX says of an operator before any handler sees it: that there is one, and how it is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from onnx import AttributeProto, NodeProto, TensorProto, defs

from tinyc.errors import TinycError, UnsupportedError
from tinyc.frontend.onnx.attributes import KINDS
from tinyc.frontend.onnx.tensors import to_array

_TYPES = {
    "b": {"tensor(bool)"},
    "f": {f"tensor({name})" for name in ("float", "float16", "double", "bfloat16")},
    "i": {f"tensor({sign}int{bits})" for sign in ("", "u") for bits in (8, 16, 32, 64)},
    "text": {"tensor(string)"},
}


def check_node(node: NodeProto, opsets: Mapping[str, int], at: str) -> None:
    """UnsupportedError for an operator that is no one's, TinycError for one that is written in a way it cannot be.

    Afterwards its inputs and results are as many as it has, those that it cannot do without are named, and its
    attributes are known, there once at most, of their types, and whole. `opsets` are those of the known domains.
    """
    if node.domain not in opsets:
        raise UnsupportedError(f"operator {node.op_type} of the domain '{node.domain}'", at, _way_out(node.domain))
    opset = opsets[node.domain]
    try:
        schema = defs.get_schema(node.op_type, opset, node.domain)
    except defs.SchemaError:
        raise UnsupportedError(f"opset {opset} has no operator {node.op_type}", at) from None
    if schema.deprecated:
        raise UnsupportedError(f"operator {node.op_type} is deprecated in opset {opset}", at)
    _check_ends(node, schema, at)
    _check_attributes(node, schema, opset, at)


def _way_out(domain: str) -> str:
    if domain == "com.microsoft":
        return "export without ONNX Runtime's extended optimizations, and quantize with QuantFormat.QDQ"
    return "export with plain ONNX operators, and resolve functions with onnx.inliner.inline_local_functions"


def with_known_attributes(node: NodeProto, opsets: Mapping[str, int]) -> NodeProto:
    """The node without attributes that its operator does not have."""
    try:
        known = defs.get_schema(node.op_type, opsets.get(node.domain, 0), node.domain).attributes
    except defs.SchemaError:
        return node
    kept = NodeProto()
    kept.CopyFrom(node)
    del kept.attribute[:]
    kept.attribute.extend(a for a in node.attribute if a.name in known)
    return kept


def _check_ends(node: NodeProto, schema: defs.OpSchema, at: str) -> None:
    for what, names, least, most in (
        ("inputs", node.input, schema.min_input, schema.max_input),
        ("results", node.output, schema.min_output, schema.max_output),
    ):
        if not least <= len(names) <= most:
            raise TinycError(f"{node.op_type} has {least} to {most} {what}, this node has {len(names)}", at)
    required = defs.OpSchema.FormalParameterOption.Single
    for index, formal in enumerate(schema.inputs):
        if formal.option == required and index < len(node.input) and not node.input[index]:
            raise TinycError(f"input {index} is missing: its {formal.name}", at)
    if not any(node.output):
        raise TinycError("none of its results has a name", at)


def _check_attributes(node: NodeProto, schema: defs.OpSchema, opset: int, at: str) -> None:
    given: dict[str, AttributeProto] = {}
    for attribute in node.attribute:
        if attribute.name in given:
            raise TinycError(f"attribute {attribute.name} is given twice", at)
        if attribute.ref_attr_name:
            raise TinycError(f"attribute {attribute.name} refers to one of a function, outside of any function", at)
        given[attribute.name] = attribute
    for name in sorted(given.keys() - schema.attributes.keys()):
        raise UnsupportedError(f"{node.op_type} has no attribute '{name}' in opset {opset}", at)
    for name, formal in schema.attributes.items():
        wanted: Any = formal.type  # whose stubs lack the value
        if name in given and given[name].type != wanted.value:
            kind = AttributeProto.AttributeType.Name(wanted.value).lower()
            raise TinycError(f"attribute {name} must be {KINDS.get(wanted.value, kind)}", at)
        if formal.required and name not in given:
            raise TinycError(f"attribute {name} is missing", at)
        if name in given and given[name].type == AttributeProto.TENSOR and node.op_type != "Constant":
            if given[name].t.data_location == TensorProto.EXTERNAL:
                raise UnsupportedError(f"attribute {name} is in a file of its own", at)
            to_array(given[name].t, Path(), f"{at}: attribute {name}")


def check_elements(node: NodeProto, opset: int, kinds: Sequence[np.dtype[Any] | None], at: str) -> None:
    """TinycError if the inputs, whose element types are `kinds`, are not what the operator takes, or do not agree.

    Only floats, integers, truth values and texts are told apart: handlers take more widths than ONNX allows.
    """
    formals = defs.get_schema(node.op_type, opset, node.domain).inputs
    first: dict[str, tuple[int, np.dtype[Any]]] = {}
    for index, kind in enumerate(kinds):
        formal = formals[min(index, len(formals) - 1)]
        if kind is None:
            continue
        if not _TYPES[_class(kind)] & formal.types:
            raise TinycError(
                f"input {index}, its {formal.name}, has {kind} elements, which {node.op_type} does not take", at
            )
        before, seen = first.setdefault(formal.type_str if formal.is_homogeneous else str(index), (index, kind))
        if _class(seen) != _class(kind):
            raise TinycError(f"inputs {before} and {index} must be of one type, they are {seen} and {kind}", at)


def _class(kind: np.dtype[Any]) -> str:
    return "i" if kind.kind in "iu" else kind.kind if kind.kind in "fb" else "text"
