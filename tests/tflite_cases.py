"""TensorFlow Lite models of one or a few int8 operators, drawn at random: sizes, scales, paddings, activations."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from math import ceil, floor
from typing import Any

import numpy as np
from hypothesis import strategies as st
from tflite_model import Scale, TfliteModel
from tflite_recurrent import lstm

Draw = Callable[[st.SearchStrategy[Any]], Any]
Shape = tuple[int, ...]
ACTIVATIONS = (0, 0, 1, 2, 3)  # none, none, RELU, RELU_N1_TO_1, RELU6
SAME, VALID = 0, 1


def scale(draw: Draw, low: float = -6, high: float = 0) -> float:
    """A power of two, or anything between."""
    exponent = draw(st.one_of(st.integers(ceil(low), floor(high)), st.floats(low, high)))
    return float(np.float32(2.0**exponent))


def params(draw: Draw, low: float = -6, high: float = 0) -> tuple[float, int]:
    return scale(draw, low, high), draw(st.integers(-128, 127))


def image(draw: Draw, largest: int = 8) -> Shape:
    return 1, draw(st.integers(1, largest)), draw(st.integers(1, largest)), draw(st.integers(1, 6))


def numbers(draw: Draw, shape: Sequence[int], most: int = 127, kind: str = "int8") -> np.ndarray:
    seed = draw(st.integers(0, 2**32 - 1))
    return np.random.default_rng(seed).integers(-most, most, tuple(shape), endpoint=True).astype(kind)


def unary(
    code: str,
    y: Callable[[Draw, Scale], Scale],
    kind: str = "",
    options: Callable[[Draw], Mapping[str, Any]] = lambda _: {},
) -> Callable[[Draw], TfliteModel]:
    def build(draw: Draw) -> TfliteModel:
        m, shape, q = TfliteModel(), image(draw), params(draw)
        x = m.input(shape, "int8", q)
        return m.output(m.op(code, [x], m.tensor(shape, "int8", y(draw, q)), kind, **options(draw)))

    return build


def binary(code: str, kind: str, same: bool = False, plain: bool = False) -> Callable[[Draw], TfliteModel]:
    """With broadcasting, unless all have the `same` parameters; `plain`: it takes no activation."""

    def build(draw: Draw) -> TfliteModel:
        m, shape = TfliteModel(), image(draw, 5)
        others = [shape] if same else [shape, (1,), shape[3:], (1, 1, 1, shape[3]), (1, *shape[1:3], 1)]
        qs = [params(draw)] * 3 if same else [params(draw), params(draw), params(draw, -6, 2)]
        a = m.input(shape, "int8", qs[0])
        other = draw(st.sampled_from(others))
        if draw(st.booleans()):
            b = (
                m.constant(numbers(draw, other, 128), qs[1])
                if other != shape or not same
                else m.input(other, "int8", qs[1])
            )
        else:
            b = m.input(other, "int8", qs[1])
        given = {} if same or plain else {"fusedActivationFunction": draw(st.sampled_from(ACTIVATIONS))}
        return m.output(m.op(code, [a, b], m.tensor(shape, "int8", qs[2]), kind, **given))

    return build


def quotient(draw: Draw) -> TfliteModel:
    """Divisors are kept from zero, and quotients from what is so little that TensorFlow Lite Micro shifts too far."""
    m, shape, (q, p) = TfliteModel(), image(draw, 5), (params(draw), params(draw))
    other = draw(st.sampled_from([shape, (1,), shape[3:], (1, *shape[1:3], 1)]))
    negative = p[1] >= 0
    edge = m.constant(np.array(p[1] + (-1 if negative else 1), np.int8), p)
    code = "MINIMUM" if negative else "MAXIMUM"
    b = m.op(code, [m.input(other, "int8", p), edge], m.tensor(other, "int8", p), "MaximumMinimumOptions")
    finest = np.log2(q[0] / p[0]) - 7
    y = m.tensor(shape, "int8", params(draw, finest - 3, finest))
    fused = draw(st.sampled_from(ACTIVATIONS))
    return m.output(m.op("DIV", [m.input(shape, "int8", q), b], y, "DivOptions", fusedActivationFunction=fused))


def window(draw: Draw, size: Sequence[int], largest: int = 4) -> tuple[dict[str, int], list[int], list[int]]:
    """Options, the kernel, and the size of the result."""
    kernel = [draw(st.integers(1, min(n, largest))) for n in size]
    strides, padding = [draw(st.integers(1, 3)) for _ in size], draw(st.sampled_from((SAME, VALID)))
    out = [-(-n // s) if padding == SAME else (n - k) // s + 1 for n, s, k in zip(size, strides, kernel, strict=True)]
    return {"padding": padding, "strideH": strides[0], "strideW": strides[1]}, kernel, out


def pool(code: str, draw: Draw) -> TfliteModel:
    m, shape, q = TfliteModel(), image(draw), params(draw)
    options, kernel, out = window(draw, shape[1:3], 8)
    y = m.tensor((1, *out, shape[3]), "int8", q)
    return m.output(
        m.op(
            code, [m.input(shape, "int8", q)], y, "Pool2DOptions", **options, filterHeight=kernel[0],
            filterWidth=kernel[1], fusedActivationFunction=draw(st.sampled_from(ACTIVATIONS)),
        )
    )  # fmt: skip


def weights(m: TfliteModel, draw: Draw, shape: Sequence[int], axis: int, x: float) -> list[int]:
    """Per channel or per tensor, and mostly a bias."""
    count = shape[axis] if draw(st.booleans()) else 1
    scales = np.array([scale(draw, -9, -4) for _ in range(count)], np.float32)
    made = [m.constant(numbers(draw, shape), (scales, [0] * count), axis)]
    if draw(st.integers(0, 5)):
        bias = numbers(draw, (shape[axis],), draw(st.sampled_from((300, 30_000))), "int32")
        made.append(m.constant(bias, (np.float32(x) * scales, [0] * count)))
    return made


def convolution(draw: Draw) -> TfliteModel:
    m, shape, q = TfliteModel(), image(draw), params(draw)
    depthwise = draw(st.booleans())
    x = m.input(shape, "int8", q)
    options, kernel, out = window(draw, shape[1:3])
    dilation = draw(st.sampled_from((1, 1, 2)))
    if dilation > 1:
        options |= {"padding": SAME, "strideH": 1, "strideW": 1}
        out = list(shape[1:3])
    options |= {"dilationHFactor": dilation, "dilationWFactor": dilation}
    options["fusedActivationFunction"] = draw(st.sampled_from(ACTIVATIONS))
    if depthwise:
        options["depthMultiplier"] = draw(st.integers(1, 2))
        filters = shape[3] * options["depthMultiplier"]
        ins = weights(m, draw, (1, *kernel, filters), 3, q[0])
    else:
        filters = draw(st.integers(1, 6))
        ins = weights(m, draw, (filters, *kernel, shape[3]), 0, q[0])
    code, kind = ("DEPTHWISE_CONV_2D", "DepthwiseConv2DOptions") if depthwise else ("CONV_2D", "Conv2DOptions")
    return m.output(m.op(code, [x, *ins], m.tensor((1, *out, filters), "int8", params(draw, -5, 1)), kind, **options))


def fully_connected(draw: Draw) -> TfliteModel:
    m, q, depth, out = TfliteModel(), params(draw), draw(st.integers(1, 40)), draw(st.integers(1, 9))
    rows = draw(st.sampled_from([(1,), (3,), (1, 2)]))
    x = m.input((*rows, depth), "int8", q)
    keep = len(rows) > 1
    y = m.tensor((*rows, out), "int8", params(draw, -5, 1))
    ins = weights(m, draw, (out, depth), 0, q[0])
    if len(ins) == 1:
        ins.append(-1)
    fused = draw(st.sampled_from(ACTIVATIONS))
    kind = "FullyConnectedOptions"
    return m.output(m.op("FULLY_CONNECTED", [x, *ins], y, kind, keepNumDims=keep, fusedActivationFunction=fused))


def resize(code: str, kind: str, draw: Draw) -> TfliteModel:
    m, shape, q = TfliteModel(), image(draw), params(draw)
    size = [draw(st.integers(1, 14)) for _ in range(2)]
    mode = draw(st.integers(0, 2))
    y = m.tensor((1, *size, shape[3]), "int8", q)
    ins = [m.input(shape, "int8", q), m.constant(np.array(size, np.int32))]
    return m.output(m.op(code, ins, y, kind, alignCorners=mode == 1, halfPixelCenters=mode == 2))


def reduction(code: str, same: bool, draw: Draw) -> TfliteModel:
    m, shape, q = TfliteModel(), image(draw), params(draw)
    axes = draw(st.sampled_from([(1, 2), (1,), (2,), (3,), (1, 2, 3), (1, 3), (-1,)]))
    keep, plain = draw(st.booleans()), [a % 4 for a in axes]
    left = [1 if a in plain else n for a, n in enumerate(shape) if keep or a not in plain]
    y = m.tensor(left, "int8", q if same else params(draw, -6, 1))
    ins = [m.input(shape, "int8", q), m.constant(np.array(axes, np.int32))]
    return m.output(m.op(code, ins, y, "ReducerOptions", keepDims=keep))


def softmax(draw: Draw) -> TfliteModel:
    m, shape = TfliteModel(), (draw(st.integers(1, 3)), draw(st.integers(1, 20)))
    y = m.tensor(shape, "int8", (1 / 256, -128))
    return m.output(m.op("SOFTMAX", [m.input(shape, "int8", params(draw, -6, 1))], y, "SoftmaxOptions", beta=1.0))


def log_softmax(draw: Draw) -> TfliteModel:
    m, shape = TfliteModel(), (draw(st.integers(1, 3)), draw(st.integers(1, 20)))
    y = m.tensor(shape, "int8", (1 / 16, 127))
    return m.output(m.op("LOG_SOFTMAX", [m.input(shape, "int8", params(draw, -9, 2))], y, "LogSoftmaxOptions"))


def matmul(draw: Draw) -> TfliteModel:
    m, (batch, rows, depth, columns) = TfliteModel(), (draw(st.integers(1, 5)) for _ in range(4))
    flips = draw(st.booleans()), draw(st.booleans())
    a = m.input((batch, depth, rows) if flips[0] else (batch, rows, depth), "int8", params(draw))
    b = m.input((batch, columns, depth) if flips[1] else (batch, depth, columns), "int8", params(draw))
    y = m.tensor((batch, rows, columns), "int8", params(draw, 1, 4))
    return m.output(m.op("BATCH_MATMUL", [a, b], y, "BatchMatMulOptions", adjX=flips[0], adjY=flips[1]))


def _shapes(m: TfliteModel, draw: Draw, x: int, shape: Shape, q: Scale) -> tuple[int, Shape]:
    """One operator that moves elements of `x`."""
    n, h, w, c = shape
    code = draw(
        st.sampled_from(["PAD", "RESHAPE", "TRANSPOSE", "CONCATENATION", "STRIDED_SLICE", "SLICE", "MIRROR_PAD"])
    )
    i32 = partial(np.array, dtype=np.int32)
    ins, kind, options, new = [x], "", {}, shape
    if code == "PAD":
        pads = [(0, 0), (draw(st.integers(0, 2)), draw(st.integers(0, 2))), (1, 0), (0, 0)]
        ins.append(m.constant(i32(pads)))
        new = tuple(low + size + high for size, (low, high) in zip(shape, pads, strict=True))
    elif code == "RESHAPE":
        new = (n, w, h, c)
        ins.append(m.constant(i32(new)))
    elif code == "TRANSPOSE":
        perm = draw(st.permutations([1, 2, 3]))
        new = (n, *(shape[p] for p in perm))
        ins.append(m.constant(i32([0, *perm])))
    elif code == "CONCATENATION":
        ins, kind, options, new = [x, x], "ConcatenationOptions", {"axis": -1}, (n, h, w, 2 * c)
    elif code == "STRIDED_SLICE":
        step = draw(st.sampled_from((1, 2, -1)))
        ins += [m.constant(i32(v)) for v in ([0, 0, 0, 0], [0, 0, 0, 0], [1, step, 1, 1])]
        kind, options, new = "StridedSliceOptions", {"beginMask": 15, "endMask": 15}, (n, -(-h // abs(step)), w, c)
    elif code == "SLICE":
        first = draw(st.integers(0, h - 1))
        ins += [m.constant(i32(v)) for v in ([0, first, 0, 0], [-1, h - first, w, -1])]
        new = (n, h - first, w, c)
    else:
        mode = draw(st.integers(0, 1))
        low, high = (draw(st.integers(0, h - 1 + mode)) for _ in range(2))
        ins.append(m.constant(i32([(0, 0), (low, high), (0, 0), (0, 0)])))
        kind, options, new = "MirrorPadOptions", {"mode": mode}, (n, low + h + high, w, c)
    return m.op(code, ins, m.tensor(new, "int8", q), kind, **options), new


def moves(draw: Draw) -> TfliteModel:
    """A few operators that move elements, one behind the other."""
    m, shape, q = TfliteModel(), image(draw, 5), params(draw)
    x = m.input(shape, "int8", q)
    for _ in range(draw(st.integers(1, 3))):
        x, shape = _shapes(m, draw, x, shape, q)
    return m.output(x)


def network(draw: Draw) -> TfliteModel:
    """A residual block: two convolutions, a sum, a mean, a dense layer, a softmax."""
    m, (_, h, w, c), q = TfliteModel(), image(draw, 6), params(draw)
    x = m.input((1, h, w, c), "int8", q)

    def conv(source: int, x_scale: float, activation: int) -> tuple[int, tuple[float, int]]:
        made = params(draw, -5, 0)
        ins = [source, *weights(m, draw, (c, 3, 3, c), 0, x_scale)]
        y = m.tensor((1, h, w, c), "int8", made)
        options = {"padding": SAME, "strideH": 1, "strideW": 1, "fusedActivationFunction": activation}
        return m.op("CONV_2D", ins, y, "Conv2DOptions", **options, dilationHFactor=1, dilationWFactor=1), made

    first, q1 = conv(x, q[0], 1)
    second, _ = conv(first, q1[0], 0)
    q3, q4, classes = params(draw, -5, 0), params(draw, -6, -1), draw(st.integers(2, 5))
    total = m.op("ADD", [x, second], m.tensor((1, h, w, c), "int8", q3), "AddOptions", fusedActivationFunction=1)
    axes = m.constant(np.array([1, 2], np.int32))
    mean = m.op("MEAN", [total, axes], m.tensor((1, c), "int8", q4), "ReducerOptions", keepDims=False)
    ins = weights(m, draw, (classes, c), 0, q4[0])
    scores = m.op("FULLY_CONNECTED", [mean, *ins, *[-1] * (2 - len(ins))],
                  m.tensor((1, classes), "int8", params(draw, -4, 0)), "FullyConnectedOptions")  # fmt: skip
    return m.output(
        m.op("SOFTMAX", [scores], m.tensor((1, classes), "int8", (1 / 256, -128)), "SoftmaxOptions", beta=1.0)
    )


def prelu(draw: Draw) -> TfliteModel:
    m, shape = TfliteModel(), image(draw)
    slopes = m.constant(numbers(draw, (1, 1, shape[3])), params(draw, -9, -6))
    y = m.tensor(shape, "int8", params(draw))
    return m.output(m.op("PRELU", [m.input(shape, "int8", params(draw)), slopes], y))


def transposed_convolution(draw: Draw) -> TfliteModel:
    m, shape, q = TfliteModel(), image(draw, 5), params(draw)
    kernel, strides = ([draw(st.integers(1, most)) for _ in range(2)] for most in (4, 3))
    padding, filters = draw(st.sampled_from((SAME, VALID))), draw(st.integers(1, 5))
    along = zip(shape[1:3], strides, kernel, strict=True)
    out = [n * s if padding == SAME else (n - 1) * s + k for n, s, k in along]
    (w, *bias) = weights(m, draw, (filters, *kernel, shape[3]), 0, q[0])
    ins = [m.constant(np.array([1, *out, filters], np.int32)), w, m.input(shape, "int8", q), *bias]
    y = m.tensor((1, *out, filters), "int8", params(draw, -5, 1))
    options = {"padding": padding, "strideH": strides[0], "strideW": strides[1]}
    return m.output(m.op("TRANSPOSE_CONV", ins, y, "TransposeConvOptions", **options))


def fresh(draw: Draw, _: Scale) -> Scale:
    return params(draw)


EXACT: Mapping[str, Callable[[Draw], TfliteModel]] = {
    "ABS": unary("ABS", fresh),
    "ADD": binary("ADD", "AddOptions"),
    "AVERAGE_POOL_2D": partial(pool, "AVERAGE_POOL_2D"),
    "BATCH_MATMUL": matmul,
    "CONVOLUTION": convolution,
    "DIV": quotient,
    "ELU": unary("ELU", fresh),
    "FULLY_CONNECTED": fully_connected,
    "HARD_SWISH": unary("HARD_SWISH", fresh),
    "L2_NORMALIZATION": unary("L2_NORMALIZATION", lambda *_: (1 / 128, 0), "L2NormOptions"),
    "LEAKY_RELU": unary(
        "LEAKY_RELU", fresh, "LeakyReluOptions", lambda draw: {"alpha": float(np.float32(draw(st.floats(-1, 1))))}
    ),
    "LOGISTIC": unary("LOGISTIC", lambda *_: (1 / 256, -128)),
    "LOG_SOFTMAX": log_softmax,
    "MAXIMUM": binary("MAXIMUM", "MaximumMinimumOptions", same=True),
    "MAX_POOL_2D": partial(pool, "MAX_POOL_2D"),
    "MEAN": partial(reduction, "MEAN", False),
    "MINIMUM": binary("MINIMUM", "MaximumMinimumOptions", same=True),
    "MUL": binary("MUL", "MulOptions"),
    "PRELU": prelu,
    "QUANTIZE": unary("QUANTIZE", fresh),
    "REDUCE_MAX": partial(reduction, "REDUCE_MAX", True),
    "REDUCE_MIN": partial(reduction, "REDUCE_MIN", True),
    "RELU": unary("RELU", fresh),
    "RELU6": unary("RELU6", lambda _, q: q),
    "RESIZE_BILINEAR": partial(resize, "RESIZE_BILINEAR", "ResizeBilinearOptions"),
    "RESIZE_NEAREST_NEIGHBOR": partial(resize, "RESIZE_NEAREST_NEIGHBOR", "ResizeNearestNeighborOptions"),
    "SOFTMAX": softmax,
    "SQUARED_DIFFERENCE": binary("SQUARED_DIFFERENCE", "SquaredDifferenceOptions", plain=True),
    "SUB": binary("SUB", "SubOptions"),
    "SUM": partial(reduction, "SUM", False),
    "TANH": unary("TANH", lambda *_: (1 / 128, 0)),
    "TRANSPOSE_CONV": transposed_convolution,
    "UNIDIRECTIONAL_SEQUENCE_LSTM": lstm,
    "moves": moves,
    "network": network,
}
"""What `tflite` rounding computes in integers to the very bytes of TensorFlow Lite Micro."""
