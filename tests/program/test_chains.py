"""Layers computed in one: which they are, that programs keep to memory as ever, and that the C gives the same bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from math import inf
from pathlib import Path
from random import Random

import pytest
from generated import generate
from hypothesis import given, settings
from hypothesis import strategies as st
from program_checks import built, check_memory, check_on_core, check_on_host, in_one, overwritten
from strategies import Builder, int_inputs, quantized, random_graph

from tinyc.driver.phases import simplify
from tinyc.ir.graph import Graph, Node
from tinyc.ir.kernel import KernelTarget
from tinyc.ir.region import RegionOp
from tinyc.ir.types import Rounding
from tinyc.ops import Add, Conv2D, DepthwiseConv2D
from tinyc.program.chains import best_apart, find_chains
from tinyc.program.choice import COMPACT, Choice, Optimize
from tinyc.program.costs import shipped_costs
from tinyc.program.program import build_program
from tinyc.program.selection import Budget, code_of, layer_options, select_kernels
from tinyc.schedule.search import explore, plan

M4 = Choice(KernelTarget(dsp=True), costs=shipped_costs("cortex-m4"))


def network(seed: int, rounding: Rounding = Rounding.SINGLE) -> Graph:
    """Inverted residual blocks on a small plane of any size."""
    rng = Random(seed)
    b = Builder(rng)
    x = b.input(1, rng.randint(1, 11), rng.randint(1, 11), rng.randint(1, 6))
    for _ in range(rng.randint(1, 3)):
        depth, middle = b.type(x).shape[3], rng.randint(1, 13)
        expand = b.normal(middle, 1, 1, depth, scale=depth**-0.5)
        wide = b.linear(Conv2D(low=rng.choice((0.0, -inf)), high=rng.choice((6.0, inf))), x, expand, 0, False)
        kernel, stride = rng.choice((3, 3, 5)), rng.choice((1, 1, 2))
        pads = (kernel // 2, kernel // 2, kernel // 2, kernel // 2)
        taps = b.normal(1, kernel, kernel, middle, scale=1 / kernel)
        deep = b.linear(DepthwiseConv2D((stride, stride), pads, low=0.0), wide, taps, 3, False)
        out = depth if rng.random() < 0.6 else rng.randint(1, 9)
        narrow = b.linear(Conv2D(), deep, b.normal(out, 1, 1, middle, scale=middle**-0.5), 0, False)
        x = b.apply(Add(), *rng.sample((x, narrow), 2)) if b.type(narrow).shape == b.type(x).shape else narrow
    return quantized(simplify(b.finish(x)), rounding)


def block(b: Builder, x: str, middle: int, kernel: int, stride: int, out: int) -> str:
    """Three layers, the last without an activation."""
    depth, pad = b.type(x).shape[3], kernel // 2
    wide = b.linear(Conv2D(low=0.0), x, b.normal(middle, 1, 1, depth, scale=depth**-0.5), 0, False)
    taps = b.normal(1, kernel, kernel, middle, scale=1 / kernel)
    deep = b.linear(DepthwiseConv2D((stride, stride), (pad, pad, pad, pad), low=0.0), wide, taps, 3, False)
    return b.linear(Conv2D(), deep, b.normal(out, 1, 1, middle, scale=middle**-0.5), 0, False)


@given(st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=15)
def test_no_byte_is_overwritten_too_early(seed: int) -> None:
    graph = network(seed)
    check_memory(graph, in_one(graph, M4))


def test_weights_that_are_to_be_small_are_so_in_one_as_well() -> None:
    small = replace(M4, optimize=Optimize.SIZE)
    offers = [(find_chains(g, small), find_chains(g, M4)) for g in map(network, range(6))]
    for offer in (offer for found, _ in offers for offer in found.values()):
        assert all(offer.constant_bytes(c) <= COMPACT * offer.plain for c in offer.candidates)
    few, many = (sum(len(o.candidates) for found in each for o in found.values()) for each in zip(*offers, strict=True))
    assert 0 < few < many


def test_schedules_know_of_layers_in_one() -> None:
    graph = network(14)
    alone, points = plan(graph, M4), explore(graph, M4)
    fastest = points[0]
    assert fastest.choice.chains and fastest.cost < alone.cost and fastest.ram <= alone.ram
    assert f"in {len(fastest.choice.chains)} kernel" in fastest.describe()
    for point in points:
        assert overwritten(point.program) == []
        inside = [n for node in point.graph.nodes if isinstance(node.op, RegionOp) for n in node.op.body.nodes]
        assert not {n.outs[0] for n in inside} & {v for c in point.choice.chains.items() for v in (c[0], *c[1])}


@given(st.integers(0, 2**32 - 1), st.data())
@settings(deadline=None, max_examples=40)
def test_the_best_chains_that_share_no_layer(seed: int, data: st.DataObject) -> None:
    graph = simplify(random_graph(Random(seed), most=7))
    savings = {nodes: data.draw(st.integers(1, 9)) for nodes in _some_chains(graph)}
    taken = best_apart(graph, savings)
    assert _apart(taken)
    best = max(sum(savings[n] for n in some) for k in range(5) for some in combinations(savings, k) if _apart(some))
    assert sum(savings[nodes] for nodes in taken) >= best


def _some_chains(graph: Graph) -> list[tuple[Node, ...]]:
    """Pairs and threes along values that one node reads."""
    makers, uses = graph.producers(), graph.use_counts()
    pairs = [(makers[v], n) for n in graph.nodes for v in n.ins if v in makers and uses[v] == 1]
    pairs = [(a, b) for a, b in pairs if not a.op.is_view and not b.op.is_view]
    return [*pairs, *((a, b, d) for a, b in pairs for c, d in pairs if b is c)]


def _apart(chains: Sequence[tuple[Node, ...]]) -> bool:
    nodes = [id(node) for some in chains for node in some]
    return len(nodes) == len(set(nodes))


@pytest.mark.parametrize("seed", range(2))
def test_budgets_are_kept_to(seed: int) -> None:
    graph = network(seed + 50)
    fast = select_kernels(graph, M4, Budget())
    least = code_of(graph, select_kernels(graph, M4, Budget(code=0)))
    for code in (least, (least + code_of(graph, fast)) // 2):
        assert code_of(graph, select_kernels(graph, M4, Budget(code=code))) <= code
    arena = build_program(graph, fast).arena_bytes
    leanest = build_program(graph, select_kernels(graph, M4, Budget(ram=1))).arena_bytes
    for ram in (leanest, (leanest + arena) // 2):
        assert build_program(graph, select_kernels(graph, M4, Budget(ram=ram))).arena_bytes <= ram


def test_in_one_is_taken_where_it_takes_less() -> None:
    graph = network(3)
    apart = layer_options(graph, replace(M4, picks={}, chains={}))
    taken = select_kernels(graph, M4, Budget())
    assert taken.chains
    options = layer_options(graph, taken)
    for last, before in taken.chains.items():
        assert options[last][0].instructions < sum(min(o.instructions for o in apart[v]) for v in (*before, last))


def instructions(graph: Graph, choice: Choice) -> float:
    """What the kernels are estimated to take."""
    return sum(taken.instructions for taken, *_ in layer_options(graph, choice).values())


def test_chains_are_cut_where_code_is_short() -> None:
    b = Builder(Random(0))
    graph = quantized(simplify(b.finish(block(b, block(b, b.input(1, 16, 16, 8), 24, 3, 1, 8), 32, 5, 2, 12))))
    fast = select_kernels(graph, M4, Budget()).chains
    last, before = next((value, before) for value, before in fast.items() if len(before) == 2)
    for cut in ({last: before}, {before[1]: before[:1]}, {last: before[1:]}, {}):
        others = {value: values for value, values in fast.items() if value != last}
        wanted = replace(M4, chains={**others, **cut})
        taken = select_kernels(graph, M4, Budget(code=code_of(graph, wanted)))
        assert code_of(graph, taken) <= code_of(graph, wanted)
        assert instructions(graph, taken) <= instructions(graph, wanted) + len(graph.nodes)


@pytest.mark.parametrize("rounding", [Rounding.SINGLE, pytest.param(Rounding.TFLITE, marks=pytest.mark.slow)])
def test_same_bits_as_the_interpreter(rounding: Rounding, tmp_path: Path) -> None:
    graph = network(3, rounding)
    check_on_host(graph, in_one(graph, M4), tmp_path)


@pytest.mark.slow
def test_under_the_sanitizers(tmp_path: Path) -> None:
    graph = network(5)
    for turn, choice in enumerate(in_one(graph, M4)):
        model = generate(graph, tmp_path / str(turn), build=built(choice))
        inputs = int_inputs(graph, turn)
        assert model.sanitized_outputs([inputs]) == model.output_bytes(inputs)


@pytest.mark.slow
@pytest.mark.parametrize("board", ["mps2-an386", "mps2-an500", "mps2-an505"])
def test_same_bits_on_the_cores(board: str, tmp_path: Path) -> None:
    for seed in (3, 4, 5):
        graph = network(seed)
        check_on_core(graph, in_one(graph, M4), tmp_path / str(seed), board)
