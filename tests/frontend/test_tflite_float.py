"""Float models of single operators: what TensorFlow Lite Micro computes, within the rounding of float32."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from tflite_model import TfliteModel, load, random_inputs, reference

from tinyc.driver.phases import lower
from tinyc.ir.interp import run

Array = np.ndarray[Any, Any]
IMAGE = (1, 5, 6, 4)


def normal(*shape: int) -> Array:
    return np.random.default_rng([7, *shape]).normal(size=shape).astype(np.float32)


def ints(*values: object) -> Array:
    return np.array(values, np.int32)


def check(model: TfliteModel, seed: int = 0, positive: bool = False) -> None:
    data = model.bytes()
    inputs = random_inputs(model, np.random.default_rng(seed))
    if positive:
        inputs = [np.abs(x) + np.float32(0.1) for x in inputs]
    graph = lower(load(data), None).graph
    results = run(graph, {port.name: x for port, x in zip(graph.inputs, inputs, strict=True)})
    for port, wanted in zip(graph.outputs, reference(data, inputs), strict=True):
        assert results[port.name].shape == wanted.shape and results[port.name].dtype == wanted.dtype
        np.testing.assert_allclose(results[port.name], wanted, rtol=1e-5, atol=1e-5)


UNARY = {
    "ABS": {}, "CEIL": {}, "COS": {}, "ELU": {}, "EXP": {}, "FLOOR": {}, "HARD_SWISH": {}, "LOGISTIC": {}, "NEG": {},
    "RELU": {}, "RELU6": {}, "ROUND": {}, "SIN": {}, "SQUARE": {}, "TANH": {}, "ZEROS_LIKE": {},
    "LEAKY_RELU": {"kind": "LeakyReluOptions", "alpha": 0.2}, "SOFTMAX": {"kind": "SoftmaxOptions", "beta": 0.7},
    "LOG_SOFTMAX": {"kind": "LogSoftmaxOptions"}, "L2_NORMALIZATION": {"kind": "L2NormOptions"},
}  # fmt: skip


@pytest.mark.parametrize("code", UNARY)
def test_functions(code: str) -> None:
    m = TfliteModel()
    check(m.output(m.op(code, [m.input(IMAGE)], m.tensor(IMAGE), **UNARY[code])))


@pytest.mark.parametrize("code", ["LOG", "RSQRT", "SQRT"])
def test_functions_of_positive_numbers(code: str) -> None:
    m = TfliteModel()
    check(m.output(m.op(code, [m.input(IMAGE)], m.tensor(IMAGE))), positive=True)


@pytest.mark.parametrize("other", [IMAGE, (4,), (1,), (1, 5, 1, 4)], ids=str)
@pytest.mark.parametrize(
    "code", ["ADD", "DIV", "FLOOR_DIV", "FLOOR_MOD", "MAXIMUM", "MINIMUM", "MUL", "SQUARED_DIFFERENCE", "SUB"]
)
def test_arithmetic(code: str, other: Sequence[int]) -> None:
    fused = {"fusedActivationFunction": 3} if code in ("ADD", "DIV", "MUL", "SUB") else {}
    kind = {"MAXIMUM": "MaximumMinimumOptions", "MINIMUM": "MaximumMinimumOptions"}.get(
        code, "".join(word.capitalize() for word in code.split("_")) + "Options"
    )
    m = TfliteModel()
    check(m.output(m.op(code, [m.input(IMAGE), m.input(other)], m.tensor(IMAGE), kind, **fused)))


@pytest.mark.parametrize("dtype", ["float32", "int32"])
@pytest.mark.parametrize("code", ["EQUAL", "GREATER", "GREATER_EQUAL", "LESS", "LESS_EQUAL", "NOT_EQUAL"])
def test_comparisons(code: str, dtype: str) -> None:
    m = TfliteModel()
    check(m.output(m.op(code, [m.input((40,), dtype), m.input((40,), dtype)], m.tensor((40,), "bool"))))


@pytest.mark.parametrize("code", ["LOGICAL_AND", "LOGICAL_OR"])
def test_logic(code: str) -> None:
    m = TfliteModel()
    both = m.op(code, [m.input((9,), "bool"), m.input((9,), "bool")], m.tensor((9,), "bool"))
    check(m.output(m.op("LOGICAL_NOT", [both], m.tensor((9,), "bool"))))


def test_select() -> None:
    m = TfliteModel()
    ins = [m.input((3, 1), "bool"), m.input((3, 4)), m.input((3, 4))]
    check(m.output(m.op("SELECT_V2", ins, m.tensor((3, 4)))))


@pytest.mark.parametrize("fused", [0, 1, 2, 3])
@pytest.mark.parametrize(("padding", "stride"), [(0, 1), (0, 2), (1, 1), (1, 2)])
def test_convolutions(padding: int, stride: int, fused: int) -> None:
    m = TfliteModel()
    x, out = m.input((2, 7, 6, 4)), [-(-n // stride) if padding == 0 else (n - 3) // stride + 1 for n in (7, 6)]
    options = {"padding": padding, "strideH": stride, "strideW": stride, "fusedActivationFunction": fused}
    options |= {"dilationHFactor": 1, "dilationWFactor": 1}
    y = m.op(
        "CONV_2D", [x, m.constant(normal(5, 3, 3, 4)), m.constant(normal(5))], m.tensor((2, *out, 5)),
        "Conv2DOptions", **options,
    )  # fmt: skip
    z = m.op(
        "DEPTHWISE_CONV_2D", [x, m.constant(normal(1, 3, 3, 8)), m.constant(normal(8))], m.tensor((2, *out, 8)),
        "DepthwiseConv2DOptions", depthMultiplier=2, **options,
    )  # fmt: skip
    check(m.output(y, z))


@pytest.mark.parametrize(("padding", "stride"), [(0, 1), (0, 2), (1, 1), (1, 2)])
def test_transposed_convolution(padding: int, stride: int) -> None:
    out = [n * stride if padding == 0 else (n - 1) * stride + 3 for n in (3, 4)]
    m = TfliteModel()
    ins = [m.constant(ints(1, *out, 5)), m.constant(normal(5, 3, 3, 2)), m.input((1, 3, 4, 2)), m.constant(normal(5))]
    options = {"padding": padding, "strideH": stride, "strideW": stride}
    check(m.output(m.op("TRANSPOSE_CONV", ins, m.tensor((1, *out, 5)), "TransposeConvOptions", **options)))


@pytest.mark.parametrize("code", ["AVERAGE_POOL_2D", "L2_POOL_2D", "MAX_POOL_2D"])
@pytest.mark.parametrize("padding", [0, 1])
def test_pools(code: str, padding: int) -> None:
    out = [-(-n // 2) if padding == 0 else (n - 3) // 2 + 1 for n in IMAGE[1:3]]
    m = TfliteModel()
    options = {"padding": padding, "strideH": 2, "strideW": 2, "filterHeight": 3, "filterWidth": 3}
    check(m.output(m.op(code, [m.input(IMAGE)], m.tensor((1, *out, 4)), "Pool2DOptions", **options)))


@pytest.mark.parametrize("keep", [False, True])
def test_dense(keep: bool) -> None:
    m = TfliteModel()
    y = m.tensor((2, 3, 5) if keep else (6, 5))
    ins = [m.input((2, 3, 4)), m.constant(normal(5, 4)), -1]
    options = {"keepNumDims": keep, "fusedActivationFunction": 1}
    check(m.output(m.op("FULLY_CONNECTED", ins, y, "FullyConnectedOptions", **options)))


@pytest.mark.parametrize("flips", [(False, False), (True, True)])
@pytest.mark.parametrize("constant", [False, True])
def test_matrix_products(flips: tuple[bool, bool], constant: bool) -> None:
    a, b = (2, 5, 3) if flips[0] else (2, 3, 5), (2, 4, 5) if flips[1] else (2, 5, 4)
    m = TfliteModel()
    right = m.constant(normal(*b)) if constant else m.input(b)
    options = {"adjX": flips[0], "adjY": flips[1]}
    check(m.output(m.op("BATCH_MATMUL", [m.input(a), right], m.tensor((2, 3, 4)), "BatchMatMulOptions", **options)))


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("axes", [(1, 2), (-1,), (1, 3)])
@pytest.mark.parametrize("code", ["MEAN", "REDUCE_MAX", "REDUCE_MIN", "SUM"])
def test_reductions(code: str, axes: Sequence[int], keep: bool) -> None:
    plain = [a % 4 for a in axes]
    shape = [1 if a in plain else n for a, n in enumerate(IMAGE) if keep or a not in plain]
    m = TfliteModel()
    ins = [m.input(IMAGE), m.constant(ints(*axes))]
    check(m.output(m.op(code, ins, m.tensor(shape), "ReducerOptions", keepDims=keep)))


@pytest.mark.parametrize("code", ["ARG_MAX", "ARG_MIN"])
def test_places_of_extremes(code: str) -> None:
    kind = {"ARG_MAX": "ArgMaxOptions", "ARG_MIN": "ArgMinOptions"}[code]
    m = TfliteModel()
    ins = [m.input((3, 7)), m.constant(np.array(-1, np.int32))]
    check(m.output(m.op(code, ins, m.tensor((3,), "int32"), kind, outputType=2)))


@pytest.mark.parametrize("mode", ["plain", "corners", "half"])
@pytest.mark.parametrize("size", [(9, 4), (2, 11)], ids=str)
@pytest.mark.parametrize("code", ["RESIZE_BILINEAR", "RESIZE_NEAREST_NEIGHBOR"])
def test_resize(code: str, size: tuple[int, int], mode: str) -> None:
    kind = {"RESIZE_BILINEAR": "ResizeBilinearOptions"}.get(code, "ResizeNearestNeighborOptions")
    m = TfliteModel()
    ins = [m.input(IMAGE), m.constant(ints(*size))]
    options = {"alignCorners": mode == "corners", "halfPixelCenters": mode == "half"}
    check(m.output(m.op(code, ins, m.tensor((1, *size, 4)), kind, **options)))


def test_prelu() -> None:
    m = TfliteModel()
    check(m.output(m.op("PRELU", [m.input(IMAGE), m.constant(normal(1, 1, 4))], m.tensor(IMAGE))))


Build = Callable[[TfliteModel], tuple[int, ...]]

MOVES: dict[str, Build] = {
    "BATCH_TO_SPACE_ND": lambda m: (
        m.op("BATCH_TO_SPACE_ND", [m.input((4, 3, 2, 3)), m.constant(ints(2, 2)), m.constant(ints((1, 0), (0, 1)))],
             m.tensor((1, 5, 3, 3))),
    ),
    "BROADCAST_TO": lambda m: (
        m.op("BROADCAST_TO", [m.input((3, 1)), m.constant(ints(2, 3, 4))], m.tensor((2, 3, 4))),
    ),
    "CAST": lambda m: (m.op("CAST", [m.input((9,), "int32")], m.tensor((9,)), "CastOptions"),),
    "CONCATENATION": lambda m: (
        m.op("CONCATENATION", [m.input((2, 3)), m.input((2, 4))], m.tensor((2, 7)), "ConcatenationOptions", axis=1),
    ),
    "CUMSUM": lambda m: (
        m.op("CUMSUM", [m.input((3, 5)), m.constant(np.array(1, np.int32))], m.tensor((3, 5)), "CumsumOptions",
             exclusive=True, reverse=True),
    ),
    "DEPTH_TO_SPACE": lambda m: (
        m.op("DEPTH_TO_SPACE", [m.input((1, 2, 3, 8))], m.tensor((1, 4, 6, 2)), "DepthToSpaceOptions", blockSize=2),
    ),
    "EMBEDDING_LOOKUP": lambda m: (
        m.op("EMBEDDING_LOOKUP", [m.constant(ints(3, 0, 3)), m.input((4, 5))], m.tensor((3, 5))),
    ),
    "EXPAND_DIMS": lambda m: (
        m.op("EXPAND_DIMS", [m.input((3, 5)), m.constant(np.array(-1, np.int32))], m.tensor((3, 5, 1))),
    ),
    "FILL": lambda m: (m.op("FILL", [m.constant(ints(2, 3)), m.input(())], m.tensor((2, 3))),),
    "GATHER": lambda m: (
        m.op("GATHER", [m.input((3, 6, 2)), m.constant(ints(4, 0, 1))], m.tensor((3, 3, 2)), "GatherOptions", axis=1),
    ),
    "GATHER_ND": lambda m: (
        m.op("GATHER_ND", [m.input((3, 4, 2)), m.constant(ints((2, 1), (0, 3)))], m.tensor((2, 2))),
    ),
    "MIRROR_PAD": lambda m: (
        m.op("MIRROR_PAD", [m.input((3, 4)), m.constant(ints((2, 1), (0, 3)))], m.tensor((6, 7)), "MirrorPadOptions",
             mode=0),
    ),
    "PACK": lambda m: (
        m.op("PACK", [m.input((2, 3)), m.input((2, 3))], m.tensor((2, 2, 3)), "PackOptions", axis=1, valuesCount=2),
    ),
    "PAD": lambda m: (m.op("PAD", [m.input((3, 4)), m.constant(ints((1, 0), (2, 3)))], m.tensor((4, 9))),),
    "PADV2": lambda m: (
        m.op("PADV2", [m.input((3, 4)), m.constant(ints((1, 0), (2, 3))), m.constant(np.float32([2.5]))],
             m.tensor((4, 9))),
    ),
    "RESHAPE": lambda m: (m.op("RESHAPE", [m.input((3, 4)), m.constant(ints(2, -1))], m.tensor((2, 6))),),
    "REVERSE_V2": lambda m: (m.op("REVERSE_V2", [m.input((3, 4)), m.constant(ints(1))], m.tensor((3, 4))),),
    "SHAPE": lambda m: (m.op("SHAPE", [m.input((3, 4))], m.tensor((2,), "int32"), "ShapeOptions", outType=2),),
    "SLICE": lambda m: (
        m.op("SLICE", [m.input((3, 4)), m.constant(ints(1, 0)), m.constant(ints(-1, 3))], m.tensor((2, 3))),
    ),
    "SPACE_TO_BATCH_ND": lambda m: (  # TensorFlow Lite Micro fills pads with what it finds
        m.op("SPACE_TO_BATCH_ND", [m.input((1, 6, 4, 3)), m.constant(ints(2, 2)), m.constant(ints((0, 0), (0, 0)))],
             m.tensor((4, 3, 2, 3))),
    ),
    "SPACE_TO_DEPTH": lambda m: (
        m.op("SPACE_TO_DEPTH", [m.input((1, 4, 6, 2))], m.tensor((1, 2, 3, 8)), "SpaceToDepthOptions", blockSize=2),
    ),
    "SPLIT": lambda m: (
        m.op("SPLIT", [m.constant(np.array(1, np.int32)), m.input((2, 6))], parts := [m.tensor((2, 3)) for _ in "ab"],
             "SplitOptions", numSplits=2),
        parts[1],
    ),
    "SPLIT_V": lambda m: (
        m.op("SPLIT_V", [m.input((2, 6)), m.constant(ints(4, -1)), m.constant(np.array(1, np.int32))],
             parts := [m.tensor((2, 4)), m.tensor((2, 2))], "SplitVOptions", numSplits=2),
        parts[1],
    ),
    "SQUEEZE": lambda m: (
        m.op("SQUEEZE", [m.input((1, 3, 1, 4))], m.tensor((3, 1, 4)), "SqueezeOptions", squeezeDims=[0]),
    ),
    "STRIDED_SLICE": lambda m: (
        m.op("STRIDED_SLICE", [m.input((3, 7, 4)), *(m.constant(ints(*v)) for v in ((1, 5, 0), (2, 0, 0), (1, -2, 1)))],
             m.tensor((3, 4)), "StridedSliceOptions", shrinkAxisMask=1, endMask=4),
    ),
    "TRANSPOSE": lambda m: (m.op("TRANSPOSE", [m.input((2, 3, 4)), m.constant(ints(2, 0, 1))], m.tensor((4, 2, 3))),),
    "UNPACK": lambda m: (
        m.op("UNPACK", [m.input((2, 3))], parts := [m.tensor((2,)) for _ in "abc"], "UnpackOptions", num=3, axis=1),
        *parts[1:],
    ),
}  # fmt: skip


@pytest.mark.parametrize("code", MOVES)
def test_moves(code: str) -> None:
    m = TfliteModel()
    check(m.output(*MOVES[code](m)))


def test_half_precision_weights() -> None:
    """float16 behind DEQUANTIZE, as the converter's float16 quantization leaves them."""
    m = TfliteModel()
    weights = normal(5, 4).astype(np.float16)
    w = m.op("DEQUANTIZE", [m.constant(weights)], m.tensor((5, 4)))
    x = m.input((1, 4))
    m.output(m.op("FULLY_CONNECTED", [x, w, -1], m.tensor((1, 5)), "FullyConnectedOptions"))
    given = normal(1, 4)
    graph = load(m.bytes())
    (got,) = run(graph, {"in0": given}).values()
    np.testing.assert_allclose(got, given @ weights.astype(np.float32).T, rtol=1e-6)


def test_hybrid_layers_are_computed_in_float() -> None:
    """int8 weights under float activations: what they stand for is computed with."""
    m = TfliteModel()
    weights = np.random.default_rng(1).integers(-127, 128, (5, 4)).astype(np.int8)
    x, w = m.input((1, 4)), m.constant(weights, (0.02, 0))
    m.output(m.op("FULLY_CONNECTED", [x, w, -1], m.tensor((1, 5)), "FullyConnectedOptions"))
    given = normal(1, 4)
    (got,) = run(load(m.bytes()), {"in0": given}).values()
    np.testing.assert_allclose(got, given @ (weights * np.float32(0.02)).T, rtol=1e-5)


@pytest.mark.parametrize("approximate", [False, True])
def test_gelu(approximate: bool) -> None:
    m = TfliteModel()
    m.output(m.op("GELU", [m.input((50,))], m.tensor((50,)), "GeluOptions", approximate=approximate))
    x = np.linspace(-4, 4, 50).astype(np.float32)
    (got,) = run(load(m.bytes()), {"in0": x}).values()
    cubic = x * 0.5 * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))
    np.testing.assert_allclose(got, cubic, atol=1e-6 if approximate else 1e-3)


def test_what_depends_on_constants_is_folded() -> None:
    m = TfliteModel()
    x = m.input((2, 6))
    shape = m.op("SHAPE", [x], m.tensor((2,), "int32"), "ShapeOptions", outType=2)
    back = m.op("REVERSE_V2", [shape, m.constant(ints(0))], m.tensor((2,), "int32"))
    m.output(m.op("RESHAPE", [x, back], m.tensor((6, 2)), "ReshapeOptions"))
    graph = load(m.bytes())
    assert [node.op.name for node in graph.nodes] == ["reshape"]
