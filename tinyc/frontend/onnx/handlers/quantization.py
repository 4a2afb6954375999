"""Operators between numbers and the integers that stand for them, and arithmetic on these integers.

Scales and zero points may be computed at run time, per tensor, per index of an axis, or per block of it.
"""

from __future__ import annotations

from math import isfinite

import numpy as np
from onnx import TensorProto, helper

from tinyc.frontend.onnx.handlers.convolution import convolved
from tinyc.frontend.onnx.handlers.einsum import matrix_product
from tinyc.frontend.onnx.node import NodeView
from tinyc.frontend.onnx.tensors import element_name
from tinyc.ir.types import DType
from tinyc.ops.cast import Cast
from tinyc.ops.dequantize import Dequantize
from tinyc.ops.map import Map
from tinyc.ops.mul import Mul
from tinyc.ops.quantize import Quantize

_FLOATS = (TensorProto.UNDEFINED, TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE, TensorProto.BFLOAT16)


def quantize_linear(node: NodeView) -> str:
    """round(x / scale) + zero point, saturated."""
    node.attributes.ignore("saturate", "precision")  # of 8-bit floats, and of the division
    to = _result_type(node)
    x = _converted(node, node.value(0), DType.F32)
    number = _number(node)
    if number is not None:
        return node.emit(Quantize(*number, to.value), x)
    shape = node.shape(0)
    x, scale, zero = _spread(node, x)
    return node.reshaped(_quantized(node, x, scale, zero, to), shape)


def dequantize_linear(node: NodeView) -> str:
    """(x − zero point) · scale."""
    to = node.attributes.integer("output_dtype", TensorProto.UNDEFINED) if node.opset >= 23 else TensorProto.UNDEFINED
    if to not in _FLOATS:
        raise node.attributes.unsupported("output_dtype", element_name(to), "floats of 16 bits and more")
    number, kind = _number(node), DType.of(node.element(0))
    if number is not None and kind is not None and kind.bytes <= 2:
        return node.emit(Dequantize(*number), node.value(0))
    shape = node.shape(0)
    x, scale, zero = _spread(node, node.value(0))
    if zero is not None:
        x, zero = (_converted(node, v, DType.I32) for v in (x, zero))
        x = node.emit(Map("sub"), x, zero)
    return node.reshaped(node.emit(Mul(), _converted(node, x, DType.F32), scale), shape)


def conv_integer(node: NodeView) -> str:
    """The convolution of what lies above the zero points, as int32; what is padded is nothing."""
    return convolved(node, _centred(node, 0, 2, DType.I16), _centred(node, 1, 3, DType.I16, 0))


def matmul_integer(node: NodeView) -> str:
    """The product of what lies above the zero points, as int32."""
    return matrix_product(node, _centred(node, 0, 2, DType.I32, -2), _centred(node, 1, 3, DType.I32, -1))


def qlinear_conv(node: NodeView) -> str:
    """The convolution of what the integers stand for, as integers again."""
    y = convolved(node, _centred(node, 0, 2, DType.I16), _centred(node, 3, 5, DType.I16, 0))
    rank = len(node.shape_of(y))
    if node.has(8):
        channels = node.shape_of(y)[1]
        if node.shape(8) != (channels,):
            raise node.invalid(f"{channels} channels want a bias of shape ({channels},), not {node.shape(8)}")
        y = node.emit(Map("add"), y, node.reshaped(node.value(8), (channels, *(1,) * (rank - 2))))
    return _requantized(node, y, _aligned(node, 1, rank, 1), _aligned(node, 4, rank, 1), 6)


def qlinear_matmul(node: NodeView) -> str:
    """The product of what the integers stand for, as integers again."""
    y = matrix_product(node, _centred(node, 0, 2, DType.I32, -2), _centred(node, 3, 5, DType.I32, -1))
    rank = len(node.shape_of(y))
    return _requantized(node, y, _aligned(node, 1, rank, -2), _aligned(node, 4, rank, -1), 6)


def _result_type(node: NodeView) -> DType:
    to = node.attributes.integer("output_dtype", TensorProto.UNDEFINED) if node.opset >= 21 else TensorProto.UNDEFINED
    kind = DType.of(node.element(2)) if node.has(2) else DType.U8
    if not node.has(2) and to != TensorProto.UNDEFINED:
        kind = DType.of(helper.tensor_dtype_to_np_dtype(to)) if to in TensorProto.DataType.values() else None
    if kind is None or not kind.is_integer:
        raise node.attributes.unsupported("output_dtype", element_name(to), "integers of 8 and 16 bits")
    return kind


def _number(node: NodeView) -> tuple[float, int] | None:
    """Scale and zero point, if they are one constant number each."""
    if not node.is_constant(1) or (node.has(2) and not node.is_constant(2)):
        return None
    scale = node.constant(1, "scale")
    zero = node.constant(2, "zero point") if node.has(2) else np.zeros((), np.int64)
    if scale.size != 1 or zero.size != 1:
        return None
    number = float(np.float32(scale.reshape(())))
    node.attributes.ignore("axis", "block_size")
    return (number, int(zero.reshape(()))) if number > 0 and isfinite(number) else None


def _spread(node: NodeView, x: str) -> tuple[str, str, str | None]:
    """`x`, scale and zero point in shapes that broadcast: blocks of an axis become an axis of their own."""
    shape, given = node.shape_of(x), node.shape(1)
    axis, block = node.attributes.integer("axis", 1), node.attributes.integer("block_size", 0)
    wanted: tuple[int, ...] = ()
    if block:
        axis = node.axis(axis, len(shape))
        blocks = given[axis] if axis < len(given) else 0
        if given != (*shape[:axis], blocks, *shape[axis + 1 :]) or blocks * block != shape[axis]:
            raise node.unsupported(f"scales of shape {given}: {shape} is not made of whole blocks of {block}")
        x = node.reshaped(x, (*shape[:axis], blocks, block, *shape[axis + 1 :]))
        wanted = (*shape[:axis], blocks, 1, *shape[axis + 1 :])
    elif given not in ((), (1,)):
        axis = node.axis(axis, len(shape))
        if given != (shape[axis],):
            raise node.invalid(f"scales of shape {given} do not fit axis {axis} of {shape}")
        wanted = (shape[axis], *(1 for _ in shape[axis + 1 :]))
    parts = [node.reshaped(node.value(i), wanted) if node.has(i) else None for i in (1, 2)]
    assert parts[0] is not None
    return x, parts[0], parts[1]


def _quantized(node: NodeView, x: str, scale: str, zero: str | None, to: DType) -> str:
    y = node.emit(Map("round"), node.emit(Map("div"), x, scale))
    if zero is not None:
        y = node.emit(Map("add"), y, _converted(node, zero, DType.F32))
    info = np.iinfo(to.numpy)
    ends = (node.store(np.array(end, np.float32), f"{node.name}.end") for end in (info.min, info.max))
    return node.emit(Cast(to.value), node.emit(Map("clip"), y, *ends))


def _centred(node: NodeView, index: int, zero: int, kind: DType, axis: int | None = None) -> str:
    """An input above its zero point: as it is, if that is 0, or in a wider type.

    More than one zero point go with the indices of `axis`.
    """
    x = node.value(index)
    if node.has(zero) and not (node.is_constant(zero) and not node.constant(zero, "zero point").any()):
        shape = node.shape(index)
        below = _along(node, _converted(node, node.value(zero), kind), len(shape), axis)
        return node.emit(Map("sub"), _converted(node, x, kind), below)
    return _converted(node, x, kind) if kind is DType.I32 else x


def _along(node: NodeView, value: str, rank: int, axis: int | None) -> str:
    """A list along an axis of a tensor of `rank` axes; any other shape is left as it is."""
    shape = node.shape_of(value)
    if len(shape) != 1 or axis is None or rank == 0:
        return value
    behind = min(-axis if axis < 0 else rank - axis, rank) - 1
    return node.reshaped(value, (*shape, *(1,) * behind))


def _aligned(node: NodeView, index: int, rank: int, axis: int) -> str:
    return _along(node, node.value(index), rank, axis)


def _requantized(node: NodeView, sums: str, x_scale: str, w_scale: str, index: int) -> str:
    """Sums of products as integers of another scale, which is input `index`; its zero point comes behind it."""
    scale = node.emit(Map("div"), node.emit(Map("mul"), x_scale, w_scale), node.value(index))
    y = node.emit(Map("mul"), _converted(node, sums, DType.F32), scale)
    to = DType.of(node.element(index + 1))
    if to is None:
        raise node.unsupported(f"results of type {node.element(index + 1)}")
    one = node.store(np.ones((), np.float32), f"{node.name}.one")
    return _quantized(node, y, one, node.value(index + 1), to)


def _converted(node: NodeView, value: str, kind: DType) -> str:
    return value if node.type_of(value).dtype is kind else node.emit(Cast(kind.value), value)
