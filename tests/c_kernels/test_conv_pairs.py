"""Convolutions and dense layers as products of pairs of pixels and pairs of filters: the same bits as `eval_int`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from call import Kernels
from hypothesis import given, settings
from hypothesis import strategies as st
from op_cases import CLAMPS, Case, Draw, Problem, int_problem
from op_windows import draw_region, part_of

from tinyc.ir.kernel import KernelTarget
from tinyc.ir.types import Rounding
from tinyc.ops import Conv2D, Dense

KernelsFor = Callable[[Rounding], Kernels]

DSP = KernelTarget(dsp=True)


@st.composite
def convolutions(draw: Draw) -> Case:
    """Kernels of all shapes over few and many channels; planes of any size, odd ones too."""
    kernel = draw(st.sampled_from([(1, 1), (3, 3), (1, 5), (4, 1), (2, 3), (5, 5), (10, 4)]))
    stride = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    pads = tuple(draw(st.integers(0, kernel[a % 2])) for a in range(4))
    plane = [max(1, kernel[a] - pads[a] - pads[a + 2]) + draw(st.integers(0, 5)) for a in range(2)]
    channels, out = draw(st.integers(1, 20)), draw(st.integers(1, 7))
    low, high = draw(CLAMPS)
    op = Conv2D(stride, pads, low=low, high=high)
    shapes = ((draw(st.integers(1, 2)), *plane, channels), (out, *kernel, channels), (out,))
    return Case(op, shapes, frozenset({1, 2}), draw(st.integers(0, 2**32 - 1)))


@st.composite
def dense_layers(draw: Draw) -> Case:
    rows, depth, out = draw(st.integers(1, 5)), draw(st.integers(1, 200)), draw(st.integers(1, 9))
    low, high = draw(CLAMPS)
    shapes = ((rows, depth), (out, depth), (out,))
    return Case(Dense(low=low, high=high), shapes, frozenset({1, 2}), draw(st.integers(0, 2**32 - 1)))


def check(problem: Problem, kernels: Kernels, more: int) -> None:
    """Every call of these kernels, apart from its input and over it."""
    (want,) = problem.op.eval_int(problem.ins, problem.sig)
    for candidate in problem.op.kernels(problem.sig, DSP):
        (call,) = candidate
        if not call.function.startswith("tinyc_conv_pairs"):
            continue
        (got,) = kernels.run(candidate, problem.ins, problem.sig.outs)
        np.testing.assert_array_equal(got, want)
        for lag in call.lags.values():
            (over,) = kernels.run(candidate, problem.ins, problem.sig.outs, (0, lag + more))
            np.testing.assert_array_equal(over, want)


@settings(deadline=None, max_examples=300)
@given(case=convolutions(), rounding=st.sampled_from(Rounding), more=st.integers(0, 5), data=st.data())
def test_convolutions(case: Case, rounding: Rounding, more: int, kernels_for: KernelsFor, data: st.DataObject) -> None:
    problem = int_problem(case, rounding)
    if data.draw(st.booleans()):
        problem = part_of(problem, draw_region(data, problem))
    check(problem, kernels_for(rounding), more)


@settings(deadline=None, max_examples=100)
@given(case=dense_layers(), rounding=st.sampled_from(Rounding), more=st.integers(0, 5))
def test_dense(case: Case, rounding: Rounding, more: int, kernels_for: KernelsFor) -> None:
    check(int_problem(case, rounding), kernels_for(rounding), more)
