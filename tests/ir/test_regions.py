"""Regions: what runs part by part has the bits of what runs layer by layer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from strategies import float_inputs, int_inputs
from strategies_regions import cut_up, random_cnn, region_network, region_networks
from texts import read

from tinyc.errors import VerifyError
from tinyc.ir.graph import Graph, Node
from tinyc.ir.interp import execute
from tinyc.ir.parts import Doing, Mode, Tiling, is_empty, whole
from tinyc.ir.region import RegionOp, flattened
from tinyc.ir.text import dump, load, parse, save
from tinyc.ir.types import Rounding
from tinyc.ir.verify import verify
from tinyc.ops import BY_NAME
from tinyc.schedule.regions import Cut, with_regions

Array = NDArray[Any]
NETWORKS = st.tuples(st.sampled_from(list(Rounding)), st.booleans()).flatmap(lambda how: region_networks(*how))


def regions(graph: Graph) -> list[RegionOp]:
    return [n.op for n in graph.nodes if isinstance(n.op, RegionOp)]


def constants(graph: Graph) -> dict[str, Array]:
    """Those of the graph and of all bodies."""
    return dict(graph.constants) | {v: a for op in regions(graph) for v, a in op.body.constants.items()}


def outcomes(graph: Graph, inputs: Mapping[str, Array]) -> dict[str, Array]:
    values = execute(graph, inputs)
    return {v: values[v] for n in graph.nodes for v in n.outs}


def check_values(graph: Graph, seed: int = 0) -> None:
    """Everything that leaves a region is what it is layer by layer."""
    inputs = int_inputs(graph, seed)
    want = execute(flattened(graph), inputs)
    for value, data in outcomes(graph, inputs).items():
        np.testing.assert_array_equal(data, want[value], value)


@given(NETWORKS, st.integers(0, 9))
@settings(deadline=None, max_examples=120)
def test_parts_have_the_bits_of_the_whole(graph: Graph, seed: int) -> None:
    verify(graph)
    assert regions(graph)
    check_values(graph, seed)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(0, 1000, 250))
def test_parts_have_the_bits_of_the_whole_in_many_networks(first: int) -> None:
    for seed in range(first, first + 250):
        check_values(region_network(Random(seed), fed=seed % 4 == 0))


@given(st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=30)
def test_floats_in_parts_are_nearly_those_of_the_whole(rng: Random) -> None:
    graph = cut_up(rng, random_cnn(rng))
    assume(graph is not None)
    assert graph is not None
    inputs = float_inputs(graph)
    want = execute(flattened(graph), inputs)
    for value, data in outcomes(graph, inputs).items():
        np.testing.assert_allclose(data, want[value], rtol=1e-4, atol=1e-4, err_msg=value)


def test_random_networks_have_every_mode_and_kind_of_part() -> None:
    ops = [op for seed in range(120) for op in regions(region_network(Random(seed), fed=seed % 4 == 0))]
    assert {op.tiling.mode for op in ops} == set(Mode)
    assert {op.axis for op in ops} == {1, 2}
    assert {part.doing for op in ops for part in op.parts} == set(Doing)
    assert any(op.strips > 1 and len(op.parts) > 20 for op in ops)


# What is executed


@given(NETWORKS)
@settings(deadline=None, max_examples=60)
def test_macs_are_those_of_the_parts(graph: Graph) -> None:
    for op in regions(graph):
        body, total = op.body, 0
        for part in op.parts:
            if part.doing is Doing.COMPUTE:
                assert part.op is not None and part.node is not None
                assert not is_empty(part.region)
                total += part.op.macs(*part.signature(body).ins)
            elif part.doing is Doing.ADD:
                assert part.node is not None and part.ins[0] is not None
                size = np.prod([stop - start for start, stop in part.ins[0]])
                of_all = part.node.op.macs(*body.signature(part.node).ins)
                total += of_all * int(size) // body.types[part.node.ins[0]].size
        assert op.macs() == total


@given(NETWORKS)
@settings(deadline=None, max_examples=60)
def test_streams_compute_no_row_twice(graph: Graph) -> None:
    for op in regions(graph):
        if op.mode == "patch" or op.strips > 1:
            continue
        assert op.macs() <= op.body.macs()
        check_once(op)


def check_once(op: RegionOp) -> None:
    """No element of any value is computed twice."""
    for value in {part.out for part in op.parts if part.doing is Doing.COMPUTE}:
        times = np.zeros(op.body.types[value].shape, int)
        for part in op.parts:
            if part.out == value and part.doing is Doing.COMPUTE:
                times[tuple(slice(*span) for span in part.region)] += 1
        assert times.max(initial=0) == 1, value


CHAIN = """
    input %x: 1x8x12x2xi8<0.5:0>
    const %w: 1x3x3x2xi8<axis 3 [0.1, 0.2]>
    const %b: 2xi32<axis 0 [0.05, 0.1]>
    %a = depthwise_conv2d(%x, %w, %b) {pads = (1, 1, 1, 1)} : 1x8x12x2xi8<0.4:3>
    %c = depthwise_conv2d(%a, %w, %b) {pads = (1, 1, 1, 1)} : 1x8x12x2xi8<0.3:1>
    %y = depthwise_conv2d(%c, %w, %b) {pads = (1, 1, 1, 1)} : 1x8x12x2xi8<0.2:-5>
    output %y
    """
LAYER = 8 * 12 * 2 * 9


def chain(tiling: Tiling, fed: bool = False) -> Graph:
    graph = with_regions(read(CHAIN), [Cut(0, 3, tiling, fed)])
    verify(graph)
    return graph


@pytest.mark.parametrize(
    "tiling, columns",
    [
        (Tiling(Mode.STREAM, 1), (12, 12, 12)),
        (Tiling(Mode.STREAM, 3), (12, 12, 12)),
        (Tiling(Mode.STREAM2D, 2, strips=4), (12, 12, 12)),  # each column once
        (Tiling(Mode.STREAM, 1, strips=2), (8 + 8, 7 + 7, 12)),  # strips of 6, and one and two columns beside them
    ],
    ids=str,
)
def test_what_strips_compute(tiling: Tiling, columns: tuple[int, int, int]) -> None:
    graph = chain(tiling)
    assert graph.macs() == sum(LAYER // 12 * c for c in columns)
    (op,) = regions(graph)
    if tiling.mode is Mode.STREAM2D:
        check_once(op)
    check_values(graph)


def test_what_patches_compute() -> None:
    graph = chain(Tiling(Mode.PATCH, 4, strips=2))  # four patches of 4 x 6, each in a corner
    assert graph.macs() == 4 * 18 * (4 * 6 + 5 * 7 + 6 * 8)
    check_values(graph)


def test_rows_are_fed_just_before_they_are_needed() -> None:
    (op,) = regions(chain(Tiling(Mode.STREAM, 1), fed=True))
    order = [(p.out, p.region[1][0]) for p in op.parts]
    assert [row for value, row in order if value == "x"] == list(range(8))
    # row r of a wants rows up to r + 1 of x, and so on: three layers later that is r + 3
    assert [order.index(("y", r)) - order.index(("x", min(r + 3, 7))) for r in range(5)] == [3] * 5


def test_sums_are_added_up_row_by_row() -> None:
    text = CHAIN.replace("output %y", "%m = mean(%y) {axes = (1, 2)} : 1x1x1x2xi8<0.1:0>\noutput %m")
    graph = with_regions(read(text), [Cut(0, 4, Tiling(Mode.STREAM, 2))])
    (op,) = regions(graph)
    assert [p.doing for p in op.parts if p.out == "m"] == [Doing.ADD] * 4 + [Doing.FINISH]
    check_values(graph)


def test_an_input_is_summed_through_a_view() -> None:
    text = """
        input %x: 1x4x2x1xi8<0.5:3>
        const %w: 3x8xi8<axis 0 [0.1, 0.2, 0.3]>
        const %b: 3xi32<axis 0 [0.05, 0.1, 0.15]>
        %f = reshape(%x) {shape = (1, 8)} : 1x8xi8<0.5:3>
        %y = dense(%f, %w, %b) : 1x3xi8<2.0:0>
        output %y
        """
    graph = with_regions(read(text), [Cut(0, 2, Tiling(Mode.STREAM, 1))])
    assert [p.doing for p in regions(graph)[0].parts] == [Doing.ADD, Doing.FINISH]
    check_values(graph)


# Text


@given(NETWORKS)
@settings(deadline=None, max_examples=30)
def test_what_is_printed_is_read_back(graph: Graph) -> None:
    assert parse(dump(graph), constants(graph), BY_NAME) == graph


def test_what_is_saved_is_loaded(tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("graph") / "model.tc"
    for seed in range(5):
        graph = region_network(Random(seed))
        save(graph, path)
        assert load(path, BY_NAME) == graph


# What the verifier rejects


def changed(graph: Graph, **changes: Any) -> Graph:
    """The graph, whose only node is a region, with another body."""
    (node,) = graph.nodes
    assert isinstance(node.op, RegionOp)
    return graph.with_nodes([replace(node, op=replace(node.op, body=replace(node.op.body, **changes)))])


@pytest.mark.parametrize(
    "tiling, fed, message",
    [
        (Tiling(Mode.STREAM, 0), False, "a region of 0 rows"),
        (Tiling(Mode.STREAM, 1, strips=0), False, "0 strips"),
        (Tiling(Mode.STREAM, 1, axis=3), False, "axis 3"),
        (Tiling(Mode.STREAM, 1, strips=2, axis=2), False, "strips need rows along axis 1"),
        (Tiling(Mode.STREAM, 1, strips=2), True, "inputs that are there as a whole"),
        (Tiling(Mode.PATCH, 1), True, "it cannot arrive by rows"),
        (Tiling(Mode.STREAM, 1, axis=2), False, "rows along axis 2 need tensors over one dimension"),
    ],
    ids=str,
)
def test_tilings_that_make_no_sense(tiling: Tiling, fed: bool, message: str) -> None:
    with pytest.raises(VerifyError, match=message):
        chain(tiling, fed)


def test_an_unknown_mode_is_named_with_those_that_are_known() -> None:
    graph = chain(Tiling(Mode.STREAM, 1))
    (node,) = graph.nodes
    assert isinstance(node.op, RegionOp)
    with pytest.raises(VerifyError, match="no mode 'brook'") as caught:
        verify(graph.with_nodes([replace(node, op=replace(node.op, mode="brook"))]))
    assert "patch, stream, stream2d" in caught.value.hint


@pytest.mark.parametrize(
    "tiling", [Tiling(Mode.PATCH, 1), Tiling(Mode.STREAM2D, 1), Tiling(Mode.STREAM, 1, 2)], ids=str
)
@pytest.mark.parametrize("output", ["%a", "%m"])
def test_tiles_are_of_one_result_over_a_plane(tiling: Tiling, output: str) -> None:
    text = CHAIN + "output %a\n" if output == "%a" else CHAIN.replace(
        "output %y", "%m = reshape(%y) {shape = (1, 192)} : 1x192xi8<0.2:-5>\noutput %m"
    )  # fmt: skip
    graph = read(text)
    with pytest.raises(VerifyError, match="only a region with one result over a plane can be cut into tiles"):
        verify(with_regions(graph, [Cut(0, len(graph.nodes), tiling)]))


def test_batches_do_not_run_in_parts() -> None:
    graph = read("input %x: 2x4x4x1xf32\n%y = tanh(%x) : 2x4x4x1xf32\noutput %y")
    with pytest.raises(VerifyError, match="tanh cannot run in parts: it has several results or a batch"):
        verify(with_regions(graph, [Cut(0, 1, Tiling(Mode.STREAM, 1))]))


def test_a_body_with_other_rounding() -> None:
    graph = changed(chain(Tiling(Mode.STREAM, 1)), rounding=Rounding.TFLITE)
    with pytest.raises(VerifyError, match="must agree on types and rounding"):
        verify(graph)


def test_a_body_that_computes_another_value() -> None:
    graph = chain(Tiling(Mode.STREAM, 1))
    (node,) = graph.nodes
    broken = Node(node.op, node.ins, ("z",), node.name)
    types = {**graph.types, "z": graph.types["y"]}
    outputs = (replace(graph.outputs[0], value="z"),)
    with pytest.raises(VerifyError, match="must read and compute values of the same names"):
        verify(graph.with_nodes([broken], types, outputs=outputs))


def test_a_body_of_other_types() -> None:
    graph = chain(Tiling(Mode.STREAM, 1))
    types = {**graph.types, "x": replace(graph.types["x"], shape=(1, 8, 11, 2))}
    inputs = (replace(graph.inputs[0], shape=(1, 8, 11, 2)),)
    with pytest.raises(VerifyError, match="the body of a region reads 1x8x12x2"):
        verify(replace(graph, types=types, inputs=inputs))


def test_a_body_scaled_otherwise() -> None:
    graph = chain(Tiling(Mode.STREAM, 1))
    other = replace(graph.types["y"], quant=replace(graph.types["y"].q, zero_point=9))
    with pytest.raises(VerifyError, match="must agree on types and rounding"):
        verify(replace(graph, types={**graph.types, "y": other}))


def test_a_value_inside_has_a_name_of_its_own() -> None:
    graph = read(CHAIN.replace("output %y", "%d = tanh(%y) : 1x8x12x2xi8<0.0078125:0>\noutput %d"))
    graph = with_regions(graph, [Cut(0, 3, Tiling(Mode.STREAM, 1))])
    region, last = graph.nodes
    assert last.outs == ("d",)
    renamed = replace(last, outs=("a",))
    types = {**graph.types, "a": graph.types["d"]}
    outputs = (replace(graph.outputs[0], value="a"),)
    with pytest.raises(VerifyError, match="%a inside a region is the name of another value"):
        verify(graph.with_nodes([region, renamed], types, outputs=outputs))


def test_a_broken_body_is_named() -> None:
    graph = chain(Tiling(Mode.STREAM, 1))
    (node,) = graph.nodes
    assert isinstance(node.op, RegionOp)
    body = node.op.body
    with pytest.raises(VerifyError, match="%c is used before it is defined"):
        verify(changed(graph, nodes=(body.nodes[0], body.nodes[2])))


def test_a_whole_region_is_what_the_window_of_a_region_is() -> None:
    (op,) = regions(chain(Tiling(Mode.STREAM, 1)))
    kind = op.body.types["x"]
    assert op.window(whole(kind), kind) == (op, (whole(kind),))
