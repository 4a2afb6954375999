"""Chains of operators with all that they need to be computed, one by one or in one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from call import Kernels
from generated import generate, side_by_side
from numpy.typing import NDArray
from op_cases import Case, Problem, int_problem
from tools import need_emulator

from tinyc.ir.chain import Chain, Link
from tinyc.ir.graph import Graph, Node, plain_port
from tinyc.ir.kernel import Candidate, KernelTarget
from tinyc.ir.types import Rounding
from tinyc.program.chains import names
from tinyc.program.choice import Choice
from tinyc.program.program import Program, build_program

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class ChainProblem:
    """Operators of which each but the first has the result of the one before as its input `at`."""

    problems: tuple[Problem, ...]
    at: tuple[int, ...]

    @property
    def chain(self) -> Chain:
        return Chain(tuple(Link(p.op, p.sig, at) for p, at in zip(self.problems, self.at, strict=True)))

    @property
    def ins(self) -> tuple[Array, ...]:
        """The inputs of all, as the chain numbers them."""
        return tuple(x for problem in self.problems for x in problem.ins)

    @property
    def result(self) -> Array:
        """The result of the last."""
        last = self.problems[-1]
        return last.op.eval_int(last.ins, last.sig)[0]

    def candidates(self, target: KernelTarget) -> Sequence[Candidate]:
        """Those that compute the chain in one."""
        return self.problems[-1].op.fused_kernels(self.chain, target)

    def check(self, kernels: Kernels, target: KernelTarget, more: int) -> None:
        """Every candidate gives the bits of the operators one by one, also right behind what it reads."""
        outs = self.problems[-1].sig.outs
        for candidate in self.candidates(target):
            (got,) = kernels.run(candidate, self.ins, outs)
            np.testing.assert_array_equal(got, self.result)
            for index, lag in candidate[0].lags.items():
                for distance in (lag, lag + more):
                    (over,) = kernels.run(candidate, self.ins, outs, (index, distance))
                    np.testing.assert_array_equal(over, self.result)

    def graph(self) -> Graph:
        """A network of these operators."""
        types, constants, nodes, inputs = {}, {}, [], []
        before = ""
        for number, (problem, at) in enumerate(zip(self.problems, self.at, strict=True)):
            names = [f"x{number}.{i}" for i in range(len(problem.ins))]
            if before:
                names[at] = before
            types.update(zip(names, problem.sig.ins, strict=True))
            constants.update({names[i]: data for i, data in problem.sig.constants.items()})
            inputs += [n for i, n in enumerate(names) if i not in problem.sig.constants and n != before]
            before = f"y{number}"
            types[before] = problem.sig.y
            nodes.append(Node(problem.op, tuple(names), (before,), f"{problem.op.name} {number}"))
        ports = [tuple(plain_port(v, types[v]) for v in some) for some in (inputs, [before])]
        return Graph("chain", ports[0], ports[1], tuple(nodes), types, constants, self.problems[0].sig.rounding)

    def inputs(self) -> dict[str, Array]:
        """The arrays of the network's inputs."""
        found = {}
        for number, (problem, at) in enumerate(zip(self.problems, self.at, strict=True)):
            for i, data in enumerate(problem.ins):
                if i not in problem.sig.constants and not (number and i == at):
                    found[f"x{number}.{i}"] = data
        return found


def chain_problem(cases: Sequence[tuple[Case, int]], rounding: Rounding) -> ChainProblem:
    """A problem of cases, each with the input that is the result of the case before."""
    problems = [int_problem(cases[0][0], rounding)]
    for case, at in cases[1:]:
        before = problems[-1]
        (y,) = before.op.eval_int(before.ins, before.sig)
        problems.append(int_problem(case, rounding, {at: (before.sig.y, y)}))
    return ChainProblem(tuple(problems), tuple(at for _, at in cases))


def chains_in(graph: Graph) -> Mapping[str, tuple[str, ...]]:
    """Where all layers of a network are in chains: as `Choice.chains` has them."""
    chains: dict[str, tuple[Node, ...]] = {}
    for node in graph.nodes:
        before = next((chains.pop(v) for v in node.ins if v in chains), ())
        chains[node.outs[0]] = (*before, node)
    return {value: names(nodes[:-1]) for value, nodes in chains.items()}


def check_on_board(problems: Sequence[ChainProblem], board: str, folder: Path, pick: str) -> str:
    """Every result in the emulator is that of the operators one by one. The C that was made, with candidates `pick`."""
    need_emulator()

    def build(graph: Graph, choice: Choice) -> Program:
        chains = chains_in(graph)
        return build_program(graph, replace(choice, picks=dict.fromkeys(chains, pick), chains=chains))

    model = generate(side_by_side([p.graph() for p in problems]), folder, board, build=build)
    assert len(model.program.steps) == len(problems)
    inputs = {f"g{number}.{name}": x for number, p in enumerate(problems) for name, x in p.inputs().items()}
    got, at = model.emulate([inputs]).outputs, 0
    for problem in problems:
        want = problem.result.tobytes()
        assert got[at : at + len(want)] == want, [p.sig.ins[0].shape for p in problem.problems]
        at += len(want)
    return "".join(path.read_text() for path in sorted(folder.glob("*.c")))
