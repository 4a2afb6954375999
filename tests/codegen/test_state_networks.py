"""Random networks with states over sequences of samples: interpreter == host C == emulated cores."""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import pytest
from generated import Arrays, Generated, generate, side_by_side
from hypothesis import given, settings
from hypothesis import strategies as st
from program_checks import overwritten, quick_program
from strategies import CMSIS_STEPS, int_inputs, random_graph
from strategies_states import quantized_on, random_stateful, sequence, stateful

from tinyc.driver.phases import simplify
from tinyc.ir.graph import Graph
from tinyc.ir.interp import Stream
from tinyc.ir.kernel import KernelSet, KernelTarget
from tinyc.ir.types import Rounding
from tinyc.ir.verify import verify
from tinyc.passes.keep_states import keep_states
from tinyc.passes.remove_channels import remove_channels
from tinyc.program.choice import Choice
from tinyc.program.program import build_program
from tinyc.schedule.order import order_layers

BOARDS = ["mps2-an386", "mps3-an547", "qemu-m0"]
SAMPLES = 5
Values = list[dict[str, np.ndarray]]


def integer_network(rng: Random, rounding: Rounding = Rounding.SINGLE) -> Graph:
    """A network in int8, ready to be lowered."""
    graph = simplify(random_stateful(rng))
    graph = remove_channels(quantized_on(graph, sequence(graph, SAMPLES), rounding))
    verify(graph)
    kept = keep_states(order_layers(graph))
    verify(kept)
    return kept


def networks(seeds: range, rounding: Rounding = Rounding.SINGLE) -> Graph:
    return side_by_side([integer_network(Random(seed), rounding) for seed in seeds])


def samples_of(model: Generated) -> list[Arrays]:
    return [int_inputs(model.graph, seed) for seed in range(SAMPLES)]


def interpreted(model: Generated, samples: list[Arrays]) -> Values:
    """Every value of each sample, the state kept between them."""
    stream = Stream(model.graph)
    return [stream.execute(inputs) for inputs in samples]


def outputs_of(model: Generated, values: Values) -> bytes:
    return b"".join(v[p.value].tobytes() for v in values for p in model.graph.outputs)


def check_host(model: Generated) -> None:
    """All layers' results are the interpreter's, twice from the beginning on."""
    samples = samples_of(model)
    for _ in range(2):
        model.host.begin()
        for inputs, want in zip(samples, interpreted(model, samples), strict=True):
            outputs, seen = model.host.run(model.input_bytes(inputs), trace=True)
            for result, got, expected in zip(model.interface.results, seen, model.interface.cut(want), strict=True):
                assert got == expected, result.name
            assert b"".join(outputs) == outputs_of(model, [want])


@given(st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=25)
def test_passes_keep_what_a_network_means(rng: Random) -> None:
    graph = random_stateful(rng)
    small = keep_states(order_layers(simplify(graph)))
    verify(small)
    assert overwritten(quick_program(small, Choice(KernelTarget()))) == []
    streams = Stream(graph), Stream(small)
    for sample in sequence(graph, 4):
        want, got = (stream.run({p.name: sample[p.value] for p in graph.inputs}) for stream in streams)
        for name, data in want.items():
            np.testing.assert_allclose(got[name], data, rtol=1e-4, atol=1e-4 * np.abs(data).max(initial=1))


@pytest.mark.parametrize("rounding", [Rounding.SINGLE, pytest.param(Rounding.TFLITE, marks=pytest.mark.slow)])
def test_sequences_on_the_host(tmp_path: Path, rounding: Rounding) -> None:
    check_host(generate(networks(range(3), rounding), tmp_path, build=quick_program))


@pytest.mark.slow
def test_sequences_with_cmsis_nn_alone(tmp_path: Path) -> None:
    graphs = []
    for seed in range(4):
        graph = simplify(stateful(Random(seed), random_graph(Random(seed), CMSIS_STEPS, 4), delays=False))
        graphs.append(keep_states(quantized_on(graph, sequence(graph, SAMPLES))))
    check_host(generate(side_by_side(graphs), tmp_path, kernels=KernelSet.CMSIS_NN))


@pytest.mark.slow
def test_sequences_under_the_sanitizers(tmp_path: Path) -> None:
    model = generate(networks(range(20, 24)), tmp_path, build=quick_program)
    samples = samples_of(model)
    assert model.sanitized_outputs(samples) == outputs_of(model, interpreted(model, samples))


@pytest.mark.slow
def test_sequences_in_a_debug_build(tmp_path: Path) -> None:
    check_host(generate(networks(range(30, 33)), tmp_path, build=lambda g, c: build_program(g, c, canaries=True)))


def test_sequences_in_the_emulator(tmp_path: Path) -> None:
    check_emulator(generate(networks(range(40, 42)), tmp_path, build=quick_program))


def check_emulator(model: Generated) -> None:
    """The emulated core has the interpreter's results, within the arena, whatever memory held before."""
    samples = samples_of(model)
    want = interpreted(model, samples)
    result = model.emulate(samples)
    assert result.outputs == outputs_of(model, want)
    assert result.layers == b"".join(part for values in want for part in model.interface.cut(values))
    assert result.arena_high_water <= result.arena_bytes == model.program.arena_bytes


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1000, 1200, 20))
def test_many_sequences_on_the_host(tmp_path: Path, first: int) -> None:
    rounding = Rounding.TFLITE if first % 40 else Rounding.SINGLE
    check_host(generate(networks(range(first, first + 20), rounding), tmp_path, build=quick_program))


@pytest.mark.slow
@pytest.mark.parametrize("board", BOARDS)
def test_many_sequences_in_the_emulator(tmp_path: Path, board: str) -> None:
    check_emulator(generate(networks(range(300, 315)), tmp_path, board, build=quick_program))
