"""The last step of linear kernels, from accumulators to int8: what `tinyc_stage.h` wants to know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyc.ir.op import Signature
from tinyc.ir.types import Rounding
from tinyc.ops import _linear
from tinyc.ops._clamp import stored_range
from tinyc.ops._window import Window

MOST_RIGHT = 22  # bits that may be dropped: the zero point, moved left by so many, stays far inside an int32


class Stage:
    """The results of a layer, given the multipliers and shifts of its channels, as `multipliers_and_shifts` has them.

    Accumulators hold 2^bits times the sum.
    """

    def __init__(
        self, scaling: tuple[Sequence[int], Sequence[int]], clamp: tuple[float, float], sig: Signature, bits: int = 0
    ) -> None:
        multipliers, shifts = scaling
        single = sig.rounding is Rounding.SINGLE
        self.right = bits - 1 - shifts[0] if single else 0
        self.fits = 1 <= self.right <= MOST_RIGHT or not single
        """Whether `tinyc_result` can compute it."""
        self.scales: NDArray[np.int32] = np.array([multipliers] if single else [multipliers, shifts], np.int32).T
        """(channels, words a channel)"""
        low, high = stored_range(*clamp, sig.y.q)
        self.fields: dict[str, Any] = {
            "bits": bits, "right": self.right, "offset": sig.y.q.zero_point, "low": low, "high": high,
        }  # fmt: skip
        """Of a `tinyc_stage`."""


@dataclass(frozen=True, eq=False)
class Layer:
    """A convolution of some kind, as kernels that compute several in one see it."""

    sig: Signature
    clamp: tuple[float, float]
    window: Window

    @property
    def stage(self) -> Stage:
        """Its last step, of plain sums."""
        return Stage(_linear.output_scaling(self.sig), self.clamp, self.sig)
