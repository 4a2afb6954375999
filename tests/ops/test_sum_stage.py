"""Sums of two int8 values in one stage: the very results of an add or a sub, for all pairs of values, or none."""

from __future__ import annotations

from math import inf

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tinyc.ir.op import Signature
from tinyc.ir.types import DType, QuantParams, Rounding, TensorType
from tinyc.ops import Add, Sub
from tinyc.ops._clamp import stored_range
from tinyc.ops.kernels.sum_stage import VALUES, sum_stage

ZERO_POINTS = st.one_of(st.sampled_from([-128, 0, 127]), st.integers(-128, 127))
SCALES = st.floats(-9, 3).map(lambda power: float(2.0**power))
PARAMS = st.builds(lambda scale, zero: QuantParams((scale,), zero), SCALES, ZERO_POINTS)


@settings(deadline=None, max_examples=50)
@given(
    kind=st.sampled_from([Add, Sub]), clamp=st.sampled_from([(-inf, inf), (0.0, inf), (-0.5, 0.7)]),
    a=PARAMS, b=PARAMS, finer=st.floats(-2, 3), zero=ZERO_POINTS, rounding=st.sampled_from(Rounding),
)  # fmt: skip
def test_all_results_are_those_of_the_operator(
    kind: type[Add | Sub], clamp: tuple[float, float], a: QuantParams, b: QuantParams, finer: float, zero: int,
    rounding: Rounding,
) -> None:  # fmt: skip
    y = QuantParams((max(a.per_tensor_scale, b.per_tensor_scale) * 2.0**finer,), zero)
    op = kind(*clamp)
    kinds = [TensorType((256, 256), DType.I8, q) for q in (a, b, y)]
    value, other = np.meshgrid(VALUES, VALUES, indexing="ij")
    (results,) = op.eval_int((value, other), Signature((kinds[0], kinds[1]), (kinds[2],), rounding))
    slopes = (a.per_tensor_scale / y.per_tensor_scale, op.sign * b.per_tensor_scale / y.per_tensor_scale)
    fields = sum_stage(results.astype(np.int64), slopes, stored_range(op.low, op.high, y))
    if fields is None:
        assert len(np.unique(results)) == 1  # only what is constant has none
        return
    sums = fields["value_factor"] * value + fields["other_factor"] * other + fields["start"]
    assert 1 <= fields["right"] <= 31 and np.abs(sums).max() + 2 ** fields["right"] < 2**31
    np.testing.assert_array_equal(np.clip(sums >> fields["right"], fields["low"], fields["high"]), results)


def test_what_is_no_line_has_no_stage() -> None:
    value, other = np.meshgrid(VALUES, VALUES, indexing="ij")
    product = np.clip(value * other // 64, -128, 127)
    assert sum_stage(product, (0.5, 0.5), (-128, 127)) is None
    assert sum_stage(np.zeros((256, 256), np.int64), (0.5, 0.5), (0, 0)) is None
    assert sum_stage(np.clip((value + other) // 2, -128, 127), (0.5, 0.5), (-128, 127)) is not None
