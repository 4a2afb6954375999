"""Kernels that add up what comes in parts: the code for each kind of core gives what the portable code gives."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import sweep
from tools import need, need_emulator

from tinyc.resources import resource
from tinyc.target.board import load_board

FOLDER = resource("runtime_c", "tinyc")
KERNELS = ("tinyc_sum_rows_s8", "tinyc_max_rows_s8", "tinyc_dot_rows_s8")
SOURCES = [sweep.HERE / "sums.c", *(FOLDER / f"{name}.c" for name in KERNELS)]


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """What this machine prints, with every access and operation checked."""
    need("gcc")
    program = tmp_path_factory.mktemp("sums") / "sums"
    checks = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    sources = [*SOURCES, sweep.HERE / "sweep_host.c"]
    command = ["gcc", "-std=c11", "-O1", *checks, f"-I{FOLDER}", *map(str, sources), "-o", str(program)]
    subprocess.run(command, check=True)
    done = subprocess.run([str(program)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("board", ["qemu-m0", "mps2-an386", "mps3-an547"])
def test_same_sums_on_every_core(tmp_path: Path, expected: list[str], board: str) -> None:
    need_emulator()
    elf = sweep.build_for_board(tmp_path, load_board(board), {}, SOURCES, FOLDER)
    assert sweep.run_on_board(elf, load_board(board)) == expected


def test_results_differ_from_case_to_case(expected: list[str]) -> None:
    assert len(expected) == len({*expected}) == 360
