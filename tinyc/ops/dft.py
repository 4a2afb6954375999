"""Dft: the discrete Fourier transform, by its sums."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import ClassVar

import numpy as np

from tinyc.errors import VerifyError
from tinyc.ir.kernel import In, KernelCall, Out, Struct, Table, tinyc_call
from tinyc.ir.op import Array, Signature
from tinyc.ir.types import DType, TensorType
from tinyc.ops._plain import PlainOp


@dataclass(frozen=True)
class Dft(PlainOp):
    """The transform of `length` places along the last axis but one, of which x may have fewer or more than it takes.

    The last axis holds real and imaginary parts, or real parts alone. With `onesided`, only the length // 2 + 1
    frequencies that say all of a real signal: they are the result, or of the inverse what it takes; that is real.
    """

    name: ClassVar[str] = "dft"

    length: int
    inverse: bool = False
    onesided: bool = False

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        (x,) = ins
        if x.dtype is not DType.F32 or x.rank < 2 or x.shape[-1] not in (1, 2) or self.length < 1:
            raise VerifyError(f"a Fourier transform of length {self.length} of {x}")
        half = self.onesided and not self.inverse
        places = self.length // 2 + 1 if half else self.length
        return (TensorType((*x.shape[:-2], places, 1 if self.onesided and self.inverse else 2), x.dtype),)

    def _taken(self, x: TensorType) -> int:
        """How many places of x count."""
        return min(x.shape[-2], self.length // 2 + 1 if self.onesided and self.inverse else self.length)

    def compute(self, *ins: Array) -> Array:
        x = ins[0].astype(np.float64)
        values = x[..., 0] + (1j * x[..., 1] if x.shape[-1] == 2 else 0)
        if self.inverse and self.onesided:
            return np.fft.irfft(values, self.length)[..., None]
        found = (np.fft.ifft if self.inverse else np.fft.fft)(values, self.length)
        if self.onesided:
            found = found[..., : self.length // 2 + 1]
        return np.stack([found.real, found.imag], -1)

    def call(self, sig: Signature) -> KernelCall:
        angles = 2 * np.pi * np.arange(self.length) / self.length
        circle = Table("circle", np.stack([np.cos(angles), np.sin(angles)], -1).astype(np.float32))
        x, y = sig.x.shape, sig.y.shape
        fields = {
            "lines": prod(x[:-2]), "places": x[-2], "taken": self._taken(sig.x), "parts": x[-1],
            "length": self.length, "results": y[-2], "result_parts": y[-1],
            "sign": 1 if self.inverse else -1, "mirrored": int(self.inverse and self.onesided),
            "factor": 1 / self.length if self.inverse else 1.0,
        }  # fmt: skip
        return tinyc_call("tinyc_dft_f32", Struct("tinyc_dft_params", fields), circle, In(0), Out())
