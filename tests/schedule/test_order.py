"""The order of layers: against all orders of small graphs, and the same results in less memory."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from strategies import float_graphs, float_inputs
from texts import nodes, read

from tinyc.ir.graph import Graph
from tinyc.ir.interp import execute
from tinyc.ir.kernel import KernelTarget
from tinyc.ir.verify import verify
from tinyc.program.choice import Choice
from tinyc.program.program import lower_graph
from tinyc.schedule import order as search
from tinyc.schedule.order import order_layers, peak_bytes

# Two branches that widen their input and narrow it again, one after the other or hand in hand.
BRANCHES = """
  input %x: 1x4x4x2xf32
  const %w: 32x1x1x2xf32
  const %b: 32xf32
  const %v: 2x1x1x32xf32
  const %c: 2xf32
  %left_wide = conv2d(%x, %w, %b) : 1x4x4x32xf32
  %right_wide = conv2d(%x, %w, %b) {low = 0.0} : 1x4x4x32xf32
  %left = conv2d(%left_wide, %v, %c) : 1x4x4x2xf32
  %right = conv2d(%right_wide, %v, %c) : 1x4x4x2xf32
  %y = add(%left, %right) : 1x4x4x2xf32
  output %y
"""


def test_a_branch_is_finished_before_the_next_begins() -> None:
    graph = read(BRANCHES)
    better = order_layers(graph)
    branches = [["left_wide", "left"], ["right_wide", "right"]]  # either may come first
    assert [n.outs[0] for n in better.nodes] in ([*branches[0], *branches[1], "y"], [*branches[1], *branches[0], "y"])
    # what narrows runs over what it reads; what widens %x last runs over all of it but 16 bytes
    assert peak_bytes(graph) == 4 * 16 * (32 + 32) + 16  # both wide tensors
    assert peak_bytes(better) == 4 * 16 * (2 + 32) + 16  # the narrow tensor of one branch, and the other's wide one


def test_a_chain_stays_as_it_is() -> None:
    graph = read("""
      input %x: 1x4xf32
      %y = tanh(%x) : 1x4xf32
      %z = sigmoid(%y) : 1x4xf32
      output %z
    """)
    assert nodes(order_layers(graph)) == nodes(graph)


def every_order(graph: Graph) -> list[Graph]:
    """All valid orders of a graph's nodes."""
    known = {p.value for p in graph.inputs} | set(graph.constants)
    valid = []
    for order in permutations(graph.nodes):
        defined = set(known)
        if all(defined.issuperset(n.ins) and not defined.update(n.outs) for n in order):
            valid.append(graph.with_nodes(order))
    return valid


@settings(max_examples=40)
@given(float_graphs(most=4))
def test_the_peak_is_the_least_of_all_orders(graph: Graph) -> None:
    if len(graph.nodes) <= 7:
        assert peak_bytes(order_layers(graph)) == min(map(peak_bytes, every_order(graph)))


@settings(max_examples=30)
@given(float_graphs())
def test_another_order_changes_no_result(graph: Graph) -> None:
    better = order_layers(graph)
    verify(better)
    assert peak_bytes(better) <= peak_bytes(graph)
    inputs = float_inputs(graph)
    before, after = execute(graph, inputs), execute(better, inputs)
    for port in graph.outputs:
        assert np.array_equal(before[port.value], after[port.value])


@settings(max_examples=20)
@given(float_graphs())
def test_the_peak_is_what_steps_find_in_use(graph: Graph) -> None:
    graph = order_layers(graph)
    lowering, used = lower_graph(graph, Choice(KernelTarget()))
    assert all(step.workspace is None for step in lowering.steps)  # float kernels have none
    forks = any(len({v for v in n.ins if v not in graph.constants}) > 1 for n in graph.nodes)
    # a result may run over both its inputs, of which the peak counts the larger one
    assert used.in_use() <= peak_bytes(graph) if forks else used.in_use() == peak_bytes(graph)


def test_what_is_in_use_is_counted_once_for_a_set_of_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not once for each layer that may follow it: many branches side by side took ten seconds of that."""
    branches = "".join(f"  %y{i} = tanh(%x) : 1x4xf32\n  output %y{i}\n" for i in range(40))
    graph = read(f"  input %x: 1x4xf32\n{branches}")
    seen: list[int] = []
    counted = search._Memory._live

    def live(memory: search._Memory, done: int) -> int:
        seen.append(done)
        return counted(memory, done)

    monkeypatch.setattr(search._Memory, "_live", live)
    assert nodes(order_layers(graph)) == nodes(graph)
    assert len(seen) <= search.STATES + 3 * len(graph.nodes)
