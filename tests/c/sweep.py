"""Builds sweep.c, which runs every kernel on pseudo-random cases, for this machine or a core, and runs it."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path

import jinja2

from tinyc.resources import resource
from tinyc.run.qemu import qemu_command
from tinyc.target.board import Board
from tinyc.target.linker import linker_context
from tinyc.target.toolchain import Compilation, build_firmware

HERE = Path(__file__).parent
KERNELS = resource("runtime_c", "cmsis_nn")
ROUNDING_DEFINES = {"single": {"CMSIS_NN_USE_SINGLE_ROUNDING": "1"}, "tflite": {}}
TIMEOUT_S = 120


def kernel_sources() -> list[Path]:
    """Every C file of the kernels."""
    return sorted(KERNELS.glob("*.c"))


def host_lines(folder: Path, rounding: str, cases: int, flags: Sequence[str] = ()) -> list[str]:
    """What the sweep prints on this machine, with the portable code."""
    program = folder / f"sweep-{rounding}"
    defines = {**ROUNDING_DEFINES[rounding], "SWEEP_CASES": str(cases)}
    command = [
        "gcc",
        "-std=c11",
        "-O1",
        *flags,
        f"-I{KERNELS}",
        *(f"-D{key}={value}" for key, value in defines.items()),
    ]
    sources = [HERE / "sweep.c", HERE / "sweep_host.c", *kernel_sources()]
    subprocess.run([*command, *map(str, sources), "-o", str(program)], check=True)
    done = subprocess.run([str(program)], capture_output=True, text=True, timeout=TIMEOUT_S)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def build_for_board(
    folder: Path,
    board: Board,
    defines: dict[str, str],
    sources: Sequence[Path],
    include: Path = KERNELS,
    libraries: Sequence[Path] = (),
    includes: Sequence[Path] = (),
) -> Path:
    """An ELF of `sources` with the start-up code and a main that calls sweep_main."""
    environment = jinja2.Environment(loader=jinja2.FileSystemLoader(resource("templates")), keep_trailing_newline=True)
    script = folder / "linker.ld"
    script.write_text(environment.get_template("linker.ld.j2").render(linker_context(board)))
    firmware = resource("runtime_c", "firmware")
    how = Compilation(cpu=board.cpu, include_dirs=(*includes, include, firmware), defines=tuple(defines.items()))
    everything = [*sources, HERE / "sweep_arm.c", firmware / "startup.c", firmware / "semihosting.c"]
    elf = folder / "sweep.elf"
    build_firmware(everything, elf, board, script, how, libraries=libraries)
    return elf


def run_on_board(elf: Path, board: Board) -> list[str]:
    """What a program built by build_for_board prints in the emulator."""
    done = subprocess.run(
        qemu_command(board, elf), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=TIMEOUT_S
    )
    assert done.returncode == 0, done.stdout[-500:] + done.stderr
    return done.stdout.splitlines()


def board_lines(folder: Path, board: Board, rounding: str, cases: int) -> list[str]:
    """What the sweep prints on an emulated core, with the code for that core."""
    defines = {**ROUNDING_DEFINES[rounding], "SWEEP_CASES": str(cases)}
    return run_on_board(build_for_board(folder, board, defines, [HERE / "sweep.c", *kernel_sources()]), board)
