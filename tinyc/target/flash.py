"""Programming a board: which tool, its command line, and what it says when it fails."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from tinyc.errors import CheckFailedError, TinycError, ToolMissingError
from tinyc.target.board import Board
from tinyc.target.tools import GDB, OPENOCD, PYOCD, Tool, run_tool

TOOLS: dict[str, Tool] = {"pyocd": PYOCD, "openocd": OPENOCD, "gdb": GDB}
"""In the order in which they are tried."""

ERROR_LINES = 15
# gdb only warns of a difference that compare-sections finds, and its exit status is 0 then.
MISMATCH = "does not match the loaded file"


def flash(board: Board, elf: Path, tool: str | None = None, *, dry_run: bool = False) -> list[str]:
    """Program `elf` into the board, verify it and start it; the command that did (or with `dry_run`, that would).

    `tool` is a key of TOOLS; None takes the first that is installed and knows the board. Raises TinycError for a tool
    or file that there is not, ToolMissingError for one that is not installed, CheckFailedError when programming fails.
    """
    name = tool or _choose(board, dry_run)
    command = flash_command(board, elf, name)
    if dry_run:
        return command
    TOOLS[name].require()
    if not elf.is_file():
        raise TinycError("there is no firmware to flash", str(elf), "compile and build the model for this board first")
    result = run_tool(command)
    output = f"{result.stdout}{result.stderr}"
    if result.returncode != 0 or MISMATCH in output:
        lines = [f"  {line}" for line in output.splitlines() if line.strip()][-ERROR_LINES:]
        raise CheckFailedError(
            "\n".join([f"{name} could not program the board", *lines]), board.name, _hint(name, board)
        )
    return command


def flash_command(board: Board, elf: Path, tool: str) -> list[str]:
    """The command line with which `tool` programs, verifies and starts `elf`."""
    known = board.flash_tools.names
    if tool not in TOOLS:
        raise TinycError(f"unknown flashing tool {tool!r}", hint=f"known are {', '.join(TOOLS)}")
    if tool not in known:
        raise TinycError(
            f"{tool} does not know board {board.name!r}", hint=f"use {' or '.join(known) or 'another board'}"
        )
    arguments: dict[str, Callable[[Board, str], list[str]]] = {"pyocd": _pyocd, "openocd": _openocd, "gdb": _gdb}
    return [TOOLS[tool].find() or TOOLS[tool].names[0], *arguments[tool](board, str(elf))]


def _choose(board: Board, dry_run: bool) -> str:
    known = board.flash_tools.names
    if not known:
        raise TinycError(f"board {board.name!r} names no flashing tool", hint="add a [flash] table to its description")
    installed = [name for name in known if TOOLS[name].find()]
    if installed:
        return installed[0]
    if dry_run:
        return known[0]
    ways = "; or ".join(TOOLS[name].install for name in known)
    raise ToolMissingError(f"none of {', '.join(known)} is installed; one of them programs {board.name}", hint=ways)


def _pyocd(board: Board, elf: str) -> list[str]:
    return ["flash", "--target", str(board.flash_tools.pyocd), "--format", "elf", elf]


def _openocd(board: Board, elf: str) -> list[str]:
    # Braces are Tcl's quotes: a path with spaces or backslashes stays one word.
    return [*(board.flash_tools.openocd or ()), "-c", f"program {{{elf}}} verify reset exit"]


def _gdb(board: Board, elf: str) -> list[str]:
    gdb = board.flash_tools.gdb
    assert gdb is not None  # checked by the caller
    commands = [
        "set confirm off",
        "set tcp connect-timeout 5",
        f"target extended-remote {gdb.remote}",
        "load",
        "compare-sections",
        *gdb.after_load,
        "detach",
    ]
    return ["--nx", "--batch", *(part for command in commands for part in ("-ex", command)), elf]


def _hint(tool: str, board: Board) -> str:
    if tool == "pyocd":
        target = board.flash_tools.pyocd
        return f"is the board plugged in? `pyocd list` shows probes, `pyocd pack install {target}` adds its support"
    if tool == "gdb":
        remote = board.flash_tools.gdb.remote if board.flash_tools.gdb else ""
        return f"a gdb server (OpenOCD, J-Link, QEMU …) must listen at {remote}; start it first"
    return "is the board plugged in, and may you open its USB device?"
