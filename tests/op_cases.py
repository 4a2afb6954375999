"""Random operators with operands that fit them, for tests that hold for every operator.

`CASES[name]` draws a `Case`: an operator, the shapes of its inputs and a seed. `float_problem` and `int_problem`
make arrays and a signature of it, the latter by following the operator's own quantization rule.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from math import inf
from typing import Any

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from tinyc.ir.op import Op, Signature
from tinyc.ir.rules import AsIs, Bias, Fixed, Observed, Own, SameAs, Unify, Weight
from tinyc.ir.types import DType, QuantParams, Rounding, TensorType, f32
from tinyc.ops import (
    Add,
    AvgPool2D,
    Clamp,
    Concat,
    Conv2D,
    Dense,
    DepthwiseConv2D,
    Div,
    LogSoftmax,
    MatMul,
    MaxPool2D,
    Mean,
    Mul,
    Normalize,
    Pad,
    Prelu,
    Requantize,
    Reshape,
    Resize,
    Sigmoid,
    Softmax,
    SquaredDifference,
    Sub,
    Tanh,
    Transpose,
)
from tinyc.ops._broadcast import BroadcastOp

Array = NDArray[Any]
Shape = tuple[int, ...]
Draw = Callable[[st.SearchStrategy[Any]], Any]

CLAMPS = st.sampled_from([(-inf, inf), (0.0, inf), (0.0, 6.0), (-1.0, 1.0), (-0.3, 0.0)])


@dataclass(frozen=True)
class Case:
    """An operator, the shapes of its inputs, which of them are constants, and the seed of their values."""

    op: Op
    shapes: tuple[Shape, ...]
    constants: frozenset[int]
    seed: int


@dataclass(frozen=True, eq=False)
class Problem:
    """An operator with all that it needs to be computed."""

    op: Op
    sig: Signature
    ins: tuple[Array, ...]


def float_problem(case: Case) -> Problem:
    """Normally distributed inputs."""
    rng = np.random.default_rng(case.seed)
    ins = tuple(rng.normal(size=shape).astype(np.float32) for shape in case.shapes)
    kinds = tuple(f32(*shape) for shape in case.shapes)
    return Problem(case.op, Signature(kinds, case.op.infer(*kinds), constants=_constants(case, ins)), ins)


def int_problem(case: Case, rounding: Rounding, given: Mapping[int, tuple[TensorType, Array]] | None = None) -> Problem:
    """Stored inputs, and types scaled so that the results use their range, or leave it a little.

    Inputs that are `given` are so.
    """
    given = given or {}
    rng = np.random.default_rng(case.seed)
    rule = case.op.quant_rule
    shared = _activation_params(rng) if Unify() in rule.outs else None
    kinds: list[TensorType] = []
    for index, shape in enumerate(case.shapes):
        match rule.of_input(index):
            case _ if index in given:
                kinds.append(given[index][0])
            case AsIs():
                kinds.append(TensorType(shape, DType.I8, shared or _activation_params(rng)))
            case Weight(axis=axis):
                scales = tuple(float(s) for s in 2.0 ** rng.uniform(-9, -2, shape[axis]))
                kinds.append(TensorType(shape, DType.I8, QuantParams(scales, axis=axis)))
            case Bias(x=x, w=w):
                scales = tuple(kinds[x].q.per_tensor_scale * s for s in kinds[w].q.scale)
                kinds.append(TensorType(shape, DType.I32, QuantParams(scales, axis=0)))
            case Own():
                kinds.append(f32(*shape))
    ins = tuple(given[i][1] if i in given else _stored(rng, kind) for i, kind in enumerate(kinds))
    outs = []
    for index, kind in enumerate(case.op.infer(*(f32(*s) for s in case.shapes))):
        match rule.outs[index]:
            case Observed():
                quant = _observed(rng, _unclamped(case.op), ins, kinds, index)
            case SameAs(index=source):
                quant = kinds[source].q
            case Unify():
                quant = kinds[0].q
            case Fixed(params=params):
                quant = params
        outs.append(TensorType(kind.shape, DType.I8, quant))
    return Problem(case.op, Signature(tuple(kinds), tuple(outs), rounding, _constants(case, ins)), ins)


def _constants(case: Case, ins: Sequence[Array]) -> dict[int, Array]:
    return {i: ins[i] for i in sorted(case.constants)}


def _activation_params(rng: np.random.Generator) -> QuantParams:
    zero_point = int(rng.choice([-128, 127, 0, int(rng.integers(-128, 128))]))
    return QuantParams((float(2.0 ** rng.uniform(-7, 1)),), zero_point)


def _stored(rng: np.random.Generator, kind: TensorType) -> Array:
    """Values of the whole range, of its ends, or of a small part of it."""
    if kind.dtype is DType.F32:
        return (rng.normal(size=kind.shape) * 2 ** rng.uniform(-3, 3)).astype(np.float32)
    if kind.dtype is DType.I32:
        bound = int(2 ** rng.uniform(0, 15))
        return rng.integers(-bound, bound + 1, kind.shape).astype(np.int32)
    least = -128 if kind.q.axis is None else -127
    spread = rng.choice(["range", "ends", "narrow"])
    if spread == "ends":
        return rng.choice(np.array([least, 127], np.int8), kind.shape)
    if spread == "narrow":
        middle = int(rng.integers(least + 4, 124))
        return rng.integers(middle - 3, middle + 4, kind.shape).astype(np.int8)
    return rng.integers(least, 128, kind.shape).astype(np.int8)


def _observed(
    rng: np.random.Generator, op: Op, ins: Sequence[Array], kinds: Sequence[TensorType], index: int
) -> QuantParams:
    real = [kind.q.dequantize(a) if kind.quant else a for a, kind in zip(ins, kinds, strict=True)]
    result = op.eval_float(*real)[index].astype(np.float64)
    result = result[np.isfinite(result)] if np.isfinite(result).any() else np.zeros(1)
    low, high = min(float(result.min()), 0.0), max(float(result.max()), 0.0)
    scale = max((high - low) / 255, kinds[0].q.scale[0] / 16) * 2 ** rng.uniform(-1, 1)
    zero_point = round(-128 - low / scale) + int(rng.integers(-20, 21))
    return QuantParams((float(scale),), max(-128, min(127, zero_point)))


def _unclamped(op: Op) -> Op:
    clamps = {"low": -inf, "high": inf} if {"low", "high"} <= {f.name for f in fields(op)} else {}
    return replace(op, **clamps)


# One strategy an operator.


def _case(draw: Draw, op: Op, *shapes: Shape, constants: Sequence[int] = ()) -> Case:
    return Case(op, shapes, frozenset(constants), draw(st.integers(0, 2**32 - 1)))


def _sizes(draw: Draw, count: int, most: int) -> Shape:
    return tuple(draw(st.integers(1, most)) for _ in range(count))


@st.composite
def _convolutions(draw: Draw, depthwise: bool) -> Case:
    kernel, stride, dilation = _sizes(draw, 2, 4), _sizes(draw, 2, 3), _sizes(draw, 2, 3)
    pads = tuple(draw(st.integers(0, 3)) for _ in range(4))
    extents = [(k - 1) * d + 1 for k, d in zip(kernel, dilation, strict=True)]
    plane = tuple(
        max(1, extents[a] - pads[a] - pads[a + 2]) + draw(st.integers(0, 5)) for a in range(2)
    )  # the window fits
    low, high = draw(CLAMPS)
    batches = draw(st.integers(1, 2))
    if depthwise:
        channels = draw(st.integers(1, 9))
        out = channels * draw(st.integers(1, 3))
        op: Op = DepthwiseConv2D(stride, pads, dilation, low=low, high=high)
        weights: Shape = (1, *kernel, out)
    else:
        groups, depth = draw(st.integers(1, 3)), draw(st.integers(1, 9))
        channels, out = groups * depth, groups * draw(st.integers(1, 6))
        op = Conv2D(stride, pads, dilation, groups, low=low, high=high)
        weights = (out, *kernel, depth)
    return _case(draw, op, (batches, *plane, channels), weights, (out,), constants=(1, 2))


@st.composite
def _pools(draw: Draw, kind: type[MaxPool2D | AvgPool2D]) -> Case:
    kernel, stride = _sizes(draw, 2, 4), _sizes(draw, 2, 4)
    pads = tuple(draw(st.integers(0, kernel[a % 2] - 1)) for a in range(4))
    plane = tuple(max(1, kernel[a] - pads[a] - pads[a + 2]) + draw(st.integers(0, 6)) for a in range(2))
    op: Op = kind(kernel, stride, pads, *draw(CLAMPS))
    op = op.with_even_ties() if draw(st.booleans()) else op
    return _case(draw, op, (draw(st.integers(1, 2)), *plane, draw(st.integers(1, 9))))


@st.composite
def _broadcasts(draw: Draw, kind: type[BroadcastOp]) -> Case:
    shape = draw(st.lists(st.integers(1, 4), max_size=6).map(tuple))

    def operand() -> Shape:
        sizes = tuple(draw(st.sampled_from((s, s, 1))) for s in shape)
        return sizes[draw(st.sampled_from((0, 0, *range(len(sizes) + 1)))) :]

    a, b = (shape, operand()) if draw(st.booleans()) else (operand(), operand())
    if draw(st.booleans()):
        a, b = b, a
    constants = draw(st.sampled_from([(), (0,), (1,)]))
    return _case(draw, kind(*draw(CLAMPS)), a, b, constants=constants)


@st.composite
def _unary(draw: Draw, ops: st.SearchStrategy[Op], most: int = 8) -> Case:
    shape = draw(st.lists(st.integers(1, most), min_size=1, max_size=4).map(tuple))
    return _case(draw, draw(ops), shape)


@st.composite
def _dense(draw: Draw) -> Case:
    lead = draw(st.lists(st.integers(1, 4), max_size=3).map(tuple))
    depth, out = draw(st.integers(1, 40)), draw(st.integers(1, 13))
    low, high = draw(CLAMPS)
    return _case(draw, Dense(low=low, high=high), (*lead, depth), (out, depth), (out,), constants=(1, 2))


@st.composite
def _matmuls(draw: Draw) -> Case:
    lead = draw(st.lists(st.integers(1, 3), max_size=2).map(tuple))
    rows, depth, columns = _sizes(draw, 3, 10)
    b_lead = draw(st.sampled_from([lead, ()]))
    return _case(draw, MatMul(), (*lead, rows, depth), (*b_lead, depth, columns))


@st.composite
def _means(draw: Draw) -> Case:
    shape = draw(st.lists(st.integers(1, 7), min_size=1, max_size=4).map(tuple))
    first = draw(st.integers(0, len(shape) - 1))
    last = draw(st.integers(first, len(shape) - 1))
    return _case(draw, Mean(tuple(range(first, last + 1)), draw(st.booleans())), shape)


@st.composite
def _normalized(draw: Draw) -> Case:
    lead = draw(st.lists(st.integers(1, 4), max_size=2).map(tuple))
    n = draw(st.integers(1, 70))
    op = Normalize(draw(st.sampled_from([1e-5, 1e-30, 0.5, 1e20])), draw(st.booleans()))
    return _case(draw, op, (*lead, n), (n,), (n,), constants=(1, 2))


@st.composite
def _pads(draw: Draw) -> Case:
    shape = draw(st.lists(st.integers(1, 5), min_size=1, max_size=4).map(tuple))
    before, after = (tuple(draw(st.integers(0, 3)) for _ in shape) for _ in range(2))
    return _case(draw, Pad(before, after, draw(st.sampled_from([0.0, -1.5, 300.0]))), shape)


@st.composite
def _transposes(draw: Draw) -> Case:
    shape = draw(st.lists(st.integers(1, 4), min_size=1, max_size=6).map(tuple))
    return _case(draw, Transpose(tuple(draw(st.permutations(range(len(shape)))))), shape)


@st.composite
def _concats(draw: Draw) -> Case:
    shape = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    axis = draw(st.integers(0, len(shape) - 1))
    sizes = draw(st.lists(st.integers(1, 5), min_size=1, max_size=4))
    return _case(draw, Concat(axis), *((*shape[:axis], size, *shape[axis + 1 :]) for size in sizes))


@st.composite
def _reshapes(draw: Draw) -> Case:
    shape = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4).map(tuple))
    return _case(draw, Reshape((1, *reversed(shape))), shape)


@st.composite
def _resizes(draw: Draw) -> Case:
    size, step, unit = _sizes(draw, 2, 9), _sizes(draw, 2, 40), _sizes(draw, 2, 24)
    first = draw(st.tuples(st.integers(-40, 80), st.integers(-40, 80)))
    op = Resize(size, first, step, unit, draw(st.booleans()))
    return _case(draw, op, (draw(st.integers(1, 2)), *_sizes(draw, 3, 7)))


CASES: dict[str, st.SearchStrategy[Case]] = {
    "add": _broadcasts(Add),
    "avg_pool2d": _pools(AvgPool2D),
    "clamp": _unary(CLAMPS.map(lambda bounds: Clamp(*bounds))),
    "concat": _concats(),
    "conv2d": _convolutions(depthwise=False),
    "dense": _dense(),
    "depthwise_conv2d": _convolutions(depthwise=True),
    "div": _broadcasts(Div),
    "matmul": _matmuls(),
    "max_pool2d": _pools(MaxPool2D),
    "mean": _means(),
    "mul": _broadcasts(Mul),
    "normalize": _normalized(),
    "pad": _pads(),
    "prelu": _broadcasts(Prelu),
    "requantize": _unary(st.just(Requantize())),
    "reshape": _reshapes(),
    "resize": _resizes(),
    "sigmoid": _unary(st.just(Sigmoid())),
    "log_softmax": _unary(st.just(LogSoftmax()), most=20),
    "softmax": _unary(st.just(Softmax()), most=20),
    "squared_difference": _broadcasts(SquaredDifference),
    "sub": _broadcasts(Sub),
    "tanh": _unary(st.just(Tanh())),
    "transpose": _transposes(),
}
