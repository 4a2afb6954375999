"""Choosing a flashing tool and its command line; `tests/qemu` runs one for real."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from tinyc.errors import CheckFailedError, TinycError, ToolMissingError
from tinyc.target.board import Board, FlashTools, load_board
from tinyc.target.flash import flash, flash_command

ELF = Path("some folder/firmware.elf")


@pytest.fixture
def board() -> Board:
    return load_board("nrf52840-dk")


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all of the search path: only what a test puts there is installed."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder


def install(folder: Path, name: str, script: str = "exit 0") -> Path:
    program = folder / name
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return program


def test_commands(board: Board, path: Path) -> None:
    assert flash_command(board, ELF, "pyocd") == [
        "pyocd", "flash", "--target", "nrf52840", "--format", "elf", "some folder/firmware.elf"
    ]  # fmt: skip
    assert flash_command(board, ELF, "openocd") == [
        "openocd", "-f", "interface/jlink.cfg", "-c", "transport select swd", "-f", "target/nrf52.cfg",
        "-c", "program {some folder/firmware.elf} verify reset exit",
    ]  # fmt: skip
    command = flash_command(board, ELF, "gdb")
    assert command[:3] == ["arm-none-eabi-gdb", "--nx", "--batch"] and command[-1] == str(ELF)
    commands = [after for before, after in pairwise(command) if before == "-ex"]
    order = ["target extended-remote localhost:3333", "load", "compare-sections", "monitor reset run", "detach"]
    assert commands[-5:] == order


def test_first_installed_tool_is_taken(board: Board, path: Path) -> None:
    gdb = install(path, "gdb-multiarch")
    assert flash(board, ELF, dry_run=True)[0] == str(gdb)
    openocd = install(path, "openocd")
    assert flash(board, ELF, dry_run=True)[0] == str(openocd)
    pyocd = install(path, "pyocd")
    assert flash(board, ELF, dry_run=True)[0] == str(pyocd)
    assert flash(board, ELF, "gdb", dry_run=True)[0] == str(gdb)


def test_tool_runs_with_its_arguments(board: Board, path: Path, tmp_path: Path) -> None:
    install(path, "pyocd", f'echo "$@" > {tmp_path}/came')
    elf = tmp_path / "firmware.elf"
    elf.touch()
    flash(board, elf)
    assert (tmp_path / "came").read_text() == f"flash --target nrf52840 --format elf {elf}\n"


def test_dry_run_needs_nothing_and_does_nothing(board: Board, path: Path, tmp_path: Path) -> None:
    assert flash(board, ELF, dry_run=True)[0] == "pyocd"
    install(path, "pyocd", f"touch {tmp_path}/ran")
    flash(board, ELF, dry_run=True)
    assert not (tmp_path / "ran").exists()


def test_nothing_installed(board: Board, path: Path) -> None:
    with pytest.raises(ToolMissingError, match="none of pyocd, openocd, gdb is installed") as caught:
        flash(board, ELF)
    assert caught.value.hint == "pip install pyocd; or apt install openocd; or apt install gdb-multiarch"
    with pytest.raises(ToolMissingError, match="openocd is not installed"):
        flash(board, ELF, "openocd")


def test_wrong_tool(board: Board) -> None:
    with pytest.raises(TinycError, match=r"(?s)unknown flashing tool 'jlink'.*known are pyocd, openocd, gdb"):
        flash(board, ELF, "jlink")
    with pytest.raises(TinycError, match=r"(?s)pyocd does not know board 'mps2-an386'.*use gdb"):
        flash(load_board("mps2-an386"), ELF, "pyocd")
    with pytest.raises(TinycError, match="names no flashing tool"):
        flash(replace(board, flash_tools=FlashTools()), ELF)


def test_missing_firmware(board: Board, path: Path) -> None:
    install(path, "pyocd")
    with pytest.raises(TinycError, match="there is no firmware to flash"):
        flash(board, ELF)


@pytest.mark.parametrize(("tool", "hint"), [("pyocd", "pyocd pack install nrf52840"), ("openocd", "plugged in")])
def test_failure_shows_the_last_lines(tool: str, hint: str, board: Board, path: Path, tmp_path: Path) -> None:
    script = "i=0; while [ $i -lt 40 ]; do echo line $i; i=$((i+1)); done; echo no probe >&2; exit 3"
    install(path, tool, script)
    elf = tmp_path / "firmware.elf"
    elf.touch()
    with pytest.raises(CheckFailedError, match=f"{tool} could not program the board") as caught:
        flash(board, elf, tool)
    assert "no probe" in caught.value.message and "line 39" in caught.value.message
    assert "line 3\n" not in caught.value.message
    assert hint in caught.value.hint


def test_difference_that_gdb_only_warns_of_is_a_failure(board: Board, path: Path, tmp_path: Path) -> None:
    warning = "warning: One or more sections of the target image does not match the loaded file"
    install(path, "gdb-multiarch", f'echo "{warning}"')
    elf = tmp_path / "firmware.elf"
    elf.touch()
    with pytest.raises(CheckFailedError, match="gdb could not program the board"):
        flash(board, elf, "gdb")
