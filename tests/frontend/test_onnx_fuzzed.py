"""What the fuzzer found: models that once made tinyc fail in another way than by a clear error."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import NodeProto, TensorProto, helper
from onnx_case import build, load, normal, refused

from tinyc.driver.phases import Quantization, lower
from tinyc.frontend.onnx import inspect_model
from tinyc.ir.interp import run
from tinyc.quant.calibrate import random_samples

node = helper.make_node
I64 = np.int64


def test_nodes_without_inputs_or_results() -> None:
    for op in ("Reshape", "MaxPool", "QLinearConv"):
        refused(build([node(op, [], ["y"], kernel_shape=[1])], {"x": (1, 1, 2)}), f"({op})", "this node has 0")
    for op in ("QLinearAdd", "QGemm", "QLinearConcat", "QLinearSigmoid"):
        refused(build([node(op, [], ["y"], domain="com.microsoft")], {"x": (2,)}), f"({op})")


def test_a_graph_that_refers_to_one_of_a_function() -> None:
    loop = node("Loop", ["", "", "x"], ["y"])
    loop.attribute.add(name="body", type=5, ref_attr_name="axis")
    refused(build([loop], {"x": (2,)}), "refers to one of a function")


def test_an_attribute_of_another_type() -> None:
    refused(build([node("Softmax", ["x"], ["y"], axis=1.0)], {"x": (2, 3)}), "attribute axis must be an integer")


def test_nothing_along_an_axis_and_very_much_along_others() -> None:
    refused(build([node("Relu", ["x"], ["y"])], {"x": (0, 2**40, 2**40)}), "is not possible")
    model = build([node("Relu", ["x"], ["y"])], {"x": (2,)})
    model.graph.initializer.add(name="w", dims=[0, 2**62, 2**62], data_type=TensorProto.FLOAT)
    model.graph.node.append(node("Identity", ["w"], ["v"]))
    model.graph.output.add(name="v")
    refused(model, "tensor 'w'", "is not possible")


@pytest.mark.parametrize("size", [2**31 - 1, 2**31, 2**32, 2**62, 2**63 - 1])
def test_absurd_sizes(size: int) -> None:
    refused(build([node("Relu", ["x"], ["y"])], {"x": (1, size)}), "input 'x'", "is not possible")
    shape = {"n": np.array([size], I64)}
    refused(build([node("ConstantOfShape", ["n"], ["y"])], {}, shape), "is not possible")
    refused(build([node("Expand", ["x", "n"], ["y"])], {"x": (1,)}, shape), "(Expand)")
    refused(build([node("Tile", ["x", "n"], ["y"])], {"x": (2,)}, shape), "(Tile)")
    refused(build([node("Pad", ["x", "n"], ["y"])], {"x": (1,)}, {"n": np.array([size, 0], I64)}), "(Pad)")


def test_a_negative_number_of_batch_axes() -> None:
    gather = node("GatherND", ["x", "n"], ["y"], batch_dims=-4)
    refused(build([gather], {"x": (2, 2)}, {"n": np.zeros((2, 2), I64)}), "(GatherND)")
    constants = {"x": normal(2, 2), "n": np.zeros((2, 2), I64)}
    refused(build([gather, node("Add", ["y", "z"], ["w"])], {"z": (1,)}, constants, outputs=["w"]), "(GatherND)")


@pytest.mark.parametrize(
    "bad",
    [
        node("GatherND", ["x", "x"], ["y"], batch_dims=-4),
        node("TreeEnsemble", [""], ["y"], domain="ai.onnx.ml"),
        node("Momentum", ["x"] * 8, ["y"], domain="ai.onnx.preview.training"),
    ],
)
def test_what_crashes_the_inference_of_onnx(tmp_path: Path, bad: NodeProto) -> None:
    model = build([bad], {"x": (2, 2)})
    model.opset_import.append(helper.make_opsetid("ai.onnx.ml", 5))
    (tmp_path / "m.onnx").write_bytes(model.SerializeToString())
    (row,) = inspect_model(tmp_path / "m.onnx")
    assert row.problem


@pytest.mark.parametrize(("shape", "words"), [((), "are no matrices"), ((1,) * 11, "matrices with 11 axes")])
def test_products_of_what_is_no_matrix(shape: tuple[int, ...], words: str) -> None:
    model = build(
        [node("MatMulInteger", ["x", "w"], ["y"])],
        {"x": shape},
        {"w": np.ones((2, 2), np.uint8)},
        dtype=TensorProto.UINT8,
    )
    refused(model, words)


def test_an_opset_beyond_all_bounds() -> None:
    model = build([node("Relu", ["x"], ["y"])], {"x": (2,)})
    model.opset_import.append(helper.make_opsetid("ai.onnx.ml", 2**62))
    refused(model, f"opset {2**62} of ai.onnx.ml; the installed onnx package knows")


def test_operators_that_are_made_of_nothing_for_such_types() -> None:
    attention = node("Attention", ["q", "k", "v"], ["a"])
    model = build([attention, node("Relu", ["a"], ["y"])], {"q": (2, 3, 4), "k": (2, 3, 4), "v": (2, 3, 4)}, opset=23)
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.UINT8
    refused(model, "(Attention)")


def test_biases_and_weights_of_other_shapes() -> None:
    names = ["x", "s", "z", "w", "s", "z", "s", "z", "b"]
    constants = {
        "s": np.float32(1), "z": np.uint8(0), "w": np.ones((1, 1, 1, 1), np.uint8), "b": np.int32(1),
    }  # fmt: skip
    model = build([node("QLinearConv", names, ["y"])], {"x": (1, 1, 2, 2)}, constants, dtype=TensorProto.UINT8)
    refused(model, "(Conv)", "want a bias of shape (1,), got ()")
    model = build([node("ConvInteger", ["x", "w"], ["y"])], {"x": (3,)}, {"w": np.ones(3, np.uint8)})
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.UINT8
    refused(model, "weights of shape (3,) do not fit")


def test_texts_where_numbers_are_wanted() -> None:
    body = helper.make_graph([], "b", [], [])
    text = node("Constant", [], ["n"], value_string="inf")
    refused(
        build([text, node("Loop", ["n", "", "x"], ["y"], body=body)], {"x": (2,)}),
        "a constant that is not a tensor of numbers",
    )


def test_a_damaged_tensor_as_an_attribute() -> None:
    made = node("ConstantOfShape", ["n"], ["y"], value=helper.make_tensor("v", TensorProto.FLOAT, [1], [1.0]))
    made.attribute[0].t.ClearField("float_data")
    refused(build([made], {}, {"n": np.array([2], I64)}), "attribute value", "wants 1 elements, it has 0")


def test_constants_of_more_axes_than_what_they_meet() -> None:
    scaled = [node("Reshape", ["s", "n"], ["t"]), node("Div", ["c", "t"], ["y"])]
    c, s = normal(1, 3, 3, 2), np.array([3], np.float32)
    graph = lower(load(build(scaled, {"s": (1,)}, {"n": np.zeros(0, I64), "c": c})), None).graph
    np.testing.assert_array_equal(run(graph, {"s": s})["y"], c / s)


def test_windows_without_cells() -> None:
    for op in ("Conv", "ConvTranspose"):
        refused(build([node(op, ["x", "w"], ["y"])], {"x": (1, 1, 3, 3)}, {"w": normal(1, 1, 3, 0)}), f"({op})")
    transposed = node("ConvTranspose", ["x", "w"], ["y"])
    refused(build([transposed], {"x": (1, 1, 3, 3)}, {"w": normal(1, 0, 3, 3)}), "(ConvTranspose)")


def test_more_heads_than_values() -> None:
    attention = node(
        "LinearAttention", ["x", "x", "x"], ["y", "z"], q_num_heads=64, kv_num_heads=4, update_rule="linear"
    )
    refused(build([attention], {"x": (2, 4, 32)}, opset=27), "64 heads of 4 groups")


def test_a_cubic_of_infinite_height() -> None:
    resized = node("Resize", ["x", "", "s"], ["y"], mode="cubic", cubic_coeff_a=float("inf"))
    refused(build([resized], {"x": (1, 1, 4, 4)}, {"s": np.full(4, 2, np.float32)}), "cubic_coeff_a = inf")


def test_a_condition_of_no_values() -> None:
    info = helper.make_tensor_value_info("z", TensorProto.FLOAT, (2,))
    branch = helper.make_graph([node("Identity", ["x"], ["z"])], "b", [], [info])
    chosen = node("If", ["c"], ["y"], then_branch=branch, else_branch=branch)
    refused(build([chosen], {"x": (2,)}, {"c": np.zeros(0, bool)}), "condition 'c' of shape (0,) is not one value")


def test_a_table_before_a_division_that_stays_in_float_after_all() -> None:
    nodes = [node("Mul", ["x", "c"], ["t"]), node("Div", ["t", "w"], ["y"])]
    graph = load(build(nodes, {"x": (3, 4), "w": (3, 4)}, {"c": np.float32(-1)}))
    lowered = lower(graph, Quantization(random_samples(graph, 1, 2)))
    assert [n.op.name for n in lowered.graph.nodes] == ["mul", "div"] and lowered.float_layers.keys() == {"t", "y"}
    x, w = normal(3, 4), normal(3, 4, seed=1)
    np.testing.assert_array_equal(run(lowered.graph, {"x": x, "w": w})["y"], -x / w)
