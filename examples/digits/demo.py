"""Compiles digits.onnx to int8 firmware for a Cortex-M4 and lets it read test images in the emulator: `make demo`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

import tinyc
from tinyc.driver.float_model import FloatModel
from tinyc.driver.profile import Profile, profile

HERE = Path(__file__).parent
MODEL = HERE / "digits.onnx"
OUT = HERE.parents[1] / "build" / "demo"
BOARD = "mps2-an386"
IMAGES = 40


def main() -> int:
    """Print what the firmware reads and what it costs; 0 if its outputs are those of the same C on this machine."""
    with np.load(HERE / "test.npz") as test:
        images, labels = {"image": test["image"][:IMAGES]}, test["y"][:IMAGES]
    print(f"{MODEL.name}: compiled to int8 firmware for {BOARD} (Cortex-M4), run in the emulator on {IMAGES} images\n")
    with bar("calibrate") as progress:
        model = tinyc.compile(MODEL, BOARD, OUT, calibration=HERE / "calibration.npz", progress=progress)
    with bar("emulate") as progress:
        scores = model.run(images, on="qemu", progress=progress)["probabilities"]
    same = np.array_equal(scores, model.run(images, on="host")["probabilities"])
    engine, reference = run_float(images)
    print_rows(labels, scores, reference)
    print_accuracy(labels, scores.argmax(axis=1), reference.argmax(axis=1), engine)
    print(f"same bytes as the same C on this machine: {'yes' if same else 'NO'}")
    print_costs(model.report, profile(model, images))
    print(f"\nthe C, the firmware and the report are in {OUT.relative_to(HERE.parents[1])}")
    return 0 if same else 1


@contextmanager
def bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar to be called with (done, all)."""
    columns = (TextColumn(f"{title:<10}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns) as progress:
        task = progress.add_task(title, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def run_float(images: dict[str, NDArray[Any]]) -> tuple[str, NDArray[Any]]:
    """The float model's probabilities, and by what they were computed."""
    try:
        import onnxruntime
    except ImportError:
        return "tinyc's interpreter", FloatModel(MODEL).run(images)["probabilities"]
    session = onnxruntime.InferenceSession(MODEL, providers=["CPUExecutionProvider"])
    inputs = images["image"].astype(np.float32)
    return "onnxruntime", np.concatenate([session.run(None, {"image": image[None]})[0] for image in inputs])


def print_rows(labels: NDArray[Any], scores: NDArray[Any], reference: NDArray[Any]) -> None:
    """One line an image, the wrong ones marked."""
    print("\nimage  label  firmware         float model")
    for number, (label, ours, theirs) in enumerate(zip(labels, scores, reference, strict=True)):
        mark = "" if ours.argmax() == label else "  wrong"
        readings = (f"{s.argmax()} ({s.max():7.2%})" for s in (ours, theirs))
        print(f"{number:>5}  {label:>5}  {'      '.join(readings)}{mark}")


def print_accuracy(labels: NDArray[Any], ours: NDArray[Any], theirs: NDArray[Any], engine: str) -> None:
    """How many are right, and how often firmware and float model agree."""
    print(f"\naccuracy                 {np.mean(ours == labels):7.1%}  ({np.sum(ours == labels)} of {len(labels)})")
    print(f"float model's accuracy   {np.mean(theirs == labels):7.1%}  ({engine})")
    print(f"agreement with it        {np.mean(ours == theirs):7.1%}")


def print_costs(report: dict[str, Any], cost: Profile) -> None:
    """Memory and time of an inference."""
    print(f"RAM                      {report['ram_bytes']:7,}  bytes; the arena is {cost.arena_planned:,}")
    print(f"stack                    {cost.stack_high_water:7,}  bytes, measured")
    print(f"flash                    {cost.flash:7,}  bytes; code {cost.code:,}, weights {report['weights_bytes']:,}")
    print(f"instructions             {cost.instructions:7,}  an inference, counted by QEMU (not cycles)")


if __name__ == "__main__":
    try:
        sys.exit(main())
    except tinyc.TinycError as error:
        sys.exit(f"demo: {error}")
