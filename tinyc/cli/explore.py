"""tinyc explore: the ways to run a model, from the fastest to the smallest."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path
from typing import TYPE_CHECKING

from tinyc.cli.command import Command, add_json, add_model, add_schedule, check_calibration, states_of
from tinyc.cli.terminal import Terminal
from tinyc.errors import CheckFailedError
from tinyc.report.table import Table
from tinyc.report.text import number, percent

if TYPE_CHECKING:
    from tinyc.driver.explore import Exploration
    from tinyc.target.board import Board


def configure(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add_model(parser)
    add_schedule(parser)
    add("--measure", action="store_true", help="compile each schedule and count its instructions in the emulator")
    add("--plot", type=Path, metavar="FILE.svg", help="draw RAM against multiplications; .svg, .png or .pdf")
    add("-o", "--out", type=Path, metavar="DIR", help="compile the schedule that is marked into this folder")
    add_json(parser)


def execute(args: Namespace, terminal: Terminal) -> int:
    check_calibration(args)
    import tinyc

    board = tinyc.load_board(args.board)
    if args.plot:
        from tinyc.report.plot import check_plot

        check_plot(args.plot)  # before the search, which takes its time
    with terminal.progress("calibrating") as progress, terminal.state() as watch:
        found = tinyc.explore(
            args.model,
            board,
            calibration=args.calibration,
            calibration_method=args.calibration_method,
            float=args.float,
            strict_int8=args.strict_int8,
            rounding=args.rounding,
            shapes=dict(args.shape),
            states=states_of(args),
            ram=args.ram,
            max_overhead=args.max_overhead,
            input=args.input,
            measure=args.measure,
            out=args.out,
            progress=progress,
            say=terminal.say,
            watch=watch,
        )
    if args.plot:
        _plot(args, found, board)
    terminal.json(_record(args, found, board))
    by_rows = ", its input by rows" if args.input == "rows" else ""
    terminal.lines([f"{args.model.name} for {board.name} ({board.cpu.name}){by_rows}"])
    terminal.table(_table(found, board, args.measure))
    terminal.lines(_closing(args, found))
    if found.misfit:
        terminal.say(f"no schedule is marked: {found.misfit}")
        return CheckFailedError.exit_status
    return 0


def _record(args: Namespace, found: Exploration, board: Board) -> dict[str, object]:
    from tinyc.driver.record import point_record

    return {
        "model": args.model.name,
        "board": board.name,
        "input": args.input,
        "ram_bytes": board.ram.bytes,
        "space_bytes": found.space_bytes,
        "macs": found.macs,
        "points": [
            {
                **point_record(point),
                "overhead": round(found.overhead(point), 4),
                "instructions": count,
                "chosen": point is found.chosen,
            }
            for point, count in zip(found.points, found.instructions, strict=True)
        ],
        "plot": None if args.plot is None else str(args.plot),
        "written": None if args.out is None else str(args.out),
    }


def _table(found: Exploration, board: Board, measured: bool) -> Table:
    rows = [
        (
            "*" if point is found.chosen else "",
            number(point.ram),
            percent(point.ram, board.ram.bytes),
            f"{found.overhead(point):.3f}",
            number(point.cost),
            *((number(count),) if measured else ()),
            number(point.steps),
            point.describe(),
        )
        for point, count in zip(found.points, found.instructions, strict=True)
    ]
    counted = (">instructions (QEMU)",) if measured else ()
    heads = ("", ">RAM", ">of the board's", ">MACs ×", ">estimated instructions", *counted, ">steps", "schedule")
    return Table("", heads, rows)


def _closing(args: Namespace, found: Exploration) -> list[str]:
    lines = [""]
    if found.chosen is not None:
        options = ["--schedule auto"]
        options += [f"--ram {args.ram}"] if args.ram else []
        options += [f"--max-overhead {args.max_overhead:g}"] if args.max_overhead else []
        options += ["--input rows"] if args.input == "rows" else []
        lines.append(f"* what `tinyc compile {' '.join(options)}` takes")
    if args.out is not None:
        lines.append(f"compiled into {args.out}")
    if args.plot is not None:
        lines.append(f"drawn in {args.plot}")
    return lines


def _plot(args: Namespace, found: Exploration, board: Board) -> None:
    from tinyc.report.plot import Dot, plot_front

    dots = [
        Dot(point.ram, found.overhead(point), point.describe(), point is found.chosen) for point in found.points
    ]  # fmt: skip
    by_rows = ", its input by rows" if args.input == "rows" else ""
    plot_front(args.plot, f"{args.model.name}{by_rows}", dots, board.name, board.ram.bytes)


COMMAND = Command("explore", "Show the ways to run a model: RAM against time.", configure, execute)
