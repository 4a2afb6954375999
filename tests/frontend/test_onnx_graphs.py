"""Opsets, operators and graphs that are broken, or that tinyc does not do."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, defs, helper
from onnx_case import RELU, build, changed, evaluate, gemm, load, normal, one, ops, refused

from tinyc.errors import UnsupportedError
from tinyc.frontend.onnx.attributes import Attributes


@pytest.mark.parametrize("opset", range(7, min(defs.onnx_opset_version(), 26) + 1))
def test_opsets(opset: int) -> None:
    model = one("Relu", (3,), opset=opset)
    np.testing.assert_array_equal(evaluate(load(model), {"x": np.float32([-1, 0, 1])})["y"], [0, 0, 1])


def test_opsets_that_are_too_old_or_too_new() -> None:
    refused(one("Relu", (3,), opset=0), "opset 0; the oldest is 1", kind=UnsupportedError)
    error = refused(one("Relu", (3,), opset=99), "opset 99; the installed onnx", kind=UnsupportedError)
    assert "pip install -U onnx" in error.hint


def test_no_opset() -> None:
    refused(changed(lambda m: m.ClearField("opset_import")), "no graph or no opset")
    refused(
        changed(lambda m: m.opset_import[0].__setattr__("domain", "com.other")), "no operators of ONNX's own domain"
    )


def test_two_opsets() -> None:
    model = changed(lambda m: m.opset_import.append(helper.make_opsetid("ai.onnx", 13)))
    refused(model, "more than one opset: [17, 13]")


def test_the_other_name_of_the_domain() -> None:
    nodes = [
        helper.make_node("Neg", ["c"], ["d"], domain="ai.onnx"),
        helper.make_node("Add", ["x", "d"], ["y"], domain="ai.onnx"),
    ]
    np.testing.assert_array_equal(load(build(nodes, {"x": (1,)}, {"c": np.float32([2])})).constants["d"], [-2])


def test_operators_of_other_domains() -> None:
    node = helper.make_node("FusedConv", ["x"], ["y"], name="f", domain="com.microsoft")
    refused(build([node], {"x": (3,)}), "node 'f' (FusedConv)", "domain 'com.microsoft'", kind=UnsupportedError)


def test_functions_of_the_model() -> None:
    node = helper.make_node("Twice", ["x"], ["y"], domain="mine")
    error = refused(build([node], {"x": (3,)}), "domain 'mine'", kind=UnsupportedError)
    assert "inline_local_functions" in error.hint


def test_operators_that_do_not_exist() -> None:
    refused(one("Rleu", (3,)), "opset 17 has no operator Rleu", kind=UnsupportedError)
    refused(one("HardSwish", (3,), opset=13), "opset 13 has no operator HardSwish", kind=UnsupportedError)
    refused(one("Upsample", (3,), normal(1), opset=10), "Upsample is deprecated", kind=UnsupportedError)


def test_unknown_attributes() -> None:
    refused(one("Relu", (3,), alpha=1.0), "Relu has no attribute 'alpha' in opset 17", kind=UnsupportedError)


def test_attributes_of_a_function() -> None:
    node = helper.make_node("Softmax", ["x"], ["y"], axis=0)
    node.attribute[0].ref_attr_name = "axis"
    refused(build([node], {"x": (3,)}), "outside of any function")


def test_attributes_that_no_handler_reads() -> None:
    """Such attributes come with later opsets; their defaults must mean what held before."""
    Attributes(helper.make_node("Conv", ["x", "w"], ["y"], group=1, auto_pad="NOTSET"), "here").finish(17)
    for value in ({"group": 2}, {"auto_pad": "VALID"}, {"dilations": [1, 1]}):
        with pytest.raises(UnsupportedError, match=f"here: attribute {next(iter(value))} = .* only its default"):
            Attributes(helper.make_node("Conv", ["x", "w"], ["y"], **value), "here").finish(17)
    branch = helper.make_graph([], "g", [], [])
    with pytest.raises(UnsupportedError, match="then_branch"):
        Attributes(helper.make_node("If", ["x"], ["y"], then_branch=branch), "here").finish(17)


def test_an_attribute_given_twice() -> None:
    node = helper.make_node("Softmax", ["x"], ["y"], axis=0)
    node.attribute.append(node.attribute[0])
    refused(build([node], {"x": (3,)}), "given twice")


def test_too_few_or_too_many_inputs() -> None:
    refused(one("Add", (3,)), "Add has 2 to 2 inputs, this node has 1")
    refused(one("Relu", (3,), normal(1)), "Relu has 1 to 1 inputs, this node has 2")
    refused(build([helper.make_node("Add", ["x", ""], ["y"])], {"x": (3,)}), "input 1 is missing")


def test_nodes_in_another_order() -> None:
    nodes = [
        helper.make_node("Relu", ["b"], ["y"]),
        helper.make_node("Neg", ["a"], ["b"]),
        helper.make_node("Tanh", ["x"], ["a"]),
    ]
    assert ops(load(build(nodes, {"x": (3,)}))) == ["tanh", "mul", "clamp"]


def test_a_cycle() -> None:
    nodes = [helper.make_node("Add", ["x", "b"], ["y"], name="n"), helper.make_node("Relu", ["y"], ["b"], name="m")]
    refused(build(nodes, {"x": (3,)}), "cycle", "'n', 'm'")


def test_undefined_names() -> None:
    refused(
        build([helper.make_node("Add", ["x", "w"], ["y"], name="n")], {"x": (3,)}), "'n'", "'w', which nothing defines"
    )
    refused(build([RELU], {"x": (3,)}, outputs=["z"]), "output 'z' is never computed")


def test_names_defined_twice() -> None:
    refused(build([RELU, helper.make_node("Neg", ["x"], ["y"])], {"x": (3,)}), "'y' is defined twice")
    refused(build([helper.make_node("Relu", ["x"], ["x"])], {"x": (3,)}, outputs=["x"]), "'x' is defined twice")
    refused(changed(lambda m: m.graph.initializer.append(m.graph.initializer[0])), "two initializers have one name")
    refused(build([RELU], {"x": (3,)}, outputs=["y", "y"]), "'y' is listed twice")


def test_no_outputs() -> None:
    refused(build([RELU], {"x": (3,)}, outputs=[]), "the model has no outputs")


def test_an_output_that_is_an_input() -> None:
    graph = load(build([RELU], {"x": (3,)}, outputs=["y", "x"]))
    got = evaluate(graph, {"x": np.float32([-1, 0, 1])})
    np.testing.assert_array_equal(got["x"], [-1, 0, 1])
    np.testing.assert_array_equal(got["y"], [0, 0, 1])


def test_nodes_that_no_output_needs_do_not_matter() -> None:
    graph = load(build([RELU, helper.make_node("Erf", ["x"], ["z"])], {"x": (3,)}))
    assert ops(graph) == ["clamp"]


def test_initializers_that_are_inputs_too() -> None:
    model = gemm()
    for tensor in model.graph.initializer:
        model.graph.input.append(helper.make_tensor_value_info(tensor.name, TensorProto.FLOAT, tensor.dims))
    assert [p.name for p in load(model).inputs] == ["x"]
