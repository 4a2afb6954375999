"""Convolutions and maxima over windows of their results in one: the bits of both one by one, on host and cores."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import inf
from pathlib import Path

import numpy as np
import pytest
from call import Kernels
from chains import ChainProblem, chain_problem, check_on_board
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from op_cases import CLAMPS, Case

from tinyc.ir.fixed_point import requantize
from tinyc.ir.kernel import KernelTarget
from tinyc.ir.types import QuantParams, Rounding, TensorType
from tinyc.ops import Conv2D, MaxPool2D
from tinyc.program.choice import kind

DSP, M3, M0 = KernelTarget(dsp=True), KernelTarget(), KernelTarget(thumb1=True)
MVE = KernelTarget(dsp=True, mve=True)
TARGETS = (DSP, M3, M0, MVE)
Pair = tuple[int, int]
Pads = tuple[int, int, int, int]

WINDOWS = [(2, 2), (2, 2), (1, 2), (2, 1), (3, 3), (1, 3), (4, 1), (1, 4), (2, 3)]


@st.composite
def chains(draw: st.DrawFn, rounding: Rounding) -> ChainProblem:
    """Layers that a kernel knows: odd sizes, whose last cells no window sees or one that reaches beyond them."""
    tiled = draw(st.booleans())  # what Winograd's transform wants
    kernel = (3, 3) if tiled else draw(st.sampled_from([(1, 1), (3, 3), (2, 3), (5, 1), (1, 4), (5, 5)]))
    stride = (1, 1) if tiled else draw(st.sampled_from([(1, 1), (1, 1), (2, 2), (1, 2), (3, 1)]))
    pads = tuple(draw(st.integers(0, 2)) for _ in range(4))
    window = draw(st.sampled_from(WINDOWS))
    middle = tuple(draw(st.integers(window[a], 9)) for a in range(2))
    plane = tuple(
        (middle[a] - 1) * stride[a] + kernel[a] - pads[a] - pads[a + 2] + draw(st.integers(0, stride[a] - 1))
        for a in range(2)
    )  # fmt: skip
    assume(min(plane) >= 1)
    depth = 4 * draw(st.integers(1, 4)) if tiled else draw(st.integers(1, 9))
    out, batches = draw(st.integers(1, 9)), draw(st.integers(1, 2))
    behind = tuple(draw(st.integers(0, -middle[a] % window[a])) if draw(st.booleans()) else 0 for a in range(2))
    shapes = ((batches, *plane, depth), (out, *kernel, depth), (out,))
    low, high = draw(CLAMPS)
    conv = Case(Conv2D(stride, pads, low=low, high=high), shapes, frozenset((1, 2)), draw(st.integers(0, 2**32 - 1)))
    pool = Case(MaxPool2D(window, window, (0, 0, *behind), *draw(CLAMPS)), ((batches, *middle, out),), frozenset(), 0)
    return chain_problem([(conv, 0), (pool, 0)], rounding)


@pytest.mark.parametrize("rounding", Rounding)
@settings(deadline=None, max_examples=150)
@given(data=st.data(), target=st.sampled_from(TARGETS), more=st.integers(0, 40))
def test_same_bits_as_one_by_one(
    rounding: Rounding, kernels_for: Callable[[Rounding], Kernels], data: st.DataObject, target: KernelTarget, more: int
) -> None:
    data.draw(chains(rounding)).check(kernels_for(rounding), target, more)


def fixed(
    x: tuple[int, int, int, int],
    out: int,
    kernel: Pair,
    stride: Pair,
    pads: Pads,
    window: Pair,
    behind: Pair = (0, 0),
    low: float = -inf,
    high: float = inf,
    seed: int = 0,
    rounding: Rounding = Rounding.SINGLE,
) -> ChainProblem:
    """A convolution that is clamped from below, and a pooling that is clamped from above."""
    middle = tuple((x[1 + a] + pads[a] + pads[a + 2] - kernel[a]) // stride[a] + 1 for a in range(2))
    conv = Case(Conv2D(stride, pads, low=low), (x, (out, *kernel, x[3]), (out,)), frozenset((1, 2)), seed)
    pool = Case(MaxPool2D(window, window, (0, 0, *behind), high=high), ((x[0], *middle, out),), frozenset(), seed)
    return chain_problem([(conv, 0), (pool, 0)], rounding)


AROUND: Pads = (1, 1, 1, 1)
NONE: Pads = (0, 0, 0, 0)


@pytest.mark.parametrize("target", TARGETS, ids=["dsp", "M3", "M0", "Helium"])
def test_one_byte_nearer_is_too_near(target: KernelTarget, kernels_for: Callable[[Rounding], Kernels]) -> None:
    # many more channels than x has: what is written soon reaches what is still to be read
    for sizes in (
        ((1, 8, 8, 4), 40, (3, 3), (1, 1), AROUND, (2, 2)),
        ((1, 9, 7, 3), 40, (3, 3), (1, 1), NONE, (2, 2)),
        ((1, 6, 6, 4), 40, (3, 3), (1, 1), NONE, (1, 2)),
        ((2, 1, 40, 2), 9, (1, 5), (1, 1), (0, 2, 0, 2), (1, 2)),
    ):
        changed: dict[str, bool] = {}
        for seed in range(9):  # a value that is read too late need not be the largest that a window sees
            problem = fixed(*sizes, seed=seed)
            for candidate in problem.candidates(target):
                (lag,) = candidate[0].lags.values()
                outs = problem.problems[-1].sig.outs
                (over,) = kernels_for(Rounding.SINGLE).run(candidate, problem.ins, outs, (0, lag - 1))
                name = kind(candidate)
                changed[name] = changed.get(name, False) or (lag > 0 and over.tobytes() != problem.result.tobytes())
        assert changed and all(changed.values()), (sizes, changed)


def test_only_windows_that_part_the_plane() -> None:
    conv = Case(Conv2D(), ((1, 9, 9, 4), (5, 3, 3, 4), (5,)), frozenset((1, 2)), 0)

    def offered(*pool: object) -> bool:
        behind = Case(MaxPool2D(*pool), ((1, 7, 7, 5),), frozenset(), 0)  # type: ignore[arg-type]
        problem = chain_problem([(conv, 0), (behind, 0)], Rounding.SINGLE)
        found = [bool(problem.candidates(target)) for target in TARGETS]
        assert len(set(found)) == 1
        return found[0]

    assert offered((2, 2), (2, 2)) and offered((2, 2), (2, 2), (0, 0, 1, 1))
    assert not offered((3, 3), (2, 2))  # cells in common, whose sums would be made again
    assert not offered((2, 2), (3, 3))
    assert not offered((2, 2), (2, 2), (1, 0, 0, 0))
    assert not offered((1, 1), (1, 1))
    assert not offered((7, 7), (7, 7))  # a column for each of 49 cells


def test_not_where_the_pooling_has_other_parameters() -> None:
    problem = fixed((1, 8, 8, 4), 4, (3, 3), (1, 1), AROUND, (2, 2))
    conv, pool = problem.problems
    other = TensorType(pool.sig.y.shape, pool.sig.y.dtype, QuantParams((pool.sig.y.q.scale[0] * 2,), 0))
    changed = ChainProblem((conv, replace(pool, sig=replace(pool.sig, outs=(other,)))), (0, 0))
    for target in TARGETS:
        assert problem.candidates(target) and not changed.candidates(target)


# filters and channels that are left over; odd sizes whose last cells are seen by no window, or by one that reaches
# beyond them; columns that are written out and longer ones; weights of a pair of filters beyond 4,095 bytes
FIXED = (
    ((1, 8, 8, 12), 8, (3, 3), (1, 1), AROUND, (2, 2)),
    ((2, 7, 9, 4), 5, (3, 3), (1, 1), AROUND, (2, 2)),
    ((1, 7, 9, 8), 6, (3, 3), (1, 1), AROUND, (2, 2), (1, 1)),
    ((1, 28, 28, 1), 6, (5, 5), (1, 1), NONE, (2, 2)),
    ((1, 11, 10, 3), 7, (3, 3), (1, 1), AROUND, (2, 2)),
    ((2, 12, 12, 3), 4, (3, 3), (2, 2), (0, 0, 1, 1), (2, 2)),
    ((1, 6, 6, 44), 3, (5, 5), (1, 1), (2, 2, 2, 2), (2, 2)),
    ((1, 1, 33, 3), 8, (1, 5), (1, 1), (0, 2, 0, 2), (1, 2)),
    ((1, 34, 1, 6), 5, (3, 1), (1, 1), (1, 0, 1, 0), (2, 1)),
    ((1, 6, 7, 8), 4, (3, 3), (1, 1), AROUND, (1, 2)),
    ((1, 5, 6, 8), 5, (3, 3), (1, 1), AROUND, (2, 1), (1, 0)),
    ((1, 9, 9, 5), 6, (3, 3), (1, 1), AROUND, (3, 3)),
    ((1, 1, 24, 4), 4, (1, 3), (1, 1), (0, 1, 0, 1), (1, 3)),
    ((1, 1, 24, 4), 4, (1, 3), (1, 1), (0, 1, 0, 1), (1, 4)),
    ((1, 2, 8, 260), 2, (1, 1), (1, 1), NONE, (2, 2)),
)  # fmt: skip


CLAMPED = ((0.0, inf), (-0.3, 0.4), (-inf, 0.2))


def check(board: str, target: KernelTarget, name: str, rounding: Rounding, clamped: bool, folder: Path) -> None:
    """Those of the cases that a kernel knows, on a core; the assembly knows no clamps."""
    problems = []
    for i, sizes in enumerate(FIXED):
        low, high = CLAMPED[i % 3] if clamped else (-inf, inf)
        for seed in range(i, i + 30, 3):  # weights that the kernel can pack
            problem = fixed(*sizes, low=low, high=high, seed=seed, rounding=rounding)
            if name in map(kind, problem.candidates(target)):
                problems.append(problem)
                break
    assert len(problems) >= 4
    code = check_on_board(problems, board, folder, name)
    function, *_ = name.split()
    assert function in code and (f"model_{function.removeprefix('tinyc_')}_" in code) == name.endswith("inline")


SLOW = pytest.mark.slow
TILES = "tinyc_winograd_max_s8 inline", "tinyc_winograd_max_s8"
PAIRS = "tinyc_conv_max_s8 wide inline", "tinyc_conv_max_s8 inline", "tinyc_conv_max_s8"
PLAIN = "tinyc_conv_max_plain_s8 inline", "tinyc_conv_max_plain_s8"
VECTORS = "tinyc_conv_max_vectors_s8 inline", "tinyc_conv_max_vectors_s8"


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n in (TILES[0], PAIRS[0]) else SLOW) for n in TILES + PAIRS]
)
@pytest.mark.parametrize(
    ("board", "rounding", "clamped"),
    [
        ("mps2-an386", Rounding.SINGLE, False),
        pytest.param("mps2-an386", Rounding.SINGLE, True, marks=SLOW),
        pytest.param("mps2-an386", Rounding.TFLITE, True, marks=SLOW),
        pytest.param("mps2-an500", Rounding.SINGLE, False, marks=SLOW),
        pytest.param("mps2-an505", Rounding.SINGLE, False, marks=SLOW),
    ],
)
def test_on_cores_with_the_dsp_extension(
    name: str, board: str, rounding: Rounding, clamped: bool, tmp_path: Path
) -> None:
    check(board, DSP, name, rounding, clamped, tmp_path)


@pytest.mark.parametrize("name", [PLAIN[0], pytest.param(PLAIN[1], marks=SLOW)])
@pytest.mark.parametrize(
    ("rounding", "clamped"),
    [
        (Rounding.SINGLE, False),
        pytest.param(Rounding.SINGLE, True, marks=SLOW),
        pytest.param(Rounding.TFLITE, True, marks=SLOW),
    ],
)
@pytest.mark.parametrize(
    ("board", "target"), [("qemu-m0", M0), pytest.param("mps2-an385", M3, marks=SLOW)], ids=["M0", "M3"]
)
def test_on_plain_cores(
    board: str, target: KernelTarget, rounding: Rounding, clamped: bool, name: str, tmp_path: Path
) -> None:
    check(board, target, name, rounding, clamped, tmp_path)


@pytest.mark.parametrize("name", [VECTORS[0], pytest.param(VECTORS[1], marks=SLOW)])
@pytest.mark.parametrize(
    ("rounding", "clamped"),
    [(Rounding.SINGLE, False), pytest.param(Rounding.TFLITE, True, marks=SLOW)],
)
def test_on_cores_with_helium(rounding: Rounding, clamped: bool, name: str, tmp_path: Path) -> None:
    check("mps3-an547", MVE, name, rounding, clamped, tmp_path)


def test_a_larger_sum_makes_no_smaller_result() -> None:
    """What the kernels rest on, for multipliers and shifts of both roundings, at ties too."""
    sums = np.unique(np.concatenate([np.arange(-70000, 70000), np.arange(-(2**20), 2**20, 509)]))
    for rounding in Rounding:
        for multiplier in (0, 2**30, 2**30 + 1, 1518500250, 2**31 - 1):
            for shift in (-14, -9, -3, -1, 0, 1, 3):
                results = requantize(sums, multiplier, shift, rounding)
                assert (np.diff(results) >= 0).all()
