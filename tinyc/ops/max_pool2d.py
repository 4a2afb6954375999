"""MaxPool2D: the largest value of each window."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyc.ir.kernel import KernelTarget
from tinyc.ir.op import Array, Signature
from tinyc.ops._pool import PoolOp


@dataclass(frozen=True)
class MaxPool2D(PoolOp):
    """y = clamp(max over the window, low, high), NHWC. A cell outside the input never wins."""

    name: ClassVar[str] = "max_pool2d"

    def reduce_float(self, x: Array) -> Array:
        return np.asarray(self.moving_window.patches(x, -np.inf).max(axis=(-2, -1)))

    def reduce_stored(self, x: Array) -> Array:
        return np.asarray(self.moving_window.patches(x, -128).max(axis=(-2, -1)))

    def cmsis_workspace(self, sig: Signature, target: KernelTarget) -> int:
        return 0
