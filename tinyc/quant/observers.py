"""Observers: what range of a tensor's values its int8 form should cover."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyc.errors import TinycError

BINS = 4096


class Observer(ABC):
    """Sees all values of one tensor, sample by sample, once a pass."""

    passes = 1

    @abstractmethod
    def see(self, values: NDArray[Any], index: int) -> None:
        """Take in the values of one sample in pass `index`."""

    @abstractmethod
    def range(self) -> tuple[float, float]:
        """The range to cover."""


class MinMax(Observer):
    """Everything that was seen."""

    def __init__(self) -> None:
        self.low, self.high = np.inf, -np.inf

    def see(self, values: NDArray[Any], index: int) -> None:
        self.low, self.high = min(self.low, float(values.min())), max(self.high, float(values.max()))

    def range(self) -> tuple[float, float]:
        return self.low, self.high


class Percentile(Observer):
    """All but the outermost values: `percent` of them, half of the rest cut off at either end.

    The first pass finds the bounds, the second fills a histogram between them.
    """

    passes = 2

    def __init__(self, percent: float) -> None:
        self.percent = percent
        self.bounds = MinMax()
        self.counts = np.zeros(BINS, np.int64)

    def see(self, values: NDArray[Any], index: int) -> None:
        if index == 0:
            self.bounds.see(values, index)
        elif self._has_width():
            # bounds may be so near to each other that float32 has no numbers for all the bins between
            self.counts += np.histogram(values.astype(np.float64), BINS, self.bounds.range())[0]

    def _has_width(self) -> bool:
        low, high = self.bounds.range()
        return bool(np.isfinite(high - low)) and low < high

    def range(self) -> tuple[float, float]:
        low, high = self.bounds.range()
        if not self._has_width():
            return low, high
        edges = np.linspace(low, high, BINS + 1)
        share = np.cumsum(self.counts) / self.counts.sum()
        tail = (100 - self.percent) / 200
        first, last = int(np.searchsorted(share, tail, "right")), int(np.searchsorted(share, 1 - tail, "left"))
        # a tensor that is clipped by construction keeps that end: most of its values sit there
        return float(edges[min(first, BINS - 1)]), float(edges[min(last, BINS - 1) + 1])


@dataclass(frozen=True)
class ObserverChoice:
    """Which observer to use: "minmax", or "percentile:P" with 50 < P ≤ 100."""

    percent: float | None = None

    @staticmethod
    def parse(text: str) -> ObserverChoice:
        """From the command line's spelling."""
        kind, _, number = text.partition(":")
        if text == "minmax":
            return ObserverChoice()
        try:
            percent = float(number) if number else 99.99
        except ValueError:
            percent = -1.0
        if kind != "percentile" or not 50 < percent <= 100:
            raise TinycError(
                f"no calibration method '{text}'", hint="use minmax, or percentile:P with P above 50 and up to 100"
            )
        return ObserverChoice(percent)

    def create(self) -> Observer:
        """A fresh observer for one tensor."""
        return MinMax() if self.percent is None else Percentile(self.percent)
