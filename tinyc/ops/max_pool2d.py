"""MaxPool2D: the largest value of each window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from tinyc.ir.accumulation import Accumulation
from tinyc.ir.chain import Chain
from tinyc.ir.kernel import Candidate, In, KernelCall, KernelTarget, Out, tinyc_call
from tinyc.ir.op import Array, Region, Signature
from tinyc.ir.types import TensorType
from tinyc.ops._clamp import INFINITY, narrower, stored_range
from tinyc.ops._convolution import ConvolutionOp
from tinyc.ops._pool import PoolOp
from tinyc.ops._sums import size_of
from tinyc.ops.clamp import Clamp
from tinyc.ops.kernels import conv_max
from tinyc.ops.kernels.pools import maxima


@dataclass(frozen=True)
class MaxPool2D(PoolOp):
    """y = clamp(max over the window, low, high), NHWC. A cell outside the input never wins."""

    name: ClassVar[str] = "max_pool2d"

    @property
    def keeps_clamps(self) -> bool:
        return (self.low, self.high) == (-INFINITY, INFINITY)

    def reduce_float(self, x: Array) -> Array:
        return np.asarray(self.moving_window.patches(x, -np.inf).max(axis=(-2, -1)))

    def reduce_stored(self, x: Array, zero_point: int) -> Array:
        return np.asarray(self.moving_window.patches(x, -128).max(axis=(-2, -1)))

    def blocks_call(self, sig: Signature) -> KernelCall | None:
        return maxima(sig, self.moving_window, stored_range(self.low, self.high, sig.y.q))

    def fused_kernels(self, chain: Chain, target: KernelTarget) -> Sequence[Candidate]:
        producer, sig = chain.first, chain.last.sig
        if len(chain.links) > 2 or not isinstance(producer.op, ConvolutionOp) or not producer.op.gathers(producer.sig):
            return []
        clamp = narrower((producer.op.low, producer.op.high), self.low, self.high)
        window = producer.op.window_over(producer.sig.ins[1].shape)
        return conv_max.candidates(conv_max.Layers(producer.sig, sig, clamp, window, self.moving_window), target)

    def cmsis_workspace(self, sig: Signature, target: KernelTarget) -> int:
        return 0

    def accumulation(self, sig: Signature, target: KernelTarget) -> Accumulation | None:
        return _Maxima(sig, Clamp(self.low, self.high), target) if sig.x.quant and self.covers_plane(sig.x) else None


@dataclass(frozen=True, eq=False)
class _Maxima(Accumulation):
    """The maximum over a plane that comes in parts, then clamped."""

    sig: Signature
    clamp: Clamp
    target: KernelTarget

    @property
    def sums(self) -> TensorType:
        return self.sig.y

    def start(self) -> int:
        return -128

    def add(self, region: Region, part: Array, sums: Array, ins: Sequence[Array]) -> Array:
        return np.asarray(np.maximum(sums, part.max(axis=(1, 2), keepdims=True)))

    def finish(self, sums: Array) -> Array:
        return self.clamp.eval_int([sums], self._clamping)[0]

    def add_calls(self, region: Region) -> Candidate:
        row = self.sums.size
        return (tinyc_call("tinyc_max_rows_s8", size_of(region) // row, row, In(0), Out()),)

    def finish_calls(self) -> Candidate:
        return self.clamp.kernels(self._clamping, self.target)[0]

    @property
    def _clamping(self) -> Signature:
        return replace(self.sig, ins=(self.sums,))
