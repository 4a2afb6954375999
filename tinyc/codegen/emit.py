"""Write the C of a program: the model, its weights, and copies of the kernels it calls."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
from numpy.typing import NDArray

from tinyc import __version__
from tinyc.codegen import c
from tinyc.codegen.call import CallText, Declarations, Specialised
from tinyc.codegen.sequence import fold
from tinyc.ir.graph import Port
from tinyc.program.program import CANARY_BYTES, Program
from tinyc.program.steps import Step
from tinyc.resources import resource

DATA_ALIGNMENT = 16  # of each constant in a binary file
RUNTIMES = ("cmsis_nn", "tinyc")  # folders of runtime_c/ that hold kernels
HEADERS = ("runtime_c", "tinyc")  # where the headers are that specialised functions are made of
SHORT_TABLE_BYTES = 64  # tables up to this size stand where they are used
LARGE_BYTES = 16 << 20
"""Of weights in all, from which on they are no text, unless that is wanted: compilers take minutes and gigabytes."""


class Weights(Enum):
    """What weights are written as."""

    TEXT = "text"  # C
    BINARY = "binary"  # a file that the assembler puts into the object


@dataclass(frozen=True)
class Files:
    """Generated files by name, text by text; and the runtime files to ship with them."""

    texts: dict[str, str]
    runtime: tuple[Path, ...]
    data: dict[str, tuple[NDArray[Any], ...]] = field(default_factory=dict)
    """Binary files: what stands one behind the other in each."""


def emit_model(program: Program, name: str, source: str, sha256: str, weights: Weights | None = None) -> Files:
    """The C of the model: `name` is a C identifier; `source` and `sha256` say what it was compiled from.

    `weights`: in which form they are written; None: as text, or in a binary file if they are large.
    """
    constants = _Constants(program, name)
    specialised = Specialised(f"{name}_")
    parts = _Parts(program)
    layers = [_layer(program, index, parts, constants, specialised) for index in range(len(program.layers))]
    context: dict[str, Any] = {
        "version": __version__,
        "source": c.comment(source),
        "sha256": sha256,
        "name": name,
        "prefix": name.upper(),
        "arena_bytes": program.arena_bytes,
        "rounding": program.graph.rounding.value,
        "integer": program.graph.is_integer(),
        "floats": any(kind.dtype.is_float for kind in program.graph.types.values()),
        "inputs": [_port(program, p) for p in program.graph.inputs],
        "outputs": [_port(program, p) for p in program.graph.outputs],
        "layers": layers,
        "specialised": specialised,
        "sequence": parts.sequence() if program.has_regions else None,
        "feed": parts.feed(),
        "canaries": _canaries(program),
        "memories": program.memories,
        "states": _states(program, constants),
        "state_bytes": program.graph.state_bytes,
        "prepared": _prepared(program, constants, specialised),
        "prepared_bytes": program.prepared.bytes,
        "headers": _headers(program),
        "constants": constants.entries,
        "binary": None,
    }
    if weights is None:
        weights = Weights.BINARY if constants.bytes > LARGE_BYTES else Weights.TEXT
    if weights is Weights.BINARY and constants.entries:
        context["binary"] = {"file": f"{name}_weights.bin", "sha256": constants.sha256(), "bytes": constants.bytes}
    else:
        context["not_finite"] = any(not np.isfinite(entry["data"]).all() for entry in constants.entries)
    templates = {f"{name}.h": "model.h.j2", f"{name}.c": "model.c.j2", f"{name}_weights.h": "weights.h.j2"}
    texts = {file: render(template, context) for file, template in templates.items()}
    texts[f"{name}_weights.c"] = render("weights.c.j2", context)
    if specialised.functions:
        texts[f"{name}_kernels.h"] = render("kernels.h.j2", context)
        texts[f"{name}_kernels.c"] = render("kernels.c.j2", context)
    calls = [call for step in program.steps for call in step.calls]
    calls += [call for call, _ in program.prepared.calls]
    functions = {call.function: None for call in calls if not call.inline}
    functions |= dict.fromkeys(word for header in specialised.headers for word in _called(resource(*HEADERS, header)))
    data = {f"{name}_weights.bin": constants.pieces()} if context["binary"] else {}
    return Files(texts, runtime_files(functions, {call.header for call in calls}), data)


class _Parts:
    """The different steps of a program, each of which becomes a function, and the order in which they run."""

    def __init__(self, program: Program) -> None:
        self.program = program
        keys = dict.fromkeys(step.same_code() for step in program.steps)
        first = {step.same_code(): step for step in reversed(program.steps)}
        self.steps = [first[key] for key in keys if not first[key].is_feed]
        self.feeds = [first[key] for key in keys if first[key].is_feed]
        number = {step.same_code(): i for i, step in enumerate([*self.feeds, *self.steps])}
        self.order = [number[step.same_code()] for step in program.steps]

    def of_layer(self, layer: int) -> list[tuple[str, Step]]:
        """The functions of a layer: their names, and what they do."""
        steps = [step for step in self.steps if step.layer == layer]
        names = [f"layer_{layer}"] if len(steps) == 1 else [f"layer_{layer}_part_{i}" for i in range(len(steps))]
        return list(zip(names, steps, strict=True))

    def sequence(self) -> dict[str, Any]:
        """The table of functions, and the loops over it."""
        names = {id(s): n for layer in range(len(self.program.layers)) for n, s in self.of_layer(layer)}
        table, loops = fold(self.order)
        return {
            "functions": [names[id(step)] for step in self.steps],
            "layers": np.array([step.layer for step in self.steps]),
            "order": np.array(table),
            "ctype": "uint8_t" if max(table, default=0) < 2**8 else "uint16_t",
            "loops": loops,
        }

    def feed(self) -> dict[str, Any] | None:
        """What is to be known of an input that arrives by rows."""
        if self.program.fed is None:
            return None
        offsets = [self.program.offset(step.outs[0]) for step in self.feeds]
        return {**asdict(self.program.fed), "offsets": offsets}


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
    environment.filters["words"] = c.words
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


@cache
def _called(path: Path) -> frozenset[str]:
    """The functions that a header calls, or defines."""
    return frozenset(re.findall(r"\b(\w+)\(", path.read_text(encoding="utf-8")))


class _Constants:
    """What stands with the weights: the graph's constants that kernels read, and long tables."""

    def __init__(self, program: Program, name: str) -> None:
        self.names: dict[str | int, str] = {}
        """By value, or by the identity of a table."""
        self.entries: list[dict[str, Any]] = []
        """What the template prints of each."""
        self.bytes = 0
        """Of all of them in a binary file."""
        self._name = name
        for value, kind in program.constants.items():
            graph = next(layer.graph for layer in program.layers if value in layer.graph.constants)
            self.names[value] = self._add(value, kind.shape, graph.constants[value])
        for value, data in program.initial.items():
            self.names[value] = self.names.get(value) or self._add(value, data.shape, data)
        shared: dict[int, str] = {}
        for identity, table in program.tables.items():
            if table.data.nbytes > SHORT_TABLE_BYTES:
                if id(table) not in shared:
                    shared[id(table)] = self._add(table.name, table.data.shape, table.data)
                self.names[identity] = shared[id(table)]

    def _add(self, stem: str, shape: tuple[int, ...], data: NDArray[Any]) -> str:
        name = f"{self._name}_{len(self.entries)}_{c.identifier(stem, 'constant')}"
        ctype = c.element(data)
        data = np.ascontiguousarray(data)
        self.entries.append(
            {
                "name": name, "ctype": ctype, "size": max(data.size, 1), "shape": shape, "data": data,
                "offset": self.bytes, "bytes": data.nbytes,
            }
        )  # fmt: skip
        self.bytes += -(-data.nbytes // DATA_ALIGNMENT) * DATA_ALIGNMENT
        return name

    def pieces(self) -> tuple[NDArray[Any], ...]:
        """What the binary file holds: the data, each filled up to the alignment."""
        found: list[NDArray[Any]] = []
        for entry in self.entries:
            found += [entry["data"], np.zeros(-entry["bytes"] % DATA_ALIGNMENT, np.uint8)]
        return tuple(found)

    def sha256(self) -> str:
        """Of the binary file."""
        digest = hashlib.sha256()
        for piece in self.pieces():
            digest.update(piece.reshape(-1).view(np.uint8).data)
        return digest.hexdigest()


def _canaries(program: Program) -> list[tuple[int, int, int]]:
    """Where the bytes behind each buffer start, and from which step to which (excluded) they are to stay untouched."""
    if not program.canaries:
        return []
    ends = {b.name: program.plan.offsets[b.name] + b.bytes - CANARY_BYTES for b in program.buffers}
    return [(ends[b.name], b.first, b.last) for b in program.buffers]


def _headers(program: Program) -> list[str]:
    """Of the functions that are called as they are."""
    calls = [call for step in program.steps for call in step.calls] + [call for call, _ in program.prepared.calls]
    return sorted({call.header for call in calls if not call.inline})


def _prepared(program: Program, constants: _Constants, specialised: Specialised) -> dict[str, Any]:
    """The calls that make tables at start-up."""
    static = Declarations()
    texts = []
    for call, place in program.prepared.calls:
        step = Step(0, (call,), (), (place,))
        texts.append(CallText(program, step, call, constants.names, static, specialised).fill()["text"])
    return {"calls": texts, "declarations": static.texts}


def _states(program: Program, constants: _Constants) -> list[dict[str, Any]]:
    """Where states lie, and what they begin with: the same byte throughout, or a constant."""
    graph = program.graph
    return [
        {
            "name": c.comment(state.before),
            "offset": program.offset(program.places[state.before]),
            "bytes": graph.types[state.before].bytes,
            "byte": graph.constants[state.initial].tobytes()[0],
            "initial": constants.names[state.initial] if state.initial in program.initial else None,
        }
        for state in graph.states
    ]


def _port(program: Program, port: Port) -> dict[str, Any]:
    kind = program.graph.types[port.value]
    return {
        "name": c.comment(port.name),
        "ctype": kind.dtype.c,
        "offset": program.offset(program.places[port.value]) if port.value in program.places else 0,
        "bytes": kind.bytes,
        "size": kind.size,
        "shape": kind.shape,
        "scale": c.literal(kind.quant.per_tensor_scale) if kind.quant else None,
        "zero_point": kind.quant.zero_point if kind.quant else None,
    }


def _layer(
    program: Program, index: int, parts: _Parts, constants: _Constants, specialised: Specialised
) -> dict[str, Any]:
    layer = program.layers[index]
    types = layer.graph.types
    between = {node.outs[0] for node in layer.before}
    read = [v for node in layer.nodes for v in node.ins if v not in layer.graph.constants and v not in between]
    shapes = " , ".join("x".join(map(str, types[v].shape)) for v in read)
    out = "x".join(map(str, types[layer.node.outs[0]].shape))
    what = " + ".join(f"{node.op.name} {node.name}" for node in layer.nodes)
    title = f"{what}: {shapes} -> {out}" + (f", {layer.macs} MACs" if layer.macs else "")
    functions = parts.of_layer(index)
    # what the parts of a layer have in common is declared once, before them
    shared = Declarations(f"layer_{index}_") if len(functions) > 1 else None
    texts = []
    for name, step in functions:
        static = shared or Declarations()
        calls = [CallText(program, step, call, constants.names, static, specialised).fill() for call in step.calls]
        texts.append({"function": name, "declarations": [] if shared else static.texts, "calls": calls})
    return {
        "index": index, "title": c.comment(title), "declarations": shared.texts if shared else [], "parts": texts,
    }  # fmt: skip


def write_files(
    folder: Path, texts: Mapping[str, str], runtime: Sequence[Path], data: Mapping[str, Sequence[NDArray[Any]]] = {}
) -> None:
    """Write generated texts and binary files, and copies of runtime files, into `folder`."""
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    for name, pieces in data.items():
        with (folder / name).open("wb") as file:
            for piece in pieces:
                piece.tofile(file)
    for path in runtime:
        target = folder / "runtime" / path.parent.name / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(path.read_bytes())
