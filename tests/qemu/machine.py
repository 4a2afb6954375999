"""Builds firmware around the hand-written model in negate.c, for tests of the machinery around models."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import jinja2
import numpy as np

from tinyc.resources import resource
from tinyc.target.board import Board
from tinyc.target.elf import Elf
from tinyc.target.linker import linker_context
from tinyc.target.toolchain import Compilation, build_firmware, firmware_defines, firmware_sources

HERE = Path(__file__).parent
EMULATED = ["qemu-m0", "mps2-an385", "mps2-an386", "mps2-an500", "mps2-an505", "mps3-an547"]
TEMPLATES = jinja2.Environment(
    loader=jinja2.FileSystemLoader(resource("templates")), undefined=jinja2.StrictUndefined, keep_trailing_newline=True
)


@dataclass(frozen=True)
class Selftest:
    samples: int
    input: bytes
    expected: bytes


def expected_outputs(inputs: bytes) -> bytes:
    """What the model computes: saturated negation, then plus one that wraps around."""
    values = np.frombuffer(inputs, np.int8).astype(np.int32)
    return (np.minimum(-values, 127) + 1).astype(np.int8).tobytes()


def write_sources(
    folder: Path, board: Board, selftest: Selftest | None, stack_bytes: int = 4096, arena_section: str | None = None
) -> tuple[Path, Path]:
    """Render main.c and the linker script into `folder`."""
    main = TEMPLATES.get_template("main.c.j2").render(
        rows=None,
        name="negate",
        prefix="NEGATE",
        input_bytes=[8],
        output_bytes=[8],
        n_layers=2,
        results=[(0, 16, 8), (1, 32, 8)],
        arena_section=arena_section,
        selftest=selftest,
    )
    script = TEMPLATES.get_template("linker.ld.j2").render(linker_context(board, stack_bytes))
    (folder / "main.c").write_text(main)
    (folder / "linker.ld").write_text(script)
    return folder / "main.c", folder / "linker.ld"


def build(
    folder: Path,
    board: Board,
    *,
    trace: bool = False,
    extra: str = "",
    selftest: Selftest | None = None,
    stack_bytes: int = 4096,
    arena_section: str | None = None,
) -> Elf:
    """The model's firmware for a board; `extra` is a C statement that runs in layer 1.

    Compiled runtime files are kept beside `folder`: with pytest's `tmp_path`, for the rest of the session.
    """
    main, script = write_sources(folder, board, selftest, stack_bytes, arena_section)
    defines = {"EXTRA": extra, **({"TINYC_TRACE": "1"} if trace else {})}
    how = Compilation(
        cpu=board.cpu,
        include_dirs=(HERE, resource("runtime_c", "firmware")),
        defines=firmware_defines(board, defines),
        cache_dir=folder.parent / "cache",
    )
    sources = [main, HERE / "negate.c", *firmware_sources(board, selftest is not None)]
    return build_firmware(sources, folder / "firmware.elf", board, script, how)
