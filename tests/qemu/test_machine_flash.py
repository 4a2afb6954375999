"""`tinyc flash` with gdb, end to end: an empty emulated board is programmed through its debug port, then runs."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from machine import EMULATED, Selftest, build, expected_outputs

from tinyc.errors import CheckFailedError
from tinyc.run.qemu import qemu_command
from tinyc.target.board import Board, FlashTools, GdbLoad, load_board
from tinyc.target.flash import flash
from tinyc.target.tools import GDB, run_tool

INPUTS = bytes(range(64))

pytestmark = pytest.mark.skipif(
    GDB.find() is None and os.environ.get("CI") != "true",
    reason="no gdb for Arm is installed (apt install gdb-multiarch)",
)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def empty_board(board: Board, folder: Path) -> Iterator[tuple[Board, subprocess.Popen[bytes]]]:
    """The board, switched on with nothing in its flash, halted, with a gdb server; its description says where."""
    port = free_port()
    command = qemu_command(board, folder / "none.elf")
    del command[command.index("-kernel") :]
    process = subprocess.Popen(
        [*command, "-S", "-gdb", f"tcp:127.0.0.1:{port}"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    gdb = GdbLoad(remote=f"127.0.0.1:{port}", after_load=("monitor system_reset",))
    try:
        yield replace(board, flash_tools=FlashTools(gdb=gdb)), process
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("name", EMULATED)
def test_flashed_harness_runs_and_answers(name: str, tmp_path: Path) -> None:
    board = load_board(name)
    elf = build(tmp_path, board)
    (tmp_path / "input.bin").write_bytes(INPUTS)
    with empty_board(board, tmp_path) as (server, process):
        command = flash(server, elf.path)
        assert process.wait(timeout=30) == 0
    assert Path(command[0]).name in GDB.names
    assert (tmp_path / "output.bin").read_bytes() == expected_outputs(INPUTS)


def read_selftest(server: Board, elf: Path) -> dict[str, int]:
    """The verdict in the target's memory, read by a debugger once the self-test is over."""
    gdb = server.flash_tools.gdb
    assert gdb is not None
    script = [
        f"target extended-remote {gdb.remote}",
        "print tinyc_selftest",
        "detach",
    ]
    deadline = time.monotonic() + 30
    while True:
        command = [GDB.require(), "--nx", "--batch", *(part for line in script for part in ("-ex", line)), str(elf)]
        output = run_tool(command).stdout
        verdict = {name: int(value) for name, value in re.findall(r"(\w+) = (\d+)", output)}
        assert "state" in verdict, output
        if verdict["state"] > 1 or time.monotonic() > deadline:
            return verdict


@pytest.mark.parametrize("name", ["qemu-m0", "mps2-an386", "mps3-an547"])
@pytest.mark.parametrize(("damage", "state"), [(0, 2), (3, 3)])
def test_flashed_selftest_leaves_its_verdict(name: str, damage: int, state: int, tmp_path: Path) -> None:
    board = load_board(name)
    expected = bytearray(expected_outputs(INPUTS))
    for i in range(damage):
        expected[5 * i] ^= 0x10
    elf = build(tmp_path, board, selftest=Selftest(8, INPUTS, bytes(expected)))
    with empty_board(board, tmp_path) as (server, _):
        flash(server, elf.path)
        verdict = read_selftest(server, elf.path)
    assert verdict["magic"] == 0x54794E63
    assert verdict["state"] == state
    assert verdict["runs"] == 8
    assert verdict["mismatches"] == damage
    assert verdict["overrun"] == verdict["failed_layer"] == verdict["fault_exception"] == 0
    assert verdict["arena_high_water"] == 40
    assert 0 < verdict["ticks_min"] <= verdict["ticks_max"] < 100


def test_selftest_records_a_fault(tmp_path: Path) -> None:
    board = load_board("mps2-an386")
    elf = build(
        tmp_path,
        board,
        extra="*(volatile int *)0x90000000 = 1;",
        selftest=Selftest(8, INPUTS, expected_outputs(INPUTS)),
    )
    with empty_board(board, tmp_path) as (server, _):
        flash(server, elf.path)
        verdict = read_selftest(server, elf.path)
    assert verdict["state"] == 4
    assert verdict["fault_exception"] == 5
    assert verdict["fault_address"] == 0x90000000
    assert elf.function_at(verdict["fault_pc"]) == "negate_run"


def test_no_server_is_a_readable_error(tmp_path: Path) -> None:
    board = load_board("mps2-an386")
    server = replace(board, flash_tools=FlashTools(gdb=GdbLoad(remote=f"127.0.0.1:{free_port()}")))
    with pytest.raises(CheckFailedError, match=r"(?s)gdb could not program the board.*must listen at 127.0.0.1"):
        flash(server, build(tmp_path, board).path)
