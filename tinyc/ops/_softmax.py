"""What softmax and its logarithm share: both go along the last axis, in int8 by TensorFlow Lite's fixed point."""

from __future__ import annotations

from collections.abc import Sequence
from math import floor

import numpy as np
from numpy.typing import NDArray

from tinyc.errors import VerifyError
from tinyc.ir.fixed_point import doubling_high_mult, multiplier_and_shift
from tinyc.ir.op import Op, Region
from tinyc.ir.types import TensorType

I64 = NDArray[np.int64]

INTEGER_BITS = 5  # of the scaled difference to the largest input


class OverRows(Op):
    """An operator whose result at a place depends on the whole row, along the last axis, of its one input."""

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        if not ins[0].shape:
            raise VerifyError(f"{self.name} wants at least one axis")
        return (TensorType(ins[0].shape, ins[0].dtype),)

    def window(self, region: Region, *ins: TensorType) -> tuple[Op, tuple[Region | None, ...]]:
        return self, ((*region[:-1], (0, ins[0].shape[-1])),)

    def on_axes(self, axes: Sequence[int], rank: int) -> Op | None:
        return self if axes[-1] == rank - 1 else None


def scaling(x: TensorType) -> tuple[int, int, int]:
    """Multiplier and left shift of differences to the largest input, and the least one that counts."""
    real = min(x.q.per_tensor_scale * 2 ** (31 - INTEGER_BITS), 2**31 - 1)
    multiplier, shift = multiplier_and_shift(real)
    shift = max(shift, 0)
    least = floor((2**INTEGER_BITS - 1) * 2 ** (31 - INTEGER_BITS) / 2**shift)
    return multiplier, shift, -least


def scaled_differences(x: TensorType) -> tuple[I64, NDArray[np.bool_]]:
    """The differences 0 … −255 to the largest stored input in fixed point, and which of them count; others are 0."""
    multiplier, shift, least = scaling(x)
    difference = -np.arange(256, dtype=np.int64)
    counts = difference >= least
    return doubling_high_mult(np.where(counts, difference, 0) << shift, multiplier), counts
