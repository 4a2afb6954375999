"""Residual networks whose sums are part of a layer before them: the same bits, and memory that holds what is needed."""

from __future__ import annotations

from math import inf
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from program_checks import check_memory, check_on_core, check_on_host, in_one
from strategies import Builder, quantized

from tinyc.driver.phases import simplify
from tinyc.ir.graph import Graph
from tinyc.ir.kernel import KernelTarget
from tinyc.ir.types import Rounding
from tinyc.ops import Add, Conv2D, Sub
from tinyc.program.choice import Choice
from tinyc.program.costs import shipped_costs
from tinyc.program.program import build_program
from tinyc.program.selection import Budget, layer_options, select_kernels

CHOICES = {
    "mps2-an386": Choice(KernelTarget(dsp=True), costs=shipped_costs("cortex-m4")),
    "mps3-an547": Choice(KernelTarget(dsp=True, mve=True), costs=shipped_costs("cortex-m55")),
}


def network(seed: int, rounding: Rounding = Rounding.SINGLE) -> Graph:
    """Blocks of a convolution or two: the other operand is what the block reads, or a convolution of that."""
    rng = Random(seed)
    b = Builder(rng)
    x = b.input(1, rng.randint(1, 11), rng.randint(1, 11), rng.choice((1, 3, 4, 8)))

    def convolution(value: str, out: int, size: int, low: float) -> str:
        depth = b.type(value).shape[3]
        weights = b.normal(out, size, size, depth, scale=(size * size * depth) ** -0.5)
        return b.linear(Conv2D(pads=(size // 2,) * 4, low=low), value, weights, 0, plant=False)

    x = convolution(x, rng.choice((4, 5, 8)), 1, 0.0)  # an input is written before each run, and nothing lies over it
    for _ in range(rng.randint(1, 3)):
        depth = b.type(x).shape[3]
        out = rng.choice((depth, depth, 4, 7))
        inner = convolution(x, rng.choice((4, 8)), 3, 0.0) if rng.random() < 0.5 else x
        main = convolution(inner, out, rng.choice((1, 3, 3)), rng.choice((-inf, -inf, 0.0)))
        other = x if out == depth else convolution(x, out, 1, -inf)
        x = b.apply(rng.choice((Add, Add, Sub))(rng.choice((-inf, 0.0))), *rng.sample((main, other), 2))
    return quantized(simplify(b.finish(x)), rounding)


@given(st.integers(0, 2**32 - 1), st.sampled_from(sorted(CHOICES)))
@settings(deadline=None, max_examples=20)
def test_no_byte_is_overwritten_too_early(seed: int, board: str) -> None:
    graph = network(seed)
    check_memory(graph, in_one(graph, CHOICES[board]))


@pytest.mark.parametrize("board", CHOICES)
def test_a_block_of_resnet(board: str) -> None:
    """The sum is part of the second convolution, which takes less; and no more memory."""
    b = Builder(Random(1))
    x = b.linear(Conv2D(pads=(1, 1, 1, 1), low=0.0), b.input(1, 32, 32, 3), b.normal(16, 3, 3, 3, scale=0.2), 0, False)
    inner = b.linear(Conv2D(pads=(1, 1, 1, 1), low=0.0), x, b.normal(16, 3, 3, 16, scale=0.1), 0, False)
    main = b.linear(Conv2D(pads=(1, 1, 1, 1)), inner, b.normal(16, 3, 3, 16, scale=0.1), 0, False)
    graph = quantized(simplify(b.finish(b.apply(Add(0.0), main, x))), Rounding.SINGLE)
    taken = select_kernels(graph, CHOICES[board], Budget())
    ((last, before),) = taken.chains.items()
    assert (*before, last) == tuple(node.outs[0] for node in graph.nodes[-2:])
    apart = layer_options(graph, CHOICES[board])
    alone = sum(min(o.instructions for o in apart[v]) for v in (*before, last))
    assert layer_options(graph, taken)[last][0].instructions < alone
    assert build_program(graph, taken).arena_bytes <= build_program(graph, CHOICES[board]).arena_bytes


@pytest.mark.parametrize("rounding", [Rounding.SINGLE, pytest.param(Rounding.TFLITE, marks=pytest.mark.slow)])
@pytest.mark.parametrize("board", ["mps2-an386", pytest.param("mps3-an547", marks=pytest.mark.slow)])
def test_same_bits_as_the_interpreter(board: str, rounding: Rounding, tmp_path: Path) -> None:
    graph = network(12, rounding)
    check_on_host(graph, list(in_one(graph, CHOICES[board]))[::2], tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("board", CHOICES)
def test_same_bits_on_the_cores(board: str, tmp_path: Path) -> None:
    for seed in (0, 7, 8, 11, 12):
        graph = network(seed)
        check_on_core(graph, in_one(graph, CHOICES[board]), tmp_path / str(seed), board)
