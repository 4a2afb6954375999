"""tinyc inspect: what a model consists of, and whether tinyc can compile it."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinyc.cli.command import Command, add_json, add_shape
from tinyc.cli.terminal import Terminal
from tinyc.errors import CheckFailedError, TinycError
from tinyc.report.summary import title
from tinyc.report.table import Table
from tinyc.report.text import clean, number, shape

if TYPE_CHECKING:
    from tinyc.frontend.summary import NodeSummary
    from tinyc.ir.graph import Graph, Port


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("model", type=Path, metavar="MODEL.onnx|DIR", help="an ONNX model, or a compiled one")
    add_shape(parser)
    add_json(parser)


def execute(args: Namespace, terminal: Terminal) -> int:
    if args.model.is_dir():
        if args.shape:
            raise TinycError("--shape is for ONNX models; a compiled model has its shapes", str(args.model))
        return _compiled(args.model, terminal)
    from tinyc.frontend.onnx import inspect_model

    nodes = inspect_model(args.model, dict(args.shape))
    if any(node.problem for node in nodes):
        return _unsupported(args.model, nodes, terminal)
    from tinyc.driver.float_model import FloatModel

    graph = FloatModel(args.model, dict(args.shape)).graph
    _show(f"{args.model.name}: {len(nodes)} ONNX nodes, {len(graph.nodes)} layers", graph, args.model.name, terminal)
    return 0


def _compiled(folder: Path, terminal: Terminal) -> int:
    from tinyc.driver.compiled import CompiledModel

    compiled = CompiledModel(folder)
    _show(title(compiled.report), compiled.graph, compiled.report["model"], terminal)
    return 0


def _show(heading: str, graph: Graph, model: str, terminal: Terminal) -> None:
    layers = _layers(graph)
    macs, parameters = graph.macs(), sum(data.size for data in graph.constants.values())
    size = sum(graph.types[name].bytes for name in graph.constants)
    terminal.json(
        {
            "model": model,
            "inputs": [_port(port) for port in graph.inputs],
            "outputs": [_port(port) for port in graph.outputs],
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
    rows = [(e["name"], e["op"], shape(e["output_shape"]), number(e["macs"]), number(e["parameters"])) for e in layers]
    terminal.table(Table("", ("layer", "operator", "output", ">MACs", ">parameters"), rows))
    terminal.lines(["", f"{number(macs)} MACs, {number(parameters)} parameters in {number(size)} bytes"])


def _layers(graph: Graph) -> list[dict[str, Any]]:
    """The nodes of a graph; a parameter that several read is counted with the first."""
    layers, seen = [], set()
    for node in graph.nodes:
        own = [v for v in node.ins if v in graph.constants and v not in seen]
        seen.update(own)
        layers.append(
            {
                "name": node.name or node.outs[0],
                "op": node.op.name,
                "output_shape": list(graph.types[node.outs[0]].shape),
                "macs": node.op.macs(*(graph.types[v] for v in node.ins)),
                "parameters": sum(graph.constants[v].size for v in own),
            }
        )
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
    terminal.lines([f"{path.name}: {len(nodes)} ONNX nodes, {len(problems)} of them cannot be compiled"])
    rows = [(n.name, n.op, shape(n.shape), n.problem or ("constant" if n.folded else "")) for n in nodes]
    terminal.table(Table("", ("node", "operator", "output", "what stands in the way"), rows))
    return CheckFailedError.exit_status


COMMAND = Command("inspect", "Show what a model consists of, and what tinyc does not support.", configure, execute)
