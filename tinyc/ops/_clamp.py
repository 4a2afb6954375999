"""Clamping of results, shared by all operators that have it built in."""

from __future__ import annotations

from math import isfinite

from tinyc.ir.kernel import Struct
from tinyc.ir.types import QuantParams

INFINITY = float("inf")


def stored_range(low: float, high: float, q: QuantParams) -> tuple[int, int]:
    """The int8 bounds that stand for the real interval [low, high]."""

    def stored(real: float) -> int:
        return round(real / q.per_tensor_scale) + q.zero_point

    least = max(-128, min(127, stored(low))) if isfinite(low) else -128
    most = max(-128, min(127, stored(high))) if isfinite(high) else 127
    return least, most


def activation(low: float, high: float, q: QuantParams) -> Struct:
    """A `cmsis_nn_activation`."""
    least, most = stored_range(low, high, q)
    return Struct("cmsis_nn_activation", {"min": least, "max": most})


def narrower(old: tuple[float, float], low: float, high: float) -> tuple[float, float]:
    """The bounds after clamping to `old` and then to [low, high]."""
    return min(max(old[0], low), high), max(min(old[1], high), low)
