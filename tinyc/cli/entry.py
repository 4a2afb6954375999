"""The entry point: which command, and what becomes of everything that can go wrong."""

from __future__ import annotations

import io
import os
import sys
import traceback
from collections.abc import Sequence

from tinyc import __version__
from tinyc.cli import boards, check, compile, explore, flash, inspect, profile, run
from tinyc.cli.command import Parser
from tinyc.cli.terminal import Terminal
from tinyc.errors import TinycError
from tinyc.report.text import clean_lines

COMMANDS = (
    compile.COMMAND,
    explore.COMMAND,
    run.COMMAND,
    check.COMMAND,
    profile.COMMAND,
    inspect.COMMAND,
    boards.COMMAND,
    flash.COMMAND,
)

EPILOG = """\
exit status: 0 done; 1 the check failed, or the model does not fit; 2 bad input or usage; 3 a bug in tinyc"""

BUG, INTERRUPTED, BROKEN_PIPE = 3, 130, 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line `argv` (that of the process by default); the exit status. Raises nothing."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal without Unicode still shows the rest
    try:
        status = _execute(argv)
        sys.stdout.flush()
    except BrokenPipeError:
        _settle_stdout()  # whoever read our output has seen enough
        return BROKEN_PIPE
    except KeyboardInterrupt:
        print("tinyc: interrupted", file=sys.stderr)
        return INTERRUPTED
    except TinycError as error:
        _complain(str(error))
        return error.exit_status
    except OSError as error:
        _settle_stdout()
        where = f"{error.filename}: " if error.filename else ""
        _complain(f"{where}{error.strerror or error}")
        return TinycError.exit_status
    except MemoryError:
        _complain("there is not enough memory on this machine for the model or its samples")
        return TinycError.exit_status
    except Exception:
        print(f"tinyc {__version__}: this is a bug in tinyc, please report it:", file=sys.stderr)
        print(clean_lines(traceback.format_exc()), file=sys.stderr)
        return BUG
    return status


def _execute(argv: Sequence[str] | None) -> int:
    try:
        args = _parser().parse_args(argv)
    except SystemExit:  # --help and --version have printed
        return 0
    terminal = Terminal(getattr(args, "json", False))
    status: int = args.execute(args, terminal)
    return status


def _parser() -> Parser:
    parser = Parser(
        prog="tinyc",
        description="Compile ONNX and TensorFlow Lite models to C and firmware for Cortex-M microcontrollers.",
        epilog=EPILOG,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"tinyc {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", required=True, parser_class=Parser)
    for command in COMMANDS:
        sub = commands.add_parser(command.name, help=command.help, description=command.help, allow_abbrev=False)
        command.configure(sub)
        sub.set_defaults(execute=command.execute)
    return parser


def _settle_stdout() -> None:
    """Give up what standard output does not take: the interpreter would complain when it flushes at the end."""
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _complain(message: str) -> None:
    print(f"tinyc: error: {clean_lines(message)}", file=sys.stderr)
