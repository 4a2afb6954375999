"""The phases: each is verified and dumped, every dump is valid input again, and a broken pass is named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from strategies import every_operator, random_graph

from tinyc.driver.phases import SIMPLIFY, Phase, Quantization, lower, run_phases
from tinyc.errors import TinycError, VerifyError
from tinyc.ir.graph import Graph
from tinyc.ir.text import load
from tinyc.ir.types import Rounding
from tinyc.ir.verify import verify
from tinyc.ops import BY_NAME, AvgPool2D
from tinyc.quant.calibrate import random_samples


def quantization(graph: Graph, rounding: Rounding = Rounding.SINGLE) -> Quantization:
    return Quantization(random_samples(graph, 0), rounding=rounding)


def test_every_phase_is_dumped_and_can_be_read_back(tmp_path: Path) -> None:
    graph = every_operator(Random(0))
    lowered = lower(graph, quantization(graph), tmp_path)
    names = sorted(p.name for p in tmp_path.glob("*.tc"))
    steps = [
        "import",
        *(p.name for p in SIMPLIFY),
        "quantize",
        "remove-channels",
        "order-layers",
        "keep-states",
        "schedule",
    ]
    assert names == [f"{number:02}-{step}.tc" for number, step in enumerate(steps)]
    graphs = [load(tmp_path / name, BY_NAME) for name in names]
    for phase in graphs:
        verify(phase)
    assert graphs[0] == graph
    assert graphs[len(SIMPLIFY)] == lowered.float_graph
    assert graphs[-1] == lowered.graph


def test_a_phase_can_be_run_again_from_its_dump(tmp_path: Path) -> None:
    graph = random_graph(Random(1))
    run_phases(SIMPLIFY, graph, tmp_path, "import")
    for number, phase in enumerate(SIMPLIFY):
        before = load(next(tmp_path.glob(f"{number:02}-*.tc")), BY_NAME)
        assert phase.run(before) == load(tmp_path / f"{number + 1:02}-{phase.name}.tc", BY_NAME)


@pytest.mark.parametrize("rounding", Rounding)
def test_the_rounding_is_recorded(rounding: Rounding) -> None:
    graph = random_graph(Random(2))
    assert lower(graph, quantization(graph, rounding)).graph.rounding is rounding


@pytest.mark.parametrize("even", [False, True])
def test_ties_of_averages_are_recorded(even: bool, tmp_path: Path) -> None:
    graph = every_operator(Random(0))
    lowered = lower(graph, replace(quantization(graph), even_ties=even), tmp_path)
    pools = [node.op for node in lowered.graph.nodes if isinstance(node.op, AvgPool2D)]
    assert pools and all(op.ties_to_even is even for op in pools)
    assert load(max(tmp_path.glob("*-schedule.tc")), BY_NAME) == lowered.graph
    assert not any(n.op.ties_to_even for n in lowered.float_graph.nodes if isinstance(n.op, AvgPool2D))


def test_without_quantization_a_model_stays_in_float() -> None:
    lowered = lower(random_graph(Random(3)), None)
    assert not lowered.graph.is_integer()
    assert set(lowered.graph.nodes) == set(lowered.float_graph.nodes)  # in an order of their own


def test_a_broken_pass_is_named_with_the_line_it_broke() -> None:
    def swap(graph: Graph) -> Graph:
        return replace(graph, nodes=tuple(reversed(graph.nodes)))

    with pytest.raises(VerifyError, match=r"after swap-nodes: %\w+ is used before it is defined") as caught:
        run_phases([Phase("swap-nodes", swap)], random_graph(Random(4)), None, None)
    assert "%" in caught.value.where


def test_a_dump_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TinycError, match="cannot be written"):
        run_phases((), random_graph(Random(5)), tmp_path / "file", "import")
