"""Rows over their lengths, as TensorFlow Lite Micro has them: the kernel has the bits of `eval_int`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from call import Kernels
from hypothesis import given, settings
from hypothesis import strategies as st
from layers import check_on_board
from op_cases import Problem
from tools import need_emulator

from tinyc.ir.kernel import KernelTarget
from tinyc.ir.op import Signature
from tinyc.ir.types import DType, QuantParams, Rounding, TensorType, f32
from tinyc.ops import Normalize
from tinyc.ops._tflite_norms import RESULT

KernelsFor = Callable[[Rounding], Kernels]


def problem_of(rows: int, n: int, zero: int, seed: int, most: int = 128) -> Problem:
    """Elements up to `most` from their zero point."""
    rng = np.random.default_rng(seed)
    x = np.clip(zero + rng.integers(-most, most + 1, (rows, n)), -128, 127).astype(np.int8)
    constants = {1: np.full(n, n**-0.5, np.float32), 2: np.zeros(n, np.float32)}
    stored = TensorType((rows, n), DType.I8, QuantParams((0.25,), zero))
    sig = Signature(
        (stored, f32(n), f32(n)), (TensorType((rows, n), DType.I8, RESULT),), Rounding.TFLITE, constants
    )  # fmt: skip
    return Problem(Normalize(1e-12 / n, centred=False, unit=True), sig, (x, constants[1], constants[2]))


@settings(deadline=None, max_examples=40)
@given(
    st.integers(1, 5), st.sampled_from([1, 2, 3, 8, 100, 4000, 32768]), st.integers(-128, 127),
    st.integers(0, 2**32 - 1), st.sampled_from([0, 1, 2, 128, 255]),
)  # fmt: skip
def test_on_this_machine(kernels_for: KernelsFor, rows: int, n: int, zero: int, seed: int, most: int) -> None:
    problem = problem_of(rows, n, zero, seed, most)
    (expected,) = problem.op.eval_int(problem.ins, problem.sig)
    (candidate,) = problem.op.kernels(problem.sig, KernelTarget())
    assert candidate[0].function == "tinyc_unit_rows_s8"
    (result,) = kernels_for(Rounding.TFLITE).run(candidate, problem.ins, problem.sig.outs)
    np.testing.assert_array_equal(result, expected)
    real = problem.ins[0].astype(float) - zero
    length = np.sqrt((real * real).sum(axis=1, keepdims=True))
    wanted = np.clip(real / np.maximum(length, 1e-9) * 128, -128, 127)
    assert np.abs(result - wanted).max() <= 1


@pytest.mark.slow
@pytest.mark.parametrize("board", ["qemu-m0", "mps2-an385", "mps2-an386", "mps2-an500", "mps2-an505", "mps3-an547"])
def test_on_the_cores(board: str, tmp_path: Path) -> None:
    need_emulator()
    problems = [problem_of(2, n, 5 * n % 100, n, most) for n in (1, 3, 40) for most in (0, 1, 128)]
    assert "tinyc_unit_rows_s8" in check_on_board(problems, board, tmp_path)
