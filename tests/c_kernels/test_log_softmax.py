"""LogSoftmax: the kernel has the bits of `eval_int`, which are near to real numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from call import Kernels
from hypothesis import given, settings
from hypothesis import strategies as st
from layers import check_on_board
from op_cases import Problem
from tools import need_emulator

from tinyc.errors import UnsupportedError
from tinyc.ir.kernel import KernelTarget
from tinyc.ir.op import Signature
from tinyc.ir.types import DType, QuantParams, Rounding, TensorType
from tinyc.ops import LogSoftmax
from tinyc.ops.log_softmax import MOST_IN_ROW

KernelsFor = Callable[[Rounding], Kernels]
RESULT = QuantParams((1 / 16,), 127)


def problem_of(rows: int, row: int, scale: float, seed: int, spread: float = 60.0) -> Problem:
    """Elements around a common number."""
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=(rows, row)) * spread + rng.integers(-128, 128)
    kind = TensorType((rows, row), DType.I8, QuantParams((scale,), int(rng.integers(-128, 128))))
    sig = Signature((kind,), (replace(kind, quant=RESULT),), Rounding.SINGLE)
    return Problem(LogSoftmax(), sig, (np.clip(numbers, -128, 127).astype(np.int8),))


@settings(deadline=None, max_examples=40)
@given(
    st.integers(1, 4), st.sampled_from([1, 2, 3, 10, 100, MOST_IN_ROW]), st.floats(-20, 5), st.integers(0, 2**32 - 1),
    st.sampled_from([0.0, 1.0, 60.0, 1000.0]),
)  # fmt: skip
def test_on_this_machine(
    kernels_for: KernelsFor, rows: int, row: int, exponent: float, seed: int, spread: float
) -> None:
    problem = problem_of(rows, row, 2.0**exponent, seed, spread)
    (expected,) = problem.op.eval_int(problem.ins, problem.sig)
    (candidate,) = problem.op.kernels(problem.sig, KernelTarget())
    (result,) = kernels_for(Rounding.SINGLE).run(candidate, problem.ins, problem.sig.outs)
    np.testing.assert_array_equal(result, expected)
    (real,) = problem.op.eval_float(problem.sig.x.q.dequantize(problem.ins[0]))
    assert np.abs(RESULT.dequantize(result) - np.maximum(real, -255 / 16)).max() <= 0.04


def test_what_leaves_the_fixed_point() -> None:
    for problem in (problem_of(1, MOST_IN_ROW + 1, 0.1, 0), problem_of(1, 4, 2.0**-25, 0)):
        with pytest.raises(UnsupportedError, match="no int8 form"):
            problem.op.eval_int(problem.ins, problem.sig)


@pytest.mark.slow
@pytest.mark.parametrize("board", ["qemu-m0", "mps2-an385", "mps2-an386", "mps2-an500", "mps2-an505", "mps3-an547"])
def test_on_the_cores(board: str, tmp_path: Path) -> None:
    need_emulator()
    problems = [problem_of(2, row, 2.0**exponent, row) for row in (1, 3, 40) for exponent in (-20, -8, -3, 2)]
    assert "tinyc_log_softmax_s8" in check_on_board(problems, board, tmp_path)
