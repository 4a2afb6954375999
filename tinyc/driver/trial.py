"""A firmware built aside, to measure it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tinyc.codegen.emit import RUNTIMES, emit_model, write_files
from tinyc.driver.firmware import CmsisNN, SelfTest, firmware_files, link_firmware, linker_text, main_text
from tinyc.driver.interface import interface_of
from tinyc.program.program import Program
from tinyc.resources import resource
from tinyc.target.board import Board
from tinyc.target.elf import Elf


@contextmanager
def trial(
    program: Program,
    board: Board,
    cmsis_nn: CmsisNN | None = None,
    trace: bool = False,
    cache_dir: Path | None = None,
) -> Iterator[tuple[Path, Elf]]:
    """The firmware of a program, as `link_firmware` makes it, in a folder that goes afterwards.

    On a board without emulator its self-test has samples of zeros.
    """
    interface = interface_of(program, "model")
    samples = SelfTest(1, bytes(sum(interface.input_bytes)), bytes(sum(interface.output_bytes)))
    files = emit_model(program, "model", "a trial", "")
    texts = {
        **files.texts,
        "main.c": main_text(interface, len(program.layers), None if board.emulator else samples),
        "linker.ld": linker_text(board),
    }
    with tempfile.TemporaryDirectory(prefix="tinyc-trial-") as name:
        folder = Path(name)
        write_files(folder, texts, [*files.runtime, *firmware_files(board)], files.data)
        elf = folder / "firmware.elf"
        yield elf, link_firmware(folder, elf, board, program.graph.rounding, cmsis_nn, trace, cache_dir)


def model_code_bytes(elf: Elf) -> int:
    """The code of a trial's model and of its kernels, and of the functions of headers, which are named after these."""
    kernels = {path.stem for folder in RUNTIMES for path in resource("runtime_c", folder).glob("*.c")}
    shared = (f"{path.stem}_" for folder in RUNTIMES for path in resource("runtime_c", folder).glob("*.h"))
    own = ("model_", "layer_", "arm_nn", "nn_", *shared)
    symbols = elf.flash_symbols()
    return sum(s.bytes for s in symbols if s.is_function and (s.name in kernels or s.name.startswith(own)))
