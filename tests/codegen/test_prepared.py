"""Weights that are made at start-up: they stay in the arena, whatever else lies there, and are made again by init."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from generated import check_emulator, generate
from hypothesis import given, settings
from hypothesis import strategies as st
from program_checks import overwritten
from strategies import int_inputs, quantized
from texts import read

from tinyc.ir.graph import Graph
from tinyc.ir.kernel import KernelTarget
from tinyc.ir.parts import Mode, Tiling
from tinyc.ir.types import Rounding
from tinyc.memory.buffers import Memory
from tinyc.program.choice import Choice, Optimize
from tinyc.program.costs import shipped_costs
from tinyc.program.program import Program, build_program
from tinyc.program.selection import Budget, code_of, flash_of, layer_options, select_kernels
from tinyc.schedule.regions import Cut, with_regions

RANDOM = np.random.default_rng(3)
NETWORK = """
    input %x: 1x12x12x4xf32
    const %w: 16x3x3x4xf32
    const %b: 16xf32
    const %v: 16x3x3x16xf32
    %y = conv2d(%x, %w, %b) {pads = (1, 1, 1, 1)} : 1x12x12x16xf32
    %z = conv2d(%y, %v, %b) {pads = (1, 1, 1, 1)} : 1x12x12x16xf32
    %u = conv2d(%z, %v, %b) {pads = (1, 1, 1, 1)} : 1x12x12x16xf32
    %s = add(%y, %u) : 1x12x12x16xf32
    output %s
    """
M4 = Choice(KernelTarget(dsp=True), costs=shipped_costs("cortex-m4"), prepare=True)
MEMORIES = (Memory("fast", 8192), Memory("slow", 65536))


def network(rounding: Rounding = Rounding.SINGLE, regions: bool = False) -> Graph:
    weights = {name: RANDOM.normal(size=shape) for name, shape in (("w", (16, 3, 3, 4)), ("v", (16, 3, 3, 16)))}
    graph = quantized(read(NETWORK, **weights), rounding)
    return with_regions(graph, [Cut(0, 4, Tiling(Mode.STREAM, 2), False)]) if regions else graph


def all_prepared(graph: Graph, choice: Choice, **more: object) -> Program:
    """The program that prepares whatever can be."""
    choice = replace(choice, prepare=True)
    kinds = {v: [o.kind for o in found if o.prepared] for v, found in layer_options(graph, choice).items()}
    picks = {value: found[0] for value, found in kinds.items() if found}
    assert len(picks) == 3
    return build_program(graph, replace(choice, picks=picks), **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize(
    "how", [{}, {"canaries": True}, {"memories": MEMORIES}, {"regions": True}], ids=lambda how: "".join(how) or "plain"
)
def test_the_bits_are_the_same(tmp_path: Path, rounding: Rounding, how: dict[str, object]) -> None:
    graph = network(rounding, bool(how.get("regions")))
    more = {key: value for key, value in how.items() if key != "regions"}
    model = generate(graph, tmp_path, build=partial(all_prepared, **more))
    prepared = model.program.prepared
    assert len(prepared.calls) == 3 and prepared.bytes >= 16 * 16 * 2 * (4 + 16 + 16)
    ends = {b.name: (b.first, b.last) for b in model.program.buffers}
    assert {ends[place.name] for _, place in prepared.calls} == {(0, len(model.program.steps) + 1)}
    if not how.get("canaries"):
        assert overwritten(model.program) == []
    samples = [int_inputs(graph, seed) for seed in (1, 2)]
    for sample in samples:
        assert model.host_outputs(sample) == model.output_bytes(sample)
    if rounding is Rounding.SINGLE:
        result = check_emulator(model, samples)
        assert result.init_instructions > 10_000


def test_init_makes_them_again(tmp_path: Path) -> None:
    graph = network()
    model = generate(graph, tmp_path, build=all_prepared)
    inputs = int_inputs(graph, 1)
    want = model.output_bytes(inputs)
    host = model.host
    assert model.host_outputs(inputs) == want
    host._arena[:] = 0x5A  # as another model may leave it
    assert model.host_outputs(inputs) != want
    assert host._call("init")(host._ffi.from_buffer(host._arena), len(host._arena)) == 0
    assert model.host_outputs(inputs) == want
    assert "until init is called again" in (tmp_path / "model.h").read_text()


@pytest.mark.slow
def test_under_the_sanitizers(tmp_path: Path) -> None:
    graph = network()
    model = generate(graph, tmp_path, build=all_prepared)
    inputs = int_inputs(graph, 4)
    assert model.sanitized_outputs([inputs]) == model.output_bytes(inputs)


def test_nothing_is_prepared_unless_that_is_wanted() -> None:
    graph = network()
    plain = select_kernels(graph, replace(M4, prepare=False, optimize=Optimize.SIZE), Budget(code=16384, ram=2**20))
    assert build_program(graph, plain).prepared.bytes == 0
    assert build_program(graph, M4).prepared.bytes == 0
    fastest = select_kernels(graph, M4, Budget(ram=2**20))  # transformed weights in flash are as fast
    assert build_program(graph, fastest).prepared.bytes == 0


@settings(deadline=None, max_examples=12)
@given(more=st.integers(0, 40_000), optimize=st.sampled_from(Optimize), scarce=st.booleans())
def test_budgets_are_kept_and_nothing_gets_slower(more: int, optimize: Optimize, scarce: bool) -> None:
    graph, choice = network(), replace(M4, optimize=optimize)
    least = flash_of(graph, select_kernels(graph, replace(choice, prepare=False), Budget(flash=0)))
    flash = Budget(flash=least + 3000) if scarce else Budget(code=16384)
    plain = select_kernels(graph, replace(choice, prepare=False), flash)
    ram = build_program(graph, plain).arena_bytes + more
    picked = select_kernels(graph, choice, replace(flash, ram=ram))
    assert build_program(graph, picked).arena_bytes <= ram
    assert cost(graph, picked) <= cost(graph, plain) + 1
    if scarce:
        assert flash_of(graph, picked) <= least + 3000
    else:
        assert code_of(graph, picked) <= 16384


def cost(graph: Graph, choice: Choice) -> float:
    return sum(found[0].instructions for found in layer_options(graph, choice).values())


def test_scarce_flash_and_enough_ram_take_them() -> None:
    graph, choice = network(), replace(M4, optimize=Optimize.SIZE)
    budget = Budget(code=16384, ram=2**20)
    picked = select_kernels(graph, choice, budget)
    plain = select_kernels(graph, replace(choice, prepare=False), budget)
    program, before = build_program(graph, picked), build_program(graph, plain)
    assert program.prepared.bytes > 0 and cost(graph, picked) < cost(graph, plain)
    assert program.weights_bytes < 1.1 * before.weights_bytes
