"""The float passes on small graphs: text in, text out; and together on random networks."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pytest
from hypothesis import given, settings
from strategies import float_graphs, float_inputs
from texts import nodes, read, statements

from tinyc.driver.phases import SIMPLIFY, simplify
from tinyc.ir.graph import Graph, Port
from tinyc.ir.interp import execute, run, to_value
from tinyc.ir.text import dump, parse
from tinyc.ir.verify import verify
from tinyc.ops import BY_NAME
from tinyc.passes.cancel_transposes import cancel_transposes
from tinyc.passes.fold_affine import fold_affine
from tinyc.passes.fold_constants import fold_constants
from tinyc.passes.fold_padding import fold_padding
from tinyc.passes.fuse_clamps import fuse_clamps
from tinyc.passes.share_common import share_common

Pass = Callable[[Graph], Graph]


def check(run_pass: Pass, before: str, after: str) -> Graph:
    """`run_pass` makes `after` of `before`, and leaves the meaning alone."""
    graph = read(before)
    result = run_pass(graph)
    assert nodes(result) == statements(after)
    check_same_meaning(graph, result)
    return result


def check_unchanged(run_pass: Pass, text: str) -> None:
    graph = read(text)
    assert nodes(run_pass(graph)) == nodes(graph)


def check_same_meaning(before: Graph, after: Graph) -> None:
    """The model's outputs, in its own layout, are the same."""
    rng = np.random.default_rng(0)
    inputs = {p.name: rng.normal(size=p.shape).astype(np.float32) for p in before.inputs}
    want, got = run(before, inputs), run(after, inputs)
    assert want.keys() == got.keys()
    for name, data in want.items():
        scale = max(1.0, float(np.abs(data).max()))
        np.testing.assert_allclose(got[name], data, rtol=1e-4, atol=1e-5 * scale)


@given(float_graphs(most=12))
@settings(deadline=None, max_examples=80)
def test_simplification_keeps_the_meaning(graph: Graph) -> None:
    simple = simplify(graph)
    verify(simple)
    check_same_meaning(graph, simple)
    assert parse(dump(simple), simple.constants, BY_NAME) == simple


@given(float_graphs(most=12))
@settings(deadline=None, max_examples=40)
def test_a_value_that_keeps_its_name_keeps_its_meaning(graph: Graph) -> None:
    """By their names are layers compared with those of the model as it came."""
    simple = simplify(graph)
    inputs = float_inputs(graph)
    before = execute(graph, inputs)
    after = execute(simple, {p.value: to_value(simple, p, inputs[q.value]) for p, q in ports(simple, graph)})
    for name in before.keys() & after.keys():
        if name not in graph.constants and before[name].shape == after[name].shape:
            scale = max(1.0, float(np.abs(before[name]).max()))
            np.testing.assert_allclose(after[name], before[name], rtol=1e-4, atol=1e-5 * scale, err_msg=name)


def ports(one: Graph, other: Graph) -> Iterable[tuple[Port, Port]]:
    return zip(one.inputs, other.inputs, strict=True)


@given(float_graphs(most=12))
@settings(deadline=None, max_examples=30)
def test_each_pass_alone_keeps_the_meaning(graph: Graph) -> None:
    for phase in SIMPLIFY:
        after = phase.run(graph)
        verify(after)
        check_same_meaning(graph, after)


# share_common


def test_the_same_computation_is_done_once() -> None:
    check(
        share_common,
        """
        input %x: 1x4xf32
        const %c: 4xf32
        const %d: 4xf32
        %a = add(%x, %c) : 1x4xf32
        %b = add(%x, %d) : 1x4xf32
        %y = mul(%a, %b) : 1x4xf32
        output %y
        """,
        """
        %a = add(%x, %c) : 1x4xf32
        %y = mul(%a, %a) : 1x4xf32
        output %y
        """,
    )


def test_what_differs_in_an_attribute_is_not_shared() -> None:
    check_unchanged(
        share_common,
        """
        input %x: 1x4xf32
        %a = clamp(%x) {low = 0.0} : 1x4xf32
        %b = clamp(%x) {low = 1.0} : 1x4xf32
        %y = mul(%a, %b) : 1x4xf32
        output %y
        """,
    )


# fold_constants


def test_arithmetic_on_constants_is_done_at_once() -> None:
    result = check(
        fold_constants,
        """
        input %x: 1x4xf32
        const %c: 4xf32
        const %d: 4xf32
        %s = add(%c, %d) : 4xf32
        %t = tanh(%s) : 4xf32
        %y = mul(%x, %t) : 1x4xf32
        output %y
        """,
        """
        %y = mul(%x, %t_1) : 1x4xf32
        output %y
        """,
    )
    np.testing.assert_allclose(result.constants["t_1"], np.tanh([2, 4, 6, 8]), rtol=1e-6)


def test_arithmetic_on_inputs_is_left() -> None:
    check_unchanged(fold_constants, "input %x: 1x4xf32\n%y = tanh(%x) : 1x4xf32\noutput %y")


# fold_affine

CONV = """
    input %x: 1x2x2x2xf32
    const %w: 3x1x1x2xf32
    const %b: 3xf32
    const %s: 3xf32
    const %t: 3xf32
    """


def test_a_batch_normalization_behind_a_convolution_goes_into_its_weights() -> None:
    result = check(
        fold_affine,
        f"""
        {CONV}
        %c = conv2d(%x, %w, %b) : 1x2x2x3xf32
        %m = mul(%c, %s) : 1x2x2x3xf32
        %y = add(%m, %t) : 1x2x2x3xf32
        output %y
        """,
        """
        %y = conv2d(%x, %w_1_1, %b_1_1) : 1x2x2x3xf32
        output %y
        """,
    )
    # w is 1 … 6, b, s and t are 1, 2, 3: w · s, and b · s + t
    assert result.constants["w_1_1"].reshape(3, 2).tolist() == [[1, 2], [6, 8], [15, 18]]
    assert result.constants["b_1_1"].tolist() == [1 * 1 + 1, 2 * 2 + 2, 3 * 3 + 3]


def test_behind_a_clamp_nothing_goes_into_the_weights() -> None:
    check(
        fold_affine,
        f"""
        {CONV}
        %c = conv2d(%x, %w, %b) {{low = 0.0}} : 1x2x2x3xf32
        %y = mul(%c, %s) : 1x2x2x3xf32
        output %y
        """,
        """
        %c = conv2d(%x, %w, %b) {low = 0.0} : 1x2x2x3xf32
        %y = depthwise_conv2d(%c, %y_scale, %y_shift) : 1x2x2x3xf32
        output %y
        """,
    )


def test_a_convolution_that_is_read_elsewhere_too_keeps_its_weights() -> None:
    result = fold_affine(
        read(
            f"""
        {CONV}
        %c = conv2d(%x, %w, %b) : 1x2x2x3xf32
        %m = mul(%c, %s) : 1x2x2x3xf32
        %y = add(%c, %m) : 1x2x2x3xf32
        output %y
        """
        )
    )
    assert [n.op.name for n in result.nodes] == ["conv2d", "depthwise_conv2d", "add"]


def test_constants_that_vary_over_the_plane_stay() -> None:
    check_unchanged(
        fold_affine,
        """
        input %x: 1x2x2x3xf32
        const %c: 1x2x2x1xf32
        %y = mul(%x, %c) : 1x2x2x3xf32
        output %y
        """,
    )


# fold_padding


def test_a_convolution_takes_over_padding_with_zeros() -> None:
    check(
        fold_padding,
        """
        input %x: 1x4x4x1xf32
        const %w: 1x3x3x1xf32
        const %b: 1xf32
        %p = pad(%x) {before = (0, 1, 0, 0), after = (0, 2, 1, 0)} : 1x7x5x1xf32
        %y = conv2d(%p, %w, %b) {pads = (0, 1, 0, 0)} : 1x5x4x1xf32
        output %y
        """,
        """
        %y = conv2d(%x, %w, %b) {pads = (1, 1, 2, 1)} : 1x5x4x1xf32
        output %y
        """,
    )


@pytest.mark.parametrize("pad", ["after = (0, 2, 1, 0), value = 1.0", "after = (0, 2, 1, 1)"], ids=["ones", "channels"])
def test_other_padding_stays(pad: str) -> None:
    depth = 2 if "1, 1)" in pad else 1
    check_unchanged(
        fold_padding,
        f"""
        input %x: 1x4x4x1xf32
        const %w: 1x3x3x{depth}xf32
        const %b: 1xf32
        %p = pad(%x) {{before = (0, 1, 0, 0), {pad}}} : 1x7x5x{depth}xf32
        %y = conv2d(%p, %w, %b) : 1x5x3x1xf32
        output %y
        """,
    )


def test_padding_before_a_pool_stays() -> None:
    # a pool's own padding does not count, zeros do
    check_unchanged(
        fold_padding,
        """
        input %x: 1x4x4x1xf32
        %p = pad(%x) {before = (0, 1, 1, 0), after = (0, 1, 1, 0)} : 1x6x6x1xf32
        %y = max_pool2d(%p) {kernel = (2, 2)} : 1x5x5x1xf32
        output %y
        """,
    )


# fuse_clamps


def test_clamps_go_into_what_they_follow() -> None:
    check(
        fuse_clamps,
        """
        input %x: 1x4xf32
        %a = add(%x, %x) : 1x4xf32
        %r = clamp(%a) {low = 0.0} : 1x4xf32
        %y = clamp(%r) {low = -1.0, high = 6.0} : 1x4xf32
        output %y
        """,
        """
        %y = add(%x, %x) {low = 0.0, high = 6.0} : 1x4xf32
        output %y
        """,
    )


def test_a_clamp_goes_before_the_maxima_that_it_follows() -> None:
    check(
        fuse_clamps,
        """
        input %x: 1x4x4x2xf32
        %a = add(%x, %x) : 1x4x4x2xf32
        %m = max_pool2d(%a) {kernel = (2, 2), stride = (2, 2)} : 1x2x2x2xf32
        %r = reshape(%m) {shape = (1, 8)} : 1x8xf32
        %y = clamp(%r) {low = 0.0} : 1x8xf32
        output %y
        """,
        """
        %a_1 = add(%x, %x) {low = 0.0} : 1x4x4x2xf32
        %m_1 = max_pool2d(%a_1) {kernel = (2, 2), stride = (2, 2)} : 1x2x2x2xf32
        %y = reshape(%m_1) {shape = (1, 8)} : 1x8xf32
        output %y
        """,
    )


def test_a_clamp_stays_behind_maxima_of_an_input_or_of_what_is_read_elsewhere() -> None:
    for before, also in (("%a = tanh(%x) : 1x4x4x2xf32", "%x"), ("%a = add(%x, %x) : 1x4x4x2xf32", "%a")):
        pool = "%y = max_pool2d(%a) {{kernel = (2, 2), stride = (2, 2){clamp}}} : 1x2x2x2xf32"
        check(
            fuse_clamps,
            f"""
        input %x: 1x4x4x2xf32
        {before}
        %m = max_pool2d(%a) {{kernel = (2, 2), stride = (2, 2)}} : 1x2x2x2xf32
        %y = clamp(%m) {{low = 0.0}} : 1x2x2x2xf32
        %z = mul({also}, {also}) : 1x4x4x2xf32
        output %y
        output %z
        """,
            f"""
        {before}
        {pool.format(clamp=", low = 0.0")}
        %z = mul({also}, {also}) : 1x4x4x2xf32
        output %y
        output %z
        """,
        )


def test_a_clamp_stays_where_its_input_is_read_elsewhere_too() -> None:
    check_unchanged(
        fuse_clamps,
        """
        input %x: 1x4xf32
        %a = add(%x, %x) : 1x4xf32
        %r = clamp(%a) {low = 0.0} : 1x4xf32
        %y = mul(%a, %r) : 1x4xf32
        output %y
        """,
    )


def test_a_clamp_stays_behind_what_cannot_clamp() -> None:
    check_unchanged(
        fuse_clamps,
        """
        input %x: 1x4xf32
        %a = tanh(%x) : 1x4xf32
        %y = clamp(%a) {low = 0.0} : 1x4xf32
        output %y
        """,
    )


# cancel_transposes: what the importer writes around NCHW models


def test_a_plain_nchw_network_has_no_transpose_left() -> None:
    before = """
        input %x: 1x2x4x4xf32
        const %w: 3x1x1x2xf32
        const %b: 3xf32
        const %s: 3x1x1xf32
        %t0 = transpose(%x) {perm = (0, 2, 3, 1)} : 1x4x4x2xf32
        %c = conv2d(%t0, %w, %b) : 1x4x4x3xf32
        %t1 = transpose(%c) {perm = (0, 3, 1, 2)} : 1x3x4x4xf32
        %m = mul(%t1, %s) : 1x3x4x4xf32
        %t2 = transpose(%m) {perm = (0, 2, 3, 1)} : 1x4x4x3xf32
        %p = max_pool2d(%t2) {kernel = (2, 2), stride = (2, 2)} : 1x2x2x3xf32
        %y = transpose(%p) {perm = (0, 3, 1, 2)} : 1x3x2x2xf32
        output %y
        """
    result = check(
        cancel_transposes,
        before,
        """
        %c = conv2d(%t0, %w, %b) : 1x4x4x3xf32
        %m_1 = mul(%c, %s_1) : 1x4x4x3xf32
        %p = max_pool2d(%m_1) {kernel = (2, 2), stride = (2, 2)} : 1x2x2x3xf32
        output %p
        """,
    )
    assert result.inputs[0].perm == (0, 2, 3, 1)
    assert (result.inputs[0].shape, result.outputs[0].shape) == ((1, 2, 4, 4), (1, 3, 2, 2))
    assert result.constants["s_1"].shape == (1, 1, 1, 3)


def test_flattening_behind_a_transpose_reorders_the_weights() -> None:
    before = """
        input %x: 1x2x2x3xf32
        const %w: 2x12xf32
        const %b: 2xf32
        %h = tanh(%x) : 1x2x2x3xf32
        %t = transpose(%h) {perm = (0, 3, 1, 2)} : 1x3x2x2xf32
        %f = reshape(%t) {shape = (1, 12)} : 1x12xf32
        %y = dense(%f, %w, %b) : 1x2xf32
        output %y
        """
    graph = read(before)
    result = cancel_transposes(graph)
    assert [n.op.name for n in result.nodes] == ["tanh", "reshape", "dense"]
    check_same_meaning(graph, result)
    moved = next(a for v, a in result.constants.items() if a.shape == (2, 12))
    assert moved[0].tolist() == [1, 5, 9, 2, 6, 10, 3, 7, 11, 4, 8, 12]  # from CHW to HWC


def test_a_transpose_that_is_needed_stays() -> None:
    graph = read(
        """
        input %x: 1x2x3x4xf32
        %s = softmax(%x) : 1x2x3x4xf32
        %t = transpose(%s) {perm = (0, 3, 1, 2)} : 1x4x2x3xf32
        %y = softmax(%t) : 1x4x2x3xf32
        output %y
        """
    )
    result = cancel_transposes(graph)
    assert [n.op.name for n in result.nodes].count("transpose") == 1
    check_same_meaning(graph, result)


def test_branches_that_are_turned_alike_are_joined_before() -> None:
    graph = read(
        """
        input %x: 1x2x3x4xf32
        %a = softmax(%x) : 1x2x3x4xf32
        %t = transpose(%a) {perm = (0, 3, 1, 2)} : 1x4x2x3xf32
        %u = transpose(%x) {perm = (0, 3, 1, 2)} : 1x4x2x3xf32
        %j = concat(%t, %u) {axis = 1} : 1x8x2x3xf32
        %y = tanh(%j) : 1x8x2x3xf32
        output %y
        """
    )
    result = cancel_transposes(graph)
    assert nodes(result)[1:] == statements(
        """
        %j_1 = concat(%a, %x) {axis = 3} : 1x2x3x8xf32
        %y_1 = tanh(%j_1) : 1x2x3x8xf32
        output %y_1
        """
    )
    check_same_meaning(graph, result)
