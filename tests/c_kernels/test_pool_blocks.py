"""Poolings four channels at a time: the same bits as `eval_int`, on the host and on every kind of core."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from call import Kernels
from hypothesis import given, settings
from hypothesis import strategies as st
from layers import check_on_board
from op_cases import CLAMPS, Case, Draw, int_problem
from op_windows import draw_region, part_of
from tools import need_emulator

from tinyc.ir.kernel import KernelTarget
from tinyc.ir.op import Op
from tinyc.ir.types import Rounding
from tinyc.ops import AvgPool2D, MaxPool2D
from tinyc.ops.avg_pool2d import even_quotient, rounded_quotient
from tinyc.ops.kernels.pools import FRACTION_BITS, MOST_CELLS, averages, ties_of

KernelsFor = Callable[[Rounding], Kernels]

BOARDS = ["qemu-m0", pytest.param("mps2-an385", marks=pytest.mark.slow), "mps2-an386", "mps3-an547"]


@st.composite
def poolings(draw: Draw) -> Case:
    """Windows of up to 7 cells a side, which may begin and end in the padding."""
    kernel = draw(st.integers(1, 7)), draw(st.integers(1, 7))
    pads = tuple(draw(st.integers(0, kernel[a % 2] - 1)) for a in range(4))
    plane = [max(1, kernel[a] - min(pads[a], pads[a + 2])) + draw(st.integers(0, 6)) for a in range(2)]
    stride = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    op: Op = draw(st.sampled_from([MaxPool2D, AvgPool2D]))(kernel, stride, pads, *draw(CLAMPS))
    op = op.with_even_ties() if draw(st.booleans()) else op
    shape = (draw(st.integers(1, 2)), *plane, draw(st.integers(1, 11)))
    return Case(op, (shape,), frozenset(), draw(st.integers(0, 2**32 - 1)))


@settings(deadline=None, max_examples=300)
@given(case=poolings(), more=st.integers(0, 5), data=st.data())
def test_results(case: Case, more: int, kernels_for: KernelsFor, data: st.DataObject) -> None:
    problem, kernels = int_problem(case, Rounding.SINGLE), kernels_for(Rounding.SINGLE)
    if data.draw(st.booleans()):
        problem = part_of(problem, draw_region(data, problem))
    (want,) = problem.op.eval_int(problem.ins, problem.sig)
    for candidate in problem.op.kernels(problem.sig, KernelTarget(dsp=True)):
        (got,) = kernels.run(candidate, problem.ins, problem.sig.outs)
        np.testing.assert_array_equal(got, want)
        for lag in candidate[0].lags.values():
            (over,) = kernels.run(candidate, problem.ins, problem.sig.outs, (0, lag + more))
            np.testing.assert_array_equal(over, want)


@pytest.mark.parametrize("zero_point", [None, 0, 1], ids=["away", "even", "odd"])
def test_every_average_is_exact(zero_point: int | None) -> None:
    """All sums of all counts, by the arithmetic that the kernel has."""
    ties = ties_of(zero_point is not None, zero_point or 0)
    op = AvgPool2D((1, MOST_CELLS))
    problem = int_problem(Case(op, ((1, 1, MOST_CELLS, 4),), frozenset(), 0), Rounding.SINGLE)
    call = averages(problem.sig, op.moving_window, (-128, 127), ties)
    assert call is not None
    quotients = call.args[1].data.reshape(-1, 2).astype(np.int64)  # type: ignore[union-attr]
    for count, (factor, term) in enumerate(quotients[1:].tolist(), 1):
        sums = np.arange(-128 * count, 127 * count + 1)
        if zero_point is None:
            product = (sums - ((sums < 0) & (count % 2 == 0))) * factor + term
            wanted = rounded_quotient(sums, count)
        else:
            product = sums * factor + term
            product += factor * ((product >> FRACTION_BITS ^ zero_point) & (count % 2 == 0))
            wanted = even_quotient(sums - zero_point * count, count) + zero_point
        assert np.abs(product).max() < 2**31
        np.testing.assert_array_equal(product >> FRACTION_BITS, wanted)


@given(st.integers(-(2**20), 2**20), st.integers(1, 2**12))
def test_even_quotients_are_those_of_python(total: int, count: int) -> None:
    assert even_quotient(np.array(total), count) == round(Fraction(total, count))


def some_cases() -> list[Case]:
    """Windows inside and at borders, channels that fill no word, clamps."""
    kernels = [(2, 2), (3, 3), (1, 5), (4, 3), (7, 7)]
    clamps = [(-np.inf, np.inf), (0.0, np.inf), (-0.5, 0.5)]
    cases = []
    for seed, kernel in enumerate(kernels * 3):
        window = kernel, (1 + seed % 3, 1 + seed % 2), (kernel[0] // 2, kernel[1] // 2) * 2
        shape = (1 + seed % 2, 9, 8, (4, 8, 5, 3)[seed % 4])
        average = AvgPool2D(*window, *clamps[seed % 3])
        for op in (MaxPool2D(*window, *clamps[seed % 3]), average, average.with_even_ties()):
            cases.append(Case(op, (shape,), frozenset(), seed))
    return cases


@pytest.mark.parametrize("board", BOARDS)
def test_on_boards(board: str, tmp_path: Path) -> None:
    need_emulator()
    made = check_on_board([int_problem(case, Rounding.SINGLE) for case in some_cases()], board, tmp_path)
    assert "tinyc_average_blocks_s8_inline" in made
    assert ("tinyc_max_blocks_s8_inline" in made) == (board != "mps3-an547")  # where CMSIS-NN's maximum uses vectors
