"""Weights that int8 does not hold: the sums are the same with weights that it does, of an input seen again."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tinyc.ir.types import DType, TensorType
from tinyc.ops._linear import LinearOp
from tinyc.ops.conv2d import Conv2D
from tinyc.ops.dense import Dense
from tinyc.ops.depthwise_conv2d import DepthwiseConv2D

PAIRS = st.tuples(st.integers(1, 2), st.integers(1, 2))


def check(op: LinearOp, weights: NDArray[np.int64], shape: tuple[int, ...], rng: np.random.Generator) -> None:
    x = rng.integers(-128, 128, shape).astype(np.float64)
    narrow = op.narrow(weights, TensorType(shape, DType.I8))
    assert narrow is not None and isinstance(narrow.op, LinearOp)
    assert narrow.weights.dtype == np.int8 and narrow.weights.min() >= -127
    got = narrow.op.sums(np.take(x, narrow.order, narrow.axis), narrow.weights.astype(np.float64))
    np.testing.assert_array_equal(got, op.sums(x, weights.astype(np.float64)))


def some(rng: np.random.Generator, shape: tuple[int, ...], rare: bool) -> NDArray[np.int64]:
    """Numbers within ±255, all of any size or large ones here and there."""
    wide = rng.integers(-255, 256, shape)
    return np.where(rng.random(shape) < 0.9, wide // 3, wide) if rare else wide


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans(), st.integers(1, 3), PAIRS, PAIRS, PAIRS)
def test_convolutions(
    seed: int, rare: bool, groups: int, kernel: tuple[int, int], stride: tuple[int, int], dilation: tuple[int, int]
) -> None:
    rng = np.random.default_rng(seed)
    pads = tuple(map(int, rng.integers(0, 2, 4)))
    weights = some(rng, (2 * groups, *kernel, 3), rare)
    check(Conv2D(stride, pads, dilation, groups=groups), weights, (1, 4, 5, 3 * groups), rng)
    weights = some(rng, (1, *kernel, 3 * groups), rare)
    check(DepthwiseConv2D(stride, pads, dilation), weights, (1, 4, 5, 3), rng)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**32 - 1), st.booleans())
def test_dense_layers(seed: int, rare: bool) -> None:
    rng = np.random.default_rng(seed)
    check(Dense(), some(rng, (4, 7), rare), (2, 3, 7), rng)


def test_what_is_small_is_not_seen_again() -> None:
    narrow = Dense().narrow(np.array([[128, -127, 127]]), TensorType((1, 3), DType.I8))
    assert narrow.order.tolist() == [0, 1, 2, 0] and narrow.weights.tolist() == [[127, -127, 127, 1]]
