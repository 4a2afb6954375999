"""tinyc run: samples in, outputs out."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tinyc.cli.command import Command, add_inputs, add_json, add_shape, add_state, states_of
from tinyc.cli.terminal import Terminal
from tinyc.errors import TinycError
from tinyc.report.table import Table
from tinyc.report.text import percent, shape

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Arrays = Mapping[str, NDArray[Any]]

LABELS = "y"


def configure(parser: ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "model",
        type=Path,
        metavar="DIR|MODEL",
        help="a compiled model, or an ONNX or TFLite file to run in float",
    )
    add(
        "--on",
        choices=("host", "qemu", "interpreter", "sanitized"),
        default="host",
        help="host (the default): the C on this machine; sanitized: that with ASan and UBSan; qemu: the firmware in "
        "the emulator; interpreter: the reference interpreter",
    )
    add_inputs(parser)
    add("--outputs", type=Path, metavar="Y.npz", help="where to write the outputs")
    add("--raw", action="store_true", help="outputs as the firmware's own integers")
    add_shape(parser)
    add_state(parser)
    add_json(parser)


def execute(args: Namespace, terminal: Terminal) -> int:
    from tinyc.samples import load_npz, save_npz

    if not args.model.exists():
        raise TinycError("no such file or folder", str(args.model))
    arrays = {} if args.inputs is None else load_npz(args.inputs)
    run = _run_compiled if args.model.is_dir() else _run_float
    on, inputs, outputs = run(args, arrays, terminal)
    if args.outputs is not None:
        save_npz(args.outputs, outputs)
    accuracy = None if LABELS in inputs else _accuracy(arrays, outputs, args.inputs, terminal)
    _report(args, terminal, on, outputs, accuracy)
    return 0


def _run_compiled(args: Namespace, arrays: Arrays, terminal: Terminal) -> tuple[str, list[str], Arrays]:
    """Where it ran, the names of the model's inputs, and its outputs."""
    from tinyc.driver.compiled import CompiledModel

    if args.shape or args.state:
        raise TinycError("--shape and --state are for model files; a compiled model has its own", str(args.model))
    compiled = CompiledModel(args.model)
    with terminal.progress("running") as progress:
        outputs = compiled.run(arrays, args.on, args.raw, progress, terminal.say)
    return args.on, [port.name for port in compiled.graph.inputs], outputs


def _run_float(args: Namespace, arrays: Arrays, terminal: Terminal) -> tuple[str, list[str], Arrays]:
    """As `_run_compiled`, in the float interpreter."""
    from tinyc.driver.float_model import FloatModel

    if args.raw or args.on not in ("host", "interpreter"):
        wanted = "--raw" if args.raw else f"--on {args.on}"
        raise TinycError(f"{wanted} is for compiled models", str(args.model), "compile the model, then run the folder")
    terminal.say(f"{args.model.name} is not compiled: the float interpreter runs it")
    model = FloatModel(args.model, dict(args.shape), states_of(args))
    with terminal.progress("running") as progress:
        outputs = model.run(arrays, progress, terminal.say)
    return "interpreter", [port.name for port in model.graph.inputs], outputs


def _accuracy(arrays: Arrays, outputs: Arrays, where: Path, terminal: Terminal) -> dict[str, int] | None:
    """How many samples are classified as the labels in `arrays` say; None where there is nothing to compare."""
    labels = arrays.get(LABELS)
    if labels is None or len(outputs) != 1:
        return None
    (scores,) = outputs.values()
    scores = scores.reshape(len(scores), -1)
    if labels.dtype.kind not in "iu" or labels.shape != (len(scores),) or scores.shape[1] < 2:
        return None
    terminal.say(f"{where}: '{LABELS}' is taken for the labels: the largest output should be at that index")
    return {"samples": len(labels), "correct": int((scores.argmax(axis=1) == labels).sum())}


def _report(args: Namespace, terminal: Terminal, on: str, outputs: Arrays, accuracy: dict[str, int] | None) -> None:
    samples = len(next(iter(outputs.values())))
    terminal.json(
        {
            "model": str(args.model),
            "on": on,
            "samples": samples,
            "outputs": {name: {"shape": list(a.shape), "dtype": str(a.dtype)} for name, a in outputs.items()},
            "written": None if args.outputs is None else str(args.outputs),
            "accuracy": accuracy and {**accuracy, "share": accuracy["correct"] / accuracy["samples"]},
        }
    )
    terminal.lines([f"{args.model} on {on}: {samples} samples"])
    if accuracy:
        correct = accuracy["correct"]
        terminal.lines([f"accuracy {percent(correct, samples)} ({correct} of {samples})"])
    rows = [(name, shape(a.shape), a.dtype) for name, a in outputs.items()]
    terminal.table(Table("", ("output", "shape", "dtype"), rows))
    terminal.lines([f"outputs written to {args.outputs}" if args.outputs else "outputs not kept: no --outputs given"])


COMMAND = Command("run", "Run a model on samples and write its outputs.", configure, execute)
