"""Where run-time indices point to: the one piece of index arithmetic that gathers and scatters share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from math import prod

import numpy as np
from numpy.typing import NDArray

from tinyc.errors import VerifyError
from tinyc.ir.kernel import Struct
from tinyc.ir.op import Array
from tinyc.ir.types import TensorType
from tinyc.ops._plain import MAX_RANK, loops, padded, steps


class Form(Enum):
    """How indices stand for places of a tensor."""

    SLICES = "slices"  # along `axis`, the other axes as they are: place (…, i[j, k], …)
    ELEMENTS = "elements"  # along `axis` for each element: place (j, i[j, k], l)
    TUPLES = "tuples"  # the last axis of the indices has the first ones of the place, behind `axis` batch axes


@dataclass(frozen=True)
class Places:
    """For each p within `shape` the element Σ p·base + Σ_q index[p·at + q] · step[q] of a tensor.

    Index q below 0 counts from the end, `size[q]`; indices beyond are kept inside.
    """

    shape: tuple[int, ...]
    base: tuple[int, ...]
    at: tuple[int, ...]
    size: tuple[int, ...]
    step: tuple[int, ...]

    def positions(self, indices: Array) -> NDArray[np.int64]:
        """The element for each p."""
        flat = indices.reshape(-1).astype(np.int64)
        grid = np.indices(self.shape, np.int64).reshape(len(self.shape), prod(self.shape))
        result = np.array(self.base, np.int64) @ grid
        first = np.array(self.at, np.int64) @ grid
        for q, (size, step) in enumerate(zip(self.size, self.step, strict=True)):
            index = flat[first + q]
            result += np.clip(np.where(index < 0, index + size, index), 0, size - 1) * step
        return result.reshape(self.shape)

    @property
    def struct(self) -> Struct:
        """A `tinyc_places`."""
        axes = _merged(self.shape, self.base, self.at)
        shape, base, at = (tuple(axis[i] for axis in axes) for i in range(3))
        depth = len(self.size)
        fields = {
            "loops": loops(shape, a=base, b=at).fields,
            "depth": depth,
            "size": (*self.size, *padded((), 1))[:MAX_RANK],
            "step": (*self.step, *padded((), 0))[:MAX_RANK],
        }
        return Struct("tinyc_places", fields, "places")


def places(form: Form, axis: int, x: TensorType, indices: TensorType) -> Places:
    """The places of `x` that indices stand for; VerifyError if they do not fit."""
    ahead, inside = steps(x.shape), steps(indices.shape)
    if not indices.dtype.is_integer:
        raise VerifyError(f"indices of {indices.dtype.value} elements")
    if form is Form.TUPLES:
        depth = indices.shape[-1] if indices.rank else 0
        rest = axis + depth
        if not 0 <= axis < indices.rank or not 1 <= depth <= x.rank - axis or x.shape[:axis] != indices.shape[:axis]:
            raise VerifyError(f"tuples of indices {indices.shape} behind {axis} batch axes do not fit {x.shape}")
        made = Places(
            indices.shape[:-1] + x.shape[rest:],
            ahead[:axis] + (0,) * (indices.rank - 1 - axis) + ahead[rest:],
            inside[:-1] + (0,) * (x.rank - rest),
            x.shape[axis:rest],
            ahead[axis:rest],
        )
    elif not 0 <= axis < x.rank:
        raise VerifyError(f"indices along axis {axis} of {x.shape}")
    elif form is Form.SLICES:
        made = Places(
            x.shape[:axis] + indices.shape + x.shape[axis + 1 :],
            ahead[:axis] + (0,) * indices.rank + ahead[axis + 1 :],
            (0,) * axis + inside + (0,) * (x.rank - axis - 1),
            (x.shape[axis],),
            (ahead[axis],),
        )
    else:
        others = [a for a in range(x.rank) if a != axis]
        if indices.rank != x.rank or any(indices.shape[a] > x.shape[a] for a in others):
            raise VerifyError(f"indices {indices.shape} along axis {axis} do not fit {x.shape}")
        base = tuple(0 if a == axis else step for a, step in enumerate(ahead))
        made = Places(indices.shape, base, inside, (x.shape[axis],), (ahead[axis],))
    if len(_merged(made.shape, made.base, made.at)) > MAX_RANK or len(made.size) > MAX_RANK:
        raise VerifyError(f"indices {indices.shape} of {x.shape}: at most {MAX_RANK} axes")
    return made


def _merged(shape: Sequence[int], base: Sequence[int], at: Sequence[int]) -> list[tuple[int, int, int]]:
    """(size, base, at) of as few axes as will do."""
    axes: list[tuple[int, int, int]] = []
    for size, a, b in zip(shape, base, at, strict=True):
        if axes and axes[-1][1:] == (a * size, b * size):
            axes[-1] = (axes[-1][0] * size, a, b)
        elif size != 1:
            axes.append((size, a, b))
    return axes
