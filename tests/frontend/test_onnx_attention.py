"""Attention and what goes with it: operators that ONNX defines by others, against onnx's own evaluator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from generated import generate
from onnx import ModelProto, NodeProto, TensorProto, helper
from onnx.reference import ReferenceEvaluator
from onnx_case import Array, evaluate, load, normal, ops, refused

from tinyc.driver.phases import lower, simplify
from tinyc.errors import UnsupportedError
from tinyc.ir.graph import Graph

PREVIEW = "ai.onnx.preview"


def model(node: NodeProto, inputs: Mapping[str, Array], opset: int = 24) -> ModelProto:
    """A model of one node; all its inputs are the model's."""
    graph = helper.make_graph(
        [node],
        "case",
        [
            helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape)
            for name, a in inputs.items()
        ],
        [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in node.output if name],
    )
    opsets = [helper.make_opsetid("", opset)] + ([helper.make_opsetid(node.domain, 1)] if node.domain else [])
    return helper.make_model(graph, opset_imports=opsets, ir_version=10)


def check(node: NodeProto, inputs: Mapping[str, Array], opset: int = 24) -> Graph:
    """The imported model, which computes what onnx's evaluator computes."""
    case = model(node, inputs, opset)
    graph = load(case)
    got = evaluate(graph, inputs)
    wanted = ReferenceEvaluator(case).run(None, dict(inputs))
    for name, want in zip((name for name in node.output if name), wanted, strict=True):
        np.testing.assert_allclose(got[name], want, rtol=1e-4, atol=1e-5)
    return graph


def projected(heads: int, groups: int, queries: int = 3, keys: int = 5) -> dict[str, Array]:
    """Queries, keys and values of 8 numbers a head, heads beside one another."""
    return {
        "q": normal(2, queries, 8 * heads),
        "k": normal(2, keys, 8 * groups),
        "v": normal(2, keys, 8 * groups, seed=1),
    }


def attention(*names: str, outputs: Sequence[str] = ("y",), **attributes: object) -> NodeProto:
    return helper.make_node("Attention", ["q", "k", "v", *names], outputs, name="the_node", **attributes)


@pytest.mark.parametrize(
    "attributes",
    [{}, {"is_causal": 1}, {"softcap": 2.0}, {"scale": 0.1, "is_causal": 1}],
)
def test_heads_that_share_keys(attributes: dict[str, float]) -> None:
    check(attention(q_num_heads=4, kv_num_heads=2, **attributes), projected(4, 2))


def test_without_a_mask_it_is_made_of_operators_with_int8_forms() -> None:
    graph = simplify(check(attention(q_num_heads=2, kv_num_heads=2), projected(2, 2)))
    assert set(ops(graph)) <= {"matmul", "softmax", "transpose", "reshape", "mul"}
    assert ops(graph).count("matmul") == 2


@pytest.mark.parametrize("shape", [(3, 5), (1, 3, 5), (2, 1, 1, 5)])
@pytest.mark.parametrize("kind", [np.bool_, np.float32])
def test_masks(shape: tuple[int, ...], kind: type[np.generic]) -> None:
    """Of truth values, or numbers that are added; where no key is left, the result is 0."""
    allowed = normal(*shape) > 0
    allowed[..., 0, :] = False
    mask = allowed if kind is np.bool_ else np.where(allowed, 0, -np.inf).astype(np.float32)
    check(attention("mask", q_num_heads=2, kv_num_heads=2, is_causal=1), {**projected(2, 2), "mask": mask})


def test_keys_of_earlier_runs() -> None:
    inputs = projected(2, 2) | {"old_k": normal(2, 2, 4, 8), "old_v": normal(2, 2, 4, 8, seed=1)}
    for mode in range(4):
        node = attention(
            "", "old_k", "old_v", outputs=("y", "new_k", "new_v", "qk"), q_num_heads=2, kv_num_heads=2,
            is_causal=1, qk_matmul_output_mode=mode,
        )  # fmt: skip
        check(node, inputs)


def test_keys_without_padding() -> None:
    lengths = np.array([2, 5], np.int64)
    check(attention("", "", "", "n", q_num_heads=2, kv_num_heads=2), {**projected(2, 2), "n": lengths})


def test_positions_as_rotations() -> None:
    inputs = {
        "x": normal(2, 3, 4, 8),
        "cos": normal(50, 4),
        "sin": normal(50, 4, seed=1),
        "at": np.array([[0, 7, 49, 3]] * 2),
    }
    for interleaved in (0, 1):
        check(helper.make_node("RotaryEmbedding", list(inputs), ["y"], interleaved=interleaved), inputs)


def test_scores_changed_by_a_graph() -> None:
    """An operator of another domain, with a graph as an attribute."""
    doubled = helper.make_graph(
        [helper.make_node("Add", ["s", "s"], ["t"])],
        "doubled",
        [helper.make_tensor_value_info("s", TensorProto.FLOAT, None)],
        [helper.make_tensor_value_info("t", TensorProto.FLOAT, None)],
    )
    inputs = {name: normal(1, 2, 3, 4, seed=i) for i, name in enumerate("qkv")}
    for attributes in ({}, {"score_mod": doubled}):
        check(helper.make_node("FlexAttention", list("qkv"), ["y"], domain=PREVIEW, **attributes), inputs, 26)


def linear(rule: str) -> tuple[NodeProto, dict[str, Array]]:
    """Four heads that share two matrices."""
    inputs = {"q": normal(2, 4, 16), "k": normal(2, 4, 8), "v": normal(2, 4, 6), "state": normal(2, 2, 4, 3)}
    names = [*inputs, "", ""]
    if "gated" in rule:
        names[4] = "decay"
        inputs["decay"] = -np.abs(normal(2, 4, 2 if "delta" in rule else 8))
    if "delta" in rule:
        names[5] = "beta"
        inputs["beta"] = np.abs(normal(2, 4, 2 if "gated" in rule else 1))
    attributes = {"q_num_heads": 4, "kv_num_heads": 2, "update_rule": rule}
    return helper.make_node("LinearAttention", names, ["y", "last"], name="the_node", **attributes), inputs


@pytest.mark.parametrize("rule", ["linear", "gated", "delta", "gated_delta"])
def test_a_matrix_instead_of_keys(rule: str, tmp_path: Path) -> None:
    node, inputs = linear(rule)
    check_code(check(node, inputs, 27), inputs, tmp_path)


def test_a_matrix_with_other_inputs_than_its_rule_wants() -> None:
    node, inputs = linear("gated")
    node.attribute[2].s = b"delta"
    refused(model(node, inputs, 27), "the_node", "update_rule 'delta' has no input 4")
    node.attribute[2].s = b"fading"
    refused(model(node, inputs, 27), "update_rule = 'fading'")


def check_code(graph: Graph, inputs: Mapping[str, Array], folder: Path) -> None:
    """The C computes what the interpreter does, and nothing that C does not define."""
    generated = generate(lower(graph, None).graph, folder)
    values = {port.value: inputs[port.name].transpose(port.perm) for port in generated.graph.inputs}
    sample = {v: np.ascontiguousarray(a).reshape(generated.graph.types[v].shape) for v, a in values.items()}
    got = np.frombuffer(generated.sanitized_outputs([sample]), np.float32)
    want = np.frombuffer(generated.output_bytes(sample), np.float32)
    assert np.isfinite(want).all()
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


def test_generated_code(tmp_path: Path) -> None:
    """Masks of truth values at run time, of which one leaves nothing."""
    inputs = projected(2, 2) | {"mask": normal(3, 5) > 0}
    inputs["mask"][1] = False
    node = attention("mask", q_num_heads=2, kv_num_heads=2, is_causal=1)
    check_code(load(model(node, inputs)), inputs, tmp_path)


def test_domains_that_are_not_known() -> None:
    node = helper.make_node("Attention", list("qkv"), ["y"], domain="com.other")
    refused(model(node, projected(2, 2)), "operator Attention of the domain 'com.other'", kind=UnsupportedError)
