"""The code for each kind of core gives what the portable code gives on this machine, bit for bit."""

from __future__ import annotations

from pathlib import Path

import pytest
import sweep
from tools import need, need_emulator

from tinyc.target.board import load_board

CASES = 80
BOARDS = ["qemu-m0", "mps2-an385", "mps2-an386", "mps2-an500", "mps2-an505", "mps3-an547"]


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """Rounding mode to what this machine prints, with every access and operation checked."""
    need("gcc")
    folder = tmp_path_factory.mktemp("sweep")
    checks = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    return {rounding: sweep.host_lines(folder, rounding, CASES, checks) for rounding in sweep.ROUNDING_DEFINES}


@pytest.mark.parametrize("rounding", sweep.ROUNDING_DEFINES)
@pytest.mark.parametrize("board", BOARDS)
def test_same_results_on_every_core(tmp_path: Path, expected: dict[str, list[str]], board: str, rounding: str) -> None:
    need_emulator()
    assert sweep.board_lines(tmp_path, load_board(board), rounding, CASES) == expected[rounding]


def test_the_sweep_covers_every_kernel(expected: dict[str, list[str]]) -> None:
    seen = {line.split()[0] for line in expected["single"]}
    kernels = {source.stem for source in sweep.kernel_sources() if "get_buffer_size" not in source.stem}
    names = {name.removeprefix("arm_").removeprefix("elementwise_").replace("_s8", "") for name in kernels}
    assert {name.replace("_conv_wrapper", "").replace("_wrapper", "") for name in names} == seen
