"""Add, multiply and softmax against numpy."""

from __future__ import annotations

import numpy as np
import reference
from hypothesis import given
from hypothesis import strategies as st
from kernel_cases import INPUT_OFFSETS, ROUNDINGS, int8s, kernel_test, scales, stages
from kernels import Kernels

SIZES = st.integers(1, 50)


@kernel_test
@given(data=st.data(), rounding=ROUNDINGS, size=SIZES)
def test_add(both: dict[str, Kernels], data: st.DataObject, rounding: str, size: int) -> None:
    x1, x2 = data.draw(int8s((size,))), data.draw(int8s((size,)))
    offsets = data.draw(INPUT_OFFSETS), data.draw(INPUT_OFFSETS)
    both_scales = data.draw(scales(-31, 0)), data.draw(scales(-31, 0))
    left_shift = data.draw(st.sampled_from([20, 20, 0, 16, 22]))
    arguments = (x1, x2, offsets, both_scales, left_shift, data.draw(stages(1, (-22, -16), -14)))
    assert np.array_equal(both[rounding].add(*arguments), reference.add(*arguments, rounding))


@kernel_test
@given(data=st.data(), rounding=ROUNDINGS, size=SIZES)
def test_multiply(both: dict[str, Kernels], data: st.DataObject, rounding: str, size: int) -> None:
    x1, x2 = data.draw(int8s((size,))), data.draw(int8s((size,)))
    offsets = data.draw(INPUT_OFFSETS), data.draw(INPUT_OFFSETS)
    arguments = (x1, x2, offsets, data.draw(stages(1)))
    assert np.array_equal(both[rounding].multiply(*arguments), reference.multiply(*arguments, rounding))


@kernel_test
@given(data=st.data(), shift=st.integers(16, 23), multiplier=st.integers(2**30, 2**31 - 1))
def test_softmax(both: dict[str, Kernels], data: st.DataObject, shift: int, multiplier: int) -> None:
    x = data.draw(int8s((data.draw(st.integers(1, 3)), data.draw(st.integers(1, 20)))))
    diff_min = -((1 << (31 - shift)) - 1)
    out = both["single"].softmax(x, multiplier, shift, diff_min)
    assert np.array_equal(out, reference.softmax(x, multiplier, shift, diff_min))

    # Close to the real function, too: the scale of an input's step is multiplier * 2^(shift - 31) in Q5.26.
    powers = np.exp(x.astype(float) * (multiplier * 2.0 ** (shift - 31 - 26)))
    real = np.clip(powers / powers.sum(axis=1, keepdims=True) * 256 - 128, -128, 127)
    assert np.abs(out - real).max() <= 1
