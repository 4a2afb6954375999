"""Softmax by a table of powers: the bits of `eval_int`, for rows that are short, long, and full of one value."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from call import Kernels
from hypothesis import example, given, settings
from hypothesis import strategies as st
from layers import check_on_board
from numpy.typing import NDArray
from op_cases import Problem
from tools import need_emulator

from tinyc.ir.kernel import KernelTarget
from tinyc.ir.op import Signature
from tinyc.ir.types import QuantParams, Rounding, TensorType, i8
from tinyc.ops import Softmax
from tinyc.ops.softmax import MOST_IN_ROW

Int8 = NDArray[np.int8]
QUICK, LONG = ["qemu-m0", "mps2-an386"], ["mps2-an385", "mps3-an547"]


def problem_of(x: Int8, scale: float, rounding: Rounding) -> Problem:
    kind = i8(*x.shape, scale=scale, zero_point=3)
    out = TensorType(x.shape, kind.dtype, QuantParams((1 / 256,), -128))
    return Problem(Softmax(), Signature((kind,), (out,), rounding), (x,))


@st.composite
def inputs(draw: st.DrawFn) -> Int8:
    rows, row = draw(st.integers(1, 4)), draw(st.one_of(st.integers(1, 30), st.integers(1, 1500)))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    low = draw(st.integers(-128, 127))
    return rng.integers(low, draw(st.integers(low, 127)) + 1, (rows, row), np.int8)


@settings(deadline=None, max_examples=60)
@given(x=inputs(), power=st.floats(-12, 4), rounding=st.sampled_from(Rounding))
@example(x=np.full((1, 8191), 5, np.int8), power=-4.0, rounding=Rounding.SINGLE)
@example(x=np.full((2, 4096), -128, np.int8), power=-4.0, rounding=Rounding.SINGLE)
@example(x=np.full((1, 512), 127, np.int8), power=0.0, rounding=Rounding.TFLITE)
@example(x=np.array([[127, -128]], np.int8), power=0.0, rounding=Rounding.TFLITE)
def test_results(x: Int8, power: float, rounding: Rounding, kernels_for: Callable[[Rounding], Kernels]) -> None:
    problem = problem_of(x, 2.0**power, rounding)
    (want,) = problem.op.eval_int(problem.ins, problem.sig)
    shared = [c for c in problem.op.kernels(problem.sig, KernelTarget()) if c[0].function == "tinyc_softmax_s8"]
    assert len(shared) == 2
    for candidate in shared:
        (got,) = kernels_for(rounding).run(candidate, problem.ins, problem.sig.outs)
        np.testing.assert_array_equal(got, want)
        (over,) = kernels_for(rounding).run(candidate, problem.ins, problem.sig.outs, (0, 0))
        np.testing.assert_array_equal(over, want)


def test_rows_whose_sum_may_overflow_are_left_alone() -> None:
    x = np.zeros((1, MOST_IN_ROW + 1), np.int8)
    problem = problem_of(x, 0.1, Rounding.SINGLE)
    assert [c[0].function for c in problem.op.kernels(problem.sig, KernelTarget())] == ["arm_softmax_s8"]


@pytest.mark.parametrize("board", [*QUICK, *(pytest.param(board, marks=pytest.mark.slow) for board in LONG)])
def test_on_boards(board: str, tmp_path: Path) -> None:
    need_emulator()
    rng = np.random.default_rng(7)
    problems = [
        problem_of(rng.integers(low, 128, shape, np.int8), scale, Rounding.SINGLE)
        for low, shape, scale in (
            (-128, (3, 10), 0.1), (100, (1, 600), 0.02), (-128, (2, 5), 0.5), (-128, (1, 33), 0.004),
            (127, (1, 700), 1.0),
        )
    ]  # fmt: skip
    made = check_on_board(problems, board, tmp_path)
    assert made.count("tinyc_softmax_s8_inline") >= len(problems)
