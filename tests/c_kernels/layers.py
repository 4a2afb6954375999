"""Single layers as a program: random operators side by side in one firmware."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from generated import generate, side_by_side
from op_cases import Problem

from tinyc.ir.graph import Graph, Node, plain_port
from tinyc.program.choice import Choice
from tinyc.program.program import Program, build_program


def graph_of(problem: Problem) -> Graph:
    """The operator alone, its constants as constants."""
    sig = problem.sig
    names = [f"x{i}" for i in range(len(sig.ins))]
    outs = tuple(f"y{i}" for i in range(len(sig.outs)))
    return Graph(
        "layer",
        tuple(plain_port(name, sig.ins[i]) for i, name in enumerate(names) if i not in sig.constants),
        tuple(plain_port(name, kind) for name, kind in zip(outs, sig.outs, strict=True)),
        (Node(problem.op, tuple(names), outs, problem.op.name),),
        dict(zip((*names, *outs), (*sig.ins, *sig.outs), strict=True)),
        {names[i]: data for i, data in sig.constants.items()},
        sig.rounding,
    )


def check_on_board(problems: Sequence[Problem], board: str, folder: Path, pick: str = "") -> str:
    """Every result in the emulator is the operator's own. The C that was made, with candidates that `pick` names."""

    def build(graph: Graph, choice: Choice) -> Program:
        return build_program(graph, replace(choice, picks={n.outs[0]: pick for n in graph.nodes}))

    model = generate(side_by_side([graph_of(p) for p in problems]), folder, board, build=build)
    inputs = {
        f"g{number}.x{i}": data
        for number, problem in enumerate(problems)
        for i, data in enumerate(problem.ins)
        if i not in problem.sig.constants
    }
    result = model.emulate([inputs])
    want = [b"".join(a.tobytes() for a in p.op.eval_int(p.ins, p.sig)) for p in problems]
    got, at = result.outputs, 0
    for problem, bytes_wanted in zip(problems, want, strict=True):
        same = got[at : at + len(bytes_wanted)] == bytes_wanted
        assert same, (problem.op, [kind.shape for kind in problem.sig.ins])
        at += len(bytes_wanted)
    return "".join(path.read_text() for path in sorted(folder.glob("*.c")))
