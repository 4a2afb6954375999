"""Float kernels in blocks: every sum takes its products in order, so all candidates and all cores give its bits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from call import Kernels
from generated import generate, side_by_side
from hypothesis import given, settings
from hypothesis import strategies as st
from lag_cases import window_cases
from layers import graph_of
from numpy.typing import NDArray
from op_cases import CASES, CLAMPS, Case, Problem, Shape, float_problem
from tools import need_emulator

from tinyc.driver.kernels import kernel_target
from tinyc.ir.graph import Graph
from tinyc.ir.kernel import KernelTarget
from tinyc.ir.types import Rounding
from tinyc.ops import Add, AvgPool2D, Conv2D, Dense, DepthwiseConv2D, MatMul, MaxPool2D, Mul, Sub
from tinyc.ops.kernels.float_blocks import PIXELS
from tinyc.program.choice import Choice, kind
from tinyc.program.program import Program, build_program
from tinyc.target.board import load_board

Array = NDArray[Any]
KernelsFor = Callable[[Rounding], Kernels]
TINY = np.float32(2.0**-70)  # whose products are among the smallest numbers, which some units take for zeros


def products_in_order(problem: Problem) -> Array:
    """A convolution or dense layer, one product after another, each rounded before it is added."""
    x, w, b = problem.ins
    op = problem.op
    if isinstance(op, Dense):
        x, w, op = x.reshape(1, 1, -1, x.shape[-1]), w[:, None, None, :], Conv2D(low=op.low, high=op.high)
    assert isinstance(op, Conv2D | DepthwiseConv2D)
    kernel = w.shape[1:3]
    window = op.window_over((1, *kernel))
    taps = window.patches(x, 0)
    there = window.patches(np.ones((1, *x.shape[1:3], 1), bool), False)[..., 0, :, :]
    out = problem.sig.y.shape[-1]
    sums = np.broadcast_to(b, (*taps.shape[:3], out)).astype(np.float32)
    depth = 1 if isinstance(op, DepthwiseConv2D) else w.shape[3]
    for i, j, c in np.ndindex(*kernel, depth):
        if isinstance(op, DepthwiseConv2D):
            values, weights = np.repeat(taps[..., i, j], out // x.shape[3], axis=3), w[0, i, j]
        else:
            groups = [taps[..., g * depth + c, i, j] for g in range(op.groups)]
            values = np.repeat(np.stack(groups, axis=-1), out // op.groups, axis=-1)
            weights = w[:, i, j, c]
        sums = np.where(there[..., i, j, None], sums + values * weights, sums)
    raised = np.where(sums < np.float32(op.low), np.float32(op.low), sums)
    return np.where(raised > np.float32(op.high), np.float32(op.high), raised).reshape(problem.sig.y.shape)


def matrices_in_order(a: Array, b: Array) -> Array:
    sums = np.zeros((*a.shape[:-1], b.shape[-1]), np.float32)
    for k in range(a.shape[-1]):
        sums = sums + a[..., k, None] * b[..., k, None, :]
    return sums


@st.composite
def products(draw: st.DrawFn) -> Case:
    lead = draw(st.sampled_from([(1,), (3,), (4,), (2, 9)]))
    if draw(st.booleans()):
        depth, out = draw(st.integers(1, 70)), draw(st.integers(1, 21))
        low, high = draw(CLAMPS)
        shapes: tuple[Shape, ...] = ((*lead, depth), (out, depth), (out,))
        return Case(Dense(low=low, high=high), shapes, frozenset({1, 2}), draw(st.integers(0, 2**32 - 1)))
    case = draw(window_cases())
    if not isinstance(case.op, Conv2D | DepthwiseConv2D):
        return draw(CASES["depthwise_conv2d"])
    low, high = draw(CLAMPS)
    return replace(case, op=replace(case.op, low=low, high=high))


def results(problem: Problem, kernels: Kernels) -> Iterator[tuple[str, Array]]:
    for candidate in problem.op.kernels(problem.sig, KernelTarget()):
        (y,) = kernels.run(candidate, problem.ins, problem.sig.outs)
        yield kind(candidate), y


@settings(deadline=None, max_examples=50)
@given(case=products(), tiny=st.booleans())
def test_products_are_added_one_after_another(case: Case, tiny: bool, kernels_for: KernelsFor) -> None:
    problem = float_problem(case)
    if tiny:
        x, w, b = problem.ins
        constants = {1: w * TINY, 2: b * TINY * TINY}
        problem = Problem(
            problem.op, replace(problem.sig, constants=constants), (x * TINY, constants[1], constants[2])
        )  # fmt: skip
    want = products_in_order(problem)
    for name, y in results(problem, kernels_for(Rounding.SINGLE)):
        np.testing.assert_array_equal(y, want, name)


@settings(deadline=None, max_examples=40)
@given(
    lead=st.sampled_from([(), (2,), (3, 2)]),
    rows=st.integers(1, 9),
    depth=st.integers(1, 9),
    columns=st.integers(1, 11),
    batched=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_matrices_are_multiplied_in_order(
    lead: Shape, rows: int, depth: int, columns: int, batched: bool, seed: int, kernels_for: KernelsFor
) -> None:
    b = (*(lead if batched else ()), depth, columns)
    problem = float_problem(Case(MatMul(), ((*lead, rows, depth), b), frozenset(), seed))
    want = matrices_in_order(*problem.ins)
    for name, y in results(problem, kernels_for(Rounding.SINGLE)):
        np.testing.assert_array_equal(y, want, name)


def test_blocks_of_pixels_are_offered_where_weights_are_shared(kernels_for: KernelsFor) -> None:
    """The layers that the emulated cores run below have whole blocks, pixels that are left over, and borders."""
    functions = {c[0].function for p in some_problems() for c in p.op.kernels(p.sig, KernelTarget())}
    assert {"tinyc_conv_blocks_f32", "tinyc_depthwise_blocks_f32", "tinyc_matmul_f32", "tinyc_add_f32"} <= functions
    assert any(p.sig.y.shape[2] > 2 * PIXELS for p in some_problems() if isinstance(p.op, Conv2D))


def some_problems() -> list[Problem]:
    around = (1, 1, 1, 1)
    cases: list[tuple[Any, tuple[Shape, ...]]] = [
        (Conv2D(pads=around), ((1, 5, 11, 3), (6, 3, 3, 3), (6,))),
        (Conv2D((2, 2), around, low=0.0), ((1, 7, 12, 4), (8, 3, 3, 4), (8,))),
        (Conv2D((1, 2), (2, 1, 2, 1), (2, 2)), ((1, 8, 21, 5), (3, 3, 3, 5), (3,))),
        (Conv2D(low=0.0, high=6.0), ((2, 3, 7, 9), (13, 1, 1, 9), (13,))),
        (Conv2D(pads=(4, 1, 5, 1), stride=(2, 2)), ((1, 19, 10, 1), (8, 10, 4, 1), (8,))),
        (Dense(), ((1, 37), (10, 37), (10,))),
        (Dense(high=0.5), ((5, 12), (4, 12), (4,))),
        (DepthwiseConv2D(pads=around, low=0.0, high=6.0), ((1, 5, 6, 30), (1, 3, 3, 30), (30,))),
        (DepthwiseConv2D((2, 1), (2, 2, 2, 2)), ((1, 9, 6, 12), (1, 5, 5, 12), (12,))),
        (DepthwiseConv2D(pads=(0, 1, 0, 1)), ((1, 4, 7, 7), (1, 2, 3, 7), (7,))),
        (MatMul(), ((2, 6, 7), (2, 7, 10))),
        (MatMul(), ((5, 8), (8, 4))),
        (MaxPool2D((3, 2), (2, 2), (1, 0, 1, 0), low=0.0), ((1, 7, 8, 6),)),
        (AvgPool2D((2, 3), (1, 2), (1, 1, 0, 1)), ((1, 6, 7, 9),)),
        (Add(low=0.0), ((1, 3, 5, 7), (1, 3, 5, 7))),
        (Sub(), ((2, 3, 5), (5,))),
        (Mul(high=0.5), ((4, 1, 6), (3, 1))),
    ]
    return [
        float_problem(Case(op, shapes, frozenset({1, 2} if len(shapes) == 3 else ()), seed))
        for seed, (op, shapes) in enumerate(cases)
    ]


QUICK, LONG = ["mps2-an386"], ["mps3-an547", "mps2-an385", "mps2-an500", "mps2-an505", "qemu-m0"]


@pytest.mark.parametrize("board", [*QUICK, *(pytest.param(board, marks=pytest.mark.slow) for board in LONG)])
def test_cores_give_the_bits_of_the_host(board: str, tmp_path: Path) -> None:
    need_emulator()
    problems = some_problems()
    graph, target = side_by_side([graph_of(p) for p in problems]), kernel_target(load_board(board).cpu)
    samples = [inputs_of(problems, np.float32(1.0)), inputs_of(problems, np.float32(2.0**-140))]
    offered = {n.outs[0]: n.op.kernels(graph.signature(n), target) for n in graph.nodes}
    for turn in range(max(map(len, offered.values()))):
        picks = {value: kind(found[min(turn, len(found) - 1)]) for value, found in offered.items()}

        def build(made: Graph, choice: Choice, picks: dict[str, str] = picks) -> Program:
            return build_program(made, replace(choice, picks=picks))

        model = generate(graph, tmp_path / str(turn), board, build=build)
        assert model.emulate(samples).outputs == b"".join(model.host_outputs(s) for s in samples)


def inputs_of(problems: Sequence[Problem], scale: np.float32) -> dict[str, Array]:
    return {
        f"g{number}.x{i}": (data * scale).astype(np.float32)
        for number, problem in enumerate(problems)
        for i, data in enumerate(problem.ins)
        if i not in problem.sig.constants
    }
