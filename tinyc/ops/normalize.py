"""Normalize: rows less their mean, over their standard deviation, times a scale, plus an offset."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil, log2, sqrt
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tinyc.errors import VerifyError
from tinyc.ir.kernel import Candidate, In, KernelTarget, Out, Struct, Table, tinyc_call
from tinyc.ir.op import F32, Array, Op, Region, Signature
from tinyc.ir.rules import AsIs, Observed, Own, QuantRule
from tinyc.ir.types import Rounding, TensorType
from tinyc.ops._lag import with_lags
from tinyc.ops._roots import UNIT_BITS, inverse_root
from tinyc.ops._tflite_norms import MOST as MOST_OF_UNIT
from tinyc.ops._tflite_norms import RESULT, unit_rows

I64 = NDArray[np.int64]

MOST = 1 << 16  # elements of a row: their sums, and the numbers made of these, fit
MOST_RIGHT = 21  # bits that the last step drops: what is added before it fits


@dataclass(frozen=True)
class Normalize(Op):
    """y = (x − mean) / √(variance + epsilon) · scale + offset over the last axis. Inputs: x (…, n); both others (n,).

    Without `centred` the mean counts as 0, as in RMS normalization. In int8 the sums are exact, the root is that of
    `_roots.py`, and a result is rounded once: it is off by less than one unit, whatever the rounding mode. `unit`:
    scale and offset make rows of length 1; under `tflite` rounding `_tflite_norms.py` has the arithmetic.
    """

    name: ClassVar[str] = "normalize"

    epsilon: float
    centred: bool = True
    unit: bool = False

    @property
    def quant_rule(self) -> QuantRule:
        return QuantRule(ins=(AsIs(), Own(), Own()), outs=(Observed(),))

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        x, scale, offset = ins
        if not x.shape or not scale.shape == offset.shape == x.shape[-1:]:
            shapes = ", ".join(str(kind.shape) for kind in ins)
            raise VerifyError(f"normalize: input, scale and offset of shapes {shapes} do not fit")
        if x.shape[-1] > MOST:
            raise VerifyError(f"normalize: rows of {x.shape[-1]} elements, more than {MOST}")
        return (TensorType(x.shape, x.dtype),)

    def eval_float(self, *ins: F32) -> tuple[F32, ...]:
        x, scale, offset = (a.astype(np.float64) for a in ins)
        if self.centred:
            x = x - x.mean(axis=-1, keepdims=True)
        with np.errstate(all="ignore"):
            root = np.sqrt((x * x).mean(axis=-1, keepdims=True) + self.epsilon)
            return ((x / root * scale + offset).astype(np.float32),)

    def eval_int(self, ins: Sequence[Array], sig: Signature) -> tuple[Array, ...]:
        if self._as_tflite(sig):
            return (unit_rows(ins[0].astype(np.int64) - sig.x.q.zero_point).astype(np.int8),)
        numbers = _Numbers(self, sig)
        q, n = ins[0].astype(np.int64), sig.x.shape[-1]
        total, squares = (a.sum(axis=-1, keepdims=True) for a in (q, q * q))
        if self.centred:
            start, spread = total, n * squares - total * total
        else:
            zero = sig.x.q.zero_point
            start = np.full_like(total, n * zero)
            spread = n * (squares - 2 * zero * total + n * zero * zero)
        root, shift = inverse_root((spread << 2 * numbers.finer) + numbers.epsilon)
        drop = np.maximum(UNIT_BITS - numbers.bits - shift - numbers.finer, 1)  # 1 if all elements are the same
        factor, first = (
            (a * root + (np.int64(1) << (drop - 1)) >> drop).astype(np.int32).astype(np.int64) for a in (n, start)
        )
        normal = (q * factor - first).astype(np.int32).astype(np.int64)  # what overflows on the way comes back
        y = ((normal * numbers.scale >> 32) + numbers.offset) >> numbers.right
        return (np.clip(y, -128, 127).astype(np.int8),)

    def _as_tflite(self, sig: Signature) -> bool:
        fits = sig.y.q == RESULT and sig.x.shape[-1] <= MOST_OF_UNIT
        return self.unit and sig.rounding is Rounding.TFLITE and fits

    def window(self, region: Region, *ins: TensorType) -> tuple[Op, tuple[Region | None, ...]]:
        return self, ((*region[:-1], (0, ins[0].shape[-1])), None, None)

    def on_axes(self, axes: Sequence[int], rank: int) -> Op | None:
        return self if axes[-1] == rank - 1 else None

    def scaled(self, constants: Mapping[int, Array], scale: F32, shift: F32) -> dict[int, Array] | None:
        if self.unit:
            return None
        return {1: constants[1] * scale, 2: constants[2] * scale + shift} if {1, 2} <= constants.keys() else None

    def kernels(self, sig: Signature, target: KernelTarget) -> Sequence[Candidate]:
        n = sig.x.shape[-1]
        rows = sig.x.size // n
        if sig.x.quant and self._as_tflite(sig):
            call = tinyc_call(
                "tinyc_unit_rows_s8", rows, n, sig.x.q.zero_point, In(0), Out(),
                work={"calls": 1, "rows": rows, "results": sig.y.size},
            )  # fmt: skip
        elif sig.x.quant:
            numbers = _Numbers(self, sig)
            table = np.stack([numbers.scale, numbers.offset], axis=1).astype(np.int32).reshape(-1)
            call = tinyc_call(
                "tinyc_normalize_s8", Struct("tinyc_normalize_params", {"rows": rows, **numbers.fields}),
                In(0), Table("scales", table), Out(), work={"calls": 1, "rows": rows, "results": sig.y.size},
            )  # fmt: skip
        else:
            call = tinyc_call(
                "tinyc_normalize_f32", rows, n, float(self.epsilon), int(self.centred), In(0), In(1), In(2), Out()
            )
        return [(with_lags(call, sig, {0: 0}),)]


class _Numbers:
    """The constants of the int8 form.

    A row's elements become `normal` = (q · n − sum) / √(n² · variance + epsilon) with `bits` fraction bits, and these
    results: (high half of normal · scale + offset) >> right. Below the root there are 2 · `finer` fraction bits.
    """

    def __init__(self, op: Normalize, sig: Signature) -> None:
        n, x, y = sig.x.shape[-1], sig.x.q, sig.y.q
        self.finer = 22 - ceil(log2(n))  # then the variance stays below 2^60
        epsilon = op.epsilon / x.per_tensor_scale**2 * n * n * 4.0**self.finer
        # at least 1, so that there is a root; at most 2^61, where a row that differs by so little is all but 0
        self.epsilon = int(min(max(epsilon, 1.0), 2.0**61))
        scale = sig.constants[1].astype(np.float64) / y.per_tensor_scale
        offset = np.clip(sig.constants[2].astype(np.float64) / y.per_tensor_scale + y.zero_point, -(2.0**28), 2.0**28)
        steepest = max(float(np.abs(scale).max()), 2.0**-40)
        self.bits = 29 - ceil(log2(sqrt(n)))  # |normal| < √n
        self.right = MOST_RIGHT
        while self.right > 1 and (2.0**self.right * (np.abs(offset).max() + 1) >= 2**30 or self._most(steepest)):
            self.right -= 1
        while self.bits > 0 and self._most(steepest):
            self.bits -= 1
        factor = np.rint(scale * 2.0 ** (32 + self.right - self.bits))
        self.scale: I64 = np.clip(factor, -(2**31) + 1, 2**31 - 1).astype(np.int64)
        self.offset: I64 = np.rint(offset * 2.0**self.right).astype(np.int64) + (1 << (self.right - 1))
        self.fields: dict[str, Any] = {
            "n": n, "finer": self.finer, "bits": self.bits, "right": self.right, "centred": int(op.centred),
            "zero_point": x.zero_point, "epsilon_high": self.epsilon >> 31, "epsilon_low": self.epsilon & (2**31 - 1),
        }  # fmt: skip

    def _most(self, steepest: float) -> bool:
        """Whether the largest scale does not fit."""
        return steepest * 2.0 ** (32 + self.right - self.bits) >= 2**31 - 1
