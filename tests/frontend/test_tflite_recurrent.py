"""LSTM layers of TensorFlow Lite: in float, under `single` rounding, as C; and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from generated import generate
from tflite_model import TfliteModel, integers, load, random_inputs, reference
from tflite_recurrent import STATES, layer

from tinyc.driver.phases import lower
from tinyc.errors import TinycError, UnsupportedError
from tinyc.ir.interp import run
from tinyc.ir.types import Rounding
from tinyc.quant.partition import float_layers

H = (2.0**-7, 0)


def real(time_major: bool = False, cell_clip: float = 0.0) -> TfliteModel:
    """Two layers in float."""
    m, rng = TfliteModel(), np.random.default_rng(1)
    x = m.input((4, 2, 5) if time_major else (2, 4, 5))
    first = layer(m, x, (4, 2, 5, 6), rng, time_major=time_major, cell_clip=cell_clip)
    return m.output(layer(m, first, (4, 2, 6, 3), rng, time_major=time_major, cell_clip=cell_clip))


def stored(cell: float = 2.0**-12, weights: float = 2.0**-9, cell_clip: float = 0.0, steps: int = 20) -> TfliteModel:
    """A layer in int8, with the scales that converters choose."""
    m = TfliteModel()
    x = m.input((1, steps, 10), "int8", (2.0**-5, 3))
    return m.output(
        layer(
            m, x, (steps, 1, 10, 16), np.random.default_rng(3), quantized=((2.0**-5, 3), H, cell),
            weight_scales=[weights] * 8, cell_clip=cell_clip,
        )
    )  # fmt: skip


@pytest.mark.parametrize("cell_clip", [0.0, 0.3])
@pytest.mark.parametrize("time_major", [False, True])
def test_float(time_major: bool, cell_clip: float) -> None:
    model = real(time_major, cell_clip)
    inputs = random_inputs(model, np.random.default_rng(0))
    graph = lower(load(model.bytes()), None).graph
    (wanted,) = reference(model.bytes(), inputs)
    (port,) = graph.outputs
    np.testing.assert_allclose(run(graph, {graph.inputs[0].name: inputs[0]})[port.name], wanted, rtol=0, atol=1e-6)


def test_float_as_c(tmp_path: Path) -> None:
    model = real(cell_clip=0.3)
    inputs = random_inputs(model, np.random.default_rng(0))
    made = generate(lower(load(model.bytes()), None).graph, tmp_path)
    (result,), _ = made.host.run([x.transpose(made.graph.inputs[0].perm).tobytes() for x in inputs])
    found = np.frombuffer(result, np.float32)
    (wanted,) = reference(model.bytes(), inputs)
    np.testing.assert_allclose(found, wanted.transpose(made.graph.outputs[0].perm).reshape(-1), rtol=0, atol=1e-6)


@pytest.mark.parametrize("cell_clip", [0.0, 0.3])
def test_own_arithmetic_is_near(cell_clip: float) -> None:
    model = stored(cell_clip=cell_clip)
    inputs = random_inputs(model, np.random.default_rng(0))
    graph, (ours,) = integers(model.bytes(), inputs, Rounding.SINGLE)
    assert graph.is_integer() and float_layers(graph, "") == {}
    (theirs,) = reference(model.bytes(), inputs)
    assert np.ptp(theirs.astype(int)) > 60
    assert np.abs(ours.astype(int) - theirs).max() <= 3


@pytest.mark.parametrize("rounding", Rounding)
def test_each_run_starts_from_zero(rounding: Rounding, tmp_path: Path) -> None:
    """TensorFlow Lite Micro goes on from the state of the run before."""
    model = stored(steps=3)
    inputs = random_inputs(model, np.random.default_rng(0))
    graph, (once,) = integers(model.bytes(), inputs, rounding)
    made = generate(graph, tmp_path)
    given = dict(zip([port.value for port in graph.inputs], inputs, strict=True))
    assert made.host_outputs(given) == made.host_outputs(given) == once.tobytes()


def test_states_of_layers_do_not_mix() -> None:
    """Zeros that count in different scales."""
    m, rng = TfliteModel(), np.random.default_rng(2)
    x, q = m.input((1, 3, 4), "int8", H), H
    for scale in (2.0**-6, 2.0**-8):
        x = layer(m, x, (3, 1, 4, 4), rng, quantized=(q, (scale, 0), 2.0**-12), weight_scales=[2.0**-8] * 8)
        q = (scale, 0)
    inputs = random_inputs(m.output(x), rng)
    graph, (ours,) = integers(m.bytes(), inputs)
    assert float_layers(graph, "") == {}
    np.testing.assert_array_equal(ours, reference(m.bytes(), inputs)[0])


def test_sums_that_leave_32_bits() -> None:
    with pytest.raises(UnsupportedError, match=r"may reach 2\^30") as caught:
        integers(stored(weights=2.0**8).bytes(), [np.zeros((1, 20, 10), np.int8)])
    assert "--rounding single" in caught.value.hint


def _input(index: int, value: int) -> Callable[[TfliteModel], None]:
    def change(m: TfliteModel) -> None:
        m.graph.operators[0].inputs[index] = value

    return change


def _option(name: str, value: object) -> Callable[[TfliteModel], None]:
    return lambda m: setattr(m.graph.operators[0].builtinOptions, name, value)


def _state(**fields: object) -> Callable[[TfliteModel], None]:
    def change(m: TfliteModel) -> None:
        for index in STATES:
            for name, value in fields.items():
                setattr(m.graph.tensors[m.graph.operators[0].inputs[index]], name, value)

    return change


def _scale(index: int, scale: float) -> Callable[[TfliteModel], None]:
    def change(m: TfliteModel) -> None:
        m.graph.tensors[m.graph.operators[0].inputs[index]].quantization.scale = [scale]

    return change


REFUSED: dict[str, tuple[Callable[[TfliteModel], None], str]] = {
    "peepholes": (_input(9, 9), "with peepholes"),
    "projection": (_input(16, 1), "with a projection"),
    "normalization": (_input(23, 9), "with layer normalization"),
    "coupled gates": (_input(1, -1), "of all its four gates"),
    "another function": (_option("fusedActivationFunction", 1), "only TANH"),
    "diagonal": (_option("diagonalRecurrentTensors", True), "DiagonalRecurrentTensors"),
    "negative clip": (_option("cellClip", -1.0), "CellClip"),
    "too few inputs": (lambda m: m.graph.operators[0].inputs.clear(), "0 inputs"),
    "weights that do not fit": (_input(5, 1), "has shape"),
    "states that do not fit": (_state(shape=[1, 7]), "is not 1 times 16"),
    "a result in another scale": (_scale(18, 0.5), "different scales"),
    "a cell state in any scale": (_scale(19, 0.3), "not in a power of two"),
    "a cell state in too large a scale": (_scale(19, 8.0), "not in a power of two"),
    "one variable for both": (lambda m: _input(19, m.graph.operators[0].inputs[18])(m), "read twice"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    change, message = REFUSED[name]
    model = stored()
    change(model)
    with pytest.raises(TinycError, match=message):
        load(model.bytes())
