"""SVDF, which keeps a state: TensorFlow Lite Micro's results, invocation after invocation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from generated import generate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tflite_cases import Draw, numbers, scale
from tflite_model import Array, TfliteModel, load, reference_sequence

from tinyc.driver.phases import Given, lower
from tinyc.errors import TinycError
from tinyc.ir.graph import Graph
from tinyc.ir.interp import Stream
from tinyc.ir.types import Rounding

RUNS = 6
RELU = 1


def svdf(draw: Draw, kind: str, zero: int = 0) -> TfliteModel:
    """A layer whose state has elements of a kind; that of integers stands for zero by `zero`."""
    m = TfliteModel()
    batch, inputs, units, rank, steps = (draw(st.integers(1, most)) for most in (2, 6, 4, 3, 4))
    shapes = (batch, inputs), (units * rank, inputs), (units * rank, steps), (units,), (batch, units * rank * steps)
    if kind == "float32":
        floats = [numbers(draw, shape).astype(np.float32) / 64 for shape in shapes[1:4]]
        ins = [m.input(shapes[0]), *map(m.constant, floats), m.tensor(shapes[4])]
        y = m.tensor((batch, units))
    else:
        fine, most = (0, 127) if kind == "int8" else (8, 2000)
        kept, times = scale(draw, -4 - fine, 0 - fine), scale(draw, -8 - fine / 2, -4 - fine / 2)
        ins = [
            m.input(shapes[0], "int8", (scale(draw), draw(st.integers(-128, 127)))),
            m.constant(numbers(draw, shapes[1]), (scale(draw, -8, -4), 0)),
            m.constant(numbers(draw, shapes[2], most, kind), (times, 0)),
            m.constant(numbers(draw, shapes[3], 5000, "int32"), (float(np.float32(kept) * np.float32(times)), 0)),
            m.tensor(shapes[4], kind, (kept, zero)),
        ]
        y = m.tensor((batch, units), "int8", (scale(draw, -5), draw(st.integers(-128, 127))))
    m.graph.tensors[ins[4]].isVariable = True
    return m.output(m.op("SVDF", ins, y, "SVDFOptions", rank=rank, fusedActivationFunction=RELU))


def samples_of(m: TfliteModel, seed: int) -> list[list[Array]]:
    rng, tensor = np.random.default_rng(seed), m.graph.tensors[0]
    stored = rng.integers(-128, 128, (RUNS, *tensor.shape))
    return [[s.astype(np.int8) if tensor.quantization else s.astype(np.float32) / 64] for s in stored]


def streamed(graph: Graph, samples: list[list[Array]]) -> Array:
    stream, (x,), (y,) = Stream(graph), graph.inputs, graph.outputs
    return np.array([stream.run({x.name: s})[y.name] for (s,) in samples])


def compared(m: TfliteModel, seed: int) -> tuple[Graph, Array, Array]:
    """The graph as it is compiled, its results and those of the reference."""
    samples = samples_of(m, seed)
    given_ = Given(Rounding.TFLITE) if m.graph.tensors[0].quantization else None
    graph = lower(load(m.bytes()), given_).graph
    return graph, streamed(graph, samples), np.array(reference_sequence(m.bytes(), samples))[:, 0]


QUICK = settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
MANY = settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))


def check_int8(data: st.DataObject) -> None:
    graph, got, want = compared(svdf(data.draw, "int8"), data.draw(st.integers(0, 2**32 - 1)))
    assert graph.is_wholly_integer()
    np.testing.assert_array_equal(got, want)


def check_int16(data: st.DataObject) -> None:
    graph, got, want = compared(svdf(data.draw, "int16"), data.draw(st.integers(0, 2**32 - 1)))
    assert all(graph.types[s.before].dtype.value == "i16" for s in graph.states)
    assert np.abs(got.astype(int) - want).max() <= 1


@QUICK
@given(data=st.data())
def test_a_state_of_int8_has_the_same_bytes(data: st.DataObject) -> None:
    check_int8(data)


@pytest.mark.slow
@MANY
@given(data=st.data())
def test_many_states_of_int8_have_the_same_bytes(data: st.DataObject) -> None:
    check_int8(data)


@QUICK
@given(data=st.data())
def test_a_state_of_int16_is_at_most_one_step_away(data: st.DataObject) -> None:
    check_int16(data)


@pytest.mark.slow
@MANY
@given(data=st.data())
def test_many_states_of_int16_are_at_most_one_step_away(data: st.DataObject) -> None:
    check_int16(data)


@QUICK
@given(data=st.data())
def test_floats(data: st.DataObject) -> None:
    _, got, want = compared(svdf(data.draw, "float32"), data.draw(st.integers(0, 2**32 - 1)))
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-4)


def fixed(kind: str, zero: int = 0, feature: float = 0.008) -> TfliteModel:
    """A layer of middling sizes; `feature` is the scale of its first weights."""
    rng = np.random.default_rng(0)
    m, q = TfliteModel(), kind != "float32"
    x = m.input((2, 5), "int8" if q else kind, (0.05, 3) if q else None)
    most, fine = (127, 1.0) if kind == "int8" else (2000, 2.0**-8)

    def weights(shape: tuple[int, ...], most: int, kind: str, unit: float) -> int:
        stored = rng.integers(-most, most, shape).astype(kind)
        return m.constant(stored, (unit, 0)) if q else m.constant((stored * unit).astype(np.float32))

    kept, times = float(np.float32(0.05 * fine)), float(np.float32(0.01 * fine**0.5))
    ins = [
        x, weights((6, 5), 127, "int8", feature), weights((6, 4), most, kind if q else "int8", times),
        weights((3,), 900, "int32", float(np.float32(kept) * np.float32(times))),
        m.tensor((2, 24), kind, (kept, zero) if q else None),
    ]  # fmt: skip
    m.graph.tensors[ins[4]].isVariable = True
    y = m.tensor((2, 3), "int8" if q else kind, (0.06, -128) if q else None)
    return m.output(m.op("SVDF", ins, y, "SVDFOptions", rank=2, fusedActivationFunction=RELU))


def test_a_state_whose_zero_is_another_number() -> None:
    """Features that saturate wrap around in some versions of TensorFlow Lite Micro; these do not saturate."""
    graph, got, want = compared(fixed("int8", zero=-9, feature=0.001), 1)
    np.testing.assert_array_equal(got, want)
    (state,) = graph.states
    assert (graph.constants[state.initial] == -9).all() and len(set(got.ravel().tolist())) > 5


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["int8", "int16", "float32"])
def test_the_c_has_the_same_bytes(tmp_path: Path, kind: str) -> None:
    m = fixed(kind)
    graph, _, want = compared(m, 2)
    model = generate(graph, tmp_path)
    samples = samples_of(m, 2)
    got = b"".join(model.host.run([s[0].tobytes()])[0][0] for s in samples)
    if kind == "float32":
        np.testing.assert_allclose(np.frombuffer(got, np.float32), want.ravel(), rtol=1e-5, atol=1e-5)
    else:
        assert got == want.tobytes()
    assert model.emulate([{graph.inputs[0].value: s[0]} for s in samples]).outputs == got


BAD: dict[str, Callable[[TfliteModel], object]] = {
    "a state of shape": lambda m: setattr(m.graph.tensors[4], "shape", [2, 25]),
    "rank 5": lambda m: setattr(m.graph.operators[0].builtinOptions, "rank", 5),
    "it has 4 inputs, 5 are expected": lambda m: m.graph.operators[0].inputs.pop(),
}


@pytest.mark.parametrize("message", BAD)
def test_what_does_not_fit(message: str) -> None:
    m = fixed("int8")
    BAD[message](m)
    with pytest.raises(TinycError, match=message):
        load(m.bytes())
