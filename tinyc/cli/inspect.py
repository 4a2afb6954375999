"""tinyc inspect: what a model consists of, and whether tinyc can compile it."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinyc.cli.command import Command, add_json, add_shape, add_state, states_of
from tinyc.cli.terminal import Terminal
from tinyc.errors import CheckFailedError, TinycError
from tinyc.frontend import format_of
from tinyc.report.summary import title
from tinyc.report.table import Table
from tinyc.report.text import clean, number, shape

if TYPE_CHECKING:
    from tinyc.driver.support import Form
    from tinyc.frontend.summary import NodeSummary
    from tinyc.ir.graph import Graph, Port


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("model", type=Path, metavar="MODEL|DIR", help="an ONNX or TFLite model, or a compiled one")
    add_shape(parser)
    add_state(parser)
    add_json(parser)


def execute(args: Namespace, terminal: Terminal) -> int:
    if args.model.is_dir():
        if args.shape or args.state:
            raise TinycError("--shape and --state are for model files; a compiled model has its own", str(args.model))
        return _compiled(args.model, terminal)
    from tinyc.frontend import inspect_model

    nodes = inspect_model(args.model, dict(args.shape))
    if any(node.problem for node in nodes):
        return _unsupported(args.model, nodes, terminal)
    from tinyc.driver.float_model import FloatModel
    from tinyc.driver.support import int8_forms

    graph = FloatModel(args.model, dict(args.shape), states_of(args)).graph
    forms = int8_forms(graph)
    floats = sum(form.because is not None for form in forms.values())
    heading = f"{args.model.name}: {len(nodes)} {format_of(args.model).value} nodes, {len(graph.nodes)} layers, "
    heading += f"{floats} of them in float where the others are int8" if floats else "all of them possible in int8"
    _show(heading, graph, args.model.name, terminal, forms)
    return 0


def _compiled(folder: Path, terminal: Terminal) -> int:
    from tinyc.driver.compiled import CompiledModel

    compiled = CompiledModel(folder)
    _show(title(compiled.report), compiled.graph, compiled.report["model"], terminal)
    return 0


def _show(heading: str, graph: Graph, model: str, terminal: Terminal, forms: Mapping[str, Form] | None = None) -> None:
    """`forms`: how the layers would be computed in int8, for a model that is not compiled yet."""
    layers = _layers(graph, forms)
    read = {v for node in graph.nodes for v in node.ins} & graph.constants.keys()
    macs, parameters = graph.macs(), sum(graph.constants[name].size for name in read)
    size = sum(graph.types[name].bytes for name in read)
    terminal.json(
        {
            "model": model,
            "inputs": [_port(port) for port in graph.inputs],
            "outputs": [_port(port) for port in graph.outputs],
            "state_bytes": graph.state_bytes,
            "layers": layers,
            "macs": macs,
            "parameters": parameters,
            "parameter_bytes": size,
            "unsupported": [],
        }
    )
    terminal.lines([heading])
    for kind, ports in (("input", graph.inputs), ("output", graph.outputs)):
        terminal.lines([f"{kind} {clean(p.name)}: {p.dtype} {shape(p.shape)}" for p in ports])
    kinds = [graph.types[s.before] for s in graph.states]
    terminal.lines(
        [f"state {s.before}: {k.dtype.value} {shape(k.shape)}" for s, k in zip(graph.states, kinds, strict=True)]
    )
    rows = [
        (
            e["name"],
            e["op"],
            f"{shape(e['output_shape'])} {e['dtype']}",
            number(e["macs"]),
            number(e["parameters"]),
            *([] if forms is None else [_said(e)]),
        )
        for e in layers
    ]
    heads = ("layer", "operator", "output", ">MACs", ">parameters", *([] if forms is None else ["compiled in int8"]))
    terminal.table(Table("", heads, rows))
    terminal.lines(["", f"{number(macs)} MACs, {number(parameters)} parameters in {number(size)} bytes"])


def _said(layer: dict[str, Any]) -> str:
    because = layer["in_float_because"]
    return layer["compiled_as"] if because is None else f"{layer['compiled_as']}: {because}"


def _layers(graph: Graph, forms: Mapping[str, Form] | None) -> list[dict[str, Any]]:
    """The nodes of a graph; a parameter that several read is counted with the first."""
    layers: list[dict[str, Any]] = []
    seen: set[str] = set()
    for node in graph.nodes:
        own = [v for v in node.ins if v in graph.constants and v not in seen]
        seen.update(own)
        layers.append(
            {
                "name": node.name or node.outs[0],
                "op": node.op.name,
                "output_shape": list(graph.types[node.outs[0]].shape),
                "dtype": graph.types[node.outs[0]].dtype.value,
                "macs": node.op.macs(*(graph.types[v] for v in node.ins)),
                "parameters": sum(graph.constants[v].size for v in own),
            }
        )
        if forms is not None:
            form = forms[node.outs[0]]
            layers[-1] |= {"compiled_as": form.kind, "in_float_because": form.because}
    return layers


def _port(port: Port) -> dict[str, Any]:
    return {"name": port.name, "shape": list(port.shape), "dtype": port.dtype}


def _unsupported(path: Path, nodes: Sequence[NodeSummary], terminal: Terminal) -> int:
    problems = [node for node in nodes if node.problem]
    terminal.json(
        {
            "model": path.name,
            "nodes": [
                {"name": n.name, "op": n.op, "output_shape": None if n.shape is None else list(n.shape)} for n in nodes
            ],
            "unsupported": [{"name": n.name, "op": n.op, "problem": n.problem} for n in problems],
        }
    )
    count = f"{len(nodes)} {format_of(path).value} nodes"
    terminal.lines([f"{path.name}: {count}, {len(problems)} of them cannot be compiled"])
    rows = [(n.name, n.op, shape(n.shape), n.problem or ("constant" if n.folded else "")) for n in nodes]
    terminal.table(Table("", ("node", "operator", "output", "what stands in the way"), rows))
    return CheckFailedError.exit_status


COMMAND = Command("inspect", "Show what a model consists of, and what tinyc does not support.", configure, execute)
