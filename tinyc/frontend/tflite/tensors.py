"""Tensors of a TensorFlow Lite file: element types, and data as arrays, checked before anything is allocated."""

from __future__ import annotations

from math import prod

import numpy as np

from tinyc.errors import TinycError, UnsupportedError
from tinyc.frontend.grids import Grid, grid_of
from tinyc.frontend.tensors import Array, is_possible
from tinyc.frontend.tflite.model import Quantization, Tensor
from tinyc.ir.types import DType

_ELEMENTS = {
    "FLOAT32": "float32", "FLOAT16": "float16", "FLOAT64": "float64", "BOOL": "bool", "INT4": "int8",
    "INT8": "int8", "INT16": "int16", "INT32": "int32", "INT64": "int64",
    "UINT8": "uint8", "UINT16": "uint16", "UINT32": "uint32", "UINT64": "uint64",
}  # fmt: skip

STORED = (DType.I8, DType.U8, DType.I16)
"""Element types of which a scale says what they stand for. Wider ones are sums, or numbers as they are."""


def element(tensor: Tensor, where: str) -> np.dtype[np.generic]:
    """The element type; UnsupportedError for strings, complex numbers and handles."""
    if tensor.kind not in _ELEMENTS:
        raise UnsupportedError(f"'{tensor.name}' has {tensor.kind} elements", where)
    return np.dtype(_ELEMENTS[tensor.kind])


def dtype(tensor: Tensor, where: str) -> DType:
    """The type in which elements are computed: all floats are float32."""
    kind = element(tensor, where)
    found = DType.F32 if kind.kind == "f" else DType.of(kind)
    assert found is not None
    return found


def check_shape(tensor: Tensor, where: str) -> None:
    """TinycError for sizes that cannot be."""
    if not is_possible(tensor.shape):
        raise TinycError(f"the shape {tensor.shape} of '{tensor.name}' is not possible", where)


def parameters(tensor: Tensor, where: str) -> Quantization | None:
    """What the tensor's integers stand for, checked; None for tensors that are what they are."""
    q = tensor.quantization
    if q is None or tensor.kind not in _ELEMENTS or dtype(tensor, where) not in STORED:
        return None
    name = f"'{tensor.name}'"
    if not np.isfinite(q.scale).all() or (q.scale <= 0).any():
        raise TinycError(f"a scale of {name} is {float(q.scale.min())}, scales are positive", where)
    if q.zero.size != q.scale.size:
        raise TinycError(f"{name} has {q.scale.size} scales and {q.zero.size} zero points", where)
    info = np.iinfo(dtype(tensor, where).numpy)
    if q.zero.min() < info.min or q.zero.max() > info.max:
        raise TinycError(f"a zero point of {name} lies outside of {info.dtype}", where)
    if q.scale.size > 1 and not (0 <= q.axis < len(tensor.shape) and tensor.shape[q.axis] == q.scale.size):
        raise TinycError(f"{q.scale.size} scales of {name} do not fit axis {q.axis} of shape {tensor.shape}", where)
    return q


def to_array(tensor: Tensor, where: str) -> Array:
    """The data as they are stored."""
    if tensor.is_sparse:
        raise UnsupportedError(f"'{tensor.name}' is stored sparsely", where, "convert the model with dense weights")
    check_shape(tensor, where)
    kind = element(tensor, where)
    data = np.zeros(0, np.uint8) if tensor.data is None else tensor.data
    count = prod(tensor.shape)
    wanted = (count + 1) // 2 if tensor.kind == "INT4" else count * kind.itemsize
    if data.size != wanted:
        raise TinycError(
            f"the shape {tensor.shape} of '{tensor.name}' wants {wanted} bytes, its buffer has {data.size}", where
        )
    if tensor.kind == "INT4":
        halves = np.stack([data & 15, data >> 4], axis=1).reshape(-1)[:count]
        return np.asarray((halves.astype(np.int8) ^ np.int8(8)) - np.int8(8)).reshape(tensor.shape)
    if tensor.kind == "BOOL":
        return np.asarray(data != 0).reshape(tensor.shape)
    return np.frombuffer(data.tobytes(), kind.newbyteorder("<")).astype(kind).reshape(tensor.shape)


def real(data: Array, q: Quantization) -> tuple[Array, Grid]:
    """What stored data stand for, and of which integers that is made."""
    found = grid_of(data, q.scale, q.zero, q.axis)
    assert found is not None
    centred = data.astype(np.float64) - found.zero
    with np.errstate(over="ignore"):  # those who want finite numbers say so
        return (centred * found.scale.astype(np.float64)).astype(np.float32), found
