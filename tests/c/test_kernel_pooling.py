"""Pooling against numpy."""

from __future__ import annotations

import numpy as np
import pytest
import reference
from hypothesis import given
from hypothesis import strategies as st
from kernel_cases import activations, int8s, kernel_test, pool_windows
from kernels import KernelError, Kernels
from reference import Window


@kernel_test
@given(data=st.data())
def test_pooling(both: dict[str, Kernels], data: st.DataObject) -> None:
    shape = tuple(data.draw(st.integers(1, top)) for top in (2, 7, 7, 9))
    x = data.draw(int8s(shape))
    arguments = (x, data.draw(pool_windows(*shape[1:3])), *data.draw(activations()))
    kernels = both["single"]
    assert np.array_equal(kernels.average_pool(*arguments), reference.average_pool(*arguments))
    assert np.array_equal(kernels.max_pool(*arguments), reference.max_pool(*arguments))


@pytest.mark.parametrize(("values", "mean"), [([1, 2], 2), ([-1, -2], -2), ([-1, 0], -1), ([1, 0], 1), ([-1, 1], 0)])
def test_averages_round_ties_away_from_zero(both: dict[str, Kernels], values: list[int], mean: int) -> None:
    x = np.array(values, np.int8).reshape(1, 1, 2, 1)
    assert both["single"].average_pool(x, Window((1, 2)), -128, 127).item() == mean


def test_a_window_without_input_is_an_error(both: dict[str, Kernels]) -> None:
    x = np.zeros((1, 3, 3, 2), np.int8)
    beyond = Window((1, 1), (1, 1), (1, 1))
    for pool in (both["single"].average_pool, both["single"].max_pool):
        with pytest.raises(KernelError, match="-1"):
            pool(x, beyond, -128, 127)
