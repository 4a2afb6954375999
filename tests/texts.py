"""Graphs as text, in short, for tests of passes."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyc.ir.graph import Graph
from tinyc.ir.text import dump, parse
from tinyc.ir.verify import verify
from tinyc.ops import BY_NAME

Array = NDArray[Any]


def read(text: str, rounding: str = "single", **constants: Any) -> Graph:
    """A verified graph from its statements. `input` and `output` may leave out the port.

    `constants` are numbers in any form that broadcasts to the type that `const` gives; those that are not given are
    1, 2, 3, …
    """
    types = dict(re.findall(r"%(\S+)(?: =.*)? ?: ?((?:\d+x)*(?:f32|i8|i32|i64|bool)\b)", text))
    lines = [_with_port(line.strip(), types) for line in text.strip().splitlines()]
    body = "\n".join(lines)
    data = {}
    for name in re.findall(r"^const %(\w+)", body, re.MULTILINE):
        *shape, kind = types[name].split("x")
        sizes = tuple(map(int, shape))
        dtype = {"f32": np.float32, "i8": np.int8, "i32": np.int32}[kind]
        numbers = constants.get(name, np.arange(1, int(np.prod(sizes)) + 1).reshape(sizes))
        data[name] = np.broadcast_to(np.asarray(numbers), sizes).astype(dtype)
    graph = parse(f'graph "net" rounding {rounding} {{\n{body}\n}}\n', data, BY_NAME)
    verify(graph)
    return graph


def _with_port(line: str, types: dict[str, str]) -> str:
    match = re.fullmatch(r"(input|output) %(\w+)(: \S.*)?", line)
    if match is None or "=" in line:
        return line
    shape = [*map(int, types[match[2]].split("x")[:-1])]
    user = f'"{match[2]}" ({", ".join(map(str, shape))}) "float32" ({", ".join(map(str, range(len(shape))))})'
    return f"{line} = {user}"


def nodes(graph: Graph) -> list[str]:
    """The nodes of a graph, one a line, and then its outputs."""
    verify(graph)
    lines = [line.strip() for line in dump(graph).splitlines()]
    outputs = [line.split(" = ")[0] for line in lines if line.startswith("output ")]
    return [line for line in lines if line.startswith("%")] + outputs


def statements(text: str) -> list[str]:
    """The lines of `text` that are not empty, for comparison with `nodes`."""
    return [line.strip() for line in text.splitlines() if line.strip()]
