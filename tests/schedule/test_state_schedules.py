"""Schedules of networks with states: layers run in parts around what is kept, and by rows of the input too."""

from __future__ import annotations

from pathlib import Path
from random import Random

import pytest
from generated import generate
from program_checks import overwritten, quick_program
from strategies import Builder, int_inputs
from strategies_states import quantized_on, sequence

from tinyc.ir.graph import Graph, State
from tinyc.ir.interp import Stream
from tinyc.ir.kernel import KernelTarget
from tinyc.ir.parts import Mode, Tiling
from tinyc.ir.region import RegionOp, flattened
from tinyc.ir.verify import verify
from tinyc.ops import Add, Conv2D, Dense, MaxPool2D, Mean, Mul, Reshape, Tanh
from tinyc.passes.keep_states import keep_states
from tinyc.program.chains import find_chains
from tinyc.program.choice import Choice
from tinyc.program.program import build_program
from tinyc.schedule.order import order_layers
from tinyc.schedule.recompute import candidates
from tinyc.schedule.regions import Cut, with_regions
from tinyc.schedule.search import Point, explore

CHOICE = Choice(KernelTarget(dsp=True))


def network() -> Graph:
    """Planes, of which the pooled ones are mixed with those of the run before, and a mean that is smoothed."""
    b = Builder(Random(5))
    x = b.input(1, 16, 16, 2)

    def conv(source: str, inputs: int, outputs: int) -> str:
        op = Conv2D(pads=(1, 1, 1, 1), low=0.0)
        return b.linear(op, source, b.normal(outputs, 3, 3, inputs, scale=0.3), 0, False)

    planes, means = b.input(1, 8, 8, 8), b.input(1, 1, 1, 6)
    pooled = b.apply(MaxPool2D((2, 2), (2, 2)), conv(conv(x, 2, 8), 8, 8))
    mixed = b.apply(Add(), pooled, b.apply(Mul(), planes, b.constant(b.normal(8, scale=0.5))))
    flat = b.apply(Mean((1, 2)), conv(mixed, 8, 6))
    total = b.apply(Add(), flat, b.apply(Mul(), means, b.constant(b.normal(6, scale=0.5))))
    last = b.linear(Dense(), b.apply(Reshape((1, 6)), total), b.normal(4, 6), 0, False)
    graph = b.finish(last)
    zeros = tuple(b.constant(b.normal(*graph.types[v].shape)) for v in (planes, means))
    states = State(planes, pooled, zeros[0]), State(means, total, zeros[1])
    inputs = tuple(p for p in graph.inputs if p.value == x)
    graph = b.graph.with_nodes(graph.nodes, inputs=inputs, outputs=graph.outputs, states=states)
    verify(graph)
    return keep_states(order_layers(quantized_on(graph, sequence(graph, 4))))


def check(point: Point, folder: Path) -> None:
    """The C of a point has the bits of the network layer by layer, sample after sample."""
    verify(point.graph)
    assert overwritten(point.program) == []
    model = generate(point.graph, folder, build=lambda *_: point.program)
    stream, parts = Stream(flattened(point.graph)), Stream(point.graph)
    for seed in range(4):
        inputs = int_inputs(point.graph, seed)
        want = stream.execute(inputs)
        outputs, _ = model.host.run(model.input_bytes(inputs))
        assert b"".join(outputs) == b"".join(want[p.value].tobytes() for p in point.graph.outputs)
        got = parts.execute(inputs)
        assert all(got[v].tobytes() == want[v].tobytes() for v in point.graph.wanted)


def reading_state(keep: bool) -> Graph:
    """A convolution widens a state, which is made anew before what it widens is averaged, scaled and pooled."""
    b = Builder(Random(1))
    x, narrow = b.input(1, 8, 8, 4), b.input(1, 8, 8, 4)
    wide = b.linear(Conv2D(), narrow, b.normal(16, 1, 1, 4), 0, False)
    after = b.apply(Tanh(), x)
    scaled = b.apply(Mul(), wide, b.apply(Mean((1, 2)), wide))
    pooled = b.apply(MaxPool2D((2, 2), (2, 2)), b.linear(Conv2D(), narrow, b.normal(8, 1, 1, 4), 0, False))
    graph = b.finish(scaled, pooled)
    first = b.constant(b.normal(1, 8, 8, 4))
    given = tuple(p for p in graph.inputs if p.value == x or not keep)
    states = (State(narrow, after, first),) if keep else ()
    graph = b.graph.with_nodes(graph.nodes, inputs=given, outputs=graph.outputs, states=states)
    return order_layers(quantized_on(graph, sequence(graph, 2)))


def test_what_reads_a_state_runs_where_it_stands() -> None:
    """Neither in one with layers behind it, nor a second time: meanwhile the state may have been made anew."""
    plain, kept = reading_state(False), keep_states(reading_state(True))
    assert find_chains(plain, CHOICE) and candidates(plain)
    assert not find_chains(kept, CHOICE) and not candidates(kept)
    assert overwritten(quick_program(kept, CHOICE)) == []


def test_a_state_has_its_place_all_the_time() -> None:
    graph = network()
    program = quick_program(graph, CHOICE)
    spans = {b.name: (b.first, b.last, b.bytes) for b in program.buffers}
    for state in graph.states:
        assert spans[state.before] == (0, len(program.steps) + 1, graph.types[state.before].bytes)


@pytest.mark.slow
def test_layers_in_parts_before_a_state(tmp_path: Path) -> None:
    graph = network()
    assert not graph.nodes[1].op.is_view
    regions = with_regions(graph, [Cut(0, 2, Tiling(Mode.STREAM, 1))])
    program = quick_program(regions, CHOICE)
    check(Point(regions, program, CHOICE, graph.macs(), len(program.steps), 0), tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("fed", [False, True])
def test_regions_keep_what_a_network_means(tmp_path: Path, fed: bool) -> None:
    graph = network()
    points = explore(graph, CHOICE, fed=fed)
    least = min(points, key=lambda p: p.ram)
    plain = build_program(graph, CHOICE).arena_bytes
    assert least.ram < plain
    made = {s.after for s in least.graph.states}
    regions = [n for n in least.graph.nodes if isinstance(n.op, RegionOp)]
    assert regions and not any(made.intersection(n.outs) for n in regions)
    assert least.ram >= graph.state_bytes
    check(least, tmp_path)
