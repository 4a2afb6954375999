"""tinyc compile: from a model to C and firmware."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from tinyc.cli.command import (
    Command,
    add_json,
    add_model,
    add_schedule,
    cache_folder,
    check_calibration,
    memory,
    size,
    states_of,
)
from tinyc.cli.terminal import Terminal
from tinyc.errors import TinycError
from tinyc.report.summary import buffers_table, layers_table, summary, title


def configure(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add_model(parser)
    add("-o", "--out", required=True, type=Path, metavar="DIR", help="folder to write, replaced as a whole")
    add("--kernels", choices=("tinyc", "cmsis-nn"), default="tinyc", help="cmsis-nn: only its public API is called")
    add(
        "--optimize",
        choices=("speed", "size"),
        default="speed",
        help="speed (default): functions made for each layer, weights in the fastest form; size: shared functions",
    )
    add("--flash", type=size, metavar="128k", help="take the fastest kernels with which the firmware keeps to so much")
    add(
        "--prepare-weights",
        action="store_true",
        help="kernels may bring weights into the form that they read at start-up: less flash, and RAM of the arena for "
        "good, within --ram or what the board has",
    )
    add("--autotune", action="store_true", help="measure in the emulator which kernels are fastest, layer by layer")
    add(
        "--schedule",
        choices=("layer", "patch", "stream", "stream2d", "auto"),
        help="run layers part by part, which takes less RAM: in patches, in rows, in strips of rows, or whatever of "
        "these is best (auto); the default is layer by layer where that fits, else auto",
    )
    add_schedule(parser)
    add("--dump-dir", type=Path, metavar="D", help="write the graph after each phase into this folder")
    add("--cmsis-nn-include", type=Path, metavar="DIR", help="with --cmsis-nn-lib: headers of your own CMSIS-NN")
    add(
        "--cmsis-nn-lib",
        type=Path,
        metavar="FILE",
        help="link your own build of CMSIS-NN instead of tinyc's; build it with -DCMSIS_NN_USE_SINGLE_ROUNDING, or "
        "compile with --rounding tflite",
    )
    add("--no-link", action="store_true", help="write the C only; takes no Arm toolchain")
    add(
        "--memory",
        type=memory,
        action="append",
        default=[],
        metavar="NAME:64k",
        help="spread the arena over memories: one option for each, the fastest first, which gets what is used most",
    )
    add(
        "--weights",
        choices=("text", "binary"),
        help="C text, or a binary file that the assembler reads; the default is text up to 16 MiB",
    )
    add("--canaries", action="store_true", help="debug build: watch bytes behind each buffer; takes more RAM and time")
    add("--verbose", action="store_true", help="list layers and buffers too")
    add_json(parser)


def execute(args: Namespace, terminal: Terminal) -> int:
    check_calibration(args)
    if (args.cmsis_nn_include is None) != (args.cmsis_nn_lib is None):
        raise TinycError("--cmsis-nn-include and --cmsis-nn-lib belong together", hint="give both")
    if len(dict(args.memory)) != len(args.memory):
        raise TinycError("two of the memories have the same name", hint="--memory dtcm:64k --memory sram:256k")
    import tinyc

    with terminal.progress("calibrating") as progress, terminal.state() as watch:
        compiled = tinyc.compile(
            args.model,
            args.board,
            args.out,
            calibration=args.calibration,
            calibration_method=args.calibration_method,
            float=args.float,
            strict_int8=args.strict_int8,
            kernels=args.kernels,
            optimize=args.optimize,
            flash=args.flash,
            autotune=args.autotune,
            prepare_weights=args.prepare_weights,
            cache=cache_folder() if args.autotune else None,
            rounding=args.rounding,
            shapes=dict(args.shape),
            states=states_of(args),
            cmsis_nn=tinyc.CmsisNN(args.cmsis_nn_include, args.cmsis_nn_lib) if args.cmsis_nn_lib else None,
            schedule=args.schedule,
            ram=args.ram,
            max_overhead=args.max_overhead,
            input=args.input,
            weights=args.weights,
            canaries=args.canaries,
            memories=dict(args.memory),
            dump_dir=args.dump_dir,
            link=not args.no_link,
            progress=progress,
            say=terminal.say,
            watch=watch,
        )
    report, board = compiled.report, compiled.board
    terminal.json(report)
    terminal.lines([title(report), *summary(report, board.ram.bytes, board.flash.bytes)])
    if args.verbose:
        terminal.table(layers_table(report))
        terminal.table(buffers_table(report))
    return 0


COMMAND = Command("compile", "Compile a model to C and firmware for a board.", configure, execute)
