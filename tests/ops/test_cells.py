"""Recurrent cells in int8: how near they are to real numbers, and what has no int8 form."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recurrent_cases import USUAL, cell, problem_of

from tinyc.errors import UnsupportedError, VerifyError
from tinyc.ir.types import i8
from tinyc.ops import Recurrent
from tinyc.ops._curves import LIMIT, Function, bits_of, curve, is_smooth, settles


def decibels(real: np.ndarray, found: np.ndarray) -> float:
    """The power of the result over that of the error."""
    error = ((real.astype(np.float64) - found) ** 2).sum()
    return float(10 * np.log10((real.astype(np.float64) ** 2).sum() / max(error, 1e-30)))


@pytest.mark.parametrize(("kind", "variant"), [("rnn", False), ("gru", False), ("gru", True), ("lstm", False)])
@settings(deadline=None, max_examples=12)
@given(seed=st.integers(0, 2**32 - 1), reverse=st.booleans())
def test_distance_from_real_numbers(kind: str, variant: bool, seed: int, reverse: bool) -> None:
    """The inputs as they are stored; weights with which errors do not grow from step to step."""
    problem = problem_of(cell(kind, variant, reverse), 12, 2, 10, 16, seed, width=0.7)
    real = [k.q.dequantize(a) if k.quant else a for a, k in zip(problem.ins, problem.sig.ins, strict=True)]
    results = problem.op.eval_int(problem.ins, problem.sig)
    for kind_of, stored, wanted in zip(problem.sig.outs, results, problem.op.eval_float(*real), strict=True):
        assert np.abs(wanted - kind_of.q.dequantize(stored)).max() < 0.15
        assert not wanted.any() or decibels(wanted, kind_of.q.dequantize(stored)) > 28


def test_a_gru_keeps_what_changes_by_less_than_a_step() -> None:
    """A gate that lets in a five hundredth each step: in eight bits alone h would never move."""
    op = replace(cell("gru", variant=True), formats=(4, 3, 0))
    problem = problem_of(op, 400, 1, 1, 2, 0)
    ins = list(problem.ins)
    w, r, b, product = (np.zeros_like(ins[i]) for i in (1, 2, 3, 6))
    b[:2], b[4:] = 6.2, 3.0  # z = 0.998, the new state 0.995
    ins[1:4], ins[6] = [w, r, b], product
    ins[4], ins[5] = np.array([400], np.int32), np.full_like(ins[5], problem.sig.ins[5].q.zero_point)
    outs = (i8(*problem.sig.y.shape, scale=1 / 128),)
    sig = replace(problem.sig, outs=outs, constants={**problem.sig.constants, 1: w, 2: r, 3: b, 6: product})
    y = sig.y.q.dequantize(op.eval_int(ins, sig)[0])
    real = [k.q.dequantize(a) if k.quant else a for a, k in zip(ins, sig.ins, strict=True)]
    (wanted,) = op.eval_float(*real)
    assert 0.5 < wanted[-1].max() < 0.6
    assert np.abs(y[-1] - wanted[-1]).max() < 0.02


def test_curves() -> None:
    """Nearer than 2^-10 to what they stand for, at the numbers that gates have."""
    x = np.arange(-LIMIT, LIMIT + 1)
    for name, parameters in (("sigmoid", ()), ("tanh", ()), ("hard_sigmoid", (0.2, 0.5)), ("softsign", ())):
        function = Function(name, parameters)
        bits = settles(function)
        found = curve(function, 4 if bits is None else bits)
        wanted = function.of(x * 2.0 ** (found.in_bits - 15))
        error = np.abs(found.of(x) * 2.0 ** (found.out_bits - 15) - wanted).max()
        assert error < (2.0**-10 if name != "softsign" else 2.0**-8)
    assert [settles(Function(n, ())) for n in ("sigmoid", "tanh", "softsign")] == [4, 3, None]
    assert is_smooth(Function("thresholded_relu", (0.0,))) and not is_smooth(Function("thresholded_relu", (1.0,)))
    assert [bits_of(x) for x in (0.0, 0.5, 1.0, 1.1, 8.0, 1e30)] == [0, 0, 0, 1, 3, 15]


def test_what_has_no_int8_form() -> None:
    jumps = Recurrent("rnn", ("thresholded_relu",), ((1.0,),))
    with pytest.raises(UnsupportedError, match="thresholded_relu, which jumps"):
        _ = jumps.quant_rule
    opened = Recurrent("gru", ("tanh", "tanh"), ((), ()))
    with pytest.raises(UnsupportedError, match="beyond 0 to 1"):
        _ = opened.quant_rule
    problem = problem_of(cell("lstm"), 2, 1, 3, 3, 0)
    huge = {**problem.sig.constants, 1: problem.ins[1] * np.float32(1e12)}
    with pytest.raises(UnsupportedError, match="too many or too large"):
        problem.op.eval_int(problem.ins, replace(problem.sig, constants=huge))


@pytest.mark.parametrize("kind", USUAL)
def test_inputs_that_do_not_fit(kind: str) -> None:
    problem = problem_of(cell(kind), 2, 1, 3, 4, 0)
    kinds = list(problem.sig.ins)
    with pytest.raises(VerifyError, match="inputs of a"):
        problem.op.infer(*kinds[:-1])
    with pytest.raises(VerifyError, match="input 3 is"):
        problem.op.infer(*kinds[:3], replace(kinds[3], shape=(1,)), *kinds[4:])
    with pytest.raises(VerifyError, match="no cell"):
        replace(cell(kind), cell="other").infer(*kinds)
