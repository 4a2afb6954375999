"""Networks partly in int8 and partly in float, all the way: each layer's C computes what the interpreter does.

Where floats are quantized again, sums in another order may fall to the other side of a border. So layers are compared
one by one, on the inputs that the C had: integers bit for bit, floats nearly.
"""

from __future__ import annotations

from pathlib import Path
from random import Random

import numpy as np
import pytest
from generated import Arrays, Generated, generate, side_by_side
from strategies_mixed import mixed_graph, mixed_inputs

from tinyc.driver.phases import Quantization, lower
from tinyc.ir.graph import Graph
from tinyc.ir.interp import execute_apart
from tinyc.ir.region import flattened
from tinyc.ir.types import DType, Rounding
from tinyc.quant.calibrate import random_samples

BOARDS = ["qemu-m0", "mps2-an385", "mps2-an386", "mps2-an500", "mps2-an505", "mps3-an547"]


def lowered(graph: Graph, rounding: Rounding) -> Graph:
    return lower(graph, Quantization(random_samples(graph, 0), rounding=rounding)).graph


def networks(seeds: range, rounding: Rounding) -> Graph:
    return side_by_side([lowered(mixed_graph(Random(seed)), rounding) for seed in seeds])


def compare(model: Generated, given: Arrays, computed: Arrays) -> None:
    graph = flattened(model.graph)
    want = execute_apart(graph, {**given, **computed})
    for value, data in computed.items():
        if data.dtype.kind == "f":
            scale = max(1.0, float(np.abs(want[value]).max(initial=0)))
            np.testing.assert_allclose(data, want[value], rtol=1e-4, atol=1e-4 * scale, err_msg=value)
        else:
            np.testing.assert_array_equal(data, want[value], value)


def test_mixed_layers_on_the_host(tmp_path: Path) -> None:
    model = generate(networks(range(6, 12), Rounding.SINGLE), tmp_path)
    kinds = {kind.dtype for kind in model.graph.types.values()}
    assert {DType.I8, DType.F32, DType.I64, DType.BOOL} <= kinds
    for seed in range(2):
        given = mixed_inputs(model.graph, seed)
        compare(model, given, model.host_values(given))


def test_mixed_layers_in_the_emulator(tmp_path: Path) -> None:
    check_emulated(generate(networks(range(7, 10), Rounding.SINGLE), tmp_path))


@pytest.mark.slow
@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize("board", BOARDS)
def test_mixed_layers_on_every_core(tmp_path: Path, board: str, rounding: Rounding) -> None:
    check_emulated(generate(networks(range(200, 216), rounding), tmp_path, board))


@pytest.mark.slow
@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize("first", range(1000, 1200, 25))
def test_mixed_layers_of_many_networks(tmp_path: Path, rounding: Rounding, first: int) -> None:
    model = generate(networks(range(first, first + 25), rounding), tmp_path)
    for seed in range(3):
        given = mixed_inputs(model.graph, seed)
        compare(model, given, model.host_values(given))


def check_emulated(model: Generated) -> None:
    given = mixed_inputs(model.graph, 0)
    data, at, parts = model.emulate([given]).layers, 0, []
    for result in model.interface.results:
        parts.append(data[at : at + result.bytes])
        at += result.bytes
    assert at == len(data)
    compare(model, given, model.interface.assemble(parts, model.interpreted(given)))
