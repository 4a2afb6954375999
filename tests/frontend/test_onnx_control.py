"""If, Loop and Scan, against onnxruntime: branches are taken or chosen from, loops are unrolled."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import GraphProto, TensorProto, helper
from onnx.helper import make_node
from onnx_case import build, check, evaluate, load, normal, ops, refused

from tinyc.errors import UnsupportedError


def graph(nodes: list[object], inputs: dict[str, int], outputs: list[str], **constants: object) -> GraphProto:
    """A graph whose inputs have these element types; its outputs are floats, but one that is called `on`."""
    kinds = {name: TensorProto.BOOL if name == "on" else TensorProto.FLOAT for name in outputs}
    return helper.make_graph(
        nodes,
        "body",
        [helper.make_tensor_value_info(n, kind, () if n in ("i", "go") else None) for n, kind in inputs.items()],
        [helper.make_tensor_value_info(name, kind, None) for name, kind in kinds.items()],
        [helper.make_tensor(n, TensorProto.FLOAT, np.shape(v), np.ravel(v)) for n, v in constants.items()],
    )


THEN = graph([make_node("Add", ["x", "one"], ["a"])], {}, ["a"], one=1.0)
ELSE = graph([make_node("Mul", ["x", "x"], ["a"])], {}, ["a"])
BRANCHES = make_node("If", ["c"], ["y"], then_branch=THEN, else_branch=ELSE)


@pytest.mark.parametrize(("condition", "op"), [(True, "add"), (False, "mul")])
def test_the_branch_that_is_taken(condition: bool, op: str) -> None:
    assert ops(check(build([BRANCHES], {"x": (2,)}, {"c": np.array(condition)}))) == [op]


def test_a_branch_chosen_at_run_time() -> None:
    nodes = [make_node("ReduceSum", ["x"], ["s"], keepdims=0), make_node("Greater", ["s", "zero"], ["c"]), BRANCHES]
    model = build(nodes, {"x": (2,)}, {"zero": np.float32(0)})
    check(model, {"x": np.float32([1, 2])})
    check(model, {"x": np.float32([1, -2])})


def test_branches_of_several_shapes() -> None:
    larger = graph([make_node("Concat", ["x", "x"], ["a"], axis=0)], {}, ["a"])
    chosen = make_node("If", ["c"], ["y"], then_branch=THEN, else_branch=larger)
    nodes = [make_node("Cast", ["n"], ["c"], to=TensorProto.BOOL), chosen]
    refused(build(nodes, {"x": (2,), "n": ()}), "whose branches differ in shape, ('c') must be constant", "from 'n'")


CARRIED = {"i": TensorProto.INT64, "go": TensorProto.BOOL, "before": TensorProto.FLOAT}
STEP = [
    make_node("Mul", ["before", "half"], ["after"]),
    make_node("Add", ["after", "x"], ["seen"]),
    make_node("ReduceMax", ["after"], ["most"], keepdims=0),
    make_node("Identity", ["go"], ["on"]),
]
BODY = graph(STEP, CARRIED, ["on", "after", "seen"], half=0.5)


def test_a_loop_is_unrolled() -> None:
    node = make_node("Loop", ["n", "", "x"], ["y", "z"], body=BODY)
    check(build([node], {"x": (3,)}, {"n": np.array(4)}, outputs=("y", "z")))


def test_a_loop_that_never_runs() -> None:
    kept = graph(STEP, CARRIED, ["on", "after"], half=0.5)
    node = make_node("Loop", ["n", "", "x"], ["y"], body=kept)
    check(build([node], {"x": (3,)}, {"n": np.array(0)}))


def test_loops_that_are_not_known() -> None:
    node = make_node("Loop", ["n", "", "x"], ["y", "z"], body=BODY)
    counted = make_node("Cast", ["k"], ["n"], to=TensorProto.INT64)
    refused(build([counted, node], {"x": (3,), "k": ()}), "its trip count ('n') must be constant", "from 'k'")
    refused(build([node], {"x": (3,)}, {"n": np.array(2**40)}), "it runs more than 1024 times", kind=UnsupportedError)


SUMS = graph(
    [make_node("Add", ["sum", "next"], ["total"]), make_node("Identity", ["total"], ["each"])],
    {"sum": TensorProto.FLOAT, "next": TensorProto.FLOAT},
    ["total", "each"],
)


@pytest.mark.parametrize("backwards", [0, 1])
@pytest.mark.parametrize("axis", [0, 1])
def test_scan(backwards: int, axis: int) -> None:
    node = make_node(
        "Scan", ["start", "x"], ["y", "z"], body=SUMS, num_scan_inputs=1, scan_input_axes=[axis],
        scan_input_directions=[backwards], scan_output_axes=[axis], scan_output_directions=[1 - backwards],
    )  # fmt: skip
    check(build([node], {"x": (3, 3)}, {"start": normal(3)}, outputs=("y", "z")))


def test_graphs_that_make_no_sense() -> None:
    node = make_node("Scan", ["start", "x"], ["y"], body=SUMS, num_scan_inputs=3)
    refused(build([node], {"x": (3, 3)}, {"start": normal(3)}), "num_scan_inputs = 3 of 2 inputs")
    node = make_node("Scan", ["start", "x"], ["y"], body=SUMS, num_scan_inputs=1, scan_input_axes=[5])
    refused(build([node], {"x": (3, 3)}, {"start": normal(3)}), "must be 1 integers of at most 1")
    lost = graph([make_node("Relu", ["nothing"], ["a"])], {}, ["a"])
    node = make_node("If", ["c"], ["y"], then_branch=lost, else_branch=lost)
    refused(build([node], {"x": (2,)}, {"c": np.array(True)}), "nothing")


def test_what_a_graph_reads_from_around_it_is_computed() -> None:
    nodes = [make_node("Relu", ["z"], ["x"]), BRANCHES]
    x = normal(2)
    got = evaluate(load(build(nodes, {"z": (2,)}, {"c": np.array(True)})), {"z": x})["y"]
    np.testing.assert_allclose(got, np.maximum(x, 0) + 1)
