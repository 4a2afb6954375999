"""The firmware around a model, on every emulated board: outputs, measurements, guards, faults."""

from __future__ import annotations

from pathlib import Path

import pytest
from machine import EMULATED, build, expected_outputs

from tinyc.run.qemu import run_firmware
from tinyc.target.board import Board, load_board

INPUTS = bytes(range(256))


@pytest.fixture(params=EMULATED)
def board(request: pytest.FixtureRequest) -> Board:
    return load_board(request.param)


def test_outputs_of_all_samples_in_one_boot(board: Board, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    result = run_firmware(build(tmp_path, board).path, board, INPUTS, progress=lambda *done: seen.append(done))
    assert result.outputs == expected_outputs(INPUTS)
    assert result.samples == 32
    assert seen == [(i + 1, 32) for i in range(32)]
    assert (result.arena_bytes, result.arena_high_water) == (64, 40)
    assert result.layers == b"" and result.layer_instructions == ()
