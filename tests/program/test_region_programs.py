"""Programs with regions: no part finds overwritten what it is to read, whatever the core."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from program_checks import overwritten, quick_program
from strategies_regions import region_network, region_networks
from texts import read

from tinyc.errors import VerifyError
from tinyc.ir.graph import Graph
from tinyc.ir.kernel import KernelTarget
from tinyc.ir.parts import Mode, Tiling
from tinyc.ir.region import RegionOp, flattened
from tinyc.program.choice import Choice
from tinyc.program.program import Program, Rows, build_program
from tinyc.schedule.regions import Cut, with_regions

TARGETS = {
    "plain": KernelTarget(),
    "dsp": KernelTarget(dsp=True),
    "mve": KernelTarget(dsp=True, mve=True),
    "foreign": KernelTarget(foreign=True),
}


def check(program: Program) -> None:
    """What every program with regions keeps to."""
    assert overwritten(program) == []
    assert len(program.layers) == sum(not n.op.is_view for n in flattened(program.graph).nodes)
    fed = [step for step in program.steps if step.is_feed]
    if program.fed is None:
        assert not fed
    else:
        assert 0 < len(fed) <= program.fed.rows
        assert {step.outs[0].bytes for step in fed} == {program.fed.row_bytes}


@given(st.booleans().flatmap(lambda fed: region_networks(fed=fed)), st.sampled_from(list(TARGETS)))
@settings(deadline=None, max_examples=50)
def test_nothing_that_is_still_read_is_overwritten(graph: Graph, target: str) -> None:
    check(quick_program(graph, Choice(TARGETS[target])))


@pytest.mark.slow
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("first", range(0, 400, 100))
def test_nothing_is_overwritten_in_many_networks(target: str, first: int) -> None:
    for seed in range(first, first + 100):
        check(quick_program(region_network(Random(seed), fed=seed % 4 == 0), Choice(TARGETS[target])))


def test_the_planner_finds_no_worse_than_first_fit() -> None:
    for seed in range(6):
        graph = region_network(Random(seed))
        program = build_program(graph, Choice(KernelTarget(dsp=True)))
        check(program)
        assert program.arena_bytes <= quick_program(graph, Choice(KernelTarget(dsp=True))).arena_bytes


CHAIN = """
    input %x: 1x16x8x4xf32
    const %w: 1x3x3x4xf32
    const %b: 4xf32
    %a = depthwise_conv2d(%x, %w, %b) {pads = (1, 1, 1, 1)} : 1x16x8x4xf32
    %c = depthwise_conv2d(%a, %w, %b) {pads = (1, 1, 1, 1)} : 1x16x8x4xf32
    %y = mean(%c) {axes = (1, 2)} : 1x1x1x4xf32
    output %y
    """
ROW = 8 * 4 * 4


def test_a_stream_holds_the_rows_that_are_still_needed() -> None:
    program = quick_program(
        with_regions(read(CHAIN), [Cut(0, 2, Tiling(Mode.STREAM, 1))]), Choice(KernelTarget(foreign=True))
    )
    sizes = {b.name: b.bytes for b in program.buffers}
    assert sizes == {"x": 16 * ROW, "a": 3 * ROW, "c": 16 * ROW, "y": 16}


def test_an_input_that_arrives_by_rows_never_exists_as_a_whole() -> None:
    graph = with_regions(read(CHAIN), [Cut(0, 2, Tiling(Mode.STREAM, 1), fed=True)])
    program = quick_program(graph, Choice(KernelTarget(foreign=True)))
    assert {b.name: b.bytes for b in program.buffers}["x"] == 3 * ROW
    assert "x" not in program.places
    assert program.fed == Rows(0, 16, ROW)
    assert sum(step.is_feed for step in program.steps) == 16


def test_an_input_of_which_rows_are_not_read_has_room_for_all_of_them() -> None:
    text = """
        input %x: 1x8x2x1xf32
        input %z: 1x2x2x1xf32
        %a = max_pool2d(%x) {kernel = (1, 1), stride = (7, 1)} : 1x2x2x1xf32
        %y = add(%a, %z) : 1x2x2x1xf32
        output %y
        """
    graph = with_regions(read(text.replace("(7, 1)", "(4, 1)")), [Cut(0, 2, Tiling(Mode.STREAM, 1))])
    program = quick_program(graph, Choice(KernelTarget()))
    x, z = (program.offset(program.places[v]) for v in "xz")
    assert x + 64 <= z or z + 16 <= x
    assert program.arena_bytes >= 64 + 16


def test_a_constant_over_the_plane_is_cut_into_strips() -> None:
    text = """
        input %x: 1x4x6x2xf32
        const %c: 1x4x6x2xf32
        %a = add(%x, %c) : 1x4x6x2xf32
        output %a
        """
    graph = with_regions(read(text), [Cut(0, 1, Tiling(Mode.STREAM, 2, strips=3))])
    program = quick_program(graph, Choice(KernelTarget()))
    assert overwritten(program) == []
    copied = {step.ins[0].name for step in program.steps if step.calls[0].function == "tinyc_copy_rows"}
    assert "c" in copied


SUM = CHAIN.replace("output %y", "%z = add(%c, %x) : 1x16x8x4xf32\noutput %z")
FED = Tiling(Mode.STREAM, 1)


def with_fed(graph: Graph, *cuts: Cut) -> Graph:
    """Regions, of which the input 0 arrives by rows."""
    graph = with_regions(graph, cuts)
    ops = [replace(n.op, fed=0) if isinstance(n.op, RegionOp) else n.op for n in graph.nodes]
    return graph.with_nodes([replace(n, op=op) for n, op in zip(graph.nodes, ops, strict=True)])


@pytest.mark.parametrize(
    "text, cuts, message",
    [
        (SUM, [Cut(0, 2, FED)], "something else than the region reads it"),
        (CHAIN + "output %x", [Cut(0, 2, FED)], "something else than the region reads it"),
        (CHAIN, [Cut(1, 2, FED)], "%a cannot arrive by rows: it is not an input"),
        (CHAIN, [Cut(0, 1, FED), Cut(1, 2, FED)], "only one input can arrive by rows, not 2"),
    ],
)
def test_what_cannot_arrive_by_rows(text: str, cuts: list[Cut], message: str) -> None:
    with pytest.raises(VerifyError, match=message):
        quick_program(with_fed(read(text), *cuts), Choice(KernelTarget()))
