"""What report.json says, for people. Every function takes the report as `read_report` gives it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinyc.report.table import Table
from tinyc.report.text import clean, number, percent, shape

Report = Mapping[str, Any]


def title(report: Report) -> str:
    """What was compiled, for what, and how."""
    how = [report["arithmetic"], f"kernels {report['kernels']}"]
    if report["arithmetic"] != "float32":
        how.append(f"rounding {report['rounding']}")
    return clean(f"{report['model']} for {report['board']} ({report['cpu']}): {', '.join(how)}")


def summary(report: Report, ram: int, flash: int) -> list[str]:
    """The figures of a compilation. `ram` and `flash` are the board's, in bytes."""
    arena = (
        f"arena {number(report['arena_bytes'])} (lower bound {number(report['arena_lower_bound'])}, "
        f"largest workspace {number(report['workspace_bytes'])})"
    )
    if report.get("prepared_bytes"):
        arena = f"{arena}, of it {number(report['prepared_bytes'])} for weights that are prepared at start-up"
    if report.get("state_bytes"):
        arena = f"{arena}, of it {number(report['state_bytes'])} for the state that is kept from run to run"
    weights = f"weights {number(report['weights_bytes'])}"
    if report["flash_bytes"] is None:
        rows = [("RAM", "-", arena), ("flash", "-", f"{weights}; not linked")]
    else:
        code = f"code {number(report['code_bytes'])}"
        rows = [
            ("RAM", *_of(report["ram_bytes"], ram, f"{arena}; stack not included")),
            ("flash", *_of(report["flash_bytes"], flash, f"{code}, {weights}")),
        ]
    accesses = sum(part["accesses"] for part in report.get("memories", []))
    for part in report.get("memories", []):
        share = f"of the arena, {percent(part['accesses'], accesses)} of what kernels read and write"
        rows.append((clean(part["name"]), number(part["bytes"]), share))
    rows.append(("MACs", number(report["macs_executed"]), _macs(report)))
    if report["instructions"] is not None:
        rows.append(("instructions (QEMU)", number(report["instructions"]), "of one inference"))
    in_float = [layer for layer in report["layers"] if layer["in_float_because"]]
    if in_float:
        cost, total = (sum(e["instructions_estimated"] for e in layers) for layers in (in_float, report["layers"]))
        share = f"of {len(report['layers'])} layers, about {percent(cost, total)} of the work"
        rows.append(("in float", number(len(in_float)), share))
    if report["schedule"] != "layer":
        rows.append(("schedule", "", clean(report["schedule_described"])))
    widths = [max(len(row[i]) for row in rows) for i in (0, 1)]
    return [f"  {a:<{widths[0]}}  {b:>{widths[1]}} {c}".rstrip() for a, b, c in rows]


def _of(used: int, available: int, parts: str) -> tuple[str, str]:
    return number(used), f"bytes, {percent(used, available)} of the board's: {parts}"


def _macs(report: Report) -> str:
    """What is special about the multiply-accumulates that are executed."""
    macs, executed, repeated = report["macs"], report["macs_executed"], report["macs_repeated"]
    remarks = []
    if executed - repeated < macs:
        remarks.append(f"of {number(macs)} in the model; channels that do nothing are removed")
    if repeated:
        remarks.append(f"{number(repeated)} of them computed again, part by part")
    return "; ".join(remarks)


def layers_table(report: Report) -> Table:
    """The layers in the order in which they run."""
    rows = [
        (
            layer["name"],
            layer["op"],
            f"{shape(layer['output_shape'])} {layer['dtype']}",
            number(layer["macs"]),
            number(layer["instructions_estimated"]),
            number(layer["workspace_bytes"]),
            layer["kernel"],
        )
        for layer in report["layers"]
    ]
    heads = ("layer", "operator", "output", ">MACs", ">instructions (estimated)", ">workspace", "kernel")
    return Table("Layers", heads, rows)


def buffers_table(report: Report) -> Table:
    """What the arena holds when: a buffer lives from the first to the last step named, both included."""
    rows = [
        (b["name"], number(b["bytes"]), number(b["offset"]), b["first_step"], b["last_step"])
        for b in sorted(report["buffers"], key=lambda b: (b["first_step"], b["last_step"], b["offset"]))
    ]
    return Table("Buffers in the arena", ("buffer", ">bytes", ">offset", ">first step", ">last step"), rows)
