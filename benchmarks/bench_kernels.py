"""What kernels cost on each emulated core: `make bench-kernels`, and with `--update` the tables in costs/.

A sweep over single layers of many shapes: every kernel that a layer could call is run in the emulator. The table in
build/bench-kernels.md has instructions, instructions a multiply-accumulate, and how far the weights that are fitted
to the kernel's work are off. `--update` writes figures and weights to costs/<core>.json, which the compiler reads; with
`--only` or `--operators` those of some kernels, the others stay as they are.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from kernel_layers import SWEEPS, Layer
from rich.console import Console
from rich.progress import track

from tinyc.codegen.call import Specialised
from tinyc.driver.autotune import measure
from tinyc.driver.kernels import kernel_target
from tinyc.driver.phases import Quantization, lower
from tinyc.ir.graph import Graph, Node, plain_port
from tinyc.ir.kernel import Candidate, KernelSet
from tinyc.ir.types import DType, TensorType, f32
from tinyc.ops import Div
from tinyc.program.chains import names
from tinyc.program.choice import Choice, kind, plain_work
from tinyc.program.costs import label, work_key
from tinyc.program.program import build_program
from tinyc.quant.calibrate import random_samples
from tinyc.target.board import Board, load_board
from tinyc.target.tools import ARM_GCC, QEMU, tool_version

ROOT = Path(__file__).parents[1]
BUILD, COSTS = ROOT / "build", ROOT / "costs"
BOARDS = ("qemu-m0", "mps2-an385", "mps2-an386", "mps2-an500", "mps2-an505", "mps3-an547")


def graph_of(layers: Sequence[Layer], integer: bool = True) -> Graph:
    """The layers side by side, each with inputs and an output of its own, in int8 or float."""
    random = np.random.default_rng(0)
    types: dict[str, TensorType] = {}
    constants, nodes, inputs, outputs = {}, [], [], []
    for number, first in enumerate(layers):
        out = ""
        for link, layer in enumerate((first, *first.behind)):
            names = [f"l{number}.{link}.{i}" for i in range(len(layer.shapes))]
            names[0] = out or names[0]
            for index, (name, shape) in enumerate(zip(names, layer.shapes, strict=True)):
                types[name] = f32(*shape)
                if index in layer.integers:
                    types[name] = TensorType(shape, DType.I32)
                    constants[name] = np.full(shape, layer.integers[index], np.int32)
                elif index >= layer.fed:
                    constants[name] = random.standard_normal(shape).astype(np.float32)
                elif name != out:
                    inputs.append(name)
            out = f"l{number}.{link}.y"
            kinds = layer.op.infer(*(types[name] for name in names))
            outs = tuple(f"{out}{'.' * index}" for index in range(len(kinds)))
            types.update(zip(outs, kinds, strict=True))
            nodes.append(Node(layer.op, tuple(names), outs, f"layer {number}"))
        outputs.append(out)
    ports = [tuple(plain_port(name, types[name]) for name in some) for some in (inputs, outputs)]
    graph = Graph("sweep", ports[0], ports[1], tuple(nodes), types, constants)
    samples = random_samples(graph, 0, 2)
    for node in nodes:
        if isinstance(node.op, Div):  # which is in int8 if no divisor is near to zero
            samples[node.ins[1]] = 1 + np.abs(samples[node.ins[1]])
    return lower(graph, Quantization(samples) if integer else None).graph


BESIDE = {
    "tinyc_conv_max_s8 wide": "tinyc_conv_pairs_wide_s8",
    "tinyc_conv_max_s8": "tinyc_conv_pairs_s8",
    "tinyc_conv_max_plain_s8": "tinyc_conv_plain_s8",
    "tinyc_conv_max_vectors_s8": "tinyc_conv_vectors_s8",
    "tinyc_winograd_max_s8": "tinyc_winograd_s8",
}
"""Kernels of chains that count as work what those for the first layer alone count, and more."""


def beside(name: str) -> str | None:
    """The kernel for the first layer alone; both may be made for their numbers."""
    base = BESIDE.get(name.removesuffix(" inline"))
    return base and base + (" inline" if name.endswith(" inline") else "")


@dataclass(frozen=True)
class Row:
    """One kernel on one layer. `work` is what its instructions are fitted to, and `code` what its bytes are.

    The latter are known of functions that are made for a layer.
    """

    layer: str
    label: str
    macs: int
    work: Mapping[str, int]
    instructions: int
    code: Mapping[str, int]
    code_bytes: int

    @property
    def shapes(self) -> str:
        """Of the first layer's inputs."""
        return " ".join(self.layer.split(" ")[-2:])


def measured(graph: Graph, board: Board, cache: Path) -> tuple[list[Row], dict[str, int]]:
    """Every kernel on every layer, and the bytes of code of each kernel."""
    target = kernel_target(board.cpu)
    choice = Choice(target, KernelSet.TINYC)
    rows, sizes = [], defaultdict(list)
    offered = _offered(graph, choice)
    for turn in range(max(len(candidates) for _, candidates in offered.values())):
        taken = {value: c[turn] for value, (_, c) in offered.items() if turn < len(c)}
        picks = {value: kind(candidate) for value, candidate in taken.items()}
        chains = {value: names(offered[value][0][:-1]) for value in taken if len(offered[value][0]) > 1}
        program = build_program(graph, Choice(target, KernelSet.TINYC, picks=picks, chains=chains))
        counts, elf = measure(program, board, cache)
        symbols = {symbol.name: symbol.bytes for symbol in elf.flash_symbols() if symbol.is_function}
        made = Specialised("model_")
        functions = {step.layer: made.name(call) for step in program.steps for call in step.calls if call.inline}
        for number, (layer, count) in enumerate(zip(program.layers, counts, strict=True)):
            candidate = taken.get(layer.node.outs[0], ())
            if len(candidate) == 1 and count:
                sig = graph.signature(layer.nodes[0])
                shapes = " ".join("x".join(map(str, t.shape)) for t in sig.ins[:2])
                (call,) = candidate
                work = call.work or plain_work(layer.node.op, sig)
                size = symbols.get(functions.get(number, ""), 0)
                rows.append(
                    Row(f"{layer.operator} {shapes}", label(call), layer.macs, work, count, call.code, size)
                )  # fmt: skip
        for name, size in symbols.items():
            special = re.fullmatch(r"model_(\w+)_\d+", name)
            sizes[f"tinyc_{special[1]} inline" if special else name].append(size)
    return rows, {name: round(sum(some) / len(some)) for name, some in sizes.items()}


def _offered(graph: Graph, choice: Choice) -> dict[str, tuple[tuple[Node, ...], Sequence[Candidate]]]:
    """By the results of layers, or of chains: their nodes, and the candidates for them."""
    found: dict[str, tuple[tuple[Node, ...], Sequence[Candidate]]] = {}
    waiting: dict[str, tuple[Node, ...]] = {}
    uses = {v for node in graph.nodes for v in node.ins}
    for node in graph.nodes:
        nodes = (*waiting.pop(node.ins[0], ()), node)
        value = node.outs[0]
        if value in uses:
            waiting[value] = nodes
        elif len(nodes) > 1:
            found[value] = nodes, choice.offered_in_one(nodes, graph).candidates
        elif not node.op.is_view:
            found[value] = nodes, choice.offered(node, node.op, graph.signature(node))
    return found


def fitted(points: Sequence[tuple[Mapping[str, int], int]]) -> dict[str, float]:
    """Weights, none negative, with which counts make their figures with the least relative error."""
    names = sorted({name for counts, _ in points for name, count in counts.items() if count})
    matrix = np.array([[counts.get(name, 0) / figure for name in names] for counts, figure in points])
    while names:
        weights, *_ = np.linalg.lstsq(matrix, np.ones(len(points)), rcond=None)
        if weights.min() >= 0:
            return {name: float(f"{weight:.5g}") for name, weight in zip(names, weights, strict=True)}
        worst = int(weights.argmin())
        matrix = np.delete(matrix, worst, axis=1)
        del names[worst]
    return {}


def fitted_beside(rows: Sequence[Row], base: Mapping[str, float], alone: Mapping[str, Row]) -> dict[str, float]:
    """Weights of a kernel that computes a layer in one with others: those of a kernel for the layer alone, and own.

    Kernels of chains are compared with those of single layers, by sums that are wrong by some per cent: here both are
    wrong by the same, and what is fitted to what was measured is the difference. `alone`: the latter's, by shapes.
    """
    own = sorted({name for row in rows for name in row.work} - {n for row in alone.values() for n in row.work})
    matrix = np.array([[row.work.get(name, 0) / row.instructions for name in own] for row in rows])
    pairs = [(row, alone[row.shapes]) for row in rows]
    taken = [estimate(base, row) / estimate(base, a) * a.instructions / row.instructions for row, a in pairs]
    weights, *_ = np.linalg.lstsq(matrix, 1 - np.array(taken), rcond=None)
    shared = {name: base[name] for name in sorted(set(base) & set(rows[0].work))}
    return shared | {name: float(f"{weight:.5g}") for name, weight in zip(own, weights, strict=True)}


def estimate(weights: Mapping[str, float], row: Row) -> float:
    """The instructions that the weights give."""
    return sum(weights.get(name, 0.0) * count for name, count in row.work.items())


def table(core: str, rows: Sequence[Row], weights: Mapping[str, Mapping[str, float]]) -> str:
    """Markdown."""
    lines = [f"## {core}", "", "| layer | kernel | MACs | instructions | a MAC | fit |", "|---|---|--:|--:|--:|--:|"]
    for row in rows:
        per_mac = f"{row.instructions / row.macs:.2f}" if row.macs else ""
        off = estimate(weights[row.label], row) / row.instructions - 1
        lines.append(
            f"| {row.layer} | {row.label} | {row.macs:,} | {row.instructions:,} | {per_mac} | {100 * off:+.1f} % |"
        )
    return "\n".join(lines) + "\n\n"


def main() -> int:
    """Measure, print, and write."""
    parser = argparse.ArgumentParser(description="Measure kernels in the emulator.")
    parser.add_argument("--boards", nargs="+", default=BOARDS, metavar="BOARD", help="default: one of each core")
    parser.add_argument("--update", action="store_true", help="write costs/<core>.json")
    parser.add_argument("--only", choices=SWEEPS, help="measure in int8 or in float; default: both")
    parser.add_argument(
        "--operators", nargs="+", metavar="NAME", help="such as conv2d, or conv2d+max_pool2d in one; default: all"
    )
    args = parser.parse_args()
    layers = {
        kind: [layer for layer in SWEEPS[kind]() if args.operators is None or layer.name in args.operators]
        for kind in ([args.only] if args.only else SWEEPS)
    }
    graphs = {kind: graph_of(some, kind == "int8") for kind, some in layers.items() if some}
    pooled = [layer for layer in layers.get("int8", ()) if layer.name == "conv2d+max_pool2d"]
    first = graph_of([replace(layer, behind=()) for layer in pooled]) if pooled else None
    BUILD.mkdir(exist_ok=True)
    text = ""
    with tempfile.TemporaryDirectory(prefix="tinyc-kernels-") as cache:
        for name in track(args.boards, "measuring", console=Console(stderr=True)):
            board = load_board(name)
            found = [measured(graph, board, Path(cache)) for graph in graphs.values()]
            rows, sizes = (
                [row for some, _ in found for row in some],
                {n: b for _, some in found for n, b in some.items()},
            )
            by_kernel: dict[str, list[Row]] = defaultdict(list)
            for row in rows:
                by_kernel[row.label].append(row)
            weights = {
                kernel: fitted([(r.work, r.instructions) for r in some])
                for kernel, some in by_kernel.items()
                if not beside(kernel)
            }
            alone: dict[str, dict[str, Row]] = defaultdict(dict)
            for row in measured(first, board, Path(cache))[0] if first else ():
                alone[row.label][row.shapes] = row
            for kernel, base in [(k, b) for k in by_kernel if (b := beside(k))]:
                per = weights.get(base) or json.loads(costs_of(board).read_text())["kernels"][base]["per"]
                weights[kernel] = fitted_beside(by_kernel[kernel], per, alone[base])
            text += table(board.cpu.name, rows, weights)
            if args.update:
                write(board, by_kernel, weights, sizes, kept=bool(args.only or args.operators))
    (BUILD / "bench-kernels.md").write_text(text)
    print(text, end="")
    return 0


def costs_of(board: Board) -> Path:
    """The table of a board's core."""
    return COSTS / f"{board.cpu.name}.json"


def write(
    board: Board,
    by_kernel: Mapping[str, Sequence[Row]],
    weights: Mapping[str, Mapping[str, float]],
    sizes: Mapping[str, int],
    kept: bool,
) -> None:
    """The table that the compiler reads; `kept`: what is not measured stays in it."""
    file = costs_of(board)
    kernels = json.loads(file.read_text())["kernels"] if kept else {}
    for name, rows in sorted(by_kernel.items()):
        function, *_, last = f"{name} {name}".split(" ")
        size = sizes.get(f"{function} inline" if last == "inline" else function, 0)
        points = {} if beside(name) else {work_key(row.work): row.instructions for row in rows}
        kernels[name] = {"per": weights[name], "code_bytes": size, "measured": dict(sorted(points.items()))}
        code = fitted([(row.code, row.code_bytes) for row in rows if row.code and row.code_bytes])
        if code:
            kernels[name]["code_per"] = code
    COSTS.mkdir(exist_ok=True)
    tools = {what: tool_version(tool) for what, tool in (("compiler", ARM_GCC), ("emulator", QEMU))}
    text = json.dumps({"core": board.cpu.name, **tools, "kernels": dict(sorted(kernels.items()))}, indent=1)
    file.write_text(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main())
