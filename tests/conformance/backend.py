"""ONNX's backend tests of single nodes and of small models, through tinyc's generated C on the host.

Every case is compiled with its inputs fed at run time. Where a handler wants an input constant (a shape, axes), that
input alone becomes an initializer, and the case is tried again.
"""

from __future__ import annotations

import re
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import ModelProto, TensorProto, helper, load_model, numpy_helper

from tinyc.codegen.emit import emit_model, write_files
from tinyc.driver.interface import interface_of
from tinyc.driver.phases import lower
from tinyc.errors import TinycError
from tinyc.frontend.onnx import import_model
from tinyc.ir.graph import Graph
from tinyc.ir.interp import to_user, to_value
from tinyc.ir.kernel import KernelTarget
from tinyc.program.choice import Choice
from tinyc.program.program import build_program
from tinyc.run.host import HostModel

RTOL, ATOL = 1e-3, 1e-6  # the latter for sums whose exact value is 0
BFLOAT16_RTOL = 2**-6  # its, too: two of the last digits of bfloat16
MOST_CONSTANTS = 8
DATA = Path(onnx.__file__).parent / "backend" / "test" / "data"
MODEL_KINDS = ("pytorch-converted", "pytorch-operator", "simple")


class Status(Enum):
    """What became of a case."""

    PASS = "pass"
    UNSUPPORTED = "unsupported"  # a clear error
    WRONG = "wrong"
    CRASH = "crash"  # an exception that is not a TinycError
    BROKEN = "does not compile"


@dataclass(frozen=True)
class Outcome:
    """The result of one case, and what there is to say of it."""

    name: str
    status: Status
    detail: str = ""


@dataclass(frozen=True)
class Case:
    """A model, and pairs of inputs and outputs; None stands for an input that is left out."""

    model: ModelProto
    data: Sequence[tuple[Sequence[Any], Sequence[Any]]]


@cache
def cases() -> Mapping[str, Any]:
    """ONNX's own cases of single nodes, by name, as the onnx package makes them."""
    from onnx.backend.test.case.node import collect_testcases

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        return {case.name: case for case in collect_testcases(None)}


def model_names() -> list[str]:
    """ONNX's cases that are files, as "kind/name"."""
    return sorted(
        path.parent.relative_to(DATA).as_posix() for kind in MODEL_KINDS for path in (DATA / kind).glob("*/model.onnx")
    )


def _case(name: str) -> Case:
    if "/" not in name:
        made = cases()[name]
        return Case(made.model, [([_array(x) for x in ins], [_array(y) for y in outs]) for ins, outs in made.data_sets])
    folder = DATA / name
    return Case(
        load_model(folder / "model.onnx"),
        [([*_stored(part, "input")], [*_stored(part, "output")]) for part in sorted(folder.glob("test_data_set_*"))],
    )


def _stored(folder: Path, what: str) -> Iterator[Any]:
    """The inputs or outputs in a folder, which are numbered."""
    for index in range(len([*folder.glob(f"{what}_*.pb")])):
        yield numpy_helper.to_array(TensorProto.FromString((folder / f"{what}_{index}.pb").read_bytes()))


def run_case(name: str) -> Outcome:
    """Compile and run one case."""
    case = _case(name)
    try:
        for inputs, outputs in case.data:
            problem = _run(case.model, inputs, outputs)
            if problem:
                return Outcome(name, Status.WRONG, problem)
    except TinycError as error:
        broken = "the C compiler rejects" in str(error)
        return Outcome(name, Status.BROKEN if broken else Status.UNSUPPORTED, str(error) if broken else error.message)
    except Exception as error:
        return Outcome(name, Status.CRASH, f"{type(error).__name__}: {error}")
    return Outcome(name, Status.PASS)


def _array(value: Any) -> np.ndarray[Any, Any] | None:
    if isinstance(value, TensorProto):
        return numpy_helper.to_array(value)
    return None if value is None else np.asarray(value)


def _run(model: ModelProto, inputs: Sequence[Any], outputs: Sequence[Any]) -> str:
    """What is wrong with the outputs, "" if nothing."""
    given = _given(model, inputs)
    with tempfile.TemporaryDirectory(prefix="tinyc-onnx-") as name:
        folder = Path(name)
        graph = _with_constants(model, given, folder)
        got = run_graph(lower(graph, None).graph, given, folder)
    for info, want in zip(model.graph.output, outputs, strict=True):
        problem = _difference(got.get(info.name, want if _is_empty(want) else None), want)
        if problem:
            return f"{info.name}: {problem}"
    return ""


def imported(case: Any, folder: Path) -> tuple[Graph, Mapping[str, Any]]:
    """The graph of a case, and its first inputs by name."""
    given = _given(case.model, [_array(x) for x in case.data_sets[0][0]])
    return _with_constants(case.model, given, folder), given


def _given(model: ModelProto, inputs: Sequence[Any]) -> dict[str, Any]:
    initialized = {tensor.name for tensor in model.graph.initializer}
    wanted = [info for info in model.graph.input if info.name not in initialized]
    return {info.name: x for info, x in zip(wanted, inputs, strict=True) if x is not None}


def _with_constants(model: ModelProto, given: Mapping[str, Any], folder: Path) -> Graph:
    """The graph; what it wants to be constant is."""
    constants: set[str] = set()
    for _ in range(MOST_CONSTANTS):
        try:
            return _imported(model, given, constants, folder)
        except TinycError as error:
            wanted = {name for name in _wanted(error.message) if name in given} - constants
            if not wanted:
                raise
            constants |= wanted
    return _imported(model, given, constants, folder)


def _wanted(message: str) -> list[str]:
    """The tensor that is to be constant, and the inputs that it comes from."""
    found = re.search(r"\('([^']*)'\) must be constant(.*)", message)
    return [] if found is None else [found[1]] if "from" not in found[2] else re.findall("'([^']*)'", found[2])


def _imported(model: ModelProto, given: Mapping[str, Any], constants: set[str], folder: Path) -> Graph:
    changed = ModelProto()
    changed.CopyFrom(model)
    del changed.graph.input[:]
    for info in model.graph.input:
        if info.name in constants:
            changed.graph.initializer.append(numpy_helper.from_array(given[info.name], info.name))
        elif info.name in given:
            kind = info.type.tensor_type.elem_type
            changed.graph.input.append(helper.make_tensor_value_info(info.name, kind, given[info.name].shape))
    path = folder / "model.onnx"
    path.write_bytes(changed.SerializeToString())
    return import_model(path)


def run_graph(graph: Graph, given: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """The outputs of the graph's C, which is written into the folder."""
    program = build_program(graph, Choice(KernelTarget()))
    files = emit_model(program, "model", "a test", "")
    write_files(folder, files.texts, files.runtime, files.data)
    host = HostModel(folder, interface_of(program, "model"))
    values = [to_value(graph, port, given[port.name].astype(port.dtype)) for port in graph.inputs]
    data, _ = host.run([value.tobytes() for value in values])
    return {
        port.name: to_user(graph, port, np.frombuffer(raw, kind.dtype.numpy).reshape(kind.shape))
        for port, raw in zip(graph.outputs, data, strict=True)
        for kind in [graph.types[port.value]]
    }


def _is_empty(want: Any) -> bool:
    """Whether there is nothing to compute."""
    return want is not None and want.size == 0


def _difference(got: Any, want: Any) -> str:
    if want is None:
        return ""
    if got.shape != want.shape:
        return f"shape {got.shape}, not {want.shape}"
    if want.dtype.kind in "biu":
        equal = got.dtype == want.dtype and np.array_equal(got, want)
        return "" if equal else f"{got.dtype} {got.reshape(-1)[:6]}, not {want.dtype} {want.reshape(-1)[:6]}"
    got = got.astype(want.dtype)  # as the model declares it; inside, all floats are float32
    relative = BFLOAT16_RTOL if want.dtype.name == "bfloat16" else RTOL
    with np.errstate(all="ignore"):
        want = want.astype(np.float32).astype(np.float64)  # so far float64 reaches, too
        near = np.allclose(got.astype(np.float64), want, relative, ATOL, equal_nan=True)
    return "" if near else f"{got.reshape(-1)[:6]}, not {want.reshape(-1)[:6]}"
