"""From a program to firmware: the main, the linker script, and the link, for one board."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tinyc.codegen.emit import render
from tinyc.errors import DoesNotFitError, TinycError
from tinyc.ir.kernel import tables_in
from tinyc.ir.types import Rounding
from tinyc.program.program import Program
from tinyc.run.host import Interface
from tinyc.target.board import Board
from tinyc.target.elf import Elf
from tinyc.target.linker import linker_context
from tinyc.target.toolchain import Compilation, build_firmware, firmware_defines, firmware_sources

LARGEST_SHOWN = 5


@dataclass(frozen=True)
class CmsisNN:
    """The user's own build of Arm's library, in place of ours."""

    include_dir: Path
    library: Path

    def check(self) -> None:
        """Raise TinycError if the paths do not name a header folder and a library."""
        if not (self.include_dir / "arm_nnfunctions.h").is_file():
            raise TinycError("there is no arm_nnfunctions.h in the folder of CMSIS-NN's headers", str(self.include_dir))
        if not self.library.is_file():
            raise TinycError("there is no such library", str(self.library))

    def record(self) -> dict[str, str]:
        """As it stands in report.json."""
        return {"include_dir": str(self.include_dir.resolve()), "library": str(self.library.resolve())}

    @staticmethod
    def from_record(record: Mapping[str, str]) -> CmsisNN:
        """What `record` gave."""
        return CmsisNN(Path(record["include_dir"]), Path(record["library"]))


@dataclass(frozen=True)
class SelfTest:
    """Samples that a firmware without semihosting checks itself with: bytes as in the arena."""

    samples: int
    input: bytes
    expected: bytes


def main_text(interface: Interface, layers: int, selftest: SelfTest | None) -> str:
    """The firmware's main.c."""
    return render(
        "main.c.j2",
        {
            "name": interface.name,
            "prefix": interface.name.upper(),
            "input_bytes": interface.input_bytes,
            "output_bytes": interface.output_bytes,
            "n_layers": layers,
            "results": [(r.step, r.offset, r.bytes) for r in interface.results] if selftest is None else [],
            "arena_section": None,
            "rows": interface.fed,
            "selftest": selftest,
        },
    )


def linker_text(board: Board) -> str:
    """The board's linker script."""
    return render("linker.ld.j2", linker_context(board))


def link_firmware(
    folder: Path,
    elf: Path,
    board: Board,
    rounding: Rounding,
    cmsis_nn: CmsisNN | None = None,
    trace: bool = False,
    cache_dir: Path | None = None,
) -> Elf:
    """Compile and link what was generated into `folder`; with `trace`, layers are timed one by one."""
    defines: dict[str, str] = {"TINYC_TRACE": "1"} if trace else {}
    if rounding is Rounding.SINGLE:
        defines["CMSIS_NN_USE_SINGLE_ROUNDING"] = "1"
    kinds = ["tinyc"] if cmsis_nn else ["cmsis_nn", "tinyc"]
    sources = [*sorted(folder.glob("*.c")), *(p for kind in kinds for p in sorted(folder.glob(f"runtime/{kind}/*.c")))]
    selftest = board.emulator is None
    with tempfile.TemporaryDirectory(prefix="tinyc-link-") as name:
        work = Path(name)
        how = Compilation(
            cpu=board.cpu,
            include_dirs=(
                folder,
                *([cmsis_nn.include_dir] if cmsis_nn else []),
                *(folder / "runtime" / kind for kind in (*kinds, "firmware")),
            ),
            defines=firmware_defines(board, defines),
            cache_dir=cache_dir,
            source_root=folder,
        )
        firmware = [folder / "runtime" / "firmware" / p.name for p in firmware_sources(board, selftest)]
        libraries = [cmsis_nn.library] if cmsis_nn else []
        linked = build_firmware(
            [*sources, *firmware], work / "firmware.elf", board, folder / "linker.ld", how, libraries=libraries
        )
        shutil.copyfile(work / "firmware.elf", elf)
    return linked


def check_fit(program: Program, board: Board) -> None:
    """Raise DoesNotFitError if the arena or the weights alone exceed the board, naming what is largest."""
    if program.arena_bytes > board.ram.bytes:
        raise DoesNotFitError(
            f"the arena needs {program.arena_bytes} bytes of RAM and {board.ram.name} has {board.ram.bytes}"
            f"\n{largest_buffers(program)}",
            f"board {board.name}",
            "take a smaller input, a smaller model, or a board with more RAM",
        )
    if program.weights_bytes > board.flash.bytes:
        raise DoesNotFitError(
            f"the weights take {program.weights_bytes} bytes of flash and {board.flash.name} has {board.flash.bytes}"
            f"\n{largest_constants(program)}",
            f"board {board.name}",
            "take a smaller model, or a board with more flash",
        )


def largest_buffers(program: Program) -> str:
    """The largest buffers in the arena, one a line."""
    largest = sorted(program.buffers, key=lambda b: (-b.bytes, b.name))[:LARGEST_SHOWN]
    lines = [f"  {b.bytes:>10} bytes  {b.name}, steps {b.first} to {b.last - 1}" for b in largest]
    return "\n".join(["the largest buffers:", *lines])


def largest_constants(program: Program) -> str:
    """The largest constants, one a line."""
    sizes = {value: (kind.bytes, f"{value}: {kind}") for value, kind in program.constants.items()}
    for step in program.steps:
        layer = program.layers[step.layer]
        for table in (t for call in step.calls for arg in call.args for t in tables_in(arg)):
            shared = program.tables[id(table)]
            text = f"{layer.name}: {shared.name}, packed"
            sizes.setdefault(f"table {id(shared)}", (shared.data.nbytes, text))
    largest = sorted(sizes.values(), key=lambda item: (-item[0], item[1]))[:LARGEST_SHOWN]
    return "\n".join(["the largest constants:", *(f"  {size:>10} bytes  {text}" for size, text in largest)])


def firmware_files(board: Board) -> list[Path]:
    """The runtime files of a board's firmware, with their headers."""
    sources = firmware_sources(board, board.emulator is None)
    return [*sources, *sorted(sources[0].parent.glob("*.h"))]
