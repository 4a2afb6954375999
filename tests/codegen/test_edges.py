"""Graphs at the edge of what a model can be: no layers, inputs that nothing reads, outputs that are inputs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from generated import check_emulator, generate
from strategies import float_inputs, int_inputs
from texts import read

from tinyc.ir.graph import Graph, Node, plain_port
from tinyc.ir.types import DType, Rounding, TensorType
from tinyc.ir.verify import verify
from tinyc.ops.map import Map

EDGES = {
    "an input is the output": "input %x: 1x4xi8<0.5:3>\noutput %x",
    "a view of the input is the output": """
        input %x: 1x4xi8<0.5:3>
        %y = reshape(%x) {shape = (2, 2)} : 2x2xi8<0.5:3>
        output %y""",
    "an input that nothing reads": """
        input %x: 1x4xi8<0.5:3>
        input %z: 5xi8<0.5:3>
        %y = clamp(%x) {low = 0.0} : 1x4xi8<0.5:3>
        output %y""",
    "one value is two outputs": """
        input %x: 1x4xi8<0.5:3>
        %y = clamp(%x) {low = 0.0} : 1x4xi8<0.5:3>
        output %y
        output %y""",
    "an input is an output too": """
        input %x: 1x4xi8<0.5:3>
        %y = clamp(%x) {low = 0.0} : 1x4xi8<0.5:3>
        output %y
        output %x""",
    "a value is computed and not read": """
        input %x: 1x4xi8<0.5:3>
        %z = clamp(%x) {low = -1.0} : 1x4xi8<0.5:3>
        %y = clamp(%x) {low = 0.0} : 1x4xi8<0.5:3>
        output %y""",
    "the same value twice": """
        input %x: 1x4xi8<0.5:3>
        %y = add(%x, %x) : 1x4xi8<0.5:3>
        output %y""",
}


@pytest.mark.parametrize("text", EDGES.values(), ids=EDGES)
def test_on_the_host_and_in_the_emulator(tmp_path: Path, text: str) -> None:
    model = generate(read(text), tmp_path)
    samples = [int_inputs(model.graph, seed) for seed in range(2)]
    for sample in samples:
        assert model.host_outputs(sample) == model.output_bytes(sample)
    check_emulator(model, samples)


def test_a_scalar(tmp_path: Path) -> None:
    model = generate(read("input %x: f32\n%y = tanh(%x) : f32\noutput %y"), tmp_path)
    (got,) = model.host_values(float_inputs(model.graph)).values()
    assert got.shape == ()
    assert abs(got - model.interpreted(float_inputs(model.graph))["y"]) < 1e-6


def test_constants_of_every_type_are_outputs(tmp_path: Path) -> None:
    types = {kind.value: TensorType((3,), kind) for kind in DType}
    bounds = {name: np.iinfo(t.dtype.numpy) for name, t in types.items() if t.dtype.is_integer}
    constants = {
        name: np.array([bounds[name].min, 1, bounds[name].max] if name in bounds else [0, 1, 1], t.dtype.numpy)
        for name, t in types.items()
    }
    copies = {f"{name}_copy": t for name, t in types.items()}
    nodes = tuple(Node(Map("identity"), (name,), (f"{name}_copy",), name) for name in types)
    ports = tuple(plain_port(name, t) for name, t in copies.items())
    graph = Graph("constants", (), ports, nodes, types | copies, constants, Rounding.SINGLE)
    verify(graph)
    model = generate(graph, tmp_path)
    assert model.host_outputs({}) == model.output_bytes({}) == b"".join(a.tobytes() for a in constants.values())
    check_emulator(model, [{}])
