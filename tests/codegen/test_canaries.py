"""Debug builds: bytes behind each buffer, which nobody may touch while the buffer is in use."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from generated import Generated, generate
from strategies import int_inputs, quantized
from texts import read

from tinyc.errors import CheckFailedError
from tinyc.ir.graph import Graph
from tinyc.ir.parts import Mode, Tiling
from tinyc.program.program import CANARY_BYTES, build_program
from tinyc.schedule.regions import Cut, with_regions

NETWORK = """
    input %x: 1x8x8x3xf32
    const %w: 4x3x3x3xf32
    const %b: 4xf32
    const %v: 1x3x3x4xf32
    %y = conv2d(%x, %w, %b) {pads = (1, 1, 1, 1)} : 1x8x8x4xf32
    %z = depthwise_conv2d(%y, %v, %b) {pads = (1, 1, 1, 1)} : 1x8x8x4xf32
    %s = add(%y, %z) : 1x8x8x4xf32
    output %s
    """


def network(fed: bool, regions: bool) -> Graph:
    graph = quantized(read(NETWORK))
    return with_regions(graph, [Cut(0, 3, Tiling(Mode.STREAM, 1), fed)]) if regions else graph


def debug_build(graph: Graph, folder: Path) -> Generated:
    return generate(graph, folder, build=partial(build_program, canaries=True))


@pytest.mark.parametrize(("fed", "regions"), [(False, False), (False, True), (True, True)])
def test_canaries_change_nothing(fed: bool, regions: bool, tmp_path: Path) -> None:
    graph = network(fed, regions)
    model = debug_build(graph, tmp_path)
    inputs = int_inputs(graph, 1)
    assert model.host_outputs(inputs) == model.output_bytes(inputs)
    assert model.emulate([inputs]).outputs == model.output_bytes(inputs)
    buffers, offsets = model.program.buffers, model.program.plan.offsets
    spans = sorted((offsets[b.name], offsets[b.name] + b.bytes, b.first, b.last) for b in buffers)
    for a in spans:
        for b in spans:
            assert a == b or a[1] <= b[0] or b[1] <= a[0] or a[3] <= b[2] or b[3] <= a[2]
    assert all(b.bytes > CANARY_BYTES for b in buffers)


@pytest.mark.parametrize("regions", [False, True])
def test_a_step_that_touches_a_canary_is_named(regions: bool, tmp_path: Path) -> None:
    graph = network(False, regions)
    model = debug_build(graph, tmp_path)
    buffer = next(b for b in model.program.buffers if b.name.startswith("y"))
    end = model.program.plan.offsets[buffer.name] + buffer.bytes - CANARY_BYTES
    source = tmp_path / "model.c"
    text = source.read_text(encoding="utf-8")
    start = text.index("static int layer_1")  # the depthwise layer, or its first part
    broken = text[start:].replace("    return 0;\n", f"    arena[{end}] = 1;\n    return 0;\n", 1)
    source.write_text(text[:start] + broken, encoding="utf-8")
    with pytest.raises(CheckFailedError, match="layer 1 reports an error"):
        model.host_outputs({"x": np.zeros((1, 8, 8, 3), np.int8)})
