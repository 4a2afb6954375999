"""tinyc boards: what tinyc compiles for."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace

from tinyc.cli.command import Command, add_json
from tinyc.cli.terminal import Terminal
from tinyc.report.table import Table
from tinyc.report.text import number


def configure(parser: ArgumentParser) -> None:
    add_json(parser)


def execute(args: Namespace, terminal: Terminal) -> int:
    from tinyc.target.board import describe, list_boards, load_board

    boards = [describe(load_board(name)) for name in list_boards()]
    terminal.json(boards)
    rows = [
        (
            board["name"],
            board["cpu"],
            number(board["flash_bytes"]),
            number(board["ram_bytes"]),
            "yes" if board["emulator"] else "-",
            ", ".join(board["flash_tools"]) or "-",
            board["title"],
        )
        for board in boards
    ]
    heads = ("board", "core", ">flash", ">RAM", "emulator", "flash tools", "what it is")
    terminal.lines(Table("", heads, rows).lines())
    return 0


COMMAND = Command("boards", "List the boards that tinyc knows.", configure, execute)
