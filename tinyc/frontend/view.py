"""One node of a model as a handler sees it: its inputs, and the means to build what it becomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyc.errors import TinycError, UnsupportedError
from tinyc.frontend.builder import Builder
from tinyc.frontend.grids import Grid
from tinyc.frontend.tensors import Array, as_float32
from tinyc.ir.op import Op
from tinyc.ir.types import QuantParams, TensorType
from tinyc.ops.dequantize import Dequantize
from tinyc.ops.mul import Mul
from tinyc.ops.reshape import Reshape
from tinyc.ops.transpose import Transpose


@dataclass(frozen=True, eq=False)
class Constant:
    """A tensor of the model that is known at compile time; `grid`: of which integers it is made, if that is known."""

    data: Array
    grid: Grid | None = None


@dataclass(frozen=True)
class Activation:
    """A tensor of the model that is computed at run time: the graph's value of the same shape."""

    value: str


Known = Constant | Activation


class View:
    """One node. Values are names in the graph; everything is in the model's layout unless a name says otherwise."""

    def __init__(
        self,
        name: str,
        ins: Sequence[Known | None],
        in_names: Sequence[str],
        results: Sequence[str],
        builder: Builder,
        where: str,
    ) -> None:
        self.name = name
        self.where = where
        self.results = tuple(results)
        """Names of the results; "" for one that nobody wants."""
        self._stem = next((o for o in results if o), name)
        self._in_names = tuple(in_names)
        self._ins = tuple(ins)
        self._builder = builder

    # Errors

    def unsupported(self, message: str, hint: str = "") -> UnsupportedError:
        """The error for what the format allows and tinyc does not do."""
        return UnsupportedError(message, self.where, hint)

    def invalid(self, message: str, hint: str = "") -> TinycError:
        """The error for what the format does not allow."""
        return TinycError(message, self.where, hint)

    # Inputs

    def __len__(self) -> int:
        """How many inputs the node lists, given or not."""
        return len(self._ins)

    def has(self, index: int) -> bool:
        """Whether the optional input is given."""
        return index < len(self._ins) and self._ins[index] is not None

    def is_constant(self, index: int) -> bool:
        """Whether the input is known at compile time."""
        return index < len(self._ins) and isinstance(self._ins[index], Constant)

    def _input(self, index: int) -> Known:
        known = self._ins[index] if index < len(self._ins) else None
        if known is None:
            raise self.invalid(f"input {index} is missing")
        return known

    def value(self, index: int) -> str:
        """The input as a value of the graph; a constant becomes one of the graph's."""
        known = self._input(index)
        if isinstance(known, Activation):
            return known.value
        stored = known.grid.per_tensor if known.grid else None
        if stored is not None:
            return self.store_integers(*stored, self._in_names[index])
        return self.store(known.data, self._in_names[index])

    def shape(self, index: int) -> tuple[int, ...]:
        known = self._input(index)
        return known.data.shape if isinstance(known, Constant) else self.shape_of(known.value)

    def constant(self, index: int, what: str) -> Array:
        """The data of an input that has to be known at compile time, as they are; `what` it is, for the message."""
        known = self._input(index)
        if isinstance(known, Activation):
            raise self._builder.not_constant(known.value, self._in_names[index], what, self.where)
        return known.data

    def floats(self, index: int, what: str) -> NDArray[np.float32]:
        """`constant`, as finite float32."""
        return as_float32(self.constant(index, what), self._in_names[index], self.where)

    def integers(self, index: int, what: str) -> tuple[int, ...]:
        """`constant`, as a list of integers."""
        data = self.constant(index, what)
        if data.dtype.kind not in "iu" or data.ndim > 1:
            raise self.invalid(f"its {what} must be a list of integers, not {data.dtype} of shape {data.shape}")
        return tuple(map(int, data.reshape(-1)))

    def scales(self, index: int, axis: int) -> tuple[float, ...]:
        """Of constant weights that the model has in int8: a scale for each index of `axis`; none for others."""
        known = self._input(index)
        grid = known.grid if isinstance(known, Constant) else None
        return grid.scales_of(axis) if grid else ()

    def is_stored(self, index: int) -> bool:
        """Whether the input is a constant that the model has in bytes of one scale."""
        known = self._input(index)
        return isinstance(known, Constant) and known.grid is not None and known.grid.per_tensor is not None

    def number(self, index: int, what: str) -> float:
        """`constant`, as one number, which may be infinite."""
        data = self.constant(index, what)
        if data.dtype.kind != "f" or data.size != 1 or np.isnan(data).any():
            raise self.invalid(f"its {what} must be one number, not {data.dtype} of shape {data.shape}")
        return float(data.reshape(()))

    # Axes

    def axis(self, axis: int, rank: int) -> int:
        """A possibly negative axis as one of 0 … rank − 1."""
        if not -rank <= axis < rank:
            raise self.invalid(f"axis {axis} of a tensor of {rank} axes")
        return axis % rank

    def axes(self, axes: Sequence[int], rank: int) -> tuple[int, ...]:
        """Possibly negative axes in order; an error if one is there twice."""
        plain = sorted(self.axis(a, rank) for a in axes)
        if len(set(plain)) != len(plain):
            raise self.invalid(f"axes {tuple(axes)} of a tensor of {rank} axes name one twice")
        return tuple(plain)

    # Building

    def shape_of(self, value: str) -> tuple[int, ...]:
        """The shape of a value of the graph."""
        return self._builder.types[value].shape

    def type_of(self, value: str) -> TensorType:
        """The type of a value of the graph."""
        return self._builder.types[value]

    def emit(self, op: Op, *ins: str) -> str:
        """`op` applied to values; its result."""
        return self._builder.emit(op, ins, self._stem, self.name, self.where)

    def emit_all(self, op: Op, *ins: str) -> tuple[str, ...]:
        """`op` applied to values; its results, of which it may have several."""
        return self._builder.emit_all(op, ins, self._stem, self.name, self.where)

    def store(self, data: Array, name: str) -> str:
        """A new constant of the graph, float32; `name` is for reading."""
        return self._builder.constant(data, name, self.where)

    def store_integers(self, data: Array, q: QuantParams, name: str) -> str:
        """Real numbers, of which the graph has the integers as a constant, for those who compute with them."""
        return self._builder.late(Dequantize(q.per_tensor_scale, q.zero_point), self.store(data, name), name)

    def store_number(self, number: float, what: str) -> str:
        """A new constant that is one number; `what` it is, for reading."""
        return self.store(np.array(number, np.float32), f"{self.name}.{what}")

    def store_like(self, index: int, data: Array) -> str:
        """A new constant that was made from input `index`, and is called like it."""
        return self.store(data, self._in_names[index])

    def is_float(self, index: int) -> bool:
        """Whether the input has floating-point elements, which are all computed as float32."""
        return self.element(index).kind == "f"

    def is_finite(self, index: int) -> bool:
        """Whether the input has no infinite numbers and no NaN, as far as is known at compile time."""
        known = self._input(index)
        if isinstance(known, Activation) or known.data.dtype.kind != "f":
            return True
        return bool(np.isfinite(known.data).all())

    def element(self, index: int) -> np.dtype[Any]:
        """The element type of the input."""
        known = self._input(index)
        return known.data.dtype if isinstance(known, Constant) else self._builder.types[known.value].dtype.numpy

    def transposed(self, value: str, perm: Sequence[int]) -> str:
        """Axis a of the result is axis perm[a] of `value`, or `value` itself if they are in order."""
        return value if list(perm) == sorted(perm) else self.emit(Transpose(perm=tuple(perm)), value)

    def scaled(self, value: str, factor: float) -> str:
        """`value` times a number."""
        if factor == 1:
            return value
        return self.emit(Mul(), value, self.store_number(factor, "factor"))

    def reshaped(self, value: str, shape: Sequence[int]) -> str:
        """`value` under another shape, or itself if it has that shape."""
        return value if tuple(shape) == self.shape_of(value) else self.emit(Reshape(shape=tuple(shape)), value)
