"""How far sums in int8 are from exact ones."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tinyc.ir.op import Signature
from tinyc.ir.types import DType, QuantParams, TensorType
from tinyc.ops import Add, Sub

SCALES = st.floats(2.0**-12, 2.0**4)
STORED = st.integers(-128, 127)


def per_tensor(scale: float, zero_point: int) -> TensorType:
    return TensorType((1,), DType.I8, QuantParams((scale,), zero_point))


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from([Add(), Sub()]), st.tuples(SCALES, SCALES), st.floats(2.0**-10, 2.0**6),
    st.tuples(STORED, STORED, STORED), st.lists(st.tuples(STORED, STORED), min_size=1),
)  # fmt: skip
@example(Add(), (0.1, 0.1), 1.0, (0, 0, 0), [(1, -1), (127, 127), (-128, -128)])
@example(Add(), (0.5, 0.5), 1.0, (0, 0, 0), [(1, 0), (-1, 0), (2, 1)])  # ties, which go up
def test_sums_are_rounded_once(
    op: Add | Sub, scales: tuple[float, float], y: float, zeros: tuple[int, int, int], pairs: list[tuple[int, int]]
) -> None:
    y *= max(scales)  # as fine as sums can be, and much coarser
    first, second = (per_tensor(scale, zero) for scale, zero in zip(scales, zeros, strict=False))
    sig = Signature((first, second), (per_tensor(y, zeros[2]),))
    error = Fraction(4, 1000) * Fraction(max(scales)) / Fraction(y) + Fraction(1, 10**6)
    for a, b in pairs:
        (got,) = op.eval_int((np.array([a], np.int8), np.array([b], np.int8)), sig)
        share_a, share_b = (Fraction(s) * (q - z) for s, q, z in zip(scales, (a, b), zeros, strict=False))
        exact = (share_a + op.sign * share_b) / Fraction(y) + zeros[2]
        nearest = [floor(exact + Fraction(1, 2) + shift) for shift in (-error, 0, error)]
        assert int(got[0]) in np.clip(nearest, -128, 127)
