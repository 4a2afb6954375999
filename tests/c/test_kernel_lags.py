"""On cores with code of their own, results may run over an input just as near as `lags` says."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import sweep
from lag_cases import NONE_NEEDED, TIGHT_IN_INT8, tight_problem
from lags import cases_text
from tools import need_emulator

from tinyc.ir.kernel import KernelCall, KernelTarget
from tinyc.ir.types import Rounding
from tinyc.ops import Add, Clamp, Mul, Sigmoid, Softmax
from tinyc.resources import resource
from tinyc.target.board import load_board

IN_PLACE = (
    *NONE_NEEDED,
    (Mul(), ((2, 3, 7), (2, 3, 7))),
    (Add(), ((2, 3, 7), (1, 7))),
    (Clamp(-0.5, 0.5), ((1, 5, 5, 7),)),
    (Sigmoid(), ((1, 5, 5, 7),)),
    (Softmax(), ((4, 19),)),
)
CASES = (*TIGHT_IN_INT8, *IN_PLACE)
BOARDS = {
    "qemu-m0": KernelTarget(thumb1=True),
    "mps2-an386": KernelTarget(dsp=True),
    "mps3-an547": KernelTarget(True, True),
}
SEED = 5  # of weights with which few sums saturate, so that a value that changes too early shows
OWN = resource("runtime_c", "tinyc")


def overlapping(target: KernelTarget) -> list[tuple[int, KernelCall]]:
    """The best calls for the cases whose result may share memory with the input on that target, and their numbers."""
    calls = []
    for number, (op, shapes) in enumerate(CASES):
        problem = tight_problem(op, shapes, True, SEED, Rounding.SINGLE)
        (call,) = problem.op.kernels(problem.sig, target)[0]
        if 0 in call.lags:
            calls.append((number, call))
    return calls


def decided_here(target: KernelTarget) -> set[int]:
    """The cases whose lag the target's code needs: that of CMSIS-NN's functions may be what the portable code needs."""
    calls = [(number, call) for number, call in overlapping(target) if number < len(TIGHT_IN_INT8)]
    own = [(number, call) for number, call in calls if not target.mve or call.function.startswith("tinyc_")]
    return {number for number, call in own if call.lags[0] > 0}


@pytest.mark.parametrize("board", BOARDS)
def test_overlaps_on_every_kind_of_core(tmp_path: Path, board: str) -> None:
    need_emulator()
    target = BOARDS[board]
    calls = overlapping(target)
    problems = [tight_problem(*CASES[number], True, SEED, Rounding.SINGLE) for number, _ in calls]
    text = cases_text([(problem, call) for problem, (_, call) in zip(problems, calls, strict=True)])
    (tmp_path / "lags.h").write_text(text)
    main = shutil.copy(Path(__file__).with_name("lags.c"), tmp_path)
    sources = [Path(main), *sweep.kernel_sources(), *sorted(OWN.glob("*_s8.c"))]
    elf = sweep.build_for_board(
        tmp_path, load_board(board), sweep.ROUNDING_DEFINES["single"], sources, includes=(tmp_path, OWN)
    )
    tight = decided_here(target)
    assert len(tight) > 5
    lines = [line.split() for line in sweep.run_on_board(elf, load_board(board))]
    assert len(lines) == len(calls)
    for (number, call), (_, same, spoilt) in zip(calls, lines, strict=True):
        assert same == "1", CASES[number]
        assert spoilt == "1" or number not in tight, (CASES[number], call.lags)
