"""What a command of the command line is, and the arguments that several of them share."""

from __future__ import annotations

import re
from argparse import ArgumentParser, ArgumentTypeError, Namespace
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

from tinyc.cli.terminal import Terminal
from tinyc.errors import TinycError


@dataclass(frozen=True)
class Command:
    """A subcommand: `configure` adds its arguments, `execute` does it and gives the exit status."""

    name: str
    help: str
    configure: Callable[[ArgumentParser], None]
    execute: Callable[[Namespace, Terminal], int]


class Parser(ArgumentParser):
    """Wrong usage is reported like every other error."""

    def error(self, message: str) -> NoReturn:
        raise TinycError(message, hint=f"`{self.prog} --help` shows what there is")


def add_json(parser: ArgumentParser) -> None:
    """--json, for every command that reports something."""
    parser.add_argument("--json", action="store_true", help="print JSON, and nothing else, to standard output")


def add_shape(parser: ArgumentParser) -> None:
    """--shape, for every command that reads an ONNX model."""
    parser.add_argument(
        "--shape",
        action="append",
        type=named_shape,
        default=[],
        metavar="NAME:1,3,96,96",
        help="the shape of an input that the model leaves open; may be repeated",
    )


def named_shape(text: str) -> tuple[str, tuple[int, ...]]:
    """An input's name and its shape, out of "NAME:1,3,96,96"; the name may hold colons."""
    name, colon, sizes = text.rpartition(":")
    if not colon or not name or not re.fullmatch(r"[1-9]\d*(,[1-9]\d*)*", sizes):
        raise ArgumentTypeError(f"'{text}' is not NAME:1,3,96,96 (the input's name and its sizes)")
    return name, tuple(map(int, sizes.split(",")))


def positive(text: str) -> int:
    """A whole number from 1 on."""
    if not re.fullmatch(r"[1-9]\d*", text):
        raise ArgumentTypeError(f"'{text}' is not a whole number from 1 on")
    return int(text)


def existing_folder(path: Path) -> Path:
    """`path` if it is a folder; else a TinycError that says what it is instead."""
    if path.is_dir():
        return path
    if path.exists():
        raise TinycError("this is a file; wanted is the folder of a compiled model", str(path))
    raise TinycError("no such folder", str(path), "make one with `tinyc compile`")
