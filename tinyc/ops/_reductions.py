"""What many elements become one by: what it means to NumPy, and the C expressions that go from element to element.

One line a reduction. `total` begins as `start` and becomes `step` for each element `a`; the classes of types are those
of `_functions.py`, and what is missing does not exist. Sums and products of integers are taken in 64 bits and wrap.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyc.ir.op import Array
from tinyc.ir.types import DType
from tinyc.ops._functions import class_of

LEAST, MOST = "the least value of a", "the largest value of a"


@dataclass(frozen=True)
class Reduction:
    """`numpy` takes an array and axes, and keeps these as axes of size 1. `result` may have {0}: how many elements."""

    numpy: Callable[..., Any]
    start: str
    step: Mapping[str, str]
    result: str = "total"

    def c_start(self, kind: DType) -> str:
        return _LIMITS[self.start](kind) if self.start in _LIMITS else self.start

    def c_total(self, kind: DType) -> str:
        """The type of `total`."""
        return kind.c if self.start in _LIMITS else wide(kind)


def wide(kind: DType) -> str:
    """The C type in which elements are summed up."""
    return {"f": "float", "i": "int64_t", "u": "uint64_t", "t": "uint8_t"}[class_of(kind)]


def total(x: Array, axes: tuple[int, ...]) -> Array:
    return np.asarray(x.sum(axes, x.dtype, keepdims=True))


def _mean(x: Array, axes: tuple[int, ...]) -> Array:
    """Of integers: the quotient of the sum in 64 bits, towards zero."""
    count, summed = int(np.prod([x.shape[a] for a in axes])), x.sum(axes, keepdims=True)
    return np.asarray(summed // count + ((summed % count != 0) & (summed < 0)), x.dtype)


def _integers(text: str) -> dict[str, str]:
    return {"i": text, "u": text}


REDUCTIONS: Mapping[str, Reduction] = {
    "sum": Reduction(total, "0", {"f": "total + a", **_integers("(uint64_t)total + (uint64_t)a")}),
    "mean": Reduction(_mean, "0", _integers("(uint64_t)total + (uint64_t)a"), "total / {0}"),
    "prod": Reduction(
        lambda x, axes: x.prod(axes, x.dtype, keepdims=True),
        "1", {"f": "total * a", **_integers("(uint64_t)total * (uint64_t)a")},
    ),
    "max": Reduction(
        lambda x, axes: x.max(axes, keepdims=True),
        LEAST, {"f": "tinyc_max_f32(total, a)", **_integers("total > a ? total : a"), "t": "total || a"},
    ),
    "min": Reduction(
        lambda x, axes: x.min(axes, keepdims=True),
        MOST, {"f": "tinyc_min_f32(total, a)", **_integers("total < a ? total : a"), "t": "total && a"},
    ),
    "sum_square": Reduction(
        lambda x, axes: total(x * x, axes),
        "0", {"f": "total + a * a", **_integers("(uint64_t)total + (uint64_t)a * (uint64_t)a")},
    ),
    "l1": Reduction(
        lambda x, axes: total(np.abs(x), axes),
        "0", {
            "f": "total + fabsf(a)",
            "i": "(uint64_t)total + (a < 0 ? 0u - (uint64_t)a : (uint64_t)a)",
            "u": "(uint64_t)total + (uint64_t)a",
        },
    ),
}  # fmt: skip


def _least(kind: DType) -> str:
    group = class_of(kind)
    return {"f": "-INFINITY", "i": f"INT{8 * kind.bytes}_MIN"}.get(group, "0")


def _most(kind: DType) -> str:
    group = class_of(kind)
    bits = 8 * kind.bytes
    return {"f": "INFINITY", "i": f"INT{bits}_MAX", "u": f"UINT{bits}_MAX"}.get(group, "1")


_LIMITS: Mapping[str, Callable[[DType], str]] = {LEAST: _least, MOST: _most}
