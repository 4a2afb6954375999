"""Tensor types: shape, element type and quantization. All immutable, all plain data."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from math import isfinite, prod
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


class DType(Enum):
    """The element types of the IR. The value is the name in the text form."""

    F32 = "f32"
    I8 = "i8"
    I16 = "i16"
    I32 = "i32"
    I64 = "i64"
    U8 = "u8"
    U16 = "u16"
    U32 = "u32"
    U64 = "u64"
    BOOL = "bool"

    @property
    def bytes(self) -> int:
        """The size of one element in bytes."""
        return self.numpy.itemsize

    @property
    def numpy(self) -> np.dtype[Any]:
        """The NumPy element type."""
        return np.dtype(_NUMPY[self])

    @property
    def is_float(self) -> bool:
        return self is DType.F32

    @property
    def is_integer(self) -> bool:
        """Whether elements are numbers without fractions; truth values are not numbers."""
        return self not in (DType.F32, DType.BOOL)

    @property
    def c(self) -> str:
        """The C element type."""
        return {DType.F32: "float", DType.BOOL: "uint8_t"}.get(self) or f"{self.numpy.name}_t"

    @staticmethod
    def of(kind: DTypeLike) -> DType | None:
        """The element type for a NumPy one; None if there is none."""
        name = np.dtype(kind).name
        return next((t for t, numpy in _NUMPY.items() if numpy == name), None)


_NUMPY = {
    DType.F32: "float32", DType.I8: "int8", DType.I16: "int16", DType.I32: "int32", DType.I64: "int64",
    DType.U8: "uint8", DType.U16: "uint16", DType.U32: "uint32", DType.U64: "uint64", DType.BOOL: "bool",
}  # fmt: skip


class Rounding(Enum):
    """How a 32-bit accumulator becomes an int8 result; see `tinyc.ir.fixed_point`."""

    SINGLE = "single"
    TFLITE = "tflite"


@dataclass(frozen=True)
class QuantParams:
    """Affine quantization: real = scale · (stored − zero_point).

    `scale` has one positive value for the whole tensor, or one for each index of `axis`
    (then the zero point is 0: per-channel quantization is symmetric).
    """

    scale: tuple[float, ...]
    zero_point: int = 0
    axis: int | None = None

    def __post_init__(self) -> None:
        if not self.scale or not all(isfinite(s) and s > 0 for s in self.scale):
            raise ValueError(f"scales must be positive and finite, got {self.scale}")
        if self.axis is None and len(self.scale) != 1:
            raise ValueError(f"{len(self.scale)} scales need an axis")
        if self.axis is not None and self.zero_point != 0:
            raise ValueError("per-channel quantization is symmetric: its zero point is 0")

    @property
    def per_tensor_scale(self) -> float:
        """The one scale of a per-tensor quantization; ValueError for a per-channel one."""
        if self.axis is not None:
            raise ValueError("this tensor has a scale per channel")
        return self.scale[0]

    def scales_array(self, rank: int) -> NDArray[np.float64]:
        """The scales, shaped to broadcast against a tensor of `rank` axes."""
        shape = [1] * rank
        if self.axis is not None:
            shape[self.axis] = len(self.scale)
        return np.array(self.scale, dtype=np.float64).reshape(shape)

    def quantize(self, real: NDArray[np.floating], dtype: DType) -> NDArray[np.integer]:
        """The nearest stored values (ties to even), saturated to the range of `dtype`."""
        info = np.iinfo(dtype.numpy)
        stored = np.rint(real.astype(np.float64) / self.scales_array(real.ndim)) + self.zero_point
        clipped: NDArray[np.integer] = np.clip(stored, info.min, info.max).astype(dtype.numpy)
        return clipped

    def dequantize(self, stored: NDArray[np.integer]) -> NDArray[np.float32]:
        """The real values that `stored` stands for."""
        real = (stored.astype(np.float64) - self.zero_point) * self.scales_array(stored.ndim)
        return real.astype(np.float32)

    def __str__(self) -> str:
        if self.axis is None:
            return f"{self.scale[0]!r}:{self.zero_point}"
        return f"axis {self.axis} [{', '.join(map(repr, self.scale))}]"


@dataclass(frozen=True)
class TensorType:
    """What is known about a tensor before it is computed.

    Shapes are static. Activations of rank four are NHWC; weights are laid out as their operator says.
    """

    shape: tuple[int, ...]
    dtype: DType
    quant: QuantParams | None = None

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return prod(self.shape)

    @property
    def bytes(self) -> int:
        """The number of bytes the elements take."""
        return self.size * self.dtype.bytes

    @property
    def q(self) -> QuantParams:
        """The quantization, for code that runs only where there is one."""
        if self.quant is None:
            raise ValueError(f"{self} is not quantized")
        return self.quant

    def __str__(self) -> str:
        text = "x".join([*map(str, self.shape), self.dtype.value])
        return f"{text}<{self.quant}>" if self.quant else text


def f32(*shape: int) -> TensorType:
    """A float tensor type."""
    return TensorType(shape, DType.F32)


def i8(*shape: int, scale: float, zero_point: int = 0) -> TensorType:
    """A per-tensor quantized int8 tensor type."""
    return TensorType(shape, DType.I8, QuantParams((scale,), zero_point))
