"""README.md is true: its commands print what it says, its code compiles and runs, its tables are those of the code.

Blocks marked `console` are run by bash, in order, in one folder; `c` and `python` blocks are files for them, named in
their first line. Blocks marked `sh` are for people. In what is printed, every number stands for any other (another
version's figures differ), any run of spaces or dashes for one, and a line `…` for any lines.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from tinyc.frontend.onnx.handlers import HANDLERS
from tinyc.target.board import describe, list_boards, load_board

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = ("README.md", "ARCHITECTURE.md", "CHANGELOG.md")


@dataclass(frozen=True)
class Block:
    """A code block: the word after the fence, and its text."""

    kind: str
    text: str


BLOCKS = [Block(kind, text) for kind, text in re.findall(r"^```(\w*)\n(.*?)^```$", README, re.M | re.S)]


@dataclass(frozen=True)
class Step:
    """A command and what it should print to both streams."""

    command: str
    expected: list[str]


def steps(block: Block) -> list[Step]:
    """The commands of a console block, continued lines joined."""
    found = []
    for part in re.split(r"^\$ ", block.text, flags=re.M)[1:]:
        command, _, output = re.sub(r"\\\n\s*", "", part).partition("\n")
        found.append(Step(command, output.rstrip("\n").split("\n") if output.strip() else []))
    return found


def skeleton(line: str) -> str:
    """A line without figures and without the width of its columns."""
    line = re.sub(r"\d[\d,.]*(e[-+]\d+)?", "#", line)
    return re.sub(r"\s+", " ", re.sub(r"-{2,}", "-", line)).strip()


def matches(expected: list[str], printed: list[str]) -> bool:
    """Whether the lines that were printed are those expected."""
    if not expected:
        return not printed
    head, *tail = expected
    if head == "…":
        return any(matches(tail, printed[start:]) for start in range(len(printed) + 1))
    return bool(printed) and skeleton(head) == skeleton(printed[0]) and matches(tail, printed[1:])


def test_a_console_block_is_compared_line_by_line() -> None:
    step = steps(Block("console", "$ tinyc a \\\n      b\nx 1,234  yes\n…\nend\n$ next\n"))
    assert [s.command for s in step] == ["tinyc a b", "next"]
    assert matches(step[0].expected, ["x 5   yes", "between", "end"])
    assert matches(step[0].expected, ["x 5.5 yes", "end"])
    assert not matches(step[0].expected, ["x 5 no", "end"])
    assert not matches(step[0].expected, ["x 5 yes", "end", "more"])
    assert matches(step[1].expected, []) and not matches(step[1].expected, ["more"])


def test_every_block_says_what_it_is() -> None:
    assert {block.kind for block in BLOCKS} == {"sh", "console", "c", "python"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where README's commands run: the examples, and the code blocks as files."""
    here = tmp_path_factory.mktemp("readme")
    (here / "examples").symlink_to(ROOT / "examples")
    for block in BLOCKS:
        if block.kind in ("c", "python"):
            named = re.match(r"(?:/\*|#) (\w+\.\w+)", block.text)
            assert named, block.text
            (here / named[1]).write_text(block.text, encoding="utf-8")
    return here


def test_readme_commands_print_what_it_says(folder: Path) -> None:
    programs = folder / "bin"
    programs.mkdir()
    for name, arguments in (("python", ""), ("tinyc", "-m tinyc")):
        script = programs / name
        script.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n', encoding="utf-8")
        script.chmod(0o755)
    environment = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    console = [step for block in BLOCKS if block.kind == "console" for step in steps(block)]
    assert len(console) >= 7
    for step in console:
        done = subprocess.run(
            ["bash", "-c", step.command],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode != 0 or not matches(step.expected, done.stdout.splitlines()):
            pytest.fail(f"README says otherwise:\n$ {step.command}\n{done.stdout}[exit status {done.returncode}]")


def table(name: str) -> list[list[str]]:
    """The cells of the rows of the table that README marks with `name`."""
    marked = re.search(rf"<!-- {name}:.*?-->\n(.*?)<!-- end -->", README, re.S)
    assert marked, name
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in marked[1].strip().split("\n")]
    return rows[2:]


def test_operator_table_has_what_the_front_end_has() -> None:
    named = [name for row in table("operators") for name in re.findall(r"`(\w+)`", row[0])]
    assert len(named) == len(set(named)) and set(named) <= set(HANDLERS)


def test_operators_with_int8_forms_are_said_to_have_them() -> None:
    text = (ROOT / "OPERATORS.md").read_text(encoding="utf-8").partition("## TensorFlow Lite")[0]
    lines = text.splitlines()
    cells = {found[1]: line.split("|")[4].strip() for line in lines if (found := re.match(r"\| `(\w+)`", line))}
    named = [name for row in table("operators") for name in re.findall(r"`(\w+)`", row[0])]
    assert [name for name in named if cells[name] in ("in float", "partly", "as is")] == []


def test_operators_are_listed_as_they_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(ROOT / "scripts")
    spec = spec_from_file_location("operators", ROOT / "scripts" / "operators.py")
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (ROOT / "OPERATORS.md").read_text(encoding="utf-8") == module.text(), "run scripts/operators.py"


def test_board_table_is_that_of_the_boards() -> None:
    boards = [describe(load_board(name)) for name in list_boards()]
    assert table("boards") == [
        [
            f"`{board['name']}`",
            board["cpu"],
            f"{board['flash_bytes']:,}",
            f"{board['ram_bytes']:,}",
            "yes" if board["emulator"] else "",
            board["title"],
        ]
        for board in boards
    ]


def test_links_lead_somewhere() -> None:
    texts = [(ROOT / document).read_text(encoding="utf-8") for document in DOCUMENTS]
    links = {link for text in texts for link in re.findall(r"\]\(([^)#]+)\)", text)}
    assert "ARCHITECTURE.md" in links
    assert [link for link in links if not link.startswith("https://") and not (ROOT / link).exists()] == []


def test_make_targets_that_are_named_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    named = {target for name in DOCUMENTS for target in re.findall(r"\bmake ([a-z-]+)\b", (ROOT / name).read_text())}
    assert {"demo", "test"} <= named
    assert [target for target in named if not re.search(rf"^{target}:", makefile, re.M)] == []
