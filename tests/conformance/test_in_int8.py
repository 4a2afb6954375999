"""ONNX's node tests in int8: whatever compiles in float compiles, with what has no int8 form in float."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from backend import Status, cases, imported
from run import recorded

from tinyc.driver.phases import Given, Quantization, lower
from tinyc.ir.kernel import KernelTarget
from tinyc.program.choice import Choice
from tinyc.program.program import build_program
from tinyc.quant.adopt import is_quantized

PARTS = 8


@pytest.mark.slow
@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_compiles_in_float_compiles_in_int8(part: int, tmp_path: Path) -> None:
    names = [n for n, status in recorded().items() if status is Status.PASS and "/" not in n][part::PARTS]
    done = 0
    for name in names:
        graph, given = imported(cases()[name], tmp_path)
        samples = {p.name: np.asarray(given[p.name]).astype(p.dtype)[None] for p in graph.inputs}
        if not all(np.isfinite(a).all() for a in samples.values()):
            continue  # there is no range of infinite numbers
        quantization = Given() if is_quantized(graph) else Quantization(samples)
        build_program(lower(graph, quantization).graph, Choice(KernelTarget(dsp=True)))
        done += 1
    assert done > 0.9 * len(names)
