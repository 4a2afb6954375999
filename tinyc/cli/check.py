"""tinyc check: is the compiled model what the ONNX model is?"""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from tinyc.cli.command import Command, add_inputs, add_json, existing_folder, positive
from tinyc.cli.terminal import Terminal
from tinyc.errors import CheckFailedError
from tinyc.report.summary import title
from tinyc.report.table import Table
from tinyc.report.text import percent

if TYPE_CHECKING:
    from tinyc.driver.check import Accuracy, CheckResult


def configure(parser: ArgumentParser) -> None:
    parser.add_argument("folder", type=Path, metavar="DIR", help="folder of a compiled model")
    add_inputs(parser)
    parser.add_argument("--samples", type=positive, metavar="N", help="use the first N samples only")
    parser.add_argument("--model", type=Path, metavar="MODEL.onnx", help="compare with ONNX Runtime on this model too")
    add_json(parser)


def execute(args: Namespace, terminal: Terminal) -> int:
    from tinyc.driver.check import check
    from tinyc.driver.compiled import CompiledModel
    from tinyc.samples import load_npz

    compiled = CompiledModel(existing_folder(args.folder))
    arrays = {} if args.inputs is None else load_npz(args.inputs)
    with terminal.progress("checking") as progress:
        result = check(compiled, arrays, limit=args.samples, model=args.model, progress=progress, say=terminal.say)
    terminal.json({**asdict(result), "disagreeing": result.disagreeing})
    terminal.lines([f"{title(compiled.report)}; {result.samples} samples against the float model"])
    terminal.table(_layers(result))
    terminal.table(_outputs(result))
    if result.disagreeing:
        raise CheckFailedError(
            f"the C on this machine and the interpreter differ in: {', '.join(result.disagreeing)}", str(args.folder)
        )
    ways = {"float32": "within rounding", "int8 and float32": "bit for bit in int8 and within rounding in float,"}
    exactly = ways.get(compiled.report["arithmetic"], "bit for bit")
    terminal.lines(["", f"The C on this machine and the interpreter agree {exactly} in every layer."])
    return 0


def _layers(result: CheckResult) -> Table:
    rows = [(e.name, e.op, *_figures(e.accuracy), "yes" if e.agrees else "NO") for e in result.layers]
    return Table("", ("layer", "operator", *HEADS, "C = interpreter"), rows)


def _outputs(result: CheckResult) -> Table:
    rows = [
        (
            e.name,
            *_figures(e.accuracy),
            "-" if e.argmax_agreement is None else percent(e.argmax_agreement, 1),
            "-" if e.onnxruntime_max_abs_error is None else f"{e.onnxruntime_max_abs_error:.3g}",
        )
        for e in result.outputs
    ]
    return Table("", ("output", *HEADS, ">argmax agrees", ">float model vs. ONNX Runtime"), rows)


HEADS = (">SQNR dB", ">cosine", ">max error")


def _figures(accuracy: Accuracy) -> Iterable[str]:
    values = ((accuracy.sqnr_db, ".1f"), (accuracy.cosine, ".5f"), (accuracy.max_abs_error, ".3g"))
    return ["-" if value is None else format(value, spec) for value, spec in values]


COMMAND = Command("check", "Compare every layer of a compiled model with the float model.", configure, execute)
