"""States in int8: one scale for what a run finds and what it leaves, seen over a sequence."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies_states import quantized_on, random_stateful, sequence

from tinyc.driver.phases import Given, lower, simplify
from tinyc.ir.graph import Graph
from tinyc.ir.interp import Stream
from tinyc.ir.text import parse
from tinyc.ir.types import DType, QuantParams, Rounding
from tinyc.ir.verify import verify
from tinyc.ops import BY_NAME
from tinyc.quant.calibrate import calibrate
from tinyc.quant.observers import ObserverChoice

NUMBERS = {"zero": np.zeros((1, 2), np.float32), "half": np.array(0.5, np.float32)}
SMOOTHED = """input %x: 1x2xf32 const %zero: 1x2xf32 const %half: f32 state %s: 1x2xf32 = %zero
%h = mul(%s, %half) : 1x2xf32 %n = add(%x, %h) : 1x2xf32 output %n next %s = %n"""


def graph_of(text: str) -> Graph:
    return parse(f'graph "g" rounding single {{ {text} }}', NUMBERS, BY_NAME)


@pytest.mark.parametrize("method", ["minmax", "percentile:100"])
def test_calibration_runs_samples_in_order(method: str) -> None:
    samples = {"x": np.array([[[1, 0]], [[1, 0]], [[1, -3]]], np.float32)}
    ranges = calibrate(graph_of(SMOOTHED), samples, ObserverChoice.parse(method))
    assert ranges["s"] == (0.0, 1.5)  # 0, 1, 1.5: what the last sample leaves is not found by any
    assert ranges["n"] == (-3.0, 1.75)


def test_both_ends_have_one_scale() -> None:
    graph = quantized_on(graph_of(SMOOTHED), [{"x": np.array([[v, -v]], np.float32)} for v in (1, 2, 4)])
    verify(graph)
    (state,) = graph.states
    kind = graph.types[state.before]
    assert kind == graph.types[state.after] and kind.dtype is DType.I8
    assert kind.q.per_tensor_scale == pytest.approx(10.5 / 255)
    assert (graph.constants[state.initial] == kind.q.zero_point).all()


def test_a_state_of_a_fixed_scale_is_rescaled_for_its_neighbours() -> None:
    text = """input %x: 1x2xf32 const %zero: 1x2xf32 state %s: 1x2xf32 = %zero
    %j = concat(%s, %x) {axis = 0} : 2x2xf32 %l = strided(%j) {shape = (1, 2), start = (1, 0), step = (1, 1)} : 1x2xf32
    %n = sigmoid(%l) : 1x2xf32 output %j next %s = %n"""
    graph = quantized_on(graph_of(text), [{"x": np.array([[9, -9]], np.float32)}] * 2)
    verify(graph)
    assert graph.types["s"].q == QuantParams((1 / 256,), -128)
    assert graph.types["j"].q.per_tensor_scale == pytest.approx(18 / 255)


@given(st.randoms(use_true_random=False), st.sampled_from(list(Rounding)))
@settings(deadline=None, max_examples=15)
def test_sequences_stay_near_to_the_float_network(rng: Random, rounding: Rounding) -> None:
    graph = simplify(random_stateful(rng, most=2))
    samples = sequence(graph, 4)
    integer = quantized_on(graph, samples, rounding)
    verify(integer)
    real, stored = Stream(graph), Stream(integer)
    for sample in samples:
        given_ = {p.name: sample[p.value] for p in graph.inputs}
        want, got = real.run(given_), stored.run(given_)
        for port in integer.outputs:
            kind = integer.types[port.value]
            spread = np.abs(want[port.name]).max() + 255 * (kind.q.per_tensor_scale if kind.quant else 0)
            assert np.abs(want[port.name] - got[port.name]).mean() <= 0.2 * spread


QUANTIZED = """input %x: 1x2xf32 const %zero: 1x2xf32 state %s: 1x2xf32 = %zero
%a = quantize(%x) {scale = 0.1, zero_point = 3} : 1x2xi8 %b = dequantize(%a) {scale = 0.1, zero_point = 3} : 1x2xf32
%c = quantize(%s) {scale = 0.2, zero_point = 5} : 1x2xi8 %d = dequantize(%c) {scale = 0.2, zero_point = 5} : 1x2xf32
%n = add(%b, %d) : 1x2xf32
%e = quantize(%n) {SCALE} : 1x2xi8 %f = dequantize(%e) {SCALE} : 1x2xf32 output %f next %s = %f"""


SCALES = {"scale = 0.2, zero_point = 5": DType.I8, "scale = 0.3, zero_point = 0": DType.F32}


@pytest.mark.parametrize(("scale", "dtype"), SCALES.items())
def test_models_that_bring_their_scales(scale: str, dtype: DType) -> None:
    given_ = graph_of(QUANTIZED.replace("SCALE", scale))
    graph = lower(given_, Given()).graph
    (state,) = graph.states
    assert graph.types[state.before].dtype is dtype
    if dtype is DType.I8:
        assert all(kind.dtype is DType.I8 for v, kind in graph.types.items() if v not in graph.constants)
        assert (graph.constants[state.initial] == 5).all()
    streams = Stream(given_), Stream(graph)
    for number in range(5):
        want, got = (s.run({"x": np.array([[number, -0.52]], np.float32)})["f"] for s in streams)
        np.testing.assert_allclose(got, want, atol=1e-6)
