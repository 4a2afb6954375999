"""What is fuzzed: the bytes of a model through the importer and the passes, and some of them on to C."""

from __future__ import annotations

import hashlib
import resource
import time
import traceback
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from tinyc.codegen.emit import emit_model
from tinyc.driver.phases import Given, Quantization, lower
from tinyc.errors import TinycError, VerifyError
from tinyc.frontend import import_model, inspect_model, tensors
from tinyc.ir.graph import Graph
from tinyc.ir.kernel import KernelTarget
from tinyc.ir.types import Rounding
from tinyc.memory.planner import plan_buffers
from tinyc.program import program
from tinyc.program.choice import Choice
from tinyc.quant.adopt import is_quantized
from tinyc.quant.calibrate import random_samples
from tinyc.schedule import order

MOST_ELEMENTS = 2**22
"""Of one tensor: tinyc's own bound, scaled down to the memory that the fuzzer allows itself."""
SMALL_ELEMENTS, SMALL_MACS = 2**14, 10**6
"""Of all tensors of a model, up to which it is quantized and becomes C."""
MOST_SECONDS = 10.0
EFFORT, STATES = 2_000_000, 500
"""Of the searches for a plan of memory and an order of layers, which may otherwise take seconds."""


@dataclass(frozen=True)
class Finding:
    """Something that must not happen: an exception that is no TinycError, a broken graph, or too long a time."""

    key: str
    """Of the same text for the same mistake."""
    text: str


def examine(data: bytes, path: Path) -> Finding | None:
    """Import the model, which is written to `path`, and take it as far as is quickly done."""
    tensors.MAX_ELEMENTS = MOST_ELEMENTS
    order.STATES = STATES
    program.plan_buffers = partial(plan_buffers, effort=EFFORT)
    path.write_bytes(data)
    start = time.process_time()
    try:
        with np.errstate(all="ignore"):
            _compile(path, hashlib.sha256(data).digest()[0])
    except VerifyError as error:
        return _finding(error)
    except TinycError:
        return None
    except Exception as error:
        return _finding(error)
    seconds = time.process_time() - start
    if seconds > MOST_SECONDS:
        return Finding("slow", f"{seconds:.1f} s of processor time")
    return None


def _compile(path: Path, choice: int) -> None:
    if choice % 8 == 0:
        inspect_model(path)
    graph = import_model(path)
    if not _is_small(graph):
        return
    quantization: Quantization | Given | None = None
    if is_quantized(graph) and choice % 4:
        quantization = Given(list(Rounding)[choice % 2])
    elif choice % 4 == 1 and graph.inputs:
        quantization = Quantization(random_samples(graph, 1, 2))
    lowered = lower(graph, quantization)
    emit_model(program.build_program(lowered.graph, Choice(KernelTarget())), "model", "fuzzed", "")


def _is_small(graph: Graph) -> bool:
    return sum(kind.size for kind in graph.types.values()) <= SMALL_ELEMENTS and graph.macs() <= SMALL_MACS


def _finding(error: Exception) -> Finding:
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "/tinyc/" in f.filename]
    last = frames[-1] if frames else None
    at = f"{Path(last.filename).name}:{last.lineno}" if last else "?"
    return Finding(f"{type(error).__name__} {at}", "".join(traceback.format_exception(error)))


def limit_memory(bytes_: int) -> None:
    """Beyond it a MemoryError is raised, which is a finding."""
    resource.setrlimit(resource.RLIMIT_AS, (bytes_, bytes_))
