"""Random networks all the way: interpreter == host C == emulated cores, layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from random import Random

import numpy as np
import pytest
from generated import Arrays, Generated, check_emulator, generate, side_by_side
from strategies import CMSIS_STEPS, STEPS, Step, every_operator, float_inputs, int_inputs, quantized, random_graph

from tinyc.driver.phases import simplify
from tinyc.ir.graph import Graph
from tinyc.ir.kernel import KernelSet
from tinyc.ir.types import Rounding
from tinyc.passes.remove_channels import remove_channels

BOARDS = ["mps2-an386", "mps3-an547"]  # with the DSP extension, and with vectors
MORE_BOARDS = ["qemu-m0", "mps2-an385", "mps2-an500", "mps2-an505"]
SAMPLES = 3


def float_networks(seeds: range, steps: Sequence[Step] = STEPS) -> list[Graph]:
    return [simplify(random_graph(Random(seed), steps)) for seed in seeds]


def integer_networks(seeds: range, rounding: Rounding, steps: Sequence[Step] = STEPS) -> Graph:
    """Networks side by side, every second with its dead channels removed."""
    graphs = [quantized(g, rounding) for g in float_networks(seeds, steps)]
    return side_by_side([remove_channels(g) if i % 2 else g for i, g in enumerate(graphs)])


def samples_of(model: Generated) -> list[Arrays]:
    """Values of its inputs, drawn SAMPLES times."""
    return [int_inputs(model.graph, seed) for seed in range(SAMPLES)]


def check_host(model: Generated) -> None:
    """Every layer's result on this machine is the interpreter's."""
    for inputs in samples_of(model):
        want = model.interpreted(inputs)
        got = model.host_values(inputs)
        # what is concatenated of parts that are computed in their place is nobody's result
        joined = {n.outs[0] for n in model.graph.nodes if n.op.placements(model.graph.signature(n))}
        values = {v for n in model.graph.nodes if not n.op.is_view for v in n.outs}
        assert values - joined <= got.keys() <= values
        for value, data in got.items():
            np.testing.assert_array_equal(data, want[value], value)
        assert model.host_outputs(inputs) == model.output_bytes(inputs)


@pytest.mark.parametrize("rounding", Rounding)
def test_layers_on_the_host(tmp_path: Path, rounding: Rounding) -> None:
    check_host(generate(integer_networks(range(24), rounding), tmp_path))


@pytest.mark.parametrize("rounding", Rounding)
def test_layers_with_cmsis_nn_alone(tmp_path: Path, rounding: Rounding) -> None:
    graph = integer_networks(range(100, 116), rounding, CMSIS_STEPS)
    model = generate(graph, tmp_path, kernels=KernelSet.CMSIS_NN)
    assert {call.header for step in model.program.steps for call in step.calls} == {"arm_nnfunctions.h"}
    check_host(model)


@pytest.mark.slow
@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize("first", range(1000, 1400, 25))
def test_layers_of_many_networks_on_the_host(tmp_path: Path, rounding: Rounding, first: int) -> None:
    check_host(generate(integer_networks(range(first, first + 25), rounding), tmp_path))


@pytest.mark.parametrize("board", BOARDS)
def test_layers_in_the_emulator(tmp_path: Path, board: str) -> None:
    model = generate(integer_networks(range(200, 216), Rounding.SINGLE), tmp_path, board)
    check_emulator(model, samples_of(model))


@pytest.mark.slow
@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize("board", [*BOARDS, *MORE_BOARDS])
def test_layers_of_many_networks_in_the_emulator(tmp_path: Path, board: str, rounding: Rounding) -> None:
    model = generate(integer_networks(range(300, 320), rounding), tmp_path, board)
    check_emulator(model, samples_of(model))


@pytest.mark.parametrize("rounding", [Rounding.SINGLE, pytest.param(Rounding.TFLITE, marks=pytest.mark.slow)])
def test_every_operator_under_the_sanitizers(tmp_path: Path, rounding: Rounding) -> None:
    graphs = [quantized(simplify(every_operator(Random(0))), rounding)]
    model = generate(side_by_side([*graphs, integer_networks(range(400, 410), rounding)]), tmp_path)
    samples = samples_of(model)
    assert model.sanitized_outputs(samples) == b"".join(model.output_bytes(s) for s in samples)


def test_float_layers_on_the_host(tmp_path: Path) -> None:
    model = generate(side_by_side([simplify(every_operator(Random(0))), *float_networks(range(500, 516))]), tmp_path)
    for seed in range(SAMPLES):
        inputs = float_inputs(model.graph, seed)
        want = model.interpreted(inputs)
        for value, data in model.host_values(inputs).items():
            scale = max(1.0, float(np.abs(want[value]).max()))
            np.testing.assert_allclose(data, want[value], rtol=1e-4, atol=1e-4 * scale, err_msg=value)


def test_float_under_the_sanitizers(tmp_path: Path) -> None:
    model = generate(side_by_side([simplify(every_operator(Random(0))), *float_networks(range(600, 606))]), tmp_path)
    samples = [float_inputs(model.graph, seed) for seed in range(SAMPLES)]
    assert model.sanitized_outputs(samples) == b"".join(model.host_outputs(s) for s in samples)
