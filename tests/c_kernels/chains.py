"""Chains of operators with all that they need to be computed, one by one or in one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from call import Kernels
from generated import generate, side_by_side
from hypothesis import strategies as st
from numpy.typing import NDArray
from op_cases import CLAMPS, Case, Problem, Shape, int_problem
from tools import need_emulator

from tinyc.ir.chain import Chain, Link
from tinyc.ir.graph import Graph, Node, plain_port
from tinyc.ir.kernel import Candidate, KernelTarget
from tinyc.ir.types import Rounding, f32
from tinyc.ops import Conv2D, DepthwiseConv2D
from tinyc.program.chains import names
from tinyc.program.choice import Choice
from tinyc.program.program import Program, build_program

Array = NDArray[Any]

on_dsp_cores = pytest.mark.parametrize(
    ("board", "rounding"),
    [
        ("mps2-an386", Rounding.SINGLE),
        pytest.param("mps2-an386", Rounding.TFLITE, marks=pytest.mark.slow),
        pytest.param("mps2-an500", Rounding.SINGLE, marks=pytest.mark.slow),
        pytest.param("mps2-an505", Rounding.SINGLE, marks=pytest.mark.slow),
    ],
)
"""On each core with the DSP extension."""

with_weights = pytest.mark.parametrize(
    "pick",
    [
        pytest.param("wide inline", id="int16"),
        pytest.param("inline", id="bytes", marks=pytest.mark.slow),
        pytest.param("", id="for any numbers", marks=pytest.mark.slow),
    ],
)
"""With int16 weights and with bytes, in functions made for the layers and in those that are shared."""


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
            kernels.check(candidate, self.ins, outs, self.result, more)

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


def result_shape(case: Case) -> Shape:
    """The shape of a convolution's result."""
    (y,) = case.op.infer(*(f32(*shape) for shape in case.shapes))
    return y.shape


@st.composite
def convolutions(draw: st.DrawFn) -> Case:
    """Convolutions of odd sizes and even ones, with all kinds of padding."""
    kernel = draw(st.sampled_from([(1, 1), (1, 1), (3, 3), (2, 3), (5, 1)]))
    stride = draw(st.sampled_from([(1, 1), (1, 1), (2, 2), (1, 2)]))
    pads = tuple(draw(st.integers(0, 2)) for _ in range(4))
    plane = tuple(max(1, kernel[a] - pads[a] - pads[a + 2]) + draw(st.integers(0, 9)) for a in range(2))
    depth, channels, batches = draw(st.integers(1, 9)), draw(st.integers(1, 9)), draw(st.integers(1, 2))
    low, high = draw(CLAMPS)
    shapes = ((batches, *plane, depth), (channels, *kernel, depth), (channels,))
    return Case(Conv2D(stride, pads, low=low, high=high), shapes, frozenset((1, 2)), draw(st.integers(0, 2**32 - 1)))


@st.composite
def depthwise(draw: st.DrawFn, x: Shape, multipliers: Sequence[int] = (1,)) -> Case:
    """Depthwise convolutions of x that the kernels know."""
    kernel = draw(st.sampled_from([(3, 3), (3, 3), (5, 5), (7, 7), (2, 3), (4, 2), (3, 1)]))
    stride = draw(st.sampled_from([(1, 1), (1, 1), (2, 2), (1, 2), (2, 1)]))
    least = tuple(max(0, kernel[a] - x[1 + a]) for a in range(2))  # that the window fits
    before = tuple(draw(st.integers(0, 3)) for _ in range(2))
    behind = tuple(max(0, least[a] - before[a]) + draw(st.integers(0, 2)) for a in range(2))
    low, high = draw(CLAMPS)
    out = x[3] * draw(st.sampled_from(multipliers))
    op = DepthwiseConv2D(stride, (*before, *behind), low=low, high=high)
    return Case(op, (x, (1, *kernel, out), (out,)), frozenset((1, 2)), draw(st.integers(0, 2**32 - 1)))


def chains_in(graph: Graph) -> Mapping[str, tuple[str, ...]]:
    """Where all layers of a network are in chains: as `Choice.chains` has them."""
    chains: dict[str, tuple[Node, ...]] = {}
    for node in graph.nodes:
        before = next((chains.pop(v) for v in node.ins if v in chains), ())
        chains[node.outs[0]] = (*before, node)
    return {value: names(nodes[:-1]) for value, nodes in chains.items()}


def check_on_board(problems: Sequence[ChainProblem], board: str, folder: Path, pick: str | Sequence[str]) -> str:
    """Every result in the emulator is that of the operators one by one. The C that was made, with candidates `pick`.

    That is one kind for all problems, or one for each.
    """
    need_emulator()

    def build(graph: Graph, choice: Choice) -> Program:
        chains = chains_in(graph)
        kinds = [pick] * len(chains) if isinstance(pick, str) else pick
        return build_program(graph, replace(choice, picks=dict(zip(chains, kinds, strict=True)), chains=chains))

    model = generate(side_by_side([p.graph() for p in problems]), folder, board, build=build)
    assert len(model.program.steps) == len(problems)
    inputs = {f"g{number}.{name}": x for number, p in enumerate(problems) for name, x in p.inputs().items()}
    got, at = model.emulate([inputs]).outputs, 0
    for problem in problems:
        want = problem.result.tobytes()
        assert got[at : at + len(want)] == want, [p.sig.ins[0].shape for p in problem.problems]
        at += len(want)
    return "".join(path.read_text() for path in sorted(folder.glob("*.c")))
