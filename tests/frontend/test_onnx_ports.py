"""Inputs and outputs: shapes that are open, given, or not possible."""

from __future__ import annotations

import pytest
from onnx import TensorProto, helper
from onnx_case import RELU, build, gemm, load, refused

from tinyc.errors import TinycError, UnsupportedError


def test_a_first_axis_left_open_is_a_batch_of_one() -> None:
    assert load(build([RELU], {"x": ("batch", 3)})).inputs[0].shape == (1, 3)
    assert load(build([RELU], {"x": (None, 3)})).inputs[0].shape == (1, 3)
    assert load(build([RELU], {"x": (-1, 3)})).inputs[0].shape == (1, 3)


def test_batches() -> None:
    assert load(build([RELU], {"x": (4, 3)})).inputs[0].shape == (4, 3)
    assert load(build([RELU], {"x": ("batch", 3)}), {"x": (4, 3)}).inputs[0].shape == (4, 3)


def test_other_axes_left_open() -> None:
    model = build([RELU], {"x": ("n", 3, "h", 10)})
    error = refused(model, "input 'x'", "its shape is not fixed: ?,3,?,10")
    assert error.hint == "fix it with --shape, as in --shape x:1,3,8,10"
    assert load(model, {"x": (1, 3, 7, 10)}).outputs[0].shape == (1, 3, 7, 10)


def test_no_shape_at_all() -> None:
    model = build([RELU], {"x": (3,)})
    model.graph.input[0].type.tensor_type.ClearField("shape")
    refused(model, "input 'x'", "does not say its shape", "--shape x:")
    assert load(model, {"x": (5,)}).inputs[0].shape == (5,)


@pytest.mark.parametrize(
    ("shapes", "part"),
    [
        ({"z": (1, 3)}, "--shape names 'z', the model's inputs are: x"),
        ({"x": (1, 3, 4)}, "it has 2 axes, --shape gives 3"),
        ({"x": (1, 4)}, "fixes axis 1 to 3, --shape gives 4"),
        ({"x": (0, 3)}, "its shape (0, 3) is not possible"),
        ({"x": (2**40, 3)}, "is not possible"),
    ],
)
def test_wrong_shapes(shapes: dict[str, tuple[int, ...]], part: str) -> None:
    with pytest.raises(TinycError) as caught:
        load(build([RELU], {"x": ("n", 3)}), shapes)
    assert part in str(caught.value)


def test_shapes_of_initializers_cannot_be_given() -> None:
    with pytest.raises(TinycError, match="--shape names 'c0'"):
        load(gemm(), {"c0": (3, 4)})


def test_an_empty_input() -> None:
    refused(build([RELU], {"x": (2, 0)}), "none of its outputs has any elements")
    refused(build([RELU], {"x": (2**20, 2**20)}), "is not possible")


@pytest.mark.parametrize("kind", [TensorProto.STRING, TensorProto.COMPLEX64, TensorProto.UINT4])
def test_inputs_that_are_not_floats(kind: int) -> None:
    refused(build([RELU], {"x": (3,)}, dtype=kind), "input 'x'", "its elements are", kind=UnsupportedError)


def test_inputs_that_are_not_tensors() -> None:
    model = build([RELU], {"x": (3,)})
    sequence = helper.make_sequence_type_proto(helper.make_tensor_type_proto(TensorProto.FLOAT, [3]))
    model.graph.input[0].type.CopyFrom(sequence)
    refused(model, "input 'x'", "it is not a tensor", kind=UnsupportedError)


def test_outputs_that_are_not_floats() -> None:
    model = build([RELU], {"x": (3,)})
    model.graph.output[0].type.tensor_type.elem_type = TensorProto.INT64
    refused(model, "output 'y' is declared as int64 and computed as float32")
    model.graph.output[0].type.tensor_type.elem_type = TensorProto.STRING
    refused(model, "output 'y'", "its elements are string", kind=UnsupportedError)


def test_outputs_without_a_type() -> None:
    model = build([RELU], {"x": (3,)})
    model.graph.output[0].ClearField("type")
    assert load(model).outputs[0].dtype == "float32"
