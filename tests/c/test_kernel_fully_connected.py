"""The dense layers and the kernel sums against numpy."""

from __future__ import annotations

import numpy as np
import reference
from hypothesis import given
from hypothesis import strategies as st
from kernel_cases import INPUT_OFFSETS, ROUNDINGS, biases, int8s, kernel_test, stages
from kernels import Kernels


@kernel_test
@given(data=st.data(), rounding=ROUNDINGS, per_channel=st.booleans())
def test_fully_connected(both: dict[str, Kernels], data: st.DataObject, rounding: str, per_channel: bool) -> None:
    batch, depth, channels = (data.draw(st.integers(1, top)) for top in (3, 40, 13))
    x = data.draw(int8s((batch, depth)))
    w = data.draw(int8s((channels, depth)))
    bias, stage = data.draw(biases(channels)), data.draw(stages(channels if per_channel else 1))
    filter_offset = data.draw(st.one_of(st.just(0), INPUT_OFFSETS))
    arguments = (x, w, bias, data.draw(INPUT_OFFSETS), filter_offset, stage)
    expected = reference.fully_connected(*arguments, rounding)
    assert np.array_equal(both[rounding].fully_connected(*arguments, per_channel=per_channel), expected)


@kernel_test
@given(data=st.data())
def test_vector_sum(both: dict[str, Kernels], data: st.DataObject) -> None:
    w = data.draw(int8s((data.draw(st.integers(1, 12)), data.draw(st.integers(1, 40)))))
    bias = data.draw(biases(w.shape[0]))
    arguments = (w, data.draw(INPUT_OFFSETS), data.draw(INPUT_OFFSETS), bias)
    assert np.array_equal(both["single"].vector_sum(*arguments), reference.vector_sum(*arguments))
