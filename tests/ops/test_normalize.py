"""Normalize in int8: how far its integers are from real numbers, and its root."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from op_cases import CASES

from tinyc.errors import VerifyError
from tinyc.ir.op import Signature
from tinyc.ir.types import DType, QuantParams, TensorType, f32
from tinyc.ops import Normalize
from tinyc.ops._roots import UNIT_BITS, inverse_root

assert "normalize" in CASES  # the kernels against `eval_int`, windows and places: tests that hold for all operators


@settings(deadline=None)
@given(x=st.lists(st.integers(1, 2**62 - 1), min_size=1, max_size=50))
@example([1, 2, 3, 2**62 - 1, 2**61, 2**61 - 1])
def test_roots(x: list[int]) -> None:
    value, shift = inverse_root(np.array(x, np.int64))
    assert (value > 2**30).all() and (value < 2**31 + 9).all()
    exact = 1 / np.sqrt(np.array(x, np.longdouble))
    found = value.astype(np.longdouble) * np.longdouble(2) ** (shift - UNIT_BITS)
    assert (np.abs(found / exact - 1) < 2**-27).all()


@settings(deadline=None, max_examples=150)
@given(
    n=st.one_of(st.integers(2, 300), st.sampled_from([1024, 1 << 16])),
    centred=st.booleans(), spread=st.integers(4, 250), middle=st.integers(-128, 127),
    beyond=st.floats(0.3, 1.0), steep=st.floats(-3, 3), seed=st.integers(0, 2**32 - 1),
)  # fmt: skip
def test_distance_from_real_numbers(
    n: int, centred: bool, spread: int, middle: int, beyond: float, steep: float, seed: int
) -> None:
    """Less than 0.6 units from the real result, where results use up to 1 / `beyond` of their range."""
    rng = np.random.default_rng(seed)
    x = np.clip(rng.normal(middle, spread / 4, (2, n)).round(), -128, 127).astype(np.int8)
    scale = (rng.normal(1, 0.5, n) * 2**steep).astype(np.float32)
    offset = rng.normal(0, 0.5, n).astype(np.float32)
    x_type = TensorType(x.shape, DType.I8, QuantParams((0.03,), 11))
    op = Normalize(1e-5, centred)
    (real,) = op.eval_float(x_type.q.dequantize(x), scale, offset)
    low, high = min(float(real.min()), 0), max(float(real.max()), 0.01)
    unit = (high - low) * beyond / 255
    y_type = TensorType(x.shape, DType.I8, QuantParams((unit,), int(np.clip(round(-128 - low / unit), -128, 127))))
    sig = Signature((x_type, f32(n), f32(n)), (y_type,), constants={1: scale, 2: offset})
    (got,) = op.eval_int((x, scale, offset), sig)
    wanted = np.clip(real.astype(np.float64) / unit + y_type.q.zero_point, -128, 127)
    assert np.abs(got - wanted).max() < 0.6


def test_silence() -> None:
    """Rows of one value have no spread: they become the offset, also where epsilon is nothing, or is all there is."""
    scale, offset = np.full(8, 3, np.float32), np.linspace(-1, 1, 8).astype(np.float32)
    for epsilon, x_scale in ((1e-5, 0.1), (0.0, 0.1), (1e-5, 1e-25), (1e-30, 10.0)):
        x_type = TensorType((1, 8), DType.I8, QuantParams((x_scale,), 3))
        y_type = TensorType((1, 8), DType.I8, QuantParams((2 / 255,), 0))
        sig = Signature((x_type, f32(8), f32(8)), (y_type,), constants={1: scale, 2: offset})
        (got,) = Normalize(epsilon).eval_int((np.full((1, 8), 77, np.int8), scale, offset), sig)
        np.testing.assert_array_equal(got[0], np.clip(np.floor(offset * 127.5 + 0.5), -128, 127))


def test_what_does_not_fit() -> None:
    for shapes in (((2, 3), (2,), (3,)), ((2, 3), (3,), (1,)), ((), (1,), (1,))):
        with pytest.raises(VerifyError, match="do not fit"):
            Normalize(1e-5).infer(*(f32(*shape) for shape in shapes))
    many = f32((1 << 16) + 1)
    with pytest.raises(VerifyError, match="more than 65536"):
        replace(Normalize(1e-5), centred=False).infer(many, many, many)
