"""Kernels within budgets: never slower for more flash or RAM, and within the budget wherever something is."""

from __future__ import annotations

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import float_graphs, quantized, random_graph

from tinyc.driver.phases import simplify
from tinyc.ir.graph import Graph
from tinyc.ir.kernel import KernelTarget
from tinyc.program.choice import Choice, Optimize, plain_bytes
from tinyc.program.costs import Costs, KernelCost, shipped_costs
from tinyc.program.program import build_program
from tinyc.program.selection import Budget, code_of, flash_of, layer_options, select_kernels

M4 = Choice(KernelTarget(dsp=True), costs=shipped_costs("cortex-m4"))


def instructions(graph: Graph, choice: Choice) -> float:
    """What the choice is estimated to take."""
    return sum(found[0].instructions for found in layer_options(graph, choice).values())


@given(float_graphs(most=8), st.data())
@settings(deadline=None, max_examples=25)
def test_more_flash_is_never_slower(graph: Graph, data: st.DataObject) -> None:
    graph = quantized(graph)
    least = flash_of(graph, select_kernels(graph, M4, Budget(flash=0)))
    most = flash_of(graph, select_kernels(graph, M4, Budget()))
    budgets = sorted(data.draw(st.lists(st.integers(least, max(least, most)), min_size=2, max_size=4)))
    chosen = [select_kernels(graph, M4, Budget(flash=budget)) for budget in budgets]
    assert all(flash_of(graph, c) <= budget for c, budget in zip(chosen, budgets, strict=True))
    costs = [instructions(graph, c) for c in (*chosen, select_kernels(graph, M4, Budget()))]
    assert all(b <= a + 1 for a, b in pairwise(costs))


@pytest.mark.parametrize("seed", range(6))
def test_ram_is_kept_to_where_some_kernels_do(seed: int) -> None:
    graph = quantized(simplify(random_graph(Random(seed))))
    fast = build_program(graph, select_kernels(graph, M4, Budget())).arena_bytes
    least = build_program(graph, select_kernels(graph, M4, Budget(ram=1))).arena_bytes
    assert least <= fast
    for ram in (least, (least + fast) // 2 // 16 * 16, fast):
        assert build_program(graph, select_kernels(graph, M4, Budget(ram=ram))).arena_bytes <= max(ram, least)


def test_size_reads_few_constants_and_keeps_to_its_code() -> None:
    graph = quantized(simplify(random_graph(Random(3))))
    choice = Choice(M4.target, optimize=Optimize.SIZE, costs=M4.costs)
    taken = build_program(graph, select_kernels(graph, choice, Budget(code=16384)))
    plain = sum(plain_bytes(graph.signature(node)) for node in graph.nodes)
    assert taken.weights_bytes <= 1.1 * plain + 1024  # and tables of functions
    least = code_of(graph, select_kernels(graph, choice, Budget(code=0)))
    chosen = [select_kernels(graph, choice, Budget(code=least + more)) for more in (0, 1000, 5000)]
    assert [code_of(graph, c) <= least + more for c, more in zip(chosen, (0, 1000, 5000), strict=True)] == [True] * 3
    costs = [instructions(graph, c) for c in chosen]
    assert costs == sorted(costs, reverse=True)


def test_what_was_measured_beats_the_estimate() -> None:
    graph = quantized(simplify(random_graph(Random(1))))
    options = layer_options(graph, M4)
    value, found = next((v, f) for v, f in options.items() if len(f) > 1)
    slowest = max(found, key=lambda o: o.instructions)
    tuned = Choice(M4.target, costs=Costs(M4.costs.kernels, {slowest.key: 1}))
    assert select_kernels(graph, tuned, Budget()).picks[value] == slowest.kind


def test_a_measured_point_stands_for_itself() -> None:
    cost = KernelCost({"steps": 2.0, "calls": 10.0}, 100, {"calls=1 steps=5": 17})
    assert cost.instructions({"calls": 1, "steps": 5}) == 17
    assert cost.instructions({"calls": 1, "steps": 6}) == 22
