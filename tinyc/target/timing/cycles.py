"""A number of cycles with its error bars."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Cycles:
    """An estimate between two bounds: low <= estimate <= high, if all that the model assumes is so."""

    low: float = 0
    estimate: float = 0
    high: float = 0

    def __add__(self, other: Cycles) -> Cycles:
        return Cycles(self.low + other.low, self.estimate + other.estimate, self.high + other.high)

    def __mul__(self, times: float) -> Cycles:
        return Cycles(self.low * times, self.estimate * times, self.high * times)

    def rounded(self) -> Cycles:
        """In whole cycles."""
        return Cycles(round(self.low), round(self.estimate), round(self.high))


def exactly(cycles: float) -> Cycles:
    """Where the manual leaves no doubt."""
    return Cycles(cycles, cycles, cycles)
