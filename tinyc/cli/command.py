"""What a command of the command line is, and the arguments that several of them share."""

from __future__ import annotations

import os
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


def add_inputs(parser: ArgumentParser) -> None:
    """--inputs, for commands that run a model: without it only one that has no inputs."""
    parser.add_argument(
        "--inputs", type=Path, metavar="X.npz", help="one array an input of the model, samples along the first axis"
    )


def add_shape(parser: ArgumentParser) -> None:
    """--shape, for every command that reads a model."""
    parser.add_argument(
        "--shape",
        action="append",
        type=named_shape,
        default=[],
        metavar="NAME:1,3,96,96",
        help="the shape of an input that the model leaves open; may be repeated",
    )


def add_state(parser: ArgumentParser) -> None:
    """--state, for every command that reads a model."""
    parser.add_argument(
        "--state",
        action="append",
        type=state,
        default=[],
        metavar="IN=OUT",
        help="the output OUT of a run is the input IN of the next one, which begins at zeros; may be repeated",
    )


def states_of(args: Namespace) -> dict[str, str]:
    """What --state says; TinycError if it says something twice."""
    if len(dict(args.state)) != len(args.state):
        raise TinycError("--state names an input twice", hint="each input is one output of the run before")
    return dict(args.state)


def add_model(parser: ArgumentParser) -> None:
    """What says which model is compiled for what board, and how it is quantized."""
    add = parser.add_argument
    add("model", type=Path, metavar="MODEL", help="an ONNX or TensorFlow Lite file")
    add("--board", required=True, metavar="B", help="a board of `tinyc boards`, or the .toml file of your own")
    add("--calibration", metavar="X.npz", help="real inputs to calibrate int8 with; random:SEED for trials")
    add(
        "--calibration-method",
        default="minmax",
        metavar="METHOD",
        help="minmax (the default), or percentile:P to cut off outliers, such as percentile:99.99",
    )
    add("--float", action="store_true", help="no int8: compute in float32")
    add("--strict-int8", action="store_true", help="fail if a layer has no int8 form, rather than compute it in float")
    add("--rounding", choices=("single", "tflite"), default="single", help="tflite: the rounding of TFLite Micro")
    add_shape(parser)
    add_state(parser)


def check_calibration(args: Namespace) -> None:
    """Raise TinycError if what `add_model` read contradicts itself."""
    if args.float and args.strict_int8:
        raise TinycError("--float and --strict-int8 contradict each other", hint="leave out one of them")
    if args.float and args.calibration:
        raise TinycError("--float computes without quantization", hint="leave out --calibration, or --float")


def cache_folder() -> Path:
    """Where measurements are kept from run to run: TINYC_CACHE, else `tinyc` in the user's folder for caches."""
    own = os.environ.get("TINYC_CACHE")
    return Path(own) if own else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tinyc"


def add_schedule(parser: ArgumentParser) -> None:
    """What is wanted of a schedule."""
    add = parser.add_argument
    add("--ram", type=size, metavar="BYTES", help="take the fastest schedule whose arena has at most so many: 64k")
    add(
        "--max-overhead",
        type=overhead,
        metavar="F",
        help="take the smallest schedule that executes at most F times the multiplications of layer by layer: 1.05",
    )
    add(
        "--input",
        choices=("whole", "rows"),
        default="whole",
        help="rows: the input arrives row by row, as from a camera, and is never in memory as a whole",
    )


def size(text: str) -> int:
    """Bytes, out of a number with k (1024) or M (1024²) behind it or nothing."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([kKmM]?)", text)
    count = int(float(found[1]) * {"": 1, "k": 1024, "m": 1024**2}[found[2].lower()]) if found else 0
    if count < 1:
        raise ArgumentTypeError(f"'{text}' is not a size: bytes, or 64k, or 1.5M")
    return count


def memory(text: str) -> tuple[str, int]:
    """A memory's name and its size, out of "NAME:64k"."""
    name, colon, bytes_ = text.partition(":")
    if not colon or not re.fullmatch(r"[A-Za-z_]\w*", name):
        raise ArgumentTypeError(f"'{text}' is not NAME:64k (the memory's name and its size)")
    return name, size(bytes_)


def overhead(text: str) -> float:
    """A factor from 1 on."""
    if not re.fullmatch(r"\d+(\.\d+)?", text) or float(text) < 1:
        raise ArgumentTypeError(f"'{text}' is not a factor from 1 on, such as 1.05")
    return float(text)


def named_shape(text: str) -> tuple[str, tuple[int, ...]]:
    """An input's name and its shape, out of "NAME:1,3,96,96"; the name may hold colons."""
    name, colon, sizes = text.rpartition(":")
    if not colon or not name or not re.fullmatch(r"[1-9]\d*(,[1-9]\d*)*", sizes):
        raise ArgumentTypeError(f"'{text}' is not NAME:1,3,96,96 (the input's name and its sizes)")
    return name, tuple(map(int, sizes.split(",")))


def state(text: str) -> tuple[str, str]:
    """The names of an input and of an output, out of "IN=OUT"."""
    given, equals, made = text.partition("=")
    if not equals or not given or not made:
        raise ArgumentTypeError(f"'{text}' is not IN=OUT (the names of an input and of an output)")
    return given, made


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
