"""Sums over a plane that comes in parts, shared by means and average pooling."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from tinyc.ir.accumulation import Accumulation
from tinyc.ir.kernel import Candidate, In, KernelCall, Out, tinyc_call
from tinyc.ir.op import Array, Region, Signature
from tinyc.ir.types import DType, TensorType


def size_of(region: Region) -> int:
    """The number of elements."""
    return prod(stop - start for start, stop in region)


@dataclass(frozen=True, eq=False)
class PlaneSums(Accumulation):
    """An int32 sum for each element of the result, whose count divides the size of every part."""

    sig: Signature

    @abstractmethod
    def result(self, sums: NDArray[np.int64]) -> Array:
        """The result, from sums of stored values."""

    @abstractmethod
    def result_call(self) -> KernelCall:
        """The same as a call: In(0) to Out()."""

    @property
    def count(self) -> int:
        """How many values one sum has in the end."""
        return self.sig.x.size // self.sig.y.size

    @property
    def sums(self) -> TensorType:
        return replace(self.sig.y, dtype=DType.I32, quant=None)

    def start(self) -> int:
        return 0

    def add(self, region: Region, part: Array, sums: Array, ins: Sequence[Array]) -> Array:
        added = part.reshape(-1, sums.size).sum(axis=0, dtype=np.int32)
        return np.asarray(sums + added.reshape(sums.shape))

    def finish(self, sums: Array) -> Array:
        return self.result(sums.astype(np.int64))

    def add_calls(self, region: Region) -> Candidate:
        row = self.sig.y.size
        return (tinyc_call("tinyc_sum_rows_s8", size_of(region) // row, row, In(0), Out()),)

    def finish_calls(self) -> Candidate:
        return (self.result_call(),)
