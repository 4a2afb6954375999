"""Print a graph as text and read it back: `parse(dump(g), g.constants, ops) == g`, always.

The data of constants stand beside the text, in an .npz file of the same stem; the text has their types.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, fields
from functools import cache
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from lark import Lark, Token, UnexpectedInput, UnexpectedToken
from numpy.typing import NDArray

from tinyc.errors import TinycError
from tinyc.ir.graph import Graph, Node, Port, State, plain_port
from tinyc.ir.op import Op
from tinyc.ir.region import RegionOp
from tinyc.ir.types import DType, QuantParams, Rounding, TensorType

Array = NDArray[Any]
BODY = "body"  # the field of an operator that stands behind it in braces
_Tree = Any  # lark.Tree, whose children have no static type


def dump(graph: Graph) -> str:
    """The graph as text, one line a value."""
    lines = [f"graph {json.dumps(graph.name)} rounding {graph.rounding.value} {{", *_statements(graph), "}"]
    return "\n".join(lines) + "\n"


def _statements(graph: Graph) -> list[str]:
    lines = [f"input %{p.value}: {graph.types[p.value]}{_port(graph, p)}" for p in graph.inputs]
    lines += [f"const %{name}: {graph.types[name]}" for name in graph.constants]
    lines += [f"state %{s.before}: {graph.types[s.before]} = %{s.initial}" for s in graph.states]
    for node in graph.nodes:
        lines.append(format_node(graph, node))
        if isinstance(node.op, RegionOp):
            lines[-1] += " do {"
            lines += [*_statements(node.op.body), "}"]
    lines += [f"output %{p.value}{_port(graph, p)}" for p in graph.outputs]
    lines += [f"next %{s.before} = %{s.after}" for s in graph.states]
    return [f"  {line}" for line in lines]


def format_node(graph: Graph, node: Node) -> str:
    """One node as it stands in the text, without the body of a region."""
    outs = ", ".join("%" + v for v in node.outs)
    ins = ", ".join("%" + v for v in node.ins)
    types = ", ".join(str(graph.types[v]) for v in node.outs)
    source = f" @{json.dumps(node.name)}" if node.name else ""
    return f"{outs} = {node.op.name}({ins}){_attributes(node.op)} : {types}{source}"


def save(graph: Graph, path: Path) -> None:
    """Write `path` and, beside it, the constants as `path` with the suffix .npz."""
    path.write_text(dump(graph), encoding="utf-8")
    # stored under numbers: a value's name may be one that the archive's own interface uses
    arrays: dict[str, Any] = {f"c{i}": a for i, a in enumerate(_constants(graph))}
    np.savez(path.with_suffix(".npz"), **arrays)


def _constants(graph: Graph) -> Iterator[Array]:
    """The data of constants as they are declared in the text."""
    yield from graph.constants.values()
    for node in graph.nodes:
        if isinstance(node.op, RegionOp):
            yield from _constants(node.op.body)


def load(path: Path, ops: Mapping[str, type[Op]]) -> Graph:
    """Read what `save` wrote."""
    try:
        text = path.read_text(encoding="utf-8")
        with np.load(path.with_suffix(".npz"), allow_pickle=False) as archive:
            arrays = [archive[f"c{i}"] for i in range(len(archive.files))]
    except (OSError, ValueError, KeyError, EOFError, BadZipFile) as error:
        raise TinycError(f"the graph cannot be read: {error}", str(path)) from None
    names = re.findall(r"^ *const %([A-Za-z0-9_.]+):", text, re.MULTILINE)
    if len(names) != len(arrays):
        raise TinycError(f"{len(names)} constants in the text, {len(arrays)} beside it", str(path))
    return parse(text, dict(zip(names, arrays, strict=True)), ops, str(path))


def parse(text: str, constants: Mapping[str, Array], ops: Mapping[str, type[Op]], file: str = "<text>") -> Graph:
    """Read a graph. Every complaint names line and column and shows the line with a caret."""
    try:
        tree = _parser().parse(text)
    except UnexpectedInput as error:
        if isinstance(error, UnexpectedToken) and error.token.type == "$END":
            raise TinycError("the text ends too early", f"{file}:{text.count(chr(10)) + 1}:1") from None
        raise _error(text, file, error.line, error.column, "syntax error") from None
    return _Builder(text, file, ops, constants).graph(tree)


@cache
def _parser() -> Lark:
    grammar = Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8")
    return Lark(grammar, start="graph", parser="lalr", propagate_positions=True, maybe_placeholders=True)


def _port(graph: Graph, port: Port) -> str:
    if port == plain_port(port.value, graph.types[port.value]):
        return ""
    return f" = {json.dumps(port.name)} {_literal(port.shape)} {json.dumps(port.dtype)} {_literal(port.perm)}"


def _attributes(op: Op) -> str:
    """The attributes that differ from their defaults."""
    given = [f for f in fields(op) if f.name != BODY]
    shown = [f for f in given if f.default is MISSING or getattr(op, f.name) != f.default]
    pairs = ", ".join(f"{f.name} = {_literal(getattr(op, f.name))}" for f in shown)
    return f" {{{pairs}}}" if pairs else ""


def _literal(value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case None:
            return "none"
        case int() | float():
            return repr(value)
        case str():
            return json.dumps(value)
        case tuple():
            return f"({', '.join(map(_literal, value))})"
    raise TypeError(f"no text form for {value!r}")


def _error(text: str, file: str, line: int, column: int, message: str, hint: str = "") -> TinycError:
    lines = text.splitlines()
    shown = lines[line - 1] if 0 < line <= len(lines) else ""
    caret = " " * (max(column, 1) - 1) + "^"
    return TinycError(f"{message}\n{shown}\n{caret}", f"{file}:{line}:{column}", hint)


class _Builder:
    """Turns a parse tree into a graph."""

    def __init__(self, text: str, file: str, ops: Mapping[str, type[Op]], constants: Mapping[str, Array]) -> None:
        self.text, self.file, self.data = text, file, constants
        self.ops: dict[str, type[Op]] = {**ops, RegionOp.name: RegionOp}
        self.types: dict[str, TensorType] = {}
        self.constants: dict[str, Array] = {}
        self.inputs: list[Port] = []
        self.outputs: list[Port] = []
        self.initial: dict[str, str] = {}
        self.after: dict[str, str] = {}
        self.nodes: list[Node] = []
        self.rounding = Rounding.SINGLE

    def graph(self, tree: _Tree) -> Graph:
        name, rounding, *statements = tree.children
        if str(rounding) not in {r.value for r in Rounding}:
            raise self.fail(rounding, f"no rounding '{rounding}'", f"known: {', '.join(r.value for r in Rounding)}")
        self.rounding = Rounding(str(rounding))
        return self.body(json.loads(name), statements)

    def body(self, name: str, statements: Sequence[_Tree]) -> Graph:
        for statement in statements:
            getattr(self, str(statement.data))(*statement.children)
        for value in self.initial.keys() - self.after.keys():
            raise TinycError(f"there is no next %{value}", self.file)
        states = tuple(State(value, self.after[value], first) for value, first in self.initial.items())
        return Graph(
            name, tuple(self.inputs), tuple(self.outputs), tuple(self.nodes), self.types, self.constants,
            self.rounding, states,
        )  # fmt: skip

    def fail(self, at: Token, message: str, hint: str = "") -> TinycError:
        return _error(self.text, self.file, at.line or 1, at.column or 1, message, hint)

    def input(self, value: _Tree, kind: _Tree, port: _Tree | None) -> None:
        self.inputs.append(self.port(self.define(value, kind), port))

    def output(self, value: _Tree, port: _Tree | None) -> None:
        self.outputs.append(self.port(self.use(value), port))

    def constant(self, value: _Tree, kind: _Tree) -> None:
        name = self.define(value, kind)
        if name not in self.data:
            raise self.fail(value.children[0], f"no data for the constant %{name}")
        self.constants[name] = self.data[name]

    def state(self, value: _Tree, kind: _Tree, initial: _Tree) -> None:
        first = self.use(initial)
        self.initial[self.define(value, kind)] = first

    def next(self, value: _Tree, after: _Tree) -> None:
        name = self.use(value)
        if name not in self.initial or name in self.after:
            raise self.fail(value.children[0], f"%{name} is no state, or what it is next has been said")
        self.after[name] = self.use(after)

    def node(self, outs: _Tree, op_name: Token, *rest: Any) -> None:
        *parts, source, body = rest
        ins = [p for p in parts if p is not None and p.data == "value"]
        kinds = [p for p in parts if p is not None and p.data == "type"]
        attributes = next(p for p in parts if p is not None and p.data == "attributes")
        if str(op_name) not in self.ops:
            raise self.fail(op_name, f"no operator '{op_name}'", f"known: {', '.join(sorted(self.ops))}")
        if len(kinds) != len(outs.children):
            raise self.fail(op_name, f"{len(outs.children)} results but {len(kinds)} types")
        op = self.operator(op_name, attributes, body)
        used = tuple(self.use(v) for v in ins)
        results = tuple(self.define(v, k) for v, k in zip(outs.children, kinds, strict=True))
        self.nodes.append(Node(op, used, results, json.loads(source) if source is not None else ""))

    def operator(self, op_name: Token, attributes: _Tree, body: _Tree | None) -> Op:
        cls = self.ops[str(op_name)]
        known = {f.name for f in fields(cls)} - {BODY}
        values: dict[str, Any] = {}
        if (body is not None) != (cls is RegionOp):
            raise self.fail(op_name, f"{op_name} {'has no body' if body else 'needs a body'}")
        if body is not None:
            inner = _Builder(self.text, self.file, self.ops, self.data)
            inner.rounding = self.rounding
            values[BODY] = inner.body("", body.children)
        for pair in attributes.children:
            if pair is None:
                continue
            name, literal = pair.children
            if str(name) not in known:
                raise self.fail(name, f"{op_name} has no attribute '{name}'", f"known: {', '.join(sorted(known))}")
            values[str(name)] = self.literal(literal)
        try:
            return cls(**values)
        except (TypeError, ValueError, TinycError) as error:
            raise self.fail(op_name, f"{op_name}: {error}") from None

    def literal(self, tree: _Tree) -> Any:
        match tree.data:
            case "integer_literal":
                return int(tree.children[0])
            case "float_literal":
                return float(tree.children[0])
            case "string_literal":
                return json.loads(tree.children[0])
            case "true" | "false":
                return tree.data == "true"
            case "none":
                return None
        return tuple(self.literal(child) for child in tree.children if child is not None)

    def port(self, value: str, tree: _Tree | None) -> Port:
        if tree is None:
            return plain_port(value, self.types[value])
        name, shape, dtype, perm = tree.children
        return Port(value, json.loads(name), self.literal(shape), json.loads(dtype), self.literal(perm))

    def type(self, tree: _Tree) -> TensorType:
        shaped, quant = tree.children
        *shape, dtype = str(shaped).split("x")
        try:
            return TensorType(tuple(map(int, shape)), DType(dtype), self.quant(quant))
        except ValueError as error:
            raise self.fail(shaped, str(error)) from None

    def quant(self, tree: _Tree | None) -> QuantParams | None:
        if tree is None:
            return None
        first, *rest = [str(child.children[0]) for child in tree.children]
        if tree.data == "per_tensor":
            return QuantParams((float(first),), int(rest[0]))
        return QuantParams(tuple(map(float, rest)), 0, int(first))

    def define(self, value: _Tree, kind: _Tree) -> str:
        token = value.children[0]
        name = str(token)[1:]
        if name in self.types:
            raise self.fail(token, f"{token} is defined twice")
        self.types[name] = self.type(kind)
        return name

    def use(self, value: _Tree) -> str:
        token = value.children[0]
        if str(token)[1:] not in self.types:
            raise self.fail(token, f"{token} is used before it is defined")
        return str(token)[1:]
