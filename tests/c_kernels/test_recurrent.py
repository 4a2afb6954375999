"""Recurrent cells in int8: the kernels have the bits of `eval_int`, here and on the cores."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from call import Kernels
from hypothesis import given, settings
from hypothesis import strategies as st
from layers import check_on_board
from recurrent_cases import USUAL, cell, problem_of, recurrent_problems, tflite_problem
from tools import need_emulator

from tinyc.ir.kernel import KernelTarget
from tinyc.ir.types import Rounding

KernelsFor = Callable[[Rounding], Kernels]

TARGETS = (KernelTarget(), KernelTarget(dsp=True), KernelTarget(dsp=True, mve=True))


@pytest.mark.parametrize("kind", USUAL)
@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_on_this_machine(kind: str, kernels_for: KernelsFor, data: st.DataObject) -> None:
    problem = data.draw(recurrent_problems(kind))
    expected = problem.op.eval_int(problem.ins, problem.sig)
    for target in TARGETS[:2]:
        for candidate in problem.op.kernels(problem.sig, target):
            results = kernels_for(data.draw(st.sampled_from(Rounding))).run(candidate, problem.ins, problem.sig.outs)
            for result, want in zip(results, expected, strict=True):
                np.testing.assert_array_equal(result, want)


@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_the_lstm_of_tensorflow_lite(kernels_for: KernelsFor, data: st.DataObject) -> None:
    sizes = [data.draw(st.integers(1, most)) for most in (5, 3, 21, 13)]
    problem = tflite_problem(*sizes, seed=data.draw(st.integers(0, 2**32 - 1)))
    expected = problem.op.eval_int(problem.ins, problem.sig)
    for target in TARGETS[:2]:
        for candidate in problem.op.kernels(problem.sig, target):
            results = kernels_for(Rounding.TFLITE).run(candidate, problem.ins, problem.sig.outs)
            for result, want in zip(results, expected, strict=True):
                np.testing.assert_array_equal(result, want)


def _problems() -> list[object]:
    kinds = [("rnn", False), ("gru", False), ("gru", True), ("lstm", False), ("lstm", True)]
    sizes = [(3, 2, 5, 3), (2, 1, 16, 8), (4, 1, 13, 10), (2, 1, 40, 300)]
    return [
        problem_of(cell(kind, variant, reverse=number % 2 == 1), *size, seed=number, peepholes=number % 2 == 0)
        for kind, variant in kinds
        for number, size in enumerate(sizes)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("pick", ["", "shared", "inline"])
@pytest.mark.parametrize("board", ["qemu-m0", "mps2-an385", "mps2-an386", "mps2-an500", "mps2-an505", "mps3-an547"])
def test_on_the_cores(board: str, pick: str, tmp_path: Path) -> None:
    need_emulator()
    pairs = board in ("mps2-an386", "mps2-an500", "mps2-an505")
    kind = "pairs" if pairs else "rows"
    pick = {
        "": "", "inline": f"tinyc_recurrent_{kind}_s8 inline", "shared": f"tinyc_recurrent_{kind}_s8"
    }[pick]  # fmt: skip
    assert f"recurrent_{kind}_s8" in check_on_board(_problems(), board, tmp_path, pick)


@pytest.mark.slow
@pytest.mark.parametrize("board", ["qemu-m0", "mps2-an385", "mps2-an386", "mps2-an500", "mps2-an505", "mps3-an547"])
def test_the_lstm_of_tensorflow_lite_on_the_cores(board: str, tmp_path: Path) -> None:
    need_emulator()
    sizes = [(3, 2, 5, 3), (2, 1, 16, 8), (4, 1, 13, 10), (2, 1, 40, 100)]
    problems = [tflite_problem(*size, seed=seed) for seed, size in enumerate(sizes)]
    for pick in ("", "shared"):
        kind = "pairs" if board in ("mps2-an386", "mps2-an500", "mps2-an505") else "rows"
        (tmp_path / (pick or "best")).mkdir()
        assert "recurrent_" in check_on_board(
            problems, board, tmp_path / (pick or "best"), pick and f"tinyc_recurrent_{kind}_s8"
        )
