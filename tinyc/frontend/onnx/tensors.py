"""Tensors of an ONNX file as NumPy arrays, checked before anything is allocated for them."""

from __future__ import annotations

from math import prod
from pathlib import Path

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from tinyc.errors import TinycError, UnsupportedError
from tinyc.frontend.tensors import Array, is_possible

_KEEP_TOGETHER = "keep the file with the weights beside the model"
_DATA_FIELDS: dict[int, str] = {
    TensorProto.FLOAT: "float_data",
    TensorProto.DOUBLE: "double_data",
    TensorProto.FLOAT16: "int32_data",
    TensorProto.BFLOAT16: "int32_data",
    TensorProto.BOOL: "int32_data",
    TensorProto.INT8: "int32_data",
    TensorProto.INT16: "int32_data",
    TensorProto.INT32: "int32_data",
    TensorProto.INT64: "int64_data",
    TensorProto.UINT8: "int32_data",
    TensorProto.UINT16: "int32_data",
    TensorProto.UINT32: "uint64_data",
    TensorProto.UINT64: "uint64_data",
}


def element_name(data_type: int) -> str:
    """What ONNX calls an element type, in lower case, such as "float16"; "type 99" for one it does not know."""
    names: dict[int, str] = {v: k.lower() for k, v in TensorProto.DataType.items()}
    name = names.get(data_type, f"type {data_type}")
    return {"float": "float32", "double": "float64"}.get(name, name)


def to_array(tensor: TensorProto, directory: Path, where: str) -> Array:
    """The tensor's data; bfloat16 as float32, all other types as they are.

    External data are read from files in `directory` or below it. TinycError where data and shape disagree.
    """
    where = f"{where}: tensor '{tensor.name}'" if tensor.name else where
    if tensor.data_type not in _DATA_FIELDS:
        raise UnsupportedError(f"its elements are {element_name(tensor.data_type)}", where, "use float32 weights")
    if tensor.HasField("segment"):
        raise UnsupportedError("it is stored in segments", where)
    count = prod(tensor.dims)
    if not is_possible(tensor.dims):
        raise TinycError(f"its shape {tuple(tensor.dims)} is not possible", where)
    complete = TensorProto(dims=tensor.dims, data_type=tensor.data_type)
    size = count * np.dtype(helper.tensor_dtype_to_np_dtype(tensor.data_type)).itemsize
    if tensor.data_location == TensorProto.EXTERNAL:
        complete.raw_data = _external_bytes(tensor, size, directory, where)
    elif tensor.HasField("raw_data"):
        complete.raw_data = _sized(tensor.raw_data, size, tuple(tensor.dims), where)
    else:
        field = _DATA_FIELDS[tensor.data_type]
        values = getattr(tensor, field)
        if len(values) != count:
            raise TinycError(f"its shape {tuple(tensor.dims)} wants {count} elements, it has {len(values)}", where)
        getattr(complete, field).extend(values)
    data = numpy_helper.to_array(complete)
    return data.astype(np.float32) if tensor.data_type == TensorProto.BFLOAT16 else data


def _sized(data: bytes, size: int, shape: tuple[int, ...], where: str) -> bytes:
    if len(data) != size:
        raise TinycError(f"its shape {shape} wants {size} bytes, it has {len(data)}", where)
    return data


def _external_bytes(tensor: TensorProto, size: int, directory: Path, where: str) -> bytes:
    entries = {str(e.key): str(e.value) for e in tensor.external_data}
    location = entries.get("location", "")
    try:
        offset, length = int(entries.get("offset", "0")), int(entries.get("length", str(size)))
        file = (directory / location).resolve()
        if not file.is_relative_to(directory.resolve()):
            raise TinycError(f"its data are in '{location}', outside the model's directory", where, _KEEP_TOGETHER)
        if not file.is_file():
            raise TinycError(f"its data are in '{location}', which is no file", where, _KEEP_TOGETHER)
        if length != size or offset < 0:
            message = f"its shape {tuple(tensor.dims)} wants {size} bytes, the model names {length} from {offset}"
            raise TinycError(message, where)
        with file.open("rb") as stream:
            stream.seek(offset)
            data = stream.read(size)
    except (OSError, ValueError, OverflowError) as error:
        raise TinycError(f"its data cannot be read from '{location}': {error}", where, _KEEP_TOGETHER) from None
    return _sized(data, size, tuple(tensor.dims), where)
