"""States are computed where they are kept if nothing stands against it, and else copied there."""

from __future__ import annotations

import numpy as np
import pytest

from tinyc.errors import TinycError, VerifyError
from tinyc.ir.interp import Stream
from tinyc.ir.kernel import KernelTarget
from tinyc.ir.text import dump, parse
from tinyc.ir.verify import verify
from tinyc.ops import BY_NAME
from tinyc.passes.keep_states import keep_states
from tinyc.program.choice import Choice
from tinyc.program.program import build_program

CONSTANTS = {"a0": np.full((2,), 1, np.float32), "b0": np.full((2,), 2, np.float32)}
ONE = "input %x: 2xf32 const %a0: 2xf32 state %a: 2xf32 = %a0 "
TWO = "input %x: 2xf32 const %a0: 2xf32 const %b0: 2xf32 state %a: 2xf32 = %a0 state %b: 2xf32 = %b0 "

CASES = {
    # the result is computed when the state has been read for the last time
    "in place": (ONE + "%t = add(%x, %a) : 2xf32 %n = tanh(%t) : 2xf32 output %t next %a = %n", 0),
    "an output too": (ONE + "%t = add(%x, %a) : 2xf32 %n = tanh(%t) : 2xf32 output %n next %a = %n", 0),
    # what makes the next state reads the present one
    "reads itself": (ONE + "%n = add(%x, %a) : 2xf32 output %n next %a = %n", 1),
    "read later": (ONE + "%n = tanh(%x) : 2xf32 %t = add(%n, %a) : 2xf32 output %t next %a = %n", 1),
    "read later as a view": (
        ONE + "%v = reshape(%a) {shape = (2, 1)} : 2x1xf32 %n = tanh(%x) : 2xf32 "
        "%t = tanh(%v) : 2x1xf32 output %t next %a = %n", 1,
    ),
    # nothing makes it
    "an input": (ONE + "%t = add(%x, %a) : 2xf32 output %t next %a = %x", 1),
    "a constant": (ONE + "%t = add(%x, %a) : 2xf32 output %t next %a = %a0", 1),
    "a view": (
        ONE + "%t = add(%x, %a) : 2xf32 %s = reshape(%t) {shape = (2, 1)} : 2x1xf32 "
        "%n = reshape(%s) {shape = (2)} : 2xf32 output %s next %a = %n", 1,
    ),
    "itself": (ONE + "%t = add(%x, %a) : 2xf32 output %t next %a = %a", 2),
    # the present state is an output: it must not be overwritten
    "shown": (ONE + "%n = tanh(%x) : 2xf32 output %a next %a = %n", 1),
    "shown as a view": (
        ONE + "%v = reshape(%a) {shape = (1, 2)} : 1x2xf32 %n = tanh(%x) : 2xf32 output %v next %a = %n", 1,
    ),
    "one for two": (TWO + "%n = add(%x, %a) : 2xf32 output %n next %a = %n next %b = %n", 1),
    "a row": (TWO + "%t = add(%b, %x) : 2xf32 output %t next %a = %x next %b = %a", 3),
    "changing places": (TWO + "%t = add(%b, %x) : 2xf32 output %t next %a = %b next %b = %a", 3),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_as_few_copies_as_can_be(case: str) -> None:
    text, copies = CASES[case]
    given = parse(f'graph "g" rounding single {{ {text} }}', CONSTANTS, BY_NAME)
    verify(given)
    graph = keep_states(given)
    verify(graph)
    assert [n.op.name for n in graph.nodes].count("keep") == copies
    assert keep_states(graph) == graph
    build_program(graph, Choice(KernelTarget()))
    streams = Stream(given), Stream(graph)
    for number in range(4):
        want, got = (s.run({"x": np.array([number, 0.5], np.float32)}) for s in streams)
        # outputs have names of values here, of which the pass may put others
        assert [a.tobytes() for a in got.values()] == [a.tobytes() for a in want.values()]


@pytest.mark.parametrize("case", [case for case, (_, copies) in CASES.items() if copies])
def test_without_them_there_is_no_program(case: str) -> None:
    graph = parse(f'graph "g" rounding single {{ {CASES[case][0]} }}', CONSTANTS, BY_NAME)
    with pytest.raises(VerifyError, match=r"state|made anew"):
        build_program(graph, Choice(KernelTarget()))


def test_a_state_begins_as_it_is_told() -> None:
    graph = parse(f'graph "g" rounding single {{ {CASES["changing places"][0]} }}', CONSTANTS, BY_NAME)
    stream = Stream(keep_states(graph))
    zeros = {"x": np.zeros(2, np.float32)}
    assert [stream.run(zeros)["t"].tolist() for _ in range(3)] == [[2, 2], [1, 1], [2, 2]]
    assert parse(dump(graph), CONSTANTS, BY_NAME) == graph


WRONG = {
    "there is no next %a": ONE + "output %x",
    "%x is no state": ONE + "output %x next %a = %x next %x = %x",
    "what it is next has been said": ONE + "output %x next %a = %x next %a = %x",
    "%y is used before": ONE + "output %x next %a = %y",
    "has several types": ONE + "%v = reshape(%x) {shape = (2, 1)} : 2x1xf32 output %x next %a = %v",
    "is not a constant": "input %x: 2xf32 state %a: 2xf32 = %x output %x next %a = %x",
}


@pytest.mark.parametrize("message", WRONG)
def test_states_that_are_none(message: str) -> None:
    with pytest.raises(TinycError, match=message):
        verify(parse(f'graph "g" rounding single {{ {WRONG[message]} }}', CONSTANTS, BY_NAME))
