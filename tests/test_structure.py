"""The rules of ARCHITECTURE.md that a machine can check: who imports whom, and what nobody may name or read."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tinyc.ops import BY_NAME

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "tinyc"

# From the ground up: a room imports itself and rooms of the storeys below it, never a neighbour.
STOREYS = (
    {"errors", "resources"},
    {"memory", "ir"},
    {"ops", "samples"},
    {"frontend", "quant", "passes", "program"},
    {"schedule", "codegen"},
    {"target", "report"},
    {"run"},
    {"driver"},
    {"cli"},
    {"__init__", "__main__"},  # the public API, which loads what it needs when it is called
)
STOREY_OF = {room: number for number, rooms in enumerate(STOREYS) for room in rooms}

# Rooms that could stand alone, and all they may import of tinyc.
SECLUDED = {
    "memory": {"errors"},  # planners know buffers, not graphs
    "target": {"errors", "resources"},  # cores, boards and tools know no models
    "report": {"errors"},  # tables are made of plain data
}

# Where each library that could be exchanged is imported.
LIBRARIES = {
    "onnx": "frontend/onnx/",
    "jinja2": "codegen/emit.py",
    "cffi": "run/host.py",
    "lark": "ir/text.py",
    "rich": "cli/terminal.py",
    "matplotlib": "report/plot.py",
    "tflite": "frontend/tflite/",
    "flatbuffers": "frontend/tflite/",
}

# Rooms that ask the operators' contract instead of naming operators, and what they name all the same.
NAMELESS = ("passes", "quant", "program", "schedule", "codegen")
NAMED = {
    ("passes/cancel_transposes.py", "Reshape"): "a transpose that moves no element is written as one",
    ("passes/cancel_transposes.py", "Transpose"): "what moves past an operator is made anew behind or before it",
    ("passes/fold_affine.py", "DepthwiseConv2D"): "a scale and shift of channels that nothing absorbs becomes one",
    ("passes/keep_states.py", "Keep"): "it stands where a state cannot be computed where it is kept",
    **{
        ("passes/fuse_normalization.py", part): "of which exporters make normalizations of rows …"
        for part in ("Add", "Div", "Map", "Mean", "Mul", "SquaredDifference", "Sub")
    },
    ("passes/fuse_normalization.py", "Normalize"): "… which are one operator",
    ("passes/fuse_tables.py", "Lookup"): "what elementwise layers of one tensor are together",
    **{("passes/split_slopes.py", part): "of which PRelu is made" for part in ("Add", "Clamp", "Mul")},
    ("passes/split_slopes.py", "Prelu"): "the one function with two slopes",
    ("passes/to_convolutions.py", "DepthwiseConv2D"): "the convolution that scales channels one by one",
    ("passes/to_convolutions.py", "Reshape"): "what has other ranks becomes an image for it",
    ("quant/adopt.py", "Concat"): "parts of an input that weights of 9 bits see again …",
    ("quant/adopt.py", "Gather"): "… are put behind it …",
    ("quant/adopt.py", "Reshape"): "… or beside themselves",
    ("passes/turn_states.py", "Transpose"): "states in another order stand behind one, until it meets its inverse",
    ("quant/values.py", "Dequantize"): "what stays in float is made from integers again",
    ("quant/adopt.py", "Quantize"): "what was computed in float is stored again",
    ("quant/values.py", "Recentre"): "a model may have uint8 at its ports",
    ("quant/adopt.py", "Requantize"): "it stands where the model changes a scale, or operands must be unified",
    ("quant/quantize.py", "Dequantize"): "it stands before what has no int8 form",
    ("quant/quantize.py", "Quantize"): "it stands behind what has no int8 form",
    ("quant/quantize.py", "Requantize"): "it stands where the scales of operands must be unified",
    ("quant/tables.py", "Dequantize"): "a table is what stands between it …",
    ("quant/tables.py", "Lookup"): "elementwise layers of one tensor become one",
    ("quant/tables.py", "Quantize"): "… and this",
}

LONGEST_FILE = 500

MODULES = sorted(PACKAGE.rglob("*.py"))
SOURCES = sorted(
    path
    for folder in ("tinyc", "tests", "examples", "benchmarks", "runtime_c", "templates")
    for path in (ROOT / folder).rglob("*")
    if path.suffix in {".py", ".c", ".h", ".j2", ".lark"}
)


@cache
def tree(path: Path) -> ast.Module:
    """A file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def name(path: Path) -> str:
    """The path within the package."""
    return path.relative_to(PACKAGE).as_posix()


def room(path: Path) -> str:
    """The folder or file directly in the package to which a module belongs."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports(path: Path) -> Iterator[tuple[str, str]]:
    """Every module that a file imports anywhere, with the name that it takes from it, "" for the whole."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0 and node.module, f"{name(path)}:{node.lineno}: a relative import"
            yield from ((node.module, alias.name) for alias in node.names)


def imported_rooms(path: Path) -> set[str]:
    """The rooms of tinyc that a file imports, its own left out."""
    rooms = set()
    for module, taken in imports(path):
        parts = module.split(".")
        if parts[0] == "tinyc" and (module, taken) != ("tinyc", "__version__"):
            rooms.add(parts[1] if len(parts) > 1 else taken or "__init__")
    return rooms - {room(path)}


@pytest.mark.parametrize("path", MODULES, ids=name)
def test_imports_go_downward(path: Path) -> None:
    here = STOREY_OF[room(path)]
    upward = {other for other in imported_rooms(path) if STOREY_OF.get(other, len(STOREYS)) >= here}
    if room(path) == "cli":
        upward -= {"__init__"}  # the command line is the first user of the public API
    assert not upward


@pytest.mark.parametrize("secluded", SECLUDED)
def test_secluded_rooms_know_nothing_of_the_rest(secluded: str) -> None:
    paths = [path for path in MODULES if room(path) == secluded]
    assert paths
    assert set().union(*map(imported_rooms, paths)) <= SECLUDED[secluded]


@pytest.mark.parametrize("library", LIBRARIES)
def test_exchangeable_libraries_are_imported_in_one_place(library: str) -> None:
    users = {name(path) for path in MODULES if any(m.split(".")[0] == library for m, _ in imports(path))}
    assert users and all(user.startswith(LIBRARIES[library]) for user in users)


def operators_named(path: Path) -> set[str]:
    """Operators that a file names: by class, or by the text form's name in a comparison."""
    classes = {kind.__name__ for kind in BY_NAME.values()}
    found = set()
    for node in ast.walk(tree(path)):
        match node:
            case ast.Name(id=word) | ast.Attribute(attr=word) | ast.alias(name=word) if word in classes:
                found.add(word)
            case ast.Compare():
                texts = {c.value for c in ast.walk(node) if isinstance(c, ast.Constant) and isinstance(c.value, str)}
                found |= {BY_NAME[text].__name__ for text in texts & BY_NAME.keys()}
    return found


def test_passes_quantizer_scheduler_and_code_generation_name_no_operator() -> None:
    found = {(name(p), operator) for p in MODULES if room(p) in NAMELESS for operator in operators_named(p)}
    assert found - NAMED.keys() == set(), "extend the contract in ir/op.py instead"
    assert NAMED.keys() - found == set(), "these exceptions are no longer needed"


def test_every_operator_is_found_where_it_is_named() -> None:
    conv = next(path for path in MODULES if name(path) == "frontend/onnx/handlers/convolution.py")
    assert "Conv2D" in operators_named(conv)


def test_only_the_command_line_reads_the_environment() -> None:
    readers = {
        name(path)
        for path in MODULES
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv")
    }
    assert all(reader.startswith("cli/") for reader in readers)


def test_every_module_says_what_it_holds() -> None:
    assert [name(path) for path in MODULES if not ast.get_docstring(tree(path))] == []


def test_no_file_is_too_long_to_read() -> None:
    assert len(SOURCES) > 100
    lengths = {path.relative_to(ROOT).as_posix(): len(path.read_text("utf-8").splitlines()) for path in SOURCES}
    assert {file: lines for file, lines in lengths.items() if lines > LONGEST_FILE} == {}
