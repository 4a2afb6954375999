"""tinyc flash: get firmware onto a board."""

from __future__ import annotations

import shlex
from argparse import ArgumentParser, Namespace
from pathlib import Path

from tinyc.cli.command import Command, existing_folder
from tinyc.cli.terminal import Terminal


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder of a compiled model")
    parser.add_argument(
        "--tool", choices=("pyocd", "openocd", "gdb"), help="default: the first that is installed and knows the board"
    )
    parser.add_argument("--dry-run", action="store_true", help="only show the command")


def execute(args: Namespace, terminal: Terminal) -> int:
    from tinyc.driver.compiled import FIRMWARE, CompiledModel
    from tinyc.target.flash import flash

    compiled = CompiledModel(existing_folder(args.folder))
    command = flash(compiled.board, compiled.folder / FIRMWARE, args.tool, dry_run=args.dry_run)
    terminal.lines([shlex.join(command)])
    return 0


COMMAND = Command("flash", "Program a compiled model's firmware into its board.", configure, execute)
