"""Write the C of a program: the model, its weights, and copies of the kernels it calls."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import numpy as np

from tinyc import __version__
from tinyc.codegen import c
from tinyc.codegen.call import CallText
from tinyc.codegen.program import Layer, Program
from tinyc.ir.graph import Port
from tinyc.resources import resource

RUNTIMES = ("cmsis_nn", "tinyc")  # folders of runtime_c/ that hold kernels


@dataclass(frozen=True)
class Files:
    """Generated files by name, text by text; and the runtime files to ship with them."""

    texts: dict[str, str]
    runtime: tuple[Path, ...]


def emit_model(program: Program, name: str, source: str, sha256: str) -> Files:
    """The C of the model: `name` is a C identifier; `source` and `sha256` say what it was compiled from."""
    constants = _constant_names(program, name)
    layers = [_layer(program, index, layer, constants) for index, layer in enumerate(program.layers)]
    context = {
        "version": __version__,
        "source": c.comment(source),
        "sha256": sha256,
        "name": name,
        "prefix": name.upper(),
        "arena_bytes": program.arena_bytes,
        "rounding": program.graph.rounding.value,
        "integer": program.graph.is_integer(),
        "inputs": [_port(program, p) for p in program.graph.inputs],
        "outputs": [_port(program, p) for p in program.graph.outputs],
        "layers": layers,
        "headers": sorted({call.header for layer in program.layers for call in layer.calls}),
        "constants": [_constant(program, value, constants[value]) for value in constants],
    }
    templates = {f"{name}.h": "model.h.j2", f"{name}.c": "model.c.j2", f"{name}_weights.h": "weights.h.j2"}
    texts = {file: render(template, context) for file, template in templates.items()}
    texts[f"{name}_weights.c"] = render("weights.c.j2", context)
    functions = [call.function for layer in program.layers for call in layer.calls]
    headers = {call.header for layer in program.layers for call in layer.calls}
    return Files(texts, runtime_files(functions, headers))


def render(template: str, context: dict[str, Any]) -> str:
    """A template of `templates/` filled in."""
    return _environment().get_template(template).render(context)


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(resource("templates")),
        undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["init"] = c.initializer
    environment.filters["array"] = c.array
    return environment


def runtime_files(functions: Iterable[str], headers: Iterable[str]) -> tuple[Path, ...]:
    """The files that define `functions`, whatever those call in turn, and all headers of their folders.

    One public function a file, named after it: so the closure is found by the names that a file mentions.
    """
    sources = {p.stem: p for folder in RUNTIMES for p in sorted(resource("runtime_c", folder).glob("*.c"))}
    needed: dict[str, Path] = {}
    waiting = [f for f in functions if f in sources]
    while waiting:
        function = waiting.pop()
        if function not in needed:
            needed[function] = sources[function]
            waiting += [word for word in _words(sources[function]) if word in sources]
    folders = {path.parent for path in needed.values()}
    folders |= {
        resource("runtime_c", f) for f in RUNTIMES if any(resource("runtime_c", f, h).exists() for h in headers)
    }
    shared = [header for folder in sorted(folders) for header in sorted(folder.glob("*.h"))]
    return (*sorted(needed.values()), *shared)


@cache
def _words(path: Path) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", path.read_text(encoding="utf-8")))


def _constant_names(program: Program, name: str) -> dict[str, str]:
    """A C name for each constant that a kernel reads."""
    used = [v for layer in program.layers for v in layer.node.ins if v in program.graph.constants]
    return {v: f"{name}_{i}_{c.identifier(v, 'constant')}" for i, v in enumerate(dict.fromkeys(used))}


def _constant(program: Program, value: str, name: str) -> dict[str, Any]:
    kind = program.graph.types[value]
    data = np.ascontiguousarray(program.graph.constants[value])
    return {"name": name, "ctype": kind.dtype.c, "size": max(kind.size, 1), "shape": kind.shape, "data": data}


def _port(program: Program, port: Port) -> dict[str, Any]:
    kind = program.graph.types[port.value]
    return {
        "name": c.comment(port.name),
        "ctype": kind.dtype.c,
        "offset": program.offsets[port.value],
        "bytes": kind.bytes,
        "size": kind.size,
        "shape": kind.shape,
        "scale": c.literal(kind.quant.per_tensor_scale) if kind.quant else None,
        "zero_point": kind.quant.zero_point if kind.quant else None,
    }


def _layer(program: Program, index: int, layer: Layer, constants: dict[str, str]) -> dict[str, Any]:
    graph = program.graph
    types = [graph.types[v] for v in layer.node.ins]
    shapes = " , ".join(
        "x".join(map(str, t.shape)) for v, t in zip(layer.node.ins, types, strict=True) if v not in constants
    )
    out = "x".join(map(str, graph.types[layer.node.outs[0]].shape))
    macs = layer.node.op.macs(*types)
    title = f"{layer.node.op.name} {layer.node.name}: {shapes} -> {out}" + (f", {macs} MACs" if macs else "")
    calls = [CallText(program, index, call, constants).fill() for call in layer.calls]
    return {"index": index, "title": c.comment(title), "calls": calls}


def write_files(folder: Path, texts: dict[str, str], runtime: Sequence[Path]) -> None:
    """Write generated texts and copies of runtime files into `folder`."""
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    for path in runtime:
        target = folder / "runtime" / path.parent.name / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
