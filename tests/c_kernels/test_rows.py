"""Sums, products, quotients and means row by row: the same bits as `eval_int`, on the host and every kind of core."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from call import Kernels
from hypothesis import given, settings
from hypothesis import strategies as st
from layers import check_on_board
from op_cases import CLAMPS, Case, Draw, int_problem
from tools import need_emulator

from tinyc.ir.kernel import KernelTarget
from tinyc.ir.types import Rounding
from tinyc.ops import Add, Div, Mean, Mul, Prelu, SquaredDifference, Sub

KernelsFor = Callable[[Rounding], Kernels]

DSP = KernelTarget(dsp=True)
BOARDS = ("qemu-m0", "mps2-an385", "mps2-an386", "mps2-an505", "mps3-an547")


@st.composite
def operands(draw: Draw) -> Case:
    """Two tensors of one shape, or one of them a row of the other."""
    shape = (*draw(st.lists(st.integers(1, 5), min_size=0, max_size=3)), draw(st.integers(1, 30)))
    row = shape[draw(st.integers(0, len(shape) - 1)) :]
    shapes = draw(st.sampled_from([(shape, shape), (shape, row), (row, shape), (shape, (1, *row)[-len(shape) :])]))
    op = draw(st.sampled_from([Add, Sub, Mul, Div, Prelu, SquaredDifference]))(*draw(CLAMPS))
    return Case(op, shapes, draw(st.sampled_from([frozenset(), frozenset({1})])), draw(st.integers(0, 2**32 - 1)))


@st.composite
def means(draw: Draw) -> Case:
    """Over few cells, and over so many that int16 lanes do not hold their sum."""
    rows, columns = draw(st.sampled_from([(1, 3), (5, 5), (16, 16), (17, 31), (2, 300)]))
    shape = (draw(st.integers(1, 2)), rows, columns, draw(st.integers(1, 11)))
    return Case(Mean((1, 2)), (shape,), frozenset(), draw(st.integers(0, 2**32 - 1)))


@settings(deadline=None, max_examples=300)
@given(case=st.one_of(operands(), means()), rounding=st.sampled_from(Rounding), more=st.integers(0, 5))
def test_results(case: Case, rounding: Rounding, more: int, kernels_for: KernelsFor) -> None:
    problem = int_problem(case, rounding)
    (want,) = problem.op.eval_int(problem.ins, problem.sig)
    for candidate in problem.op.kernels(problem.sig, DSP):
        (got,) = kernels_for(rounding).run(candidate, problem.ins, problem.sig.outs)
        np.testing.assert_array_equal(got, want)
        for index, lag in candidate[0].lags.items():
            (over,) = kernels_for(rounding).run(candidate, problem.ins, problem.sig.outs, (index, lag + more))
            np.testing.assert_array_equal(over, want)


def some_cases() -> list[Case]:
    """Rows with and without bytes left over, operands that repeat, clamps."""
    shapes = [((2, 3, 16), (2, 3, 16)), ((2, 3, 7), (2, 3, 7)), ((4, 3, 13), (13,)), ((8,), (3, 8)), ((1, 5), (1, 5))]
    clamps = [(-np.inf, np.inf), (0.0, np.inf), (-0.5, 0.5)]
    cases = [
        Case(kind(*clamps[seed % 3]), both, frozenset(), seed)
        for seed, both in enumerate(shapes * 3)
        for kind in (Add, Sub, Mul, Div, Prelu, SquaredDifference)
    ]
    planes = [(1, 3, 3, 5), (2, 5, 4, 8), (1, 17, 16, 14)]
    return cases + [Case(Mean((1, 2)), (plane,), frozenset(), seed) for seed, plane in enumerate(planes * 2)]


@pytest.mark.parametrize("rounding", [Rounding.SINGLE, pytest.param(Rounding.TFLITE, marks=pytest.mark.slow)])
@pytest.mark.parametrize("board", BOARDS)
def test_on_boards(board: str, rounding: Rounding, tmp_path: Path) -> None:
    need_emulator()
    made = check_on_board([int_problem(case, rounding) for case in some_cases()], board, tmp_path)
    for function in ("add_rows", "mul_rows", "div", "mean_rows"):
        assert f"tinyc_{function}_s8_inline" in made
