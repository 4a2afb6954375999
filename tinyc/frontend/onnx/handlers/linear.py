"""Gemm and MatMul: dense layers where one side is constant, products of activations otherwise."""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

from tinyc.frontend.onnx.handlers.einsum import matrix_product
from tinyc.frontend.onnx.node import NodeView
from tinyc.ops.add import Add
from tinyc.ops.dense import Dense
from tinyc.ops.det import Det
from tinyc.ops.map import Map
from tinyc.ops.matmul import MatMul


def gemm(node: NodeView) -> str:
    """alpha · A' B' + beta · C, where A' and B' may be transposed and C broadcasts."""
    alpha, beta = node.attributes.number("alpha", 1.0), node.attributes.number("beta", 1.0)
    flip_a, flip_b = node.attributes.flag("transA"), node.attributes.flag("transB")
    for index in (0, 1):
        if len(node.shape(index)) != 2:
            raise node.invalid(f"its inputs must be matrices, input {index} has shape {node.shape(index)}")
    a_shape, b_shape = node.shape(0), node.shape(1)
    if a_shape[int(not flip_a)] != b_shape[int(flip_b)]:
        raise node.invalid(f"shapes {a_shape} and {b_shape} do not fit")
    rows, columns = a_shape[int(flip_a)], b_shape[int(not flip_b)]
    has_c = node.has(2) and beta != 0
    if has_c and not _broadcasts(node.shape(2), (rows, columns)):
        raise node.invalid(f"C of shape {node.shape(2)} does not broadcast to the result's shape {(rows, columns)}")

    if not node.is_float(0) and not node.is_float(1):
        return _integer_gemm(node, (alpha, beta if has_c else 0.0), flip_a, flip_b)
    bias = None
    if has_c and node.is_constant(2) and node.shape(2)[:-1] in ((), (1,)):
        bias = np.broadcast_to(beta * node.floats(2, "C").astype(np.float64).reshape(-1), (columns,))
    if node.is_constant(1):
        b = node.floats(1, "B").astype(np.float64)
        w = node.store_like(1, alpha * (b if flip_b else b.T))
        zeros = np.zeros(columns, np.float32)
        offset = node.store(zeros, f"{node.name}.bias") if bias is None else node.store_like(2, bias)
        scales = tuple(abs(alpha) * scale for scale in node.scales(1, axis=int(not flip_b))) if alpha else ()
        y = node.emit(Dense(weight_scales=scales), _maybe_flipped(node, node.value(0), flip_a), w, offset)
        has_c = has_c and bias is None
    elif node.is_constant(0):
        a = node.floats(0, "A").astype(np.float64)
        scales = node.scales(0, axis=int(flip_a)) if alpha == 1 else ()
        y = _constant_times(node, alpha * (a.T if flip_a else a), _maybe_flipped(node, node.value(1), flip_b), scales)
    else:
        y = node.emit(
            MatMul(), _maybe_flipped(node, node.value(0), flip_a), _maybe_flipped(node, node.value(1), flip_b)
        )
        y = node.scaled(y, alpha)
    return node.emit(Add(), y, node.scaled(node.value(2), beta)) if has_c else y


def matmul(node: NodeView) -> str:
    """NumPy's matrix product: vectors as rows or columns, leading axes as a batch."""
    a_shape, b_shape = node.shape(0), node.shape(1)
    if not a_shape or not b_shape:
        raise node.invalid(f"shapes {a_shape} and {b_shape} are no matrices")
    a_matrix = a_shape if len(a_shape) > 1 else (1, *a_shape)
    b_matrix = b_shape if len(b_shape) > 1 else (*b_shape, 1)
    try:
        batch = np.broadcast_shapes(a_matrix[:-2], b_matrix[:-2])
    except ValueError:
        raise node.invalid(f"shapes {a_shape} and {b_shape} do not fit") from None
    if a_matrix[-1] != b_matrix[-2]:
        raise node.invalid(f"shapes {a_shape} and {b_shape} do not fit")
    shape = (*batch, *a_shape[-2:-1], *(b_shape[-1:] if len(b_shape) > 1 else ()))
    if not node.is_float(0) and not node.is_float(1):
        y = matrix_product(node, node.reshaped(node.value(0), a_matrix), node.reshaped(node.value(1), b_matrix))
    elif node.is_constant(1) and prod(b_matrix[:-2]) == 1:
        w = node.floats(1, "weights").reshape(b_matrix[-2:]).T
        bias = node.store(np.zeros(b_matrix[-1], np.float32), f"{node.name}.bias")
        scales = node.scales(1, axis=-1) if len(b_shape) > 1 else ()
        y = node.emit(Dense(weight_scales=scales), node.reshaped(node.value(0), a_matrix), node.store_like(1, w), bias)
    elif node.is_constant(0) and prod(a_matrix[:-2]) == 1:
        weights = node.floats(0, "weights").reshape(a_matrix[-2:])
        scales = node.scales(0, axis=-2) if len(a_shape) > 1 else ()
        y = _constant_times(node, weights, node.reshaped(node.value(1), b_matrix), scales)
    else:
        y = _batched(node, node.reshaped(node.value(0), a_matrix), node.reshaped(node.value(1), b_matrix))
    return node.reshaped(y, shape)


def _batched(node: NodeView, a: str, b: str) -> str:
    """The product of two activations, whose batches agree or one of which has none."""
    a_shape, b_shape = node.shape_of(a), node.shape_of(b)
    rank = max(len(a_shape), len(b_shape))
    a_batch = (1,) * (rank - len(a_shape)) + a_shape[:-2]
    b_batch = (1,) * (rank - len(b_shape)) + b_shape[:-2]
    if prod(b_batch) == 1:
        return node.emit(MatMul(), a, node.reshaped(b, b_shape[-2:]))
    if prod(a_batch) == 1:
        # (a b)ᵀ = bᵀ aᵀ, and it is the second operand that may come without a batch
        single = node.reshaped(a, a_shape[-2:])
        return _flipped(node, node.emit(MatMul(), _flipped(node, b), _flipped(node, single)))
    if a_batch != b_batch:
        return matrix_product(node, a, b)
    a, b = node.reshaped(a, (*a_batch, *a_shape[-2:])), node.reshaped(b, (*b_batch, *b_shape[-2:]))
    return node.emit(MatMul(), a, b)


def det(node: NodeView) -> str:
    """The determinants of square matrices."""
    return node.emit(Det(), node.value(0))


def _integer_gemm(node: NodeView, factors: tuple[float, float], flip_a: bool, flip_b: bool) -> str:
    """Of integers, whose factors are whole numbers."""
    if any(factor != int(factor) for factor in factors):
        raise node.unsupported(f"alpha = {factors[0]} and beta = {factors[1]} for integers")
    a, b = _maybe_flipped(node, node.value(0), flip_a), _maybe_flipped(node, node.value(1), flip_b)
    y = _whole_multiple(node, matrix_product(node, a, b), int(factors[0]))
    return node.emit(Map("add"), y, _whole_multiple(node, node.value(2), int(factors[1]))) if factors[1] else y


def _whole_multiple(node: NodeView, value: str, factor: int) -> str:
    if factor == 1:
        return value
    return node.emit(Map("mul"), value, node.store(np.array(factor, node.element(0)), f"{node.name}.factor"))


def _constant_times(node: NodeView, a: NDArray[np.floating], b: str, scales: tuple[float, ...]) -> str:
    """a b for a constant matrix `a`, as (bᵀ aᵀ)ᵀ: a dense layer with weights `a` over the columns of b.

    `scales` are those of its rows, if the model has it in int8.
    """
    weights, bias = node.store_like(0, a), node.store(np.zeros(len(a), np.float32), f"{node.name}.bias")
    return _flipped(node, node.emit(Dense(weight_scales=scales), _flipped(node, b), weights, bias))


def _flipped(node: NodeView, value: str) -> str:
    """The last two axes swapped."""
    rank = len(node.shape_of(value))
    return node.transposed(value, (*range(rank - 2), rank - 1, rank - 2))


def _maybe_flipped(node: NodeView, value: str, flip: bool) -> str:
    return _flipped(node, value) if flip else value


def _broadcasts(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    aligned = (1,) * (len(target) - len(shape)) + shape
    return len(aligned) == len(target) and all(s in (1, t) for s, t in zip(aligned, target, strict=True))
