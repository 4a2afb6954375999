"""An arena that is spread over several memories."""

from __future__ import annotations

import subprocess
from functools import partial
from pathlib import Path

import pytest
from generated import Generated, generate
from program_checks import overwritten
from strategies import int_inputs, quantized
from texts import read

from tinyc.errors import DoesNotFitError
from tinyc.ir.graph import Graph
from tinyc.ir.parts import Mode, Tiling
from tinyc.memory.buffers import Memory
from tinyc.program.program import build_program
from tinyc.schedule.regions import Cut, with_regions

NETWORK = """
    input %x: 1x12x12x3xf32
    const %w: 8x3x3x3xf32
    const %b: 8xf32
    const %v: 1x3x3x8xf32
    %y = conv2d(%x, %w, %b) {pads = (1, 1, 1, 1)} : 1x12x12x8xf32
    %z = depthwise_conv2d(%y, %v, %b) {pads = (1, 1, 1, 1)} : 1x12x12x8xf32
    %s = add(%y, %z) : 1x12x12x8xf32
    output %s
    """
FAST, SLOW = Memory("fast", 1300), Memory("slow", 4096)

MAIN = """
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "model.h"

int main(void)
{
    void *parts[] = {aligned_alloc(16, MODEL_MEMORY_0_BYTES), aligned_alloc(16, MODEL_MEMORY_1_BYTES)};
    const size_t bytes[] = {MODEL_MEMORY_0_BYTES, MODEL_MEMORY_1_BYTES};
    const size_t too_few[] = {MODEL_MEMORY_0_BYTES, MODEL_MEMORY_1_BYTES - 1};
    static unsigned char input[MODEL_INPUT_0_BYTES];
    if (model_init_in(parts, too_few) != -1 || model_init_in(parts, bytes) != 0 ||
        fread(input, 1, sizeof input, stdin) != sizeof input) {
        return 1;
    }
#ifdef MODEL_ROWS
    if (model_start() != 0 || model_feed_rows(input, MODEL_ROWS) != 0) {
        return 2;
    }
#else
    memcpy(model_input(0), input, sizeof input);
    if (model_run() != 0) {
        return 2;
    }
#endif
    return fwrite(model_output(0), 1, MODEL_OUTPUT_0_BYTES, stdout) == MODEL_OUTPUT_0_BYTES ? 0 : 3;
}
"""


def network(fed: bool, regions: bool) -> Graph:
    graph = quantized(read(NETWORK))
    return with_regions(graph, [Cut(0, 3, Tiling(Mode.STREAM, 1), fed)]) if regions else graph


def spread(graph: Graph, folder: Path) -> Generated:
    return generate(graph, folder, build=partial(build_program, memories=(FAST, SLOW)))


@pytest.mark.parametrize(("fed", "regions"), [(False, False), (False, True), (True, True)])
def test_both_parts_hold_what_they_are_given(fed: bool, regions: bool, tmp_path: Path) -> None:
    graph = network(fed, regions)
    model = spread(graph, tmp_path / "model")
    fast, slow = model.program.memories
    assert (fast.name, fast.start, slow.name, slow.start) == ("fast", 0, "slow", fast.bytes)
    assert 0 < fast.bytes <= FAST.bytes + 12 and slow.bytes <= SLOW.bytes
    assert fast.bytes + slow.bytes == model.program.arena_bytes
    assert overwritten(model.program) == []
    inputs = int_inputs(graph, 2)
    want = model.output_bytes(inputs)
    assert model.host_outputs(inputs) == want  # both parts in one piece
    main = tmp_path / "main.c"
    main.write_text(MAIN, encoding="utf-8")
    sources = [p for p in model.folder.glob("*.c") if p.name != "main.c"]
    sources += [p for kind in ("cmsis_nn", "tinyc") for p in model.folder.glob(f"runtime/{kind}/*.c")]
    includes = [f"-I{p}" for p in (model.folder, *model.folder.glob("runtime/*"))]
    flags = ["-std=c11", "-O1", "-g", "-fsanitize=address,undefined", "-DCMSIS_NN_USE_SINGLE_ROUNDING"]
    subprocess.run(
        ["gcc", *flags, *includes, str(main), *map(str, sources), "-lm", "-o", str(tmp_path / "apart")], check=True
    )
    ran = subprocess.run([str(tmp_path / "apart")], input=inputs["x"].tobytes(), capture_output=True, check=False,
                         env={"ASAN_OPTIONS": "detect_leaks=0"})  # fmt: skip
    assert (ran.returncode, ran.stdout) == (0, want), ran.stderr.decode()


def test_what_is_accessed_most_lies_in_the_first(tmp_path: Path) -> None:
    program = spread(network(False, True), tmp_path).program
    fast, slow = program.memories
    assert fast.accesses / fast.bytes > slow.accesses / slow.bytes


def test_memories_that_are_too_small_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(DoesNotFitError, match="slow"):
        generate(network(False, False), tmp_path, build=partial(build_program, memories=(Memory("slow", 512),)))
