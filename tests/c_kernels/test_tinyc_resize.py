"""Resizing in C at the limits of its fields, and how near its result may follow the input."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from call import Kernels
from op_cases import Case, float_problem, int_problem

from tinyc.ir.kernel import KernelTarget
from tinyc.ir.types import Rounding
from tinyc.ops import Resize

KernelsFor = Callable[[Rounding], Kernels]

UNIT = 2**19
LIMITS = [
    Resize((7, 5), (-UNIT, UNIT - 1), (UNIT - 1, UNIT // 3), (UNIT, UNIT), True),
    Resize((7, 5), (UNIT // 2, 3 * UNIT), (UNIT // 5, 1), (UNIT - 1, UNIT - 1), True),
    Resize((7, 5), (2**31 - 1 - 7 * 99, -(2**31) + 1), (99, 2**28), (3, UNIT), True),
    Resize((7, 5), (-(2**31) + 1, 0), (2**28, 2**28), (UNIT, 2), False),
]


@pytest.mark.parametrize("value", [-128, 127, None])
@pytest.mark.parametrize("op", LIMITS, ids=str)
def test_limits(op: Resize, value: int | None, kernels_for: KernelsFor) -> None:
    problem = int_problem(Case(op, ((2, 6, 4, 3),), frozenset(), 3), Rounding.SINGLE)
    x = problem.ins[0] if value is None else np.full_like(problem.ins[0], value)
    (candidate,) = op.kernels(problem.sig, KernelTarget())
    (result,) = kernels_for(Rounding.SINGLE).run(candidate, [x], problem.sig.outs)
    np.testing.assert_array_equal(result, op.eval_int([x], problem.sig)[0])


TWICE = {"size": (8, 10), "first": (-1, -1), "step": (2, 2), "unit": (4, 4)}
TIGHT = [
    Resize(**TWICE),
    Resize(**TWICE, linear=True),
    Resize((5, 7), (0, 0), (4, 5), (5, 7)),
    Resize((5, 7), (0, 0), (4, 5), (5, 7), linear=True),
    Resize((4, 9), (0, 0), (1, 1), (1, 2), linear=True),
    Resize((9, 5), (0, 0), (1, 1), (2, 1)),
]


@pytest.mark.parametrize("integer", [True, False], ids=["int8", "float32"])
@pytest.mark.parametrize("op", TIGHT, ids=str)
def test_one_element_nearer_is_too_near(op: Resize, integer: bool, kernels_for: KernelsFor) -> None:
    spoilt = []
    for seed in range(6):
        case = Case(op, ((1, 4, 5, 3),), frozenset(), seed)
        problem = int_problem(case, Rounding.SINGLE) if integer else float_problem(case)
        (candidate,) = op.kernels(problem.sig, KernelTarget())
        lag = candidate[0].lags[0]
        apart, at_the_lag, nearer = (
            kernels_for(Rounding.SINGLE).run(candidate, problem.ins, problem.sig.outs, over)[0].tobytes()
            for over in (None, (0, lag), (0, lag - problem.sig.y.dtype.bytes))
        )
        assert at_the_lag == apart
        spoilt.append(nearer != apart)
    assert any(spoilt)


def test_a_smaller_plane_may_take_the_place_of_the_larger() -> None:
    for linear in (False, True):
        op = Resize((2, 3), (0, 0), (2, 2), (1, 1), linear)
        problem = float_problem(Case(op, ((1, 4, 6, 3),), frozenset(), 0))
        assert op.kernels(problem.sig, KernelTarget())[0][0].lags == {0: 0}
