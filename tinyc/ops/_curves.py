"""Functions of one number as curves through 257 points, of 16-bit numbers to 16-bit numbers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import ceil, log2

import numpy as np
from numpy.typing import NDArray

from tinyc.ops._functions import FUNCTIONS

I64 = NDArray[np.int64]

POINTS = 257  # one for each 256 stored values, and the end
LIMIT = 32767
WIDEST = 4  # bits before the point in which a function may settle
SETTLED = 2.0**-12  # by which it changes at most from there on
JUMP = 2.0**-6  # by which a curve may leave its function, of the largest value


@dataclass(frozen=True)
class Function:
    """One of `_functions.py`, with its parameters."""

    name: str
    parameters: tuple[float, ...]

    def of(self, x: NDArray[np.floating]) -> NDArray[np.float64]:
        """Its values."""
        given = {f"p{i}": value for i, value in enumerate(self.parameters)}
        with np.errstate(all="ignore"):
            result = FUNCTIONS[self.name].numpy(np.asarray(x, np.float64), **given)
        return np.asarray(result, np.float64)


@dataclass(frozen=True, eq=False)
class Curve:
    """y = f(x), x = stored · 2^(in_bits − 15), y = stored · 2^(out_bits − 15); straight between points."""

    entries: NDArray[np.int16]
    in_bits: int
    out_bits: int

    def of(self, x: I64) -> I64:
        """Stored values of stored ones."""
        at = x + 32768
        low, high = (self.entries.astype(np.int64)[(at >> 8) + i] for i in (0, 1))
        return np.asarray(low + (((high - low) * (at & 255) + 128) >> 8))


@lru_cache(maxsize=256)
def curve(function: Function, in_bits: int) -> Curve:
    """The curve over [−2^in_bits, 2^in_bits]."""
    values = function.of(np.linspace(-(2.0**in_bits), 2.0**in_bits, POINTS))
    out_bits = bits_of(float(np.abs(values).max()))
    stored = np.clip(np.rint(values * 2.0 ** (15 - out_bits)), -LIMIT, LIMIT)
    return Curve(stored.astype(np.int16), in_bits, out_bits)


def bits_of(largest: float) -> int:
    """The bits before the point that numbers up to `largest` take, at least 0 and at most 15."""
    return min(max(0, ceil(log2(max(largest, 1e-30)) - 1e-9)), 15)


@lru_cache(maxsize=256)
def settles(function: Function) -> int | None:
    """The bits before the point of the numbers beyond which the function hardly changes; None if it goes on."""
    for bits in range(WIDEST + 1):
        beyond = 2.0 ** np.linspace(bits, 20, 400)
        if all(np.abs(function.of(s * beyond) - function.of(np.array(s * 2.0**bits))).max() < SETTLED for s in (-1, 1)):
            return bits
    return None


@lru_cache(maxsize=256)
def is_smooth(function: Function) -> bool:
    """Whether a curve stays near the function, which then has no jumps."""
    x = np.linspace(-(2.0**WIDEST), 2.0**WIDEST, 32 * (POINTS - 1) + 1)
    wanted = function.of(x)
    found = np.interp(x, x[::32], wanted[::32])
    return bool(np.isfinite(wanted).all() and np.abs(found - wanted).max() <= JUMP * max(1.0, np.abs(wanted).max()))
