"""Programs: no step finds overwritten what it is to read, and buffers that can share memory do."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from program_checks import overwritten
from strategies import float_graphs, quantized
from texts import read

from tinyc.ir.graph import Graph
from tinyc.ir.kernel import KernelTarget
from tinyc.ir.types import Rounding
from tinyc.program.choice import Choice
from tinyc.program.program import Program, build_program

CHOICES = st.builds(Choice, st.builds(KernelTarget, dsp=st.booleans(), mve=st.booleans(), foreign=st.booleans()))


@given(float_graphs(most=12), CHOICES, st.sampled_from(list(Rounding)))
@settings(deadline=None, max_examples=40)
def test_nothing_that_is_still_read_is_overwritten(graph: Graph, choice: Choice, rounding: Rounding) -> None:
    program = build_program(quantized(graph, rounding), choice)
    assert overwritten(program) == []
    assert program.arena_bytes % 16 == 0
    assert program.arena_bytes >= program.plan.lower_bound


CHAIN = """
    input %x: 1x8xf32
    const %c: 8xf32
    %a = add(%x, %c) : 1x8xf32
    %b = mul(%a, %c) : 1x8xf32
    %r = reshape(%b) {shape = (8)} : 8xf32
    %y = tanh(%r) : 8xf32
    output %y
    """


def offsets(program: Program) -> dict[str, int]:
    """Where each value that a layer computes lies."""
    return {s.written.value: program.offset(s.written.place) for s in program.steps if s.written}


def test_a_chain_of_elementwise_layers_lives_in_one_place() -> None:
    program = build_program(read(CHAIN), Choice(KernelTarget()))
    assert offsets(program) == {"a": 0, "b": 0, "y": 0}
    assert program.arena_bytes == 32


def test_a_foreign_library_may_not_overwrite_what_it_reads() -> None:
    program = build_program(read(CHAIN), Choice(KernelTarget(foreign=True)))
    assert program.arena_bytes == 64


def test_what_is_read_later_is_not_taken_over() -> None:
    program = build_program(read(CHAIN.replace("mul(%a, %c)", "mul(%a, %x)")), Choice(KernelTarget()))
    assert offsets(program)["a"] != program.offset(program.places["x"])
    assert program.arena_bytes == 64


def test_what_is_an_output_is_not_taken_over() -> None:
    program = build_program(read(CHAIN + "output %a"), Choice(KernelTarget()))
    assert offsets(program)["b"] != offsets(program)["a"]
    assert offsets(program)["y"] == offsets(program)["b"]


def test_a_view_that_is_read_later_keeps_its_buffer() -> None:
    text = """
        input %x: 1x8xf32
        %r = reshape(%x) {shape = (8)} : 8xf32
        %t = tanh(%x) : 1x8xf32
        %f = reshape(%t) {shape = (8)} : 8xf32
        %y = add(%r, %f) : 8xf32
        output %y
        """
    program = build_program(read(text), Choice(KernelTarget()))
    assert offsets(program)["t"] != program.offset(program.places["x"])


def test_an_input_that_nothing_reads_still_has_a_place() -> None:
    program = build_program(read(CHAIN.replace("const", "input %u: 1x64xf32\n    const")), Choice(KernelTarget()))
    assert program.arena_bytes >= 256
    assert overwritten(program) == []


JOINED = """
    input %x: 1x4x8x2xf32
    %a = tanh(%x) : 1x4x8x2xf32
    %b = sigmoid(%x) : 1x4x8x2xf32
    %y = concat(%a, %x, %b) {axis = 1} : 1x12x8x2xf32
    %z = tanh(%y) : 1x12x8x2xf32
    output %z
    """


def test_what_is_concatenated_is_computed_in_its_place() -> None:
    program = build_program(read(JOINED), Choice(KernelTarget()))
    y = program.offset(program.places["y"])
    assert offsets(program)["a"] == y
    assert offsets(program)["b"] == y + 2 * 4 * 8 * 2 * 4
    copies = [s for s in program.steps if s.layer == 2]
    assert [len(s.calls) for s in copies] == [1]  # the model's input, which is read elsewhere too
    assert overwritten(program) == []


def test_what_is_concatenated_across_channels_is_copied() -> None:
    program = build_program(
        read(JOINED.replace("axis = 1", "axis = 3").replace("1x12x8x2", "1x4x8x6")), Choice(KernelTarget())
    )
    assert [len(s.calls) for s in program.steps if s.layer == 2] == [3]
