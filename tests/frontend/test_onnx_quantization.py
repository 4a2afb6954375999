"""Quantization operators and arithmetic on integers, against onnxruntime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, ValueInfoProto, helper, numpy_helper
from onnx_case import Array, build, check, load, normal, one, ops, refused

I8, U8, I16, U16, I32, F32 = np.int8, np.uint8, np.int16, np.uint16, np.int32, np.float32


def _info(name: str, kind: np.dtype[Any], shape: Sequence[int] | None) -> ValueInfoProto:
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(kind), shape)


def typed(
    op: str, kind: type[np.generic], inputs: Sequence[Array], constants: Sequence[int], opset: int = 21, **given: object
) -> tuple[ModelProto, Mapping[str, Array]]:
    """A model of one node, with a result of that kind, and its inputs; those at `constants` are in the model."""
    names = [f"i{place}" for place in range(len(inputs))]
    run_time = {n: a for place, (n, a) in enumerate(zip(names, inputs, strict=True)) if place not in constants}
    graph = helper.make_graph(
        [helper.make_node(op, names, ["y"], name="the_node", **given)],
        "case",
        [
            helper.make_tensor_value_info(n, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape)
            for n, a in run_time.items()
        ],
        [_info("y", np.dtype(kind), None)],
        [numpy_helper.from_array(inputs[place], names[place]) for place in constants],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=10), run_time


def numbers(kind: type[np.generic], *shape: int) -> Array:
    """Any numbers of an integer type."""
    info = np.iinfo(kind)  # type: ignore[type-var]
    return np.random.default_rng(len(shape)).integers(info.min, info.max, shape, kind, endpoint=True)


@pytest.mark.parametrize("kind", [I8, U8, I16, U16])
@pytest.mark.parametrize("constants", [(1, 2), ()])
def test_there_and_back(kind: type[np.generic], constants: Sequence[int]) -> None:
    given = [normal(3, 4) * 3000, F32(0.37), kind(5)]
    check(*typed("QuantizeLinear", kind, list(map(np.asarray, given)), constants))
    check(*typed("DequantizeLinear", F32, list(map(np.asarray, [numbers(kind, 3, 4), F32(0.37), kind(5)])), constants))


@pytest.mark.parametrize("constants", [(1, 2), ()])
def test_scales_along_an_axis(constants: Sequence[int]) -> None:
    scales, zeros = np.abs(normal(3)) + F32(0.1), numbers(I8, 3)
    check(*typed("QuantizeLinear", I8, [normal(2, 3, 4) * 20, scales, zeros], constants, axis=1))
    check(*typed("DequantizeLinear", F32, [numbers(I8, 2, 3, 4), scales, zeros], constants, axis=-2))


def test_scales_of_blocks() -> None:
    scales, zeros = np.abs(normal(2, 2, 4)) + F32(0.1), numbers(U8, 2, 2, 4)
    check(*typed("DequantizeLinear", F32, [numbers(U8, 2, 6, 4), scales, zeros], (1,), axis=1, block_size=3))
    model, _ = typed("DequantizeLinear", F32, [numbers(U8, 2, 5, 4), scales, zeros], (1,), axis=1, block_size=3)
    refused(model, "not made of whole blocks of 3")


def test_a_constant_pair_is_one_operator() -> None:
    model, _ = typed("QuantizeLinear", I8, [normal(4), np.asarray(F32(0.5)), np.asarray(I8(3))], (1, 2))
    assert ops(load(model)) == ["quantize"]


def test_dynamic_quantization() -> None:
    node = helper.make_node("DynamicQuantizeLinear", ["x"], ["q", "s", "z"])
    back = helper.make_node("DequantizeLinear", ["q", "s", "z"], ["y"])
    check(build([node, back], {"x": (3, 5)}))


def test_biases_are_wide() -> None:
    check(*typed("DequantizeLinear", F32, [numbers(I32, 5) // 256, np.asarray(F32(1e-3))], (1,)))


@pytest.mark.parametrize("constants", [(1, 2, 3), ()])
def test_convolutions_of_integers(constants: Sequence[int]) -> None:
    given = [numbers(U8, 1, 4, 5, 6), numbers(U8, 6, 2, 3, 2), np.asarray(U8(120)), np.asarray(U8(7))]
    check(*typed("ConvInteger", I32, given, constants, opset=17, group=2, pads=[1, 0, 0, 1], strides=[2, 1]))


def small(*shape: int) -> Array:
    """Numbers of 7 bits, for which onnxruntime is exact on every processor."""
    return (numbers(I8, *shape) // 2).astype(I8)


@pytest.mark.parametrize("constants", [(1, 2, 3), ()])
def test_products_of_integers(constants: Sequence[int]) -> None:
    given = [numbers(U8, 2, 3, 5), small(5, 4), np.asarray(U8(120)), small(4)]
    check(*typed("MatMulInteger", I32, given, constants, opset=17))


def scalar(value: np.generic) -> Array:
    return np.asarray(value)


def test_quantized_convolutions() -> None:
    x, w = (numbers(U8, 1, 4, 5, 6), scalar(F32(0.02)), scalar(U8(131))), small(6, 4, 3, 3)
    rest = [
        np.abs(normal(6)) / 100 + F32(0.01),
        np.zeros(6, I8),
        scalar(F32(0.9)),
        scalar(U8(100)),
        numbers(I32, 6) // 2**20,
    ]
    check(*typed("QLinearConv", U8, [*x, w, *rest], range(1, 9), opset=17, pads=[1, 1, 1, 1]))


@pytest.mark.parametrize("constants", [range(1, 8), ()])
def test_quantized_products(constants: Sequence[int]) -> None:
    a = [numbers(U8, 2, 3, 5), scalar(F32(0.02)), scalar(U8(131))]
    b = [numbers(U8, 5, 4), scalar(F32(0.03)), scalar(U8(9))]
    check(*typed("QLinearMatMul", U8, [*a, *b, scalar(F32(0.1)), scalar(U8(10))], constants, opset=17))


def test_results_that_are_not_possible() -> None:
    refused(
        one("QuantizeLinear", (3,), np.asarray(F32(1)), opset=21, output_dtype=TensorProto.FLOAT8E4M3FN), "output_dtype"
    )
