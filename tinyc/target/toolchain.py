"""Compiling C for a core and linking it into a firmware, with errors that a user can act on."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from itertools import repeat
from pathlib import Path

from tinyc.errors import DoesNotFitError, TinycError
from tinyc.resources import resource
from tinyc.target.board import Board
from tinyc.target.cpu import Cpu
from tinyc.target.elf import Elf, read_elf
from tinyc.target.tools import ARM_GCC, run_tool

JOBS = 2
ERROR_LINES = 12

# Contraction off: a fused multiply-add rounds once where the host and the interpreter round twice.
# Debug information is for whoever debugs the firmware; none of it is loaded.
COMMON_FLAGS = (
    "-std=c11",
    "-g",
    "-ffunction-sections",
    "-fdata-sections",
    "-fno-common",
    "-fno-math-errno",
    "-ffp-contract=off",
)


@dataclass(frozen=True)
class Compilation:
    """How C files are compiled; the same for every file of a firmware."""

    cpu: Cpu
    include_dirs: tuple[Path, ...] = ()
    defines: tuple[tuple[str, str], ...] = ()
    """Macro and value."""
    optimize: str = "-O2"
    extra_flags: tuple[str, ...] = ()
    cache_dir: Path | None = None
    """Where compiled files of the runtime are kept from run to run; None compiles everything afresh."""
    source_root: Path | None = None
    """The folder to which paths in debug information are relative; None leaves them as the compiler is given them."""

    def flags(self) -> list[str]:
        """The compiler's arguments, without include directories, in an order that is always the same."""
        macros = [f"-D{name}={value}" for name, value in sorted(self.defines)]
        return [*self.cpu.gcc_flags, self.optimize, *COMMON_FLAGS, *self.extra_flags, *macros]

    def command(self, *arguments: str) -> list[str]:
        """The compiler's command line with these arguments."""
        roots = [] if self.source_root is None else [Path.cwd(), self.source_root]  # the last that fits wins
        maps = [f"-ffile-prefix-map={root}=." for root in roots]
        return [ARM_GCC.require(), *self.flags(), *maps, *(f"-I{path}" for path in self.include_dirs), *arguments]


def firmware_defines(board: Board, defines: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The macros of the board and those of the caller, as `Compilation` takes them."""
    return tuple({**board.defines, **defines}.items())


def firmware_sources(board: Board, selftest: bool = False) -> list[Path]:
    """The files of `runtime_c/firmware` for a board: start-up, timer, and the harness or the self-test."""
    common = ["startup.c", "tinyc_arena.c", "tinyc_stack.c", f"timer_{board.timer.kind}.c", *board.sources]
    main = ["tinyc_selftest.c"] if selftest else ["tinyc_harness.c", "tinyc_stopwatch.c", "semihosting.c"]
    return [resource("runtime_c", "firmware", name) for name in (*common, *main)]


def compile_objects(sources: Sequence[Path], out_dir: Path, how: Compilation) -> list[Path]:
    """Compile every source into `out_dir`; the objects, in the order of the sources.

    Raises TinycError with the compiler's first lines if a file does not compile.
    """
    out_dir.mkdir(parents=True, exist_ok=True)
    objects = [out_dir / f"{i:03d}_{source.stem}.o" for i, source in enumerate(sources)]
    with ThreadPoolExecutor(JOBS) as pool:
        list(pool.map(_compile, sources, objects, repeat(how)))
    return objects


def _compile(source: Path, obj: Path, how: Compilation) -> None:
    cached = _cache_entry(source, how)
    if cached is not None and cached.is_file():
        obj.write_bytes(cached.read_bytes())
        return
    result = run_tool(how.command("-c", str(source), "-o", str(obj)))
    if result.returncode != 0:
        raise TinycError(f"the C compiler rejects it\n{_first_lines(result.stderr)}", str(source))
    if cached is not None:
        _store(cached, obj.read_bytes())


def _cache_entry(source: Path, how: Compilation) -> Path | None:
    """Where the object of a runtime file, or of a copy, is or would be cached, by what the compiler sees; else None."""
    if how.cache_dir is None or not resource("runtime_c", source.parent.name, source.name).is_file():
        return None
    preprocessed = run_tool(how.command("-E", "-P", str(source)))
    if preprocessed.returncode != 0:
        return None
    key = "\0".join([_version(ARM_GCC.require()), *how.flags(), str(how.source_root is None), preprocessed.stdout])
    return how.cache_dir / "objects" / f"{hashlib.sha256(key.encode()).hexdigest()}.o"


@cache
def _version(compiler: str) -> str:
    return run_tool([compiler, "--version"]).stdout


def _store(path: Path, data: bytes) -> None:
    """Write a file so that others see all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(data)
    Path(file.name).replace(path)


def link(objects: Sequence[Path], elf: Path, board: Board, linker_script: Path, libraries: Sequence[Path] = ()) -> Elf:
    """Link objects and static libraries into `elf`, with a map beside it.

    Raises DoesNotFitError with both sizes if a memory overflows, TinycError with the linker's first lines otherwise.
    """
    command = [
        ARM_GCC.require(),
        *board.cpu.gcc_flags,
        "-nostartfiles",
        "--specs=nano.specs",
        "-Wl,--gc-sections",
        "-Wl,--no-warn-rwx-segments",
        f"-Wl,-Map={elf.with_suffix('.map')}",
        f"-T{linker_script}",
        *map(str, objects),
        *map(str, libraries),
        "-lm",
        f"-o{elf}",
    ]
    result = run_tool(command)
    if result.returncode != 0:
        raise _does_not_fit(result.stderr, board) or TinycError(
            f"the linker fails\n{_first_lines(result.stderr)}", str(elf)
        )
    return read_elf(elf)


def build_firmware(
    sources: Sequence[Path],
    elf: Path,
    board: Board,
    linker_script: Path,
    how: Compilation,
    objects: Sequence[Path] = (),
    libraries: Sequence[Path] = (),
) -> Elf:
    """Compile `sources` and link them, with ready `objects` and static `libraries`, into `elf`.

    The objects are kept in the folder `objects` beside `elf`.
    """
    compiled = compile_objects(sources, elf.parent / "objects", how)
    return link([*compiled, *objects], elf, board, linker_script, libraries)


_OVERFLOW = re.compile(r"region `(\w+)' overflowed by (\d+) bytes?")


def _does_not_fit(messages: str, board: Board) -> DoesNotFitError | None:
    overflows = {name: int(count) for name, count in _OVERFLOW.findall(messages)}
    full = [memory for memory in board.memories if memory.region in overflows]
    if not full:
        return None
    parts = [
        f"{memory.name} needs {memory.bytes + overflows[memory.region]} bytes and has {memory.bytes}" for memory in full
    ]
    return DoesNotFitError("; ".join(parts), f"board {board.name}", "take a smaller model, or a board with more memory")


def _first_lines(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    shown = [f"  {line}" for line in lines[:ERROR_LINES]]
    if len(lines) > ERROR_LINES:
        shown.append(f"  … and {len(lines) - ERROR_LINES} more lines")
    return "\n".join(shown)
