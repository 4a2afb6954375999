"""report.json: the machine-readable record of a compilation."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tinyc import __version__
from tinyc.driver.phases import Lowered
from tinyc.driver.schedule import Scheduled
from tinyc.errors import TinycError
from tinyc.ir.graph import Graph, Node
from tinyc.ir.kernel import KernelSet
from tinyc.ir.region import RegionOp
from tinyc.program.program import Program, Rows
from tinyc.run.host import Interface, Result
from tinyc.schedule.cost import by_layer
from tinyc.schedule.search import Point
from tinyc.target.board import Board

REPORT = "report.json"

# What the commands read of a report; a folder of another version may lack some of it.
KEYS = (
    "model", "sha256", "board", "cpu", "kernels", "arithmetic", "rounding", "schedule", "schedule_described", "macs",
    "macs_executed", "macs_repeated", "arena_bytes", "arena_lower_bound", "workspace_bytes", "weights_bytes",
    "code_bytes", "flash_bytes", "ram_bytes", "instructions", "layers", "buffers", "kept_channels", "interface",
    "files",
)  # fmt: skip


def build_report(
    model: str,
    sha256: str,
    board: Board,
    lowered: Lowered,
    scheduled: Scheduled,
    interface: Interface,
    kernels: KernelSet,
) -> dict[str, Any]:
    """Everything that is known before the firmware is linked; `instructions` come from a profile."""
    program = scheduled.point.program
    graph = program.graph
    return {
        "tinyc": __version__,
        "model": model,
        "sha256": sha256,
        "board": board.name,
        "cpu": board.cpu.name,
        "schedule": schedule(program),
        "schedule_described": scheduled.point.describe(),
        "regions": [_region(node) for node in graph.nodes if isinstance(node.op, RegionOp)],
        "ram_target": scheduled.ram,
        "front": [{**point_record(p), "chosen": p is scheduled.point} for p in scheduled.points],
        "kernels": kernels.value,
        "arithmetic": _arithmetic(graph),
        "rounding": graph.rounding.value,
        "macs": lowered.macs,
        "macs_executed": graph.macs(),
        "macs_repeated": graph.macs() - scheduled.macs,
        "arena_bytes": program.arena_bytes,
        "arena_lower_bound": program.plan.lower_bound,
        "memories": [asdict(part) for part in program.memories],
        "workspace_bytes": max(map(program.workspace_bytes, range(len(program.layers))), default=0),
        "weights_bytes": program.weights_bytes,
        "prepared_bytes": program.prepared.bytes,
        "state_bytes": graph.state_bytes,
        "code_bytes": None,
        "flash_bytes": None,
        "ram_bytes": None,
        "instructions": None,
        "layers": _layers(scheduled.point, lowered.float_layers),
        "buffers": [
            {
                "name": b.name,
                "bytes": b.bytes,
                "offset": program.plan.offsets[b.name],
                "first_step": b.first,
                "last_step": b.last - 1,
            }
            for b in program.buffers
        ],
        "kept_channels": {value: write_indices(kept) for value, kept in lowered.kept_channels.items()},
        "interface": {**asdict(interface), "results": _write_results(interface)},
    }


def schedule(program: Program) -> str:
    """How the program runs: "layer" by layer, or the modes of its regions."""
    modes = [node.op.mode for node in program.graph.nodes if isinstance(node.op, RegionOp)]
    return ", ".join(dict.fromkeys(modes)) or "layer"


def point_record(point: Point) -> dict[str, Any]:
    """What is written of a schedule that was found."""
    return {
        "schedule": point.describe(),
        "arena_bytes": point.ram,
        "macs_executed": point.macs,
        "instructions_estimated": point.cost,
        "steps": point.steps,
    }


def _arithmetic(graph: Graph) -> str:
    if not graph.is_integer():
        return "float32"
    return "int8" if graph.is_wholly_integer() else "int8 and float32"


def _region(node: Node) -> dict[str, Any]:
    op = node.op
    assert isinstance(op, RegionOp)
    layers = [n.name or n.outs[0] for n in op.body.nodes if not n.op.is_view]
    return {"mode": op.mode, "rows": op.rows, "strips": op.strips, "fed": op.fed >= 0, "layers": layers}


def _layers(point: Point, float_layers: Mapping[str, str]) -> list[dict[str, Any]]:
    """`float_layers`: why some of them are computed in float, by the names of their results."""
    program = point.program
    estimates = by_layer(program.steps, program.layers, point.choice.costs)
    return [
        {
            **_layer(program, index),
            "instructions_estimated": round(estimate),
            "in_float_because": float_layers.get(program.layers[index].node.outs[0]),
        }
        for index, estimate in enumerate(estimates)
    ]


def _layer(program: Program, index: int) -> dict[str, Any]:
    layer = program.layers[index]
    types = layer.graph.types
    return {
        "name": layer.name,
        "op": layer.operator,
        "output": layer.node.outs[0],
        "kernel": ", ".join(program.kernels(index)),
        "output_shape": list(types[layer.node.outs[0]].shape),
        "dtype": types[layer.node.outs[0]].dtype.value,
        "macs": layer.macs,
        "instructions": None,
        "workspace_bytes": program.workspace_bytes(index),
    }


def _write_results(interface: Interface) -> dict[str, list[str]]:
    """The parts of each value: step, offset, bytes and region, as text."""
    parts: dict[str, list[str]] = {}
    for r in interface.results:
        region = ",".join(f"{start}:{stop}" for start, stop in r.region)
        parts.setdefault(r.name, []).append(f"{r.step} {r.offset} {r.bytes} {region}")
    return parts


def _read_results(parts: Mapping[str, Sequence[str]]) -> tuple[Result, ...]:
    results = []
    for name, texts in parts.items():
        for text in texts:
            step, offset, size, region = text.split(" ")
            spans = tuple((int(a), int(b)) for a, _, b in (span.partition(":") for span in region.split(",") if span))
            results.append(Result(name, int(step), int(offset), int(size), spans))
    return tuple(sorted(results, key=lambda r: r.step))


def write_report(report: dict[str, Any], folder: Path) -> None:
    """Write `report` into `folder`, all of it or nothing."""
    draft = folder / f".{REPORT}"
    try:
        draft.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
        draft.replace(folder / REPORT)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise TinycError(f"the report cannot be written: {error.strerror}", str(folder / REPORT)) from None


def read_report(folder: Path) -> dict[str, Any]:
    """The report of a compiled model; TinycError if `folder` is not one."""
    path = folder / REPORT
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise TinycError(
            "this is not a compiled model: it has no report.json", str(folder), "make one with `tinyc compile`"
        ) from None
    except (OSError, ValueError) as error:
        raise TinycError(f"the report cannot be read: {error}", str(path)) from None
    if not isinstance(report, dict) or "tinyc" not in report:
        raise TinycError("this is not a report of tinyc", str(path))
    missing = [key for key in KEYS if key not in report]
    if missing:
        raise TinycError(
            f"the report of tinyc {report['tinyc']} has no {', '.join(missing)}", str(path), "compile the model anew"
        )
    return report


def write_indices(indices: Sequence[int]) -> str:
    """Ascending indices as ranges, both ends included: 0, 1, 2, 5 as "0-2,5"."""
    runs: list[list[int]] = []
    for index in indices:
        if runs and index == runs[-1][1] + 1:
            runs[-1][1] = index
        else:
            runs.append([index, index])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in runs)


def read_indices(text: str) -> list[int]:
    """What `write_indices` wrote."""
    bounds = [run.partition("-") for run in text.split(",") if run]
    return [index for first, _, last in bounds for index in range(int(first), int(last or first) + 1)]


def read_interface(report: dict[str, Any]) -> Interface:
    """The interface that `build_report` recorded."""
    data = report["interface"]
    return Interface(
        name=data["name"],
        arena_bytes=data["arena_bytes"],
        input_bytes=tuple(data["input_bytes"]),
        output_bytes=tuple(data["output_bytes"]),
        single_rounding=data["single_rounding"],
        results=_read_results(data["results"]),
        fed=Rows(**data["fed"]) if data["fed"] else None,
    )
