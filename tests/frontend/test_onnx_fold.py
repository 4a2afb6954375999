"""What is computed at compile time: constants, arithmetic on them, shapes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from onnx_case import build, check, evaluate, load, normal, ops, random_inputs, refused

from tinyc.errors import UnsupportedError

I64 = np.int64


def node(op: str, ins: str, outs: str, **attributes: object) -> object:
    """A node; names are separated by blanks."""
    return helper.make_node(op, ins.split(), outs.split(), **attributes)


def test_flattening_as_exporters_write_it() -> None:
    """view(x.size(0), -1): the batch is looked up in the shape, and put before a −1."""
    nodes = [
        node("Relu", "x", "r"),
        node("Shape", "r", "shape"),
        node("Constant", "", "zero", value=numpy_helper.from_array(I64(0))),
        node("Gather", "shape zero", "batch", axis=0),
        node("Constant", "", "axes", value_ints=[0]),
        node("Unsqueeze", "batch axes", "batch1"),
        node("Constant", "", "rest", value_ints=[-1]),
        node("Concat", "batch1 rest", "target", axis=0),
        node("Reshape", "r target", "y"),
    ]
    graph = check(build(nodes, {"x": (1, 3, 4, 5)}))
    assert ops(graph) == ["clamp", "reshape"]
    assert not graph.constants


def test_interpolated_sizes() -> None:
    """Floor(Cast(dim) · scale): arithmetic on shapes in floats and back."""
    nodes = [
        node("Shape", "x", "shape", start=1, end=-1),
        node("Cast", "shape", "f", to=TensorProto.FLOAT),
        node("Mul", "f half", "scaled"),
        node("Floor", "scaled", "floored"),
        node("Cast", "floored", "i", to=TensorProto.INT64),
        node("Size", "x", "count"),
        node("Div", "count i", "rest"),
        node("Concat", "i rest", "target", axis=0),
        node("Reshape", "x target", "y"),
    ]
    check(build(nodes, {"x": (2, 6, 5)}, {"half": np.float32(0.5)}))


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_slices_of_constants(data: st.DataObject) -> None:
    """The part of a weight that Slice picks, with any starts, ends and steps."""
    shape = data.draw(st.lists(st.integers(1, 5), min_size=1, max_size=3))
    axes = data.draw(st.lists(st.sampled_from(range(len(shape))), unique=True, min_size=1))
    starts = [data.draw(st.integers(-shape[a], shape[a] - 1)) for a in axes]
    steps = [data.draw(st.sampled_from([1, 2, -1])) for _ in axes]
    ends = [
        data.draw(st.sampled_from([2**31, start % shape[a] + 1] if step > 0 else [-(2**31)]))
        for a, start, step in zip(axes, starts, steps, strict=True)
    ]
    constants = {"w": normal(*shape), "starts": I64(starts), "ends": I64(ends), "axes": I64(axes), "steps": I64(steps)}
    nodes = [node("Slice", "w starts ends axes steps", "part"), node("Mul", "x part", "y")]
    assert ops(check(build(nodes, {"x": ()}, constants))) == ["mul"]


@pytest.mark.parametrize(
    ("attributes", "want"),
    [
        ({"value": numpy_helper.from_array(np.float32([1, 2]))}, [1, 2]),
        ({"value_float": 3.0}, 3),
        ({"value_floats": [4.0, 5.0]}, [4, 5]),
    ],
)
def test_forms_of_constants(attributes: dict[str, object], want: object) -> None:
    nodes = [node("Constant", "", "c", **attributes), node("Add", "x c", "y")]
    graph = check(build(nodes, {"x": (2,)}))
    np.testing.assert_array_equal(graph.constants["c"], np.float32(want))


def test_an_integer_constant() -> None:
    nodes = [
        node("Constant", "", "c", value_int=3),
        node("Unsqueeze", "c zero", "axes"),
        node("Squeeze", "x axes", "y"),
    ]
    check(build(nodes, {"x": (2, 2, 2, 1)}, {"zero": I64([0])}))


@pytest.mark.parametrize("attributes", [{"value_string": "a"}, {"value_strings": ["a", "b"]}])
def test_constants_that_are_texts(attributes: dict[str, object]) -> None:
    nodes = [node("Constant", "", "c", **attributes), node("Add", "x c", "y")]
    refused(build(nodes, {"x": (2,)}), "not a tensor of numbers", kind=UnsupportedError)


def test_a_filled_constant() -> None:
    value = numpy_helper.from_array(np.float32([2.5]))
    nodes = [node("ConstantOfShape", "shape", "c", value=value), node("Mul", "x c", "y")]
    check(build(nodes, {"x": (2, 3)}, {"shape": I64([2, 3])}))


@pytest.mark.parametrize(
    ("op", "ins", "constants"),
    [
        ("ConstantOfShape", "n", {"n": I64([2**20, 2**20])}),
        ("Expand", "one n", {"one": np.float32([1]), "n": I64([2**20, 2**20])}),
        ("Tile", "one n", {"one": np.float32([1]), "n": I64([2**40])}),
        ("Range", "zero n one", {"zero": I64(0), "n": I64(2**40), "one": I64(1)}),
        ("Pad", "one n", {"one": np.float32([1]), "n": I64([2**39, 2**39])}),
        ("Add", "a b", {"a": np.zeros((2**16, 1), np.float32), "b": np.zeros((1, 2**16), np.float32)}),
    ],
)
def test_absurd_sizes(op: str, ins: str, constants: dict[str, np.ndarray]) -> None:
    nodes = [node(op, ins, "c"), node("Cast", "c", "f", to=TensorProto.FLOAT), node("Mul", "x f", "y")]
    refused(build(nodes, {"x": (1,)}, constants), f"({op})", "is not possible")


def test_what_cannot_be_evaluated() -> None:
    nodes = [node("Gather", "c i", "g"), node("Add", "x g", "y")]
    constants = {"c": np.float32([1, 2]), "i": I64([5])}
    refused(build(nodes, {"x": (1,)}, constants), "(Gather)", "cannot be computed at compile time")


def test_random_numbers_are_not_constants() -> None:
    nodes = [node("RandomNormal", "", "r", shape=[2]), node("Add", "x r", "y")]
    refused(build(nodes, {"x": (2,)}), "operator RandomNormal is not supported", kind=UnsupportedError)


def test_sequences() -> None:
    nodes = [
        node("SequenceConstruct", "c c", "s"),
        node("ConcatFromSequence", "s", "k", axis=0),
        node("Add", "x k", "y"),
    ]
    refused(build(nodes, {"x": (2,)}, {"c": np.float32([1])}), "(SequenceConstruct)", kind=UnsupportedError)


def test_subgraphs() -> None:
    branch = helper.make_graph(
        [node("Constant", "", "b", value_float=1.0)], "b", [], [helper.make_tensor_value_info("b", 1, [])]
    )
    nodes = [node("If", "c", "i", then_branch=branch, else_branch=branch), node("Add", "x i", "y")]
    assert ops(check(build(nodes, {"x": (2,)}, {"c": np.bool_(True)}))) == ["add"]


def test_an_output_that_is_constant() -> None:
    nodes = [node("Relu", "x", "y"), node("Neg", "c", "z")]
    check(build(nodes, {"x": (2,)}, {"c": np.float32([1])}, outputs=["y", "z"]))
    check(build(nodes, {"x": (2,)}, {"c": np.float32([1])}, outputs=["c"]))


def test_half_and_double_precision_become_single() -> None:
    for kind, dtype in ((TensorProto.FLOAT16, np.float16), (TensorProto.DOUBLE, np.float64)):
        weights = normal(2, 3).astype(dtype)
        graph = load(build([node("MatMul", "x w", "y")], {"x": (1, 2)}, {"w": weights}, dtype=kind))
        assert graph.inputs[0].dtype == graph.outputs[0].dtype == np.dtype(dtype).name
        inputs = random_inputs(graph)
        np.testing.assert_allclose(evaluate(graph, inputs)["y"], inputs["x"] @ weights, rtol=1e-2)


def test_doubles_that_are_too_large_for_single_precision() -> None:
    model = build([node("Add", "x w", "y")], {"x": (2,)}, {"w": np.array([1e300, 0])}, dtype=TensorProto.DOUBLE)
    refused(model, "'w' contains infinite values (in float32)")


def test_bfloat16_weights() -> None:
    tensor = helper.make_tensor("w", TensorProto.BFLOAT16, [2], [1.5, -2.0])
    nodes = [node("Constant", "", "w", value=tensor), node("Add", "x w", "y")]
    np.testing.assert_array_equal(load(build(nodes, {"x": (2,)})).constants["w"], np.float32([1.5, -2]))
