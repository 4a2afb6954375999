"""Removal of dead and constant channels: exact on random networks, and channel by channel on small ones."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import CMSIS_STEPS, STEPS, float_chains, float_graphs, int_inputs, quantized
from texts import nodes, read, statements

from tinyc.ir.graph import Graph
from tinyc.ir.interp import execute
from tinyc.ir.types import Rounding
from tinyc.ir.verify import verify
from tinyc.passes.remove_channels import channel_bounds, remove_channels

ROUNDINGS = st.sampled_from(list(Rounding))


def check_same_outputs(before: Graph, after: Graph, seeds: range = range(3)) -> None:
    for seed in seeds:
        inputs = int_inputs(before, seed)
        old, new = execute(before, inputs), execute(after, inputs)
        for a, b in zip(before.outputs, after.outputs, strict=True):
            np.testing.assert_array_equal(new[b.value], old[a.value])


@given(float_chains() | float_graphs((*STEPS, *CMSIS_STEPS), most=10), ROUNDINGS)
@settings(deadline=None, max_examples=120)
def test_removal_changes_no_bit_of_any_output(graph: Graph, rounding: Rounding) -> None:
    before = quantized(graph, rounding)
    after = remove_channels(before)
    verify(after)
    check_same_outputs(before, after)
    assert after.macs() <= before.macs()
    assert remove_channels(after) == after


@pytest.mark.slow
@given(float_chains(12) | float_graphs((*STEPS, *CMSIS_STEPS), most=16), ROUNDINGS)
@settings(deadline=None, max_examples=1500)
def test_removal_changes_no_bit_of_any_output_at_length(graph: Graph, rounding: Rounding) -> None:
    before = quantized(graph, rounding)
    check_same_outputs(before, remove_channels(before))


@given(float_chains() | float_graphs((*STEPS, *CMSIS_STEPS), most=10), ROUNDINGS)
@settings(deadline=None, max_examples=60)
def test_no_value_ever_leaves_its_bounds(graph: Graph, rounding: Rounding) -> None:
    graph = quantized(graph, rounding)
    bounds = channel_bounds(graph)
    for seed in range(3):
        for name, data in execute(graph, int_inputs(graph, seed)).items():
            if data.dtype == np.int8 and data.ndim:
                assert (bounds[name].low <= data).all(), name
                assert (data <= bounds[name].high).all(), name


IN = "input %x: 1x4x4x1xi8<1.0:0>"
W3 = "const %w: 3x1x1x1xi8<axis 0 [1.0, 1.0, 1.0]>\nconst %b: 3xi32"  # x → 3 channels: live, 0, 5
LIVE_0_5 = {"w": np.reshape([1, 0, 0], (3, 1, 1, 1)), "b": [0, 0, 5]}


def test_a_constant_moves_into_the_bias_of_what_reads_it() -> None:
    before = read(
        f"""
        {IN}
        {W3}
        const %v: 1x1x1x3xi8<axis 0 [1.0]>
        const %c: 1xi32
        %h = conv2d(%x, %w, %b) : 1x4x4x3xi8<1.0:0>
        %y = conv2d(%h, %v, %c) : 1x4x4x1xi8<1.0:0>
        output %y
        """,
        **LIVE_0_5,
        v=[1, 2, 3],
        c=10,
    )
    after = remove_channels(before)
    assert nodes(after) == statements(
        """
        %h = conv2d(%x, %w_1, %b_1) : 1x4x4x1xi8<1.0:0>
        %y = conv2d(%h, %v_1, %c_1) : 1x4x4x1xi8<1.0:0>
        output %y
        """
    )
    assert after.constants["c_1"].tolist() == [10 + 3 * 5]
    check_same_outputs(before, after)


PADDED = f"""
    {IN}
    {W3}
    const %v: 1x3x3x3xi8<axis 0 [1.0]>
    const %c: 1xi32
    %h = conv2d(%x, %w, %b) : 1x4x4x3xi8<1.0:0>
    %y = conv2d(%h, %v, %c) {{pads = (1, 1, 1, 1)}} : 1x4x4x1xi8<1.0:0>
    output %y
    """


def test_a_constant_beside_padding_stays_unless_it_is_zero() -> None:
    before = read(PADDED, **LIVE_0_5)
    after = remove_channels(before)
    assert after.types["h"].shape == (1, 4, 4, 2)  # the constant 5 stays: at the border fewer of its cells count
    check_same_outputs(before, after)


def test_a_channel_that_no_weight_reads_goes_whatever_it_holds() -> None:
    before = read(PADDED, w=1, b=0, v=np.broadcast_to([1, 0, 0], (1, 3, 3, 3)))
    after = remove_channels(before)
    assert after.types["h"].shape == (1, 4, 4, 1)
    check_same_outputs(before, after)


DEPTHWISE = f"""
    {IN}
    {W3}
    const %d: 1x3x3x3xi8<axis 3 [1.0, 1.0, 1.0]>
    const %e: 3xi32
    const %v: 2x3xi8<axis 0 [1.0, 1.0]>
    const %c: 2xi32
    %h = conv2d(%x, %w, %b) : 1x4x4x3xi8<1.0:0>
    %k = depthwise_conv2d(%h, %d, %e) {{PADS}} : 1xSxSx3xi8<9.0:0>
    %m = mean(%k) {{axes = (1, 2)}} : 1x1x1x3xi8<9.0:0>
    %f = reshape(%m) {{shape = (1, 3)}} : 1x3xi8<9.0:0>
    %y = dense(%f, %v, %c) : 1x2xi8<9.0:0>
    output %y
    """


@pytest.mark.parametrize(
    ("pads", "size", "left"),
    [
        ("{pads = (0, 0, 0, 0)}", 2, 1),  # 0 and 5 go through all layers, up to the dense one
        ("{pads = (1, 1, 1, 1)}", 4, 2),  # at the border the sums of 5 differ: channel 2 is no longer constant
    ],
)
def test_channels_that_are_connected_one_to_one_go_together(pads: str, size: int, left: int) -> None:
    text = DEPTHWISE.replace("{PADS}", pads if size == 4 else "").replace("S", str(size))
    before = read(text, **LIVE_0_5, d=1)
    after = remove_channels(before)
    assert {after.types[v].shape[-1] for v in "hkmf"} == {left}
    check_same_outputs(before, after)


def test_the_channels_of_inputs_and_outputs_stay() -> None:
    graph = read(f"{IN}\n{W3}\n%h = conv2d(%x, %w, %b) : 1x4x4x3xi8<1.0:0>\noutput %h", **LIVE_0_5)
    assert remove_channels(graph) == graph


def test_a_residual_sum_keeps_what_one_of_its_branches_needs() -> None:
    text = f"""
        {IN}
        {W3}
        const %w2: 3x1x1x1xi8<axis 0 [1.0, 1.0, 1.0]>
        const %v: 1x1x1x3xi8<axis 0 [1.0]>
        const %c: 1xi32
        %h = conv2d(%x, %w, %b) : 1x4x4x3xi8<1.0:0>
        %k = conv2d(%x, %w2, %b) : 1x4x4x3xi8<1.0:0>
        %s = add(%h, %k) : 1x4x4x3xi8<1.0:0>
        %y = conv2d(%s, %v, %c) : 1x4x4x1xi8<1.0:0>
        output %y
        """
    before = read(text, **LIVE_0_5, w2=np.reshape([1, 1, 0], (3, 1, 1, 1)))
    after = remove_channels(before)
    assert {after.types[v].shape[-1] for v in "hks"} == {2}  # channel 1 lives in one branch; channel 2 in none
    check_same_outputs(before, after)


def test_concatenated_channels_stay() -> None:
    text = f"""
        {IN}
        {W3}
        const %v: 1x1x1x4xi8<axis 0 [1.0]>
        const %c: 1xi32
        %h = conv2d(%x, %w, %b) : 1x4x4x3xi8<1.0:0>
        %j = concat(%h, %x) {{axis = 3}} : 1x4x4x4xi8<1.0:0>
        %y = conv2d(%j, %v, %c) : 1x4x4x1xi8<1.0:0>
        output %y
        """
    graph = read(text, **LIVE_0_5)
    assert remove_channels(graph) == graph


SHIFT = """
    input %x: 1x1x1x1xi8<1.0:0>
    const %w: 3x1x1x1xi8<axis 0 [0.1, 0.8, 0.8]>
    const %b: 3xi32
    const %v: 1x1x1x3xi8<axis 0 [1.0]>
    const %c: 1xi32
    %h = conv2d(%x, %w, %b) {low = 0.0} : 1x1x1x3xi8<1.0:0>
    %y = conv2d(%h, %v, %c) : 1x1x1x1xi8<1.0:0>
    output %y
    """


@pytest.mark.parametrize(
    ("rounding", "channels"),
    [
        # 0.1 in the finer units that channel 0 would have alone is a little less than a tenth, in those that it
        # shares with the dead channels a little more: 5 · 0.1 would be rounded down instead of up. So one stays.
        ("single", 2),
        ("tflite", 1),  # every channel has a shift of its own
    ],
)
def test_a_dead_channel_stays_if_its_neighbours_share_its_shift(rounding: str, channels: int) -> None:
    before = read(SHIFT, rounding, w=1, b=[0, -9999, -9999], v=1, c=0)
    after = remove_channels(before)
    assert after.types["h"].shape[-1] == channels
    for value in range(-128, 128):
        inputs = {"x": np.full((1, 1, 1, 1), value, np.int8)}
        assert execute(before, inputs)["y"] == execute(after, inputs)["y"]


def test_a_tensor_keeps_at_least_one_channel() -> None:
    before = read(PADDED, w=0, b=0)
    after = remove_channels(before)
    assert after.types["h"].shape == (1, 4, 4, 1)
    check_same_outputs(before, after)
