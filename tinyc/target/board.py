"""Boards: a core, its memories, its timer, and the tools that run or program it. One TOML file describes one board."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, cast

from tinyc.errors import TinycError
from tinyc.resources import resource
from tinyc.target.cpu import Cpu, cpu_by_name
from tinyc.target.toml import Table

MemoryKind = Literal["flash", "ram"]
TimerKind = Literal["cmsdk", "sse", "dwt"]


@dataclass(frozen=True)
class Memory:
    """A contiguous range of addresses. The first of each kind is where code or data go unless told otherwise."""

    name: str
    kind: MemoryKind
    origin: int
    bytes: int
    note: str = ""

    @property
    def region(self) -> str:
        """Its name in the linker script and in the linker's messages."""
        return self.name.upper()


@dataclass(frozen=True)
class Timer:
    """A free-running 32-bit counter: which `runtime_c/firmware/timer_<kind>.c` drives it, and where it is."""

    kind: TimerKind
    base: int
    hz: int | None
    """Ticks a second; None for the core's cycle counter, which ticks with whatever clocks the core."""


@dataclass(frozen=True)
class Emulator:
    """How `qemu-system-arm` runs the board."""

    machine: str
    args: tuple[str, ...] = ()


@dataclass(frozen=True)
class GdbLoad:
    """Programming through a gdb server that is already running."""

    remote: str
    """As gdb's `target extended-remote` takes it: host:port, or a serial device."""
    after_load: tuple[str, ...] = ()
    """gdb commands that start the new program from reset."""


@dataclass(frozen=True)
class FlashTools:
    """How each flashing tool names the board; None where it does not know it."""

    pyocd: str | None = None
    openocd: tuple[str, ...] | None = None
    """OpenOCD's arguments that say which probe and which target: `-f` scripts and `-c` commands, in order."""
    gdb: GdbLoad | None = None

    @property
    def names(self) -> list[str]:
        """The tools that know the board, the most convenient first."""
        known = {"pyocd": self.pyocd, "openocd": self.openocd, "gdb": self.gdb}
        return [name for name, value in known.items() if value is not None]


@dataclass(frozen=True)
class Board:
    """Everything tinyc knows of a board."""

    name: str
    title: str
    cpu: Cpu
    memories: tuple[Memory, ...]
    timer: Timer
    emulator: Emulator | None
    flash_tools: FlashTools
    vectors: str
    """The memory in which the core looks for its vector table at reset."""
    sources: tuple[str, ...] = ()
    """Further files of `runtime_c/firmware/` that the board's firmware needs."""
    toml: str = field(default="", repr=False, compare=False)
    """The text of the file that describes it; "" if it was made in another way."""

    def memory(self, name: str) -> Memory:
        """The memory of that name."""
        return next(memory for memory in self.memories if memory.name == name)

    @property
    def flash(self) -> Memory:
        """Where code and constants go."""
        return next(memory for memory in self.memories if memory.kind == "flash")

    @property
    def ram(self) -> Memory:
        """Where variables, the arena and the stack go."""
        return next(memory for memory in self.memories if memory.kind == "ram")

    @property
    def defines(self) -> dict[str, str]:
        """The macros that tell the firmware's C about the board."""
        defines = {"TINYC_TIMER_BASE": f"{self.timer.base:#x}u"}
        if self.timer.hz is not None:
            defines["TINYC_TIMER_HZ"] = f"{self.timer.hz}u"
        return defines


def list_boards() -> list[str]:
    """The names of the boards that ship with tinyc, sorted."""
    return sorted(path.stem for path in resource("boards").glob("*.toml"))


def load_board(name_or_path: str | Path) -> Board:
    """The board of that name, or the one that a .toml file of the user's describes.

    Raises TinycError that says which file and key is wrong, what was wanted and what came.
    """
    path = Path(name_or_path)
    if path.suffix != ".toml":
        if str(name_or_path) not in list_boards():
            raise TinycError(
                f"unknown board {str(name_or_path)!r}",
                hint=f"known are {', '.join(list_boards())}; or give the path of a .toml file of your own",
            )
        path = resource("boards", f"{name_or_path}.toml")
    try:
        text = path.read_text(encoding="utf-8")
        data = tomllib.loads(text)
    except OSError as error:
        raise TinycError(f"cannot read the board's description: {error.strerror}", str(path)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise TinycError(f"not a TOML file: {error}", str(path)) from error
    return replace(_board(Table(data, str(path))), toml=text)


def _board(table: Table) -> Board:
    memories = tuple(_memory(entry) for entry in table.tables("memory"))
    _check_memories(memories, table)
    board = Board(
        name=table.text("name"),
        title=table.text("title"),
        cpu=cpu_by_name(table.text("cpu"), table.where_of("cpu")),
        memories=memories,
        timer=_timer(table.table("timer")),
        emulator=_emulator(table.table("emulator")) if "emulator" in table else None,
        flash_tools=_flash_tools(table.table("flash")) if "flash" in table else FlashTools(),
        vectors=table.choice("vectors", [memory.name for memory in memories], default=_first(memories, "flash")),
        sources=table.texts("sources", default=()),
    )
    table.close()
    if board.emulator is not None and board.timer.hz is None:
        raise table.error("timer.hz", "the timer's clock in Hz, as the board is emulated", "nothing")
    return board


def _memory(table: Table) -> Memory:
    memory = Memory(
        name=table.text("name"),
        kind=cast(MemoryKind, table.choice("kind", ["flash", "ram"])),
        origin=table.integer("origin", 0, 2**32 - 1),
        bytes=table.integer("bytes", 1, 2**32),
        note=table.text("note", default=""),
    )
    table.close()
    if not re.fullmatch(r"[a-z][a-z0-9_]*", memory.name):
        raise table.error("name", "a lower-case identifier", repr(memory.name))
    if memory.origin + memory.bytes > 2**32:
        raise table.error("bytes", "an end within 32 bits of address", f"{memory.origin + memory.bytes:#x}")
    return memory


def _check_memories(memories: tuple[Memory, ...], table: Table) -> None:
    for kind in ("flash", "ram"):
        if not any(memory.kind == kind for memory in memories):
            raise table.error("memory", f"at least one memory of kind {kind!r}", "none")
    ordered = sorted(memories, key=lambda memory: memory.origin)
    for low, high in pairwise(ordered):
        if low.origin + low.bytes > high.origin:
            raise table.error("memory", "memories that do not overlap", f"{low.name!r} and {high.name!r}")
    if len({memory.name for memory in memories}) != len(memories):
        raise table.error("memory", "memories with different names", ", ".join(memory.name for memory in memories))


def _first(memories: tuple[Memory, ...], kind: MemoryKind) -> str:
    return next(memory.name for memory in memories if memory.kind == kind)


def _timer(table: Table) -> Timer:
    kind = cast(TimerKind, table.choice("kind", ["cmsdk", "sse", "dwt"]))
    base = table.integer("base", 0, 2**32 - 1)
    hz = table.integer("hz", 1, 10**9) if "hz" in table or kind != "dwt" else None
    table.close()
    return Timer(kind, base, hz)


def _emulator(table: Table) -> Emulator:
    emulator = Emulator(machine=table.text("machine"), args=table.texts("args", default=()))
    table.close()
    return emulator


def _flash_tools(table: Table) -> FlashTools:
    tools = FlashTools(
        pyocd=table.text("pyocd") if "pyocd" in table else None,
        openocd=table.texts("openocd") if "openocd" in table else None,
        gdb=_gdb(table.table("gdb")) if "gdb" in table else None,
    )
    table.close()
    return tools


def _gdb(table: Table) -> GdbLoad:
    gdb = GdbLoad(remote=table.text("remote"), after_load=table.texts("after_load", default=()))
    table.close()
    return gdb


def describe(board: Board) -> dict[str, Any]:
    """The board as plain data for tables and JSON: name, title, cpu, flash and RAM bytes, how it can be run."""
    return {
        "name": board.name,
        "title": board.title,
        "cpu": board.cpu.name,
        "flash_bytes": board.flash.bytes,
        "ram_bytes": board.ram.bytes,
        "emulator": board.emulator.machine if board.emulator else None,
        "flash_tools": board.flash_tools.names,
    }
