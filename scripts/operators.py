"""Writes OPERATORS.md: every operator that tinyc imports, and what the compiler makes of a small model of it."""

from __future__ import annotations

import inspect
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from onnx import defs, save
from operator_samples import Sample, model, samples

from tinyc.driver.phases import Quantization, lower, simplify
from tinyc.driver.support import int8_forms
from tinyc.errors import TinycError
from tinyc.frontend.onnx import import_model
from tinyc.frontend.onnx.handlers import HANDLERS
from tinyc.frontend.tflite.handlers import HANDLERS as TFLITE_HANDLERS
from tinyc.ir.graph import Graph
from tinyc.ir.kernel import KernelSet, KernelTarget
from tinyc.passes.remove_channels import remove_channels
from tinyc.program.choice import Choice

ROOT = Path(__file__).parents[1]
HEAD = """\
# Operators

## ONNX

Every ONNX operator that tinyc imports, by `scripts/operators.py` from the front end's tables, with what the compiler
makes of a small model of it. Shapes are static. What depends on constants and shapes alone is computed at compile time
with any ONNX operator, listed or not.

- **float**: it can be compiled with `--float`: floating-point types as float32, integers and truth values as they are.
- **int8**: what int8 arithmetic there is. A *table* holds the results for all 256 values, exactly rounded, and takes in
  elementwise neighbours. *in float* stands between conversions in a model that is int8 otherwise, *partly* means that
  some of what the operator is made of does; `--strict-int8` refuses both. *as is*: no floats are involved. *at compile
  time*: it depends on constants and shapes alone.
- **CMSIS-NN**: whether `--kernels cmsis-nn` can compute the int8 form, with the public functions of that library alone;
  tinyc's own kernels compute everything in this list.

There is no int16 arithmetic. `tinyc inspect MODEL` says the same of each layer of a model.

"""


def schemas() -> dict[tuple[str, str], list[Any]]:
    """The versions of every operator, oldest first, by domain and name."""
    found = defaultdict(list)
    for schema in defs.get_all_schemas_with_history():
        found[schema.domain, schema.name].append(schema)
    return {key: sorted(versions, key=lambda s: s.since_version) for key, versions in found.items()}


TFLITE_HEAD = """
## TensorFlow Lite

What stands for real numbers in integers is computed in int8 where the operator has such a form, else in float between
`dequantize` and `quantize`. VAR_HANDLE, READ_VARIABLE, ASSIGN_VARIABLE and CALL_ONCE (of constants that are assigned)
become what the network keeps from run to run.

"""


def remark(handler: object) -> str:
    """The first line of a handler's description."""
    text = inspect.getdoc(handler) or ""
    return text.splitlines()[0] if text else ""


def support(name: str, opset: int) -> tuple[str, str, str]:
    """What stands in the columns float, int8 and CMSIS-NN."""
    answers: dict[tuple[str, str, str], list[str]] = {}
    for sample in samples(name):
        answers.setdefault(_answer(name, sample, opset), []).append(sample.when)
    columns = list(zip(*answers, strict=True))
    return tuple(_merged(column, answers.values()) for column in columns)  # type: ignore[return-value]


def _merged(column: Iterable[str], when: Iterable[list[str]]) -> str:
    """One answer if all are alike, else each with when it holds."""
    cells: dict[str, list[str]] = {}
    for cell, names in zip(column, when, strict=True):
        cells.setdefault(cell, []).extend(names)
    return next(iter(cells)) if len(cells) == 1 else "; ".join(f"{', '.join(n)}: {c}" for c, n in cells.items())


def _answer(name: str, sample: Sample, opset: int) -> tuple[str, str, str]:
    with tempfile.TemporaryDirectory(prefix="tinyc-operators-") as folder:
        path = Path(folder) / "model.onnx"
        save(model(name, sample, opset), path)
        graph = simplify(import_model(path))
    forms = int8_forms(graph)
    computed = {n.outs[0]: forms[n.outs[0]] for n in graph.nodes if not n.op.is_view}
    if all(v in graph.constants for n in graph.nodes for v in n.ins) and graph.nodes:
        return "yes", "at compile time", "-"
    if not any(kind.dtype.is_float for kind in graph.types.values()):
        return "yes", "as is", "-"
    floats = sum(form.because is not None for form in computed.values())
    if floats == len(computed) and floats:
        return "yes", "in float", "-"
    if floats:
        return "yes", "partly", "-"
    tables = any(form.kind == "table" for form in computed.values())
    return "yes", "table" if tables else "yes", "yes" if _with_cmsis_nn(graph) else "-"


def _with_cmsis_nn(graph: Graph) -> bool:
    """Whether the kernel set has functions for all layers."""
    rng = np.random.default_rng(0)
    data = {p.name: rng.uniform(0.5, 1.5, (2, *p.shape)).astype(p.dtype) for p in graph.inputs}
    choice = Choice(KernelTarget(), KernelSet.CMSIS_NN)
    try:
        made = remove_channels(lower(graph, Quantization(data, tables=False, strict=True)).graph)
        for node in made.nodes:
            if not node.op.is_view:
                choice.offered(node, node.op, made.signature(node))
    except TinycError:
        return False
    return True


def text() -> str:
    """The whole file."""
    known = schemas()
    newest = defs.onnx_opset_version()
    lines = ["| operator | opsets | float | int8 | CMSIS-NN | meaning |", "|---|---|---|---|---|---|"]
    for name in sorted(HANDLERS, key=str.lower):
        domain, _, plain = name.rpartition(".")
        versions = [str(s.since_version) for s in known.get((domain, plain), []) if not s.deprecated]
        last = known[domain, plain][-1]
        opset = last.since_version - 1 if last.deprecated else newest
        columns = ("yes", "in float", "-") if domain else support(plain, opset)
        cells = [f"`{name}`", ", ".join(versions), *columns, remark(HANDLERS[name])]
        lines.append(" ".join(f"| {cell}".rstrip() for cell in cells) + " |")
    made = sorted(
        name
        for (domain, name), versions in known.items()
        if not domain and name not in HANDLERS
        and (versions[-1].has_function or versions[-1].has_context_dependent_function)
    )  # fmt: skip
    lines += ["", "Made of others, as ONNX defines them: " + ", ".join(f"`{name}`" for name in made) + "."]
    rows = (
        f"| `{name}` | {remark(TFLITE_HANDLERS[name])} |".replace("|  |", "| |") for name in sorted(TFLITE_HANDLERS)
    )
    tflite = "\n".join(["| operator | meaning |", "|---|---|", *rows])
    return HEAD + "\n".join(lines) + "\n" + TFLITE_HEAD + tflite + "\n"


def main() -> int:
    """Write the file."""
    (ROOT / "OPERATORS.md").write_text(text(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
