"""int8 inference calls nothing of the compiler's library: no product or division in software on any core."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path

import pytest

import tinyc
from tinyc.target.timing.instructions import OBJDUMP
from tinyc.target.tools import run_tool

EXAMPLE = Path(__file__).parents[2] / "examples" / "digits"

ALLOWED = {"memset", "memcpy", "memmove"}
"""What the compiler makes of loops that fill or copy runs of elements."""

ONCE_A_ROW = {"digits_softmax_s8_1"}
"""Functions that call the library, but not for each result: the reciprocal of a sum."""


@pytest.mark.parametrize(
    ("board", "optimize"),
    [
        ("qemu-m0", "speed"),
        pytest.param("mps2-an385", "speed", marks=pytest.mark.slow),
        pytest.param("mps2-an386", "speed", marks=pytest.mark.slow),
        pytest.param("mps2-an386", "size", marks=pytest.mark.slow),
        pytest.param("mps3-an547", "speed", marks=pytest.mark.slow),
    ],
)
def test_kernels_call_no_arithmetic_of_the_library(board: str, optimize: str, tmp_path: Path) -> None:
    model = EXAMPLE / "digits.onnx"
    tinyc.compile(model, board, tmp_path, calibration=EXAMPLE / "calibration.npz", optimize=optimize)
    reached = _reached(tmp_path / "firmware.elf", "digits_run", beyond=ONCE_A_ROW)
    assert any("conv" in name for name in reached)
    assert {name for name in reached if not name.startswith(("digits_", "tinyc_", "arm_", "nn_"))} <= ALLOWED


def _reached(elf: Path, root: str, beyond: Collection[str]) -> set[str]:
    """The functions that can run from `root` on, by the branches in their code; not those that `beyond` ones call."""
    calls: dict[str, set[str]] = {}
    here: set[str] = set()
    for line in run_tool([OBJDUMP.require(), "-d", str(elf)]).stdout.splitlines():
        if start := re.match(r"[0-9a-f]+ <(\S+)>:", line):
            here = calls.setdefault(start[1], set())
        elif target := re.search(r"\tb[a-z.]*\t.*<([^+>]+)>", line):
            here.add(target[1])
    found, waiting = set[str](), [root]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += () if name in beyond else calls.get(name, ())
    return found
