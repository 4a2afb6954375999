"""The text form: what is printed can be read back, and what cannot be read is shown with line, column and caret."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import float_graphs, quantized
from strategies_states import random_stateful

from tinyc.errors import TinycError
from tinyc.ir.graph import Graph, Node, Port, State
from tinyc.ir.text import dump, load, parse, save
from tinyc.ir.types import QuantParams, Rounding, i8
from tinyc.ops import BY_NAME, Clamp

VALUE_NAMES = st.from_regex(r"[A-Za-z0-9_.]{1,12}", fullmatch=True)
AWKWARD_VALUES = st.sampled_from(["const", "1x2xf32", "f32", "axis", "inf", "1e5", "true", "none", "0", ".", "file"])
AWKWARD_TEXTS = st.sampled_from(['"', "\\", "a\nb", "} output %x", "\n  const %c0: f32", "// no comment", "ü\u2028\0"])


@st.composite
def renamed(draw: st.DrawFn, graph: Graph) -> Graph:
    """The same graph under other names, for values, nodes and ports."""
    values = draw(
        st.lists(VALUE_NAMES | AWKWARD_VALUES, min_size=len(graph.types), max_size=len(graph.types), unique=True)
    )
    new = dict(zip(graph.types, values, strict=True))
    texts = st.text(max_size=8) | AWKWARD_TEXTS

    def port(p: Port) -> Port:
        return replace(p, value=new[p.value], name=draw(texts))

    nodes = [Node(n.op, tuple(new[v] for v in n.ins), tuple(new[v] for v in n.outs), draw(texts)) for n in graph.nodes]
    return Graph(
        draw(texts),
        tuple(map(port, graph.inputs)),
        tuple(map(port, graph.outputs)),
        tuple(nodes),
        {new[v]: t for v, t in graph.types.items()},
        {new[v]: a for v, a in graph.constants.items()},
        graph.rounding,
        tuple(State(new[s.before], new[s.after], new[s.initial]) for s in graph.states),
    )


STATEFUL = st.randoms(use_true_random=False).map(random_stateful)
FLOAT = (float_graphs() | STATEFUL).flatmap(renamed)
ROUNDINGS = st.sampled_from(list(Rounding))
INTEGER = st.tuples(float_graphs() | STATEFUL, ROUNDINGS).map(lambda g: quantized(*g)).flatmap(renamed)


@given(FLOAT | INTEGER)
@settings(deadline=None, max_examples=60)
def test_what_is_printed_is_read_back(graph: Graph) -> None:
    assert parse(dump(graph), graph.constants, BY_NAME) == graph


@given(INTEGER)
@settings(deadline=None, max_examples=10)
def test_what_is_saved_is_loaded(tmp_path_factory: pytest.TempPathFactory, graph: Graph) -> None:
    path = tmp_path_factory.mktemp("graph") / "model.tc"
    save(graph, path)
    assert load(path, BY_NAME) == graph


@given(st.floats(allow_nan=False), st.floats(allow_nan=False))
@settings(deadline=None)
def test_every_number_survives(low: float, high: float) -> None:
    kind = i8(2, scale=abs(low) if 0 < abs(low) < inf else 1.0)
    ports = Port("x", "x", (2,), "float32", (0,)), Port("y", "y", (2,), "float32", (0,))
    node = Node(Clamp(low, high), ("x",), ("y",))
    graph = Graph("n", (ports[0],), (ports[1],), (node,), {"x": kind, "y": kind})
    assert parse(dump(graph), {}, BY_NAME) == graph


def test_scales_of_channels_survive() -> None:
    quant = QuantParams((1e-7, 0.1, 3.0), 0, 1)
    port = Port("x", "x", (2, 3), "float32", (0, 1))
    graph = Graph("n", (port,), (port,), (), {"x": replace(i8(2, 3, scale=1.0), quant=quant)})
    assert "i8<axis 1 [1e-07, 0.1, 3.0]>" in dump(graph)
    assert parse(dump(graph), {}, BY_NAME) == graph


GOOD = """graph "net" rounding single {
  input %x: 1x4xf32 = "x" (1, 4) "float32" (0, 1)
  const %c: 4xf32
  %y = add(%x, %c) {low = 0.0} : 1x4xf32 @"sum"
  output %y = "y" (1, 4) "float32" (0, 1)
}
"""
C = np.zeros(4, np.float32)


def test_comments_and_line_breaks_do_not_matter() -> None:
    loose = GOOD.replace("add(", "add( // the sum\n   ").replace(" {low", "\n\n{low")
    assert parse(loose, {"c": C}, BY_NAME) == parse(GOOD, {"c": C}, BY_NAME)


@pytest.mark.parametrize(
    ("old", "new", "place", "message", "shown"),
    [
        ("%x: 1x4xf32", "%x 1x4xf32", "2:12", "syntax error", "1x4xf32"),
        ("add(", "ad(", "4:8", "no operator 'ad'", "ad(%x"),
        ("%x, %c)", "%x, %d)", "4:16", "%d is used before it is defined", "%d)"),
        ("%y = add", "%x = add", "4:3", "%x is defined twice", "%x = add"),
        ("low = 0.0", "lowest = 0.0", "4:21", "add has no attribute 'lowest'", "lowest = 0.0"),
        (": 1x4xf32 @", ": 1x4xf32, 1x4xf32 @", "4:8", "1 results but 2 types", "add("),
        ('@"sum"', "@sum", "4:43", "syntax error", "sum"),
        ("rounding single", "rounding up", "1:22", "no rounding 'up'", "up {"),
        ("1x4xf32 @", "1x4xi8<0.0:0> @", "4:34", "scales must be positive", "1x4xi8"),
        ("output %y", "output %z", "5:10", "%z is used before it is defined", "%z"),
    ],
)
def test_an_error_shows_its_place(old: str, new: str, place: str, message: str, shown: str) -> None:
    assert GOOD.count(old) == 1
    with pytest.raises(TinycError) as caught:
        parse(GOOD.replace(old, new), {"c": C}, BY_NAME, "net.tc")
    assert caught.value.where == f"net.tc:{place}"
    first, line, caret = caught.value.message.splitlines()
    assert message in first
    assert caret.strip() == "^"
    assert line[caret.index("^") :].startswith(shown)


def test_a_missing_constant_is_named() -> None:
    with pytest.raises(TinycError, match="no data for the constant %c"):
        parse(GOOD, {}, BY_NAME)


def test_a_text_that_stops_is_said_to() -> None:
    with pytest.raises(TinycError, match="ends too early") as caught:
        parse(GOOD[: GOOD.index("}\n")], {"c": C}, BY_NAME, "net.tc")
    assert caught.value.where == "net.tc:6:1"


@pytest.mark.parametrize("broken", ["text", "no data", "other data", "not a file"])
def test_an_unreadable_file_is_an_error_with_its_name(tmp_path: Path, broken: str) -> None:
    path = tmp_path / "model.tc"
    save(parse(GOOD, {"c": C}, BY_NAME), path)
    match broken:
        case "text":
            path.write_bytes(b"\xff\xfe")
        case "no data":
            path.with_suffix(".npz").unlink()
        case "other data":
            np.savez(path.with_suffix(".npz"))
        case "not a file":
            path = tmp_path
    with pytest.raises(TinycError) as caught:
        load(path, BY_NAME)
    assert str(path) in caught.value.where
