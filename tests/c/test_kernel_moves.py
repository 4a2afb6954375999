"""Kernels that only move values: padding, transposition, concatenation."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st
from kernel_cases import int8s, kernel_test
from kernels import Guarded, Kernels


@kernel_test
@given(data=st.data(), value=st.integers(-128, 127))
def test_pad(both: dict[str, Kernels], data: st.DataObject, value: int) -> None:
    four = st.tuples(*[st.integers(0, 3)] * 4)
    shape = data.draw(st.tuples(*[st.integers(1, 4)] * 4))
    arguments = (data.draw(int8s(shape)), data.draw(four), data.draw(four), value)
    assert np.array_equal(both["single"].pad(*arguments), reference.pad(*arguments))


@pytest.mark.parametrize("rank", [1, 2, 3, 4])
def test_transpose_in_every_order(both: dict[str, Kernels], rank: int) -> None:
    x = np.arange(120, dtype=np.int8)[: np.prod((2, 3, 4, 5)[:rank])].reshape((2, 3, 4, 5)[:rank])
    for axes in permutations(range(rank)):
        assert np.array_equal(both["single"].transpose(x, axes), x.transpose(axes)), axes


def test_transpose_refuses_axes_that_do_not_exist(both: dict[str, Kernels]) -> None:
    kernels = both["single"]
    axes = np.array([0, 2], np.uint32)
    dims = kernels.dims(2, 2, 1, 1)
    cells = kernels.pointer(np.zeros(4, np.int8))
    for rank in (0, 2, 5):
        params = kernels.new("cmsis_nn_transpose_params", rank, kernels.pointer(axes))
        assert kernels.lib.arm_transpose_s8(cells, cells, dims, dims, params) == kernels.lib.ARM_CMSIS_NN_ARG_ERROR


@kernel_test
@given(data=st.data(), axis=st.integers(0, 3), sizes=st.lists(st.integers(1, 4), min_size=1, max_size=3))
def test_concatenate(both: dict[str, Kernels], data: st.DataObject, axis: int, sizes: list[int]) -> None:
    shape = data.draw(st.tuples(*[st.integers(1, 4)] * 4))
    parts = [data.draw(int8s((*shape[:axis], size, *shape[axis + 1 :]))) for size in sizes]
    assert np.array_equal(both["single"].concatenate(parts, axis), np.concatenate(parts, axis))


def test_a_guard_notices_a_write_behind_the_end(both: dict[str, Kernels]) -> None:
    kernels = both["single"]
    x = np.arange(4, dtype=np.int8)
    with pytest.raises(AssertionError, match="behind the end"), Guarded(3) as out:
        kernels.lib.arm_concatenation_s8_w(kernels.pointer(x), 4, 1, 1, 1, kernels.pointer(out.cells), 0)
