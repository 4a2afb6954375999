"""Every kernel that a layer could call: interpreter == host C == emulated cores, whichever is picked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
from generated import check_emulator, generate, side_by_side
from strategies import int_inputs, quantized, random_graph

from tinyc.driver.kernels import kernel_target
from tinyc.driver.phases import simplify
from tinyc.ir.graph import Graph
from tinyc.ir.kernel import KernelTarget
from tinyc.ir.types import Rounding
from tinyc.program.choice import Choice
from tinyc.program.program import Program, build_program
from tinyc.program.selection import layer_options
from tinyc.target.board import load_board

CORES = ["qemu-m0", "mps2-an385", "mps2-an386", "mps3-an547"]  # one of each that has kernels of its own
MORE_CORES = ["mps2-an500", "mps2-an505"]


def networks(seeds: range, rounding: Rounding) -> Graph:
    return side_by_side([quantized(simplify(random_graph(Random(seed))), rounding) for seed in seeds])


def target_of(board: str) -> KernelTarget:
    return kernel_target(load_board(board).cpu)


def picks(graph: Graph, target: KernelTarget) -> Iterator[dict[str, str]]:
    """Picks that between them call everything that is offered for every layer."""
    options = layer_options(graph, Choice(target))
    for turn in range(max(map(len, options.values()))):
        yield {value: found[min(turn, len(found) - 1)].kind for value, found in options.items()}


def built(choice: Choice, picks: dict[str, str]) -> object:
    def build(graph: Graph, _: Choice) -> Program:
        return build_program(graph, replace(choice, picks=picks))

    return build


@pytest.mark.parametrize("board", ["qemu-m0", "mps2-an386", "mps3-an547"])
@pytest.mark.parametrize("rounding", [Rounding.SINGLE, pytest.param(Rounding.TFLITE, marks=pytest.mark.slow)])
def test_on_the_host(tmp_path: Path, board: str, rounding: Rounding) -> None:
    graph, target = networks(range(800, 805), rounding), target_of(board)
    called = set()
    for turn, chosen in enumerate(picks(graph, target)):
        model = generate(graph, tmp_path / str(turn), board, build=built(Choice(target), chosen))
        called |= {(call.function, call.inline) for step in model.program.steps for call in step.calls}
        inputs = int_inputs(graph, turn)
        want = model.interpreted(inputs)
        for value, data in model.host_values(inputs).items():
            np.testing.assert_array_equal(data, want[value], value)
    assert any(inline for _, inline in called)


@pytest.mark.parametrize("rounding", [Rounding.SINGLE, pytest.param(Rounding.TFLITE, marks=pytest.mark.slow)])
def test_under_the_sanitizers(tmp_path: Path, rounding: Rounding) -> None:
    graph, target = networks(range(820, 823), rounding), target_of("mps2-an386")
    for turn, chosen in enumerate(picks(graph, target)):
        model = generate(graph, tmp_path / str(turn), build=built(Choice(target), chosen))
        inputs = int_inputs(graph, turn)
        assert model.sanitized_outputs([inputs]) == model.output_bytes(inputs)


@pytest.mark.parametrize(
    "board", [*CORES, *(pytest.param(board, marks=pytest.mark.slow) for board in MORE_CORES)]
)  # fmt: skip
def test_in_the_emulator(tmp_path: Path, board: str) -> None:
    graph, target = networks(range(840, 846), Rounding.SINGLE), target_of(board)
    for turn, chosen in enumerate(picks(graph, target)):
        model = generate(graph, tmp_path / str(turn), board, build=built(Choice(target), chosen))
        check_emulator(model, [int_inputs(graph, turn)])


@pytest.mark.slow
@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize("board", [*CORES, *MORE_CORES])
def test_many_in_the_emulator(tmp_path: Path, board: str, rounding: Rounding) -> None:
    graph, target = networks(range(1500, 1530), rounding), target_of(board)
    for turn, chosen in enumerate(picks(graph, target)):
        model = generate(graph, tmp_path / str(turn), board, build=built(Choice(target), chosen))
        check_emulator(model, [int_inputs(graph, turn)])
