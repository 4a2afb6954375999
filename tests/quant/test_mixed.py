"""Float models with layers that have no int8 form: which layers stay in float, and what stands between."""

from __future__ import annotations

from math import erf
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies_mixed import mixed_graphs, mixed_inputs
from texts import nodes, read, statements

from tinyc.driver.phases import Quantization, lower
from tinyc.ir.graph import Graph
from tinyc.ir.interp import execute
from tinyc.ir.types import Rounding
from tinyc.ir.verify import verify
from tinyc.quant.calibrate import calibrate, random_samples
from tinyc.quant.observers import ObserverChoice
from tinyc.quant.quantize import quantize
from tinyc.quant.tables import compose


def quantized(text: str, **constants: Any) -> Graph:
    graph = read(text, **constants)
    samples = {p.name: np.random.default_rng(0).normal(size=(4, *p.shape)).astype(p.dtype) for p in graph.inputs}
    graph = compose(graph)
    integer = quantize(graph, calibrate(graph, samples, ObserverChoice()), Rounding.SINGLE)
    verify(integer)
    return integer


def operators(graph: Graph) -> list[str]:
    return [node.op.name for node in graph.nodes]


CONV = """
        input %x: 1x4x4x16xf32
        const %w: 16x1x1x16xf32
        const %b: 16xf32
"""


def test_a_layer_without_an_int8_form_stands_between_conversions() -> None:
    graph = quantized(
        f"""{CONV}
        %a = conv2d(%x, %w, %b) : 1x4x4x16xf32
        %c = accumulate(%a) {{function = "sum", axis = 1}} : 1x4x4x16xf32
        %y = conv2d(%c, %w, %b) : 1x4x4x16xf32
        output %y
        """
    )
    assert operators(graph) == ["conv2d", "dequantize", "accumulate", "quantize", "conv2d"]
    assert graph.types["x"].quant and graph.types["y"].quant and not graph.types["c"].quant


def test_light_layers_between_float_layers_stay_in_float() -> None:
    """Views, moves and sums are not quantized to be dequantized again; enough products are."""
    graph = quantized(
        f"""{CONV}
        const %w2: 1x1x1x16xf32
        %a = accumulate(%x) {{function = "sum", axis = 1}} : 1x4x4x16xf32
        %t = transpose(%a) {{perm = (0, 2, 1, 3)}} : 1x4x4x16xf32
        %s = add(%t, %a) : 1x4x4x16xf32
        %d = depthwise_conv2d(%s, %w2, %b) : 1x4x4x16xf32
        %c = accumulate(%d) {{function = "sum", axis = 1}} : 1x4x4x16xf32
        %y = conv2d(%c, %w, %b) : 1x4x4x16xf32
        %z = accumulate(%y) {{function = "sum", axis = 1}} : 1x4x4x16xf32
        output %z
        """,
    )
    light = ["accumulate", "transpose", "add", "depthwise_conv2d", "accumulate"]
    assert operators(graph) == [*light, "quantize", "conv2d", "dequantize", "accumulate"]


def test_inputs_that_only_float_layers_read_stay_float() -> None:
    graph = quantized(
        """
        input %x: 1x4x8xf32
        input %z: 1x4x8xf32
        %r = reshape(%x) {shape = (4, 8)} : 4x8xf32
        %a = accumulate(%r) {function = "sum", axis = 1} : 4x8xf32
        %s = softmax(%z) : 1x4x8xf32
        output %a
        output %s
        """
    )
    assert operators(graph) == ["reshape", "accumulate", "softmax"]
    assert not graph.types["x"].quant and graph.types["z"].quant


def test_an_input_of_both_kinds_of_layers_is_quantized_within() -> None:
    graph = quantized(
        """
        input %x: 1x8xf32
        %a = accumulate(%x) {function = "sum", axis = 1} : 1x8xf32
        %s = softmax(%x) : 1x8xf32
        output %a
        output %s
        """
    )
    assert operators(graph) == ["accumulate", "quantize", "softmax"]
    assert not graph.types["x"].quant and graph.types["s"].quant


def test_layers_on_integers_keep_them() -> None:
    graph = quantized(
        """
        input %x: 1x8xf32
        input %i: 4xi64
        %d = reshape(%i) {shape = (1, 4)} : 1x4xi64
        %g = gather(%x, %d) {axis = 1, form = "slices"} : 1x1x4xf32
        %y = add(%g, %g) : 1x1x4xf32
        output %y
        """
    )
    assert [graph.types[v].dtype.value for v in "idgy"] == ["i64", "i64", "i8", "i8"]


def test_functions_in_pieces_become_one_table() -> None:
    graph = quantized(
        """
        input %x: 1x64xf32
        const %root: f32
        const %one: f32
        const %half: f32
        %s = mul(%x, %root) : 1x64xf32
        %e = map(%s) {function = "erf"} : 1x64xf32
        %p = add(%e, %one) : 1x64xf32
        %m = mul(%x, %p) : 1x64xf32
        %y = mul(%m, %half) : 1x64xf32
        output %y
        """,
        root=0.5**0.5, one=1, half=0.5,
    )  # fmt: skip
    assert operators(graph) == ["lookup"]
    x, y = graph.types["x"].q, graph.types["y"].q
    stored = np.resize(np.arange(-128, 128), (4, 1, 64)).astype(np.int8)
    for part in stored:
        real = x.dequantize(part)
        wanted = real * 0.5 * (1 + np.vectorize(erf)(real * 0.5**0.5))
        got = y.dequantize(execute(graph, {"x": part})["y"])
        assert np.abs(got - wanted).max() <= 0.501 * y.per_tensor_scale


def test_pieces_that_are_needed_elsewhere_stay_too() -> None:
    graph = quantized(
        """
        input %x: 1x64xf32
        %s = sigmoid(%x) : 1x64xf32
        %y = mul(%x, %s) : 1x64xf32
        output %y
        output %s
        """
    )
    assert sorted(operators(graph)) == ["lookup", "sigmoid"]


def test_functions_between_float_layers_stay_in_pieces() -> None:
    graph = quantized(
        """
        input %x: 1x8xf32
        %a = accumulate(%x) {function = "sum", axis = 1} : 1x8xf32
        %s = sigmoid(%a) : 1x8xf32
        %m = mul(%a, %s) : 1x8xf32
        %y = accumulate(%m) {function = "sum", axis = 1} : 1x8xf32
        output %y
        """
    )
    assert nodes(graph) == statements(
        """
        %a = accumulate(%x) {function = "sum", axis = 1} : 1x8xf32
        %s = sigmoid(%a) : 1x8xf32
        %m = mul(%a, %s) : 1x8xf32
        %y = accumulate(%m) {function = "sum", axis = 1} : 1x8xf32
        output %y
        """
    )


def test_a_table_ends_where_a_second_tensor_comes_in() -> None:
    graph = quantized(
        """
        input %x: 1x8xf32
        input %z: 1x8xf32
        const %c: 8xf32
        %t = add(%x, %z) : 1x8xf32
        %s = sigmoid(%t) : 1x8xf32
        %m = mul(%t, %s) : 1x8xf32
        %y = mul(%m, %c) : 1x8xf32
        output %y
        """
    )
    assert operators(graph) == ["add", "lookup", "mul"]


def test_masks_of_infinite_numbers_stay_in_float_up_to_the_softmax() -> None:
    graph = quantized(
        """
        input %x: 1x4x16xf32
        input %z: 1x16x4xf32
        input %mask: 1x4x4xbool
        const %none: f32
        const %zero: f32
        %scores = matmul(%x, %z) : 1x4x4xf32
        %bias = map(%mask, %zero, %none) {function = "where"} : 1x4x4xf32
        %masked = add(%scores, %bias) : 1x4x4xf32
        %moved = transpose(%masked) {perm = (0, 2, 1)} : 1x4x4xf32
        %shares = softmax(%moved) : 1x4x4xf32
        %y = matmul(%shares, %x) : 1x4x16xf32
        output %y
        """,
        none=-np.inf, zero=0,
    )  # fmt: skip
    wanted = ["matmul", "map", "dequantize", "add", "transpose", "softmax", "quantize", "matmul"]
    assert sorted(operators(graph)) == sorted(wanted)


@given(mixed_graphs(most=10), st.sampled_from(list(Rounding)), st.integers(0, 99))
@settings(deadline=None, max_examples=60)
def test_every_mixture_compiles(graph: Graph, rounding: Rounding, seed: int) -> None:
    """What is in float is told, nothing is converted there and back, and each int8 layer alone is near the reals."""
    found = lower(graph, Quantization(random_samples(graph, 0), rounding=rounding))
    mixed = found.graph
    made = mixed.producers()
    for node in mixed.nodes:
        before = [made[v].op.name for v in node.ins if v in made]
        kinds = [mixed.types[v] for v in (*node.ins, *node.outs) if v not in mixed.constants]
        if node.op.name in ("quantize", "dequantize"):
            assert not {"quantize", "dequantize"}.intersection(before)
        elif any(kind.dtype.is_float for kind in kinds) and not node.op.is_view:
            assert found.float_layers[node.outs[0]]
            assert all(kind.quant is None for kind in kinds)
        else:
            assert node.outs[0] not in found.float_layers
    values = execute(mixed, mixed_inputs(mixed, seed))
    for node in mixed.nodes:
        sig = mixed.signature(node)
        if node.op.name in ("lookup", "quantize") or sig.y.quant is None:
            continue
        if any(kind.quant is not None and kind.quant.axis is not None for kind in sig.ins):
            continue  # linear layers have tests of their own
        real = [
            values[v] if k.quant is None else k.q.dequantize(values[v]) for k, v in zip(sig.ins, node.ins, strict=True)
        ]
        low, high = sig.y.q.dequantize(np.array([-128, 127], np.int8))
        want = np.clip(node.op.eval_float(*real)[0], low, high)
        got = sig.y.q.dequantize(values[node.outs[0]])
        assert np.abs(got - want).max() <= 2.1 * sig.y.q.per_tensor_scale, node.op


def test_choices_by_truth_values_are_functions_too() -> None:
    graph = quantized(
        """
        input %x: 1x64xf32
        const %zero: f32
        const %slope: f32
        %above = map(%x, %zero) {function = "greater"} : 1x64xbool
        %below = mul(%x, %slope) : 1x64xf32
        %y = map(%above, %x, %below) {function = "where"} : 1x64xf32
        output %y
        """,
        zero=0, slope=0.25,
    )  # fmt: skip
    assert operators(graph) == ["lookup"]
