"""Networks of convolutions and poolings, in one: the same bits, less RAM, fewer instructions."""

from __future__ import annotations

from math import inf, prod
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
from tinyc.ops import Clamp, Conv2D, Dense, MaxPool2D, Reshape
from tinyc.program.choice import Choice
from tinyc.program.costs import shipped_costs
from tinyc.program.program import build_program
from tinyc.program.selection import Budget, layer_options, select_kernels

CHOICES = {
    "mps2-an386": Choice(KernelTarget(dsp=True), costs=shipped_costs("cortex-m4")),
    "mps2-an385": Choice(KernelTarget(), costs=shipped_costs("cortex-m3")),
    "mps3-an547": Choice(KernelTarget(dsp=True, mve=True), costs=shipped_costs("cortex-m55")),
    "qemu-m0": Choice(KernelTarget(thumb1=True), costs=shipped_costs("cortex-m0")),
}


def network(seed: int, rounding: Rounding = Rounding.SINGLE) -> Graph:
    """Of random sizes: along one axis or two, the ReLU before the pooling or behind it."""
    rng = Random(seed)
    b = Builder(rng)
    flat = rng.random() < 0.3
    x = b.input(1, 1 if flat else rng.randint(6, 17), rng.randint(6, 17), rng.choice((1, 3, 4, 8)))
    for _ in range(rng.randint(1, 3)):
        _, height, width, depth = b.type(x).shape
        size, pool = rng.choice((1, 3, 3, 5)), rng.choice((2, 2, 3))
        kernel, window = ((1, size), (1, pool)) if flat else ((size, size), (pool, pool))
        if height < window[0] or width < window[1]:
            break
        pads = (kernel[0] // 2, kernel[1] // 2) * 2
        weights = b.normal(rng.randint(1, 9), *kernel, depth, scale=(prod(kernel) * depth) ** -0.5)
        before = rng.random() < 0.7
        x = b.linear(Conv2D(pads=pads, low=0.0 if before else -inf), x, weights, 0, plant=False)
        x = b.apply(MaxPool2D(window, window), x)
        x = x if before else b.apply(Clamp(0.0, rng.choice((6.0, inf))), x)
    cells = prod(b.type(x).shape)
    x = b.apply(Reshape((1, cells)), x)
    x = b.linear(Dense(), x, b.normal(5, cells, scale=cells**-0.5), 0, plant=False)
    return quantized(simplify(b.finish(x)), rounding)


@given(st.integers(0, 2**32 - 1), st.sampled_from(sorted(CHOICES)))
@settings(deadline=None, max_examples=20)
def test_no_byte_is_overwritten_too_early(seed: int, board: str) -> None:
    graph = network(seed)
    check_memory(graph, in_one(graph, CHOICES[board]))


@pytest.mark.parametrize("size", [3, 5])
@pytest.mark.parametrize("board", CHOICES)
def test_small_classifier(board: str, size: int) -> None:
    """Three times a convolution, ReLU and pooling of an image of 32x32: in one, though that saves little at last."""
    b = Builder(Random(1))
    x = b.input(1, 32, 32, 3)
    for out in (16, 32, 32):
        depth = b.type(x).shape[3]
        weights = b.normal(out, size, size, depth, scale=(size * size * depth) ** -0.5)
        conv = b.linear(Conv2D(pads=(size // 2,) * 4, low=0.0), x, weights, 0, plant=False)
        x = b.apply(MaxPool2D((2, 2), (2, 2)), conv)
    graph, choice = quantized(simplify(b.finish(x)), Rounding.SINGLE), CHOICES[board]
    taken = select_kernels(graph, choice, Budget())
    assert len(taken.chains) == 3
    apart = layer_options(graph, choice)
    before = sum(min(o.instructions for o in some) for some in apart.values())
    assert sum(some[0].instructions for some in layer_options(graph, taken).values()) < before
    # what is left: the image, a quarter of the first result, and columns, which are long where windows are large
    most = 0.7 if size == 3 else 0.85
    assert build_program(graph, taken).arena_bytes < most * build_program(graph, choice).arena_bytes


@pytest.mark.parametrize("rounding", [Rounding.SINGLE, pytest.param(Rounding.TFLITE, marks=pytest.mark.slow)])
@pytest.mark.parametrize(
    "board", ["mps2-an386", *(pytest.param(b, marks=pytest.mark.slow) for b in ("qemu-m0", "mps3-an547"))]
)
def test_same_bits_as_the_interpreter(board: str, rounding: Rounding, tmp_path: Path) -> None:
    graph = network(9, rounding)
    check_on_host(graph, in_one(graph, CHOICES[board]), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("board", CHOICES)
def test_same_bits_on_the_cores(board: str, tmp_path: Path) -> None:
    for seed in (1, 4, 8, 13, 14):
        graph = network(seed)
        check_on_core(graph, in_one(graph, CHOICES[board]), tmp_path / str(seed), board)
