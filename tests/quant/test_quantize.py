"""The quantizer: parameters, groups of one scale, biases, dead channels; and that what it makes is well formed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from strategies import float_graphs, float_inputs, int_inputs, quantized
from texts import nodes, read, statements

from tinyc.errors import TinycError
from tinyc.ir.graph import Graph
from tinyc.ir.interp import execute
from tinyc.ir.types import DType, QuantParams, Rounding
from tinyc.ir.verify import verify
from tinyc.quant.calibrate import calibrate
from tinyc.quant.observers import ObserverChoice
from tinyc.quant.quantize import asymmetric, quantize

FINITE = st.floats(-1e6, 1e6)


@given(FINITE, FINITE)
@settings(deadline=None)
@example(0.0, 0.0)
@example(-1.0, 0.0)
@example(3.0, 4.0)  # a range without zero is widened to it
def test_int8_parameters_cover_the_range_and_hold_zero(a: float, b: float) -> None:
    low, high = min(a, b), max(a, b)
    quant = asymmetric(low, high)
    zero, ends = np.zeros(1), np.array([low, high])
    assert quant.dequantize(quant.quantize(zero, DType.I8)) == 0
    back = quant.dequantize(quant.quantize(ends, DType.I8))
    # the zero point is rounded, so that the ends may lose half a step, beside the half that rounding costs
    assert np.abs(back - ends).max() <= quant.per_tensor_scale * (1 + 1e-6) + 1e-9


def test_a_range_of_known_size() -> None:
    assert asymmetric(0, 25.5) == QuantParams((0.1,), -128)
    assert asymmetric(-25.5, 0) == QuantParams((0.1,), 127)
    assert asymmetric(-12.8, 12.7) == QuantParams((0.1,), 0)


def test_ties_go_to_even_and_values_outside_saturate() -> None:
    quant = QuantParams((2.0,), 1)
    stored = quant.quantize(np.array([1.0, 3.0, 5.0, -1.0, -3.0, 1e9, -1e9]), DType.I8)
    assert stored.tolist() == [0 + 1, 2 + 1, 2 + 1, 0 + 1, -2 + 1, 127, -128]


@given(float_graphs(most=12), st.sampled_from(list(Rounding)))
@settings(deadline=None, max_examples=80)
def test_what_the_quantizer_makes_is_well_formed(graph: Graph, rounding: Rounding) -> None:
    integer = quantized(graph, rounding)
    verify(integer)
    assert integer.rounding is rounding
    assert all(t.dtype is not DType.F32 for t in integer.types.values())
    assert {n.op.name for n in integer.nodes} <= {n.op.name for n in graph.nodes} | {"requantize"}


@given(float_graphs(most=12), st.sampled_from(list(Rounding)))
@settings(deadline=None, max_examples=60)
def test_accumulators_stay_inside_32_bits(graph: Graph, rounding: Rounding) -> None:
    integer = quantized(graph, rounding)
    for node in integer.nodes:
        sig = integer.signature(node)
        for index, kind in enumerate(sig.ins):
            if kind.dtype is DType.I32:
                weights = sig.constants[index - 1].astype(np.int64)
                axis = sig.ins[index - 1].q.axis
                others = tuple(a for a in range(weights.ndim) if a != axis)
                most = np.abs(weights).sum(axis=others) * 255 + np.abs(sig.constants[index].astype(np.int64))
                assert most.max() < 2**31


@given(float_graphs(most=3), st.sampled_from(list(Rounding)))
@settings(deadline=None, max_examples=60)
def test_results_are_close_to_those_over_the_reals(graph: Graph, rounding: Rounding) -> None:
    """Each node alone: on the real values of its stored inputs it gives its stored results, nearly."""
    integer = quantized(graph, rounding)
    values = execute(integer, int_inputs(integer))
    for node in integer.nodes:
        sig = integer.signature(node)
        if any(t.quant is None or t.dtype is not DType.I8 for t in sig.ins):
            continue  # linear layers have a test of their own
        real = [t.q.dequantize(values[v]) for t, v in zip(sig.ins, node.ins, strict=True)]
        want = np.clip(node.op.eval_float(*real)[0], *_limits(sig.y.q))
        got = sig.y.q.dequantize(values[node.outs[0]])
        assert np.abs(got - want).max() <= 2.1 * sig.y.q.per_tensor_scale, node.op.name


def _limits(quant: QuantParams) -> tuple[float, float]:
    low, high = quant.dequantize(np.array([-128, 127], np.int8))
    return float(low), float(high)


def test_a_layer_is_close_to_its_float_original() -> None:
    rng = np.random.default_rng(0)
    graph = read(
        """
        input %x: 8x16xf32
        const %w: 4x16xf32
        const %b: 4xf32
        %y = dense(%x, %w, %b) : 8x4xf32
        output %y
        """,
        w=rng.normal(size=(4, 16)) * [[0.01], [1], [30], [1]],
        b=rng.normal(size=4),
    )
    inputs = float_inputs(graph)
    integer = quantize(graph, calibrate(graph, {"x": inputs["x"][None]}, ObserverChoice()), Rounding.SINGLE)
    x, y = integer.types["x"].q, integer.types["y"].q
    got = y.dequantize(execute(integer, {"x": x.quantize(inputs["x"], DType.I8)})["y"])
    want = execute(graph, inputs)["y"]
    assert np.abs(got - want).max() <= 1.5 * y.per_tensor_scale
    # each channel has a scale of its own: the largest weight of each is 127
    weights = next(a for a in integer.constants.values() if a.shape == (4, 16))
    assert np.abs(weights).max(axis=1).tolist() == [127] * 4


DENSE = """
    input %x: 1x3xf32
    const %w: 3x3xf32
    const %b: 3xf32
    %y = dense(%x, %w, %b) : 1x3xf32
    output %y
    """


def quantized_dense(w: object, b: object, x: tuple[float, float] = (-1, 1), y: tuple[float, float] = (-1, 1)) -> Graph:
    return quantize(read(DENSE, w=w, b=b), {"x": x, "y": y}, Rounding.SINGLE)


def test_a_channel_of_negligible_weights_is_dead_and_stays_so() -> None:
    w = [[1, -0.5, 0.25], [1e-7, 1e-8, -1e-7], [0, 0, 0]]
    graph = quantized_dense(w, [0, 0.5, 0])
    weights, bias = graph.constants["w_q"], graph.constants["b_q"]
    assert weights[1:].tolist() == [[0, 0, 0], [0, 0, 0]]  # not blown up to the whole range
    assert weights[0].tolist() == [127, -64, 32]
    unit = graph.types["x"].q.per_tensor_scale * np.array(graph.types["w_q"].q.scale)
    np.testing.assert_allclose(bias * unit, [0, 0.5, 0], atol=unit.max() / 2)


def test_a_small_channel_that_is_not_negligible_lives() -> None:
    graph = quantized_dense([[1, 1, 1], [1e-5, 0, 0], [1, 1, 1]], 0)
    assert graph.constants["w_q"][1].tolist() == [127, 0, 0]


def test_a_bias_that_dwarfs_its_weights_fits_all_the_same() -> None:
    graph = quantized_dense([[1, 1, 1], [1e-4, 1e-4, 1e-4], [1, 1, 1]], [0, 1e6, 0], y=(0, 1e6))
    unit = graph.types["x"].q.per_tensor_scale * graph.types["w_q"].q.scale[1]
    assert abs(int(graph.constants["b_q"][1])) <= 2**30
    assert graph.constants["b_q"][1] * unit == pytest.approx(1e6, rel=1e-6)


def test_weights_of_zeros_alone() -> None:
    graph = quantized_dense(0, [0.1, 0.2, 0.3])
    values = execute(graph, {"x": np.zeros((1, 3), np.int8)})
    real = graph.types["y"].q.dequantize(values["y"])
    np.testing.assert_allclose(real, [[0.1, 0.2, 0.3]], atol=graph.types["y"].q.per_tensor_scale)


# Scales that values share


def test_what_is_only_moved_keeps_its_scale() -> None:
    graph = quantize(
        read(
            """
            input %x: 1x4x4x2xf32
            %t = transpose(%x) {perm = (0, 2, 1, 3)} : 1x4x4x2xf32
            %m = max_pool2d(%t) {kernel = (2, 2)} : 1x3x3x2xf32
            %p = pad(%m) {before = (0, 1, 1, 0), after = (0, 0, 0, 0)} : 1x4x4x2xf32
            %y = reshape(%p) {shape = (1, 32)} : 1x32xf32
            output %y
            """
        ),
        {"x": (-1, 1), "t": (-1, 1), "m": (-0.5, 1), "p": (-0.5, 1), "y": (-0.5, 1)},
        Rounding.SINGLE,
    )
    assert {str(t.quant) for t in graph.types.values()} == {str(asymmetric(-1, 1))}


def test_what_is_concatenated_shares_the_widest_range() -> None:
    graph = quantize(
        read(
            """
            input %x: 1x4xf32
            input %z: 1x4xf32
            %y = concat(%x, %z) {axis = 1} : 1x8xf32
            output %y
            """
        ),
        {"x": (-1, 1), "z": (0, 3), "y": (-1, 3)},
        Rounding.SINGLE,
    )
    assert {t.quant for t in graph.types.values()} == {asymmetric(-1, 3)}
    assert len(graph.nodes) == 1


def test_a_result_of_fixed_scale_is_rescaled_before_it_is_concatenated() -> None:
    graph = quantize(
        read(
            """
            input %x: 1x4xf32
            %s = sigmoid(%x) : 1x4xf32
            %y = concat(%x, %s) {axis = 1} : 1x8xf32
            output %y
            """
        ),
        {"x": (-12.8, 12.7), "s": (0, 1), "y": (-12.8, 12.7)},
        Rounding.SINGLE,
    )
    assert nodes(graph) == statements(
        """
        %s = sigmoid(%x) : 1x4xi8<0.00390625:-128>
        %s_rescaled = requantize(%s) : 1x4xi8<0.1:0>
        %y = concat(%x, %s_rescaled) {axis = 1} : 1x8xi8<0.1:0>
        output %y
        """
    )


def test_results_of_one_fixed_scale_are_rescaled_too_but_once_each() -> None:
    graph = quantize(
        read(
            """
            input %x: 1x4xf32
            %s = sigmoid(%x) : 1x4xf32
            %t = tanh(%x) : 1x4xf32
            %y = concat(%s, %t) {axis = 1} : 1x8xf32
            output %y
            """
        ),
        {"x": (-4, 4), "s": (0, 1), "t": (-1, 1), "y": (-1, 1)},
        Rounding.SINGLE,
    )
    assert [n.op.name for n in graph.nodes] == ["sigmoid", "tanh", "requantize", "requantize", "concat"]
    assert graph.types["y"].quant == asymmetric(-1, 1)


def test_an_output_too_fine_for_its_accumulator_is_widened() -> None:
    # an output of ±1e-9 is so fine that the sums of inputs of ±1000 would have to be shifted out of 32 bits
    graph = quantized_dense(1, 0, x=(-1000, 1000), y=(-1e-9, 1e-9))
    unit = graph.types["x"].q.per_tensor_scale * max(graph.types["w_q"].q.scale)
    largest = 3 * 127 * 255
    scale = graph.types["y"].q.per_tensor_scale
    assert scale > asymmetric(-1e-9, 1e-9).per_tensor_scale
    assert largest * unit / scale < 2**30


# Calibration


def calibrated(samples: list[list[float]], method: str) -> tuple[float, float]:
    graph = read("input %x: 4xf32\n%y = tanh(%x) : 4xf32\noutput %y")
    return calibrate(graph, {"x": np.array(samples, np.float32)}, ObserverChoice.parse(method))["x"]


def test_minmax_takes_everything() -> None:
    assert calibrated([[1, -2, 0, 0], [5, 0, 0, 0]], "minmax") == (-2, 5)


def test_percentiles_leave_out_outliers() -> None:
    rng = np.random.default_rng(0)
    samples = rng.uniform(-1, 1, (500, 4))
    samples[0, 0] = 50
    low, high = calibrated(samples.tolist(), "percentile:99.9")
    assert -1.05 < low < -0.9
    assert 0.9 < high < 1.05
    assert calibrated(samples.tolist(), "percentile:100")[1] == pytest.approx(50)


def test_percentiles_of_a_constant() -> None:
    assert calibrated([[3, 3, 3, 3]], "percentile:99") == (3, 3)


def test_percentiles_of_numbers_next_to_each_other() -> None:
    one, next_one = np.float32(1), np.nextafter(np.float32(1), np.float32(2))
    low, high = calibrated([[one, next_one, one, one]], "percentile:99")
    assert one <= low <= high <= next_one


def test_percentiles_of_infinite_numbers_are_an_error_too() -> None:
    with pytest.raises(TinycError, match="to values that are not finite"):
        calibrated([[1, np.inf, 0, 0]], "percentile:99")


def test_an_end_at_which_values_are_clipped_is_kept() -> None:
    # half of the values sit at 0 exactly, as behind a Relu
    rng = np.random.default_rng(0)
    samples = np.maximum(rng.normal(size=(500, 4)), 0)
    assert calibrated(samples.tolist(), "percentile:99")[0] == 0


@pytest.mark.parametrize("method", ["", "max", "percentile:x", "percentile:50", "percentile:101", "minmax:3"])
def test_unknown_methods_are_refused(method: str) -> None:
    with pytest.raises(TinycError, match="no calibration method") as caught:
        ObserverChoice.parse(method)
    assert "minmax" in caught.value.hint


def test_infinite_activations_are_an_error_that_names_the_value() -> None:
    graph = read(
        """
        input %x: 4xf32
        %p = mul(%x, %x) : 4xf32
        %y = mul(%p, %p) : 4xf32
        output %y
        """
    )
    with pytest.raises(TinycError, match=r"calibration drives %\w+ to values that are not finite"):
        calibrate(graph, {"x": np.full((1, 4), 1e30, np.float32)}, ObserverChoice())
