"""Lifetimes: networks run in a simulated arena of bytes, where whatever is not in use may be overwritten."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from strategies import float_graphs, int_inputs, quantized
from texts import read

from tinyc.codegen.liveness import lifetimes
from tinyc.codegen.program import Program, build_program
from tinyc.ir.graph import Graph
from tinyc.ir.interp import Array, execute
from tinyc.ir.kernel import KernelSet, KernelTarget
from tinyc.ir.types import Rounding

TARGETS = st.builds(KernelTarget, dsp=st.booleans(), mve=st.booleans())


def run_in_arena(program: Program, inputs: dict[str, Array], rng: np.random.Generator) -> tuple[list[Array], list[str]]:
    """The outputs, and the layers that read something else than what plain execution gives them.

    Before each layer, its workspace and all bytes of buffers that are not in use are filled with noise.
    """
    graph, want = program.graph, execute(program.graph, inputs)
    arena = rng.integers(0, 256, program.arena_bytes).astype(np.uint8)

    def place(value: str) -> slice:
        start = program.offsets[value]
        return slice(start, start + graph.types[value].bytes)

    def load(value: str) -> Array:
        kind = graph.types[value]
        return graph.constants.get(value, arena[place(value)].view(kind.dtype.numpy).reshape(kind.shape).copy())

    for value, data in inputs.items():
        arena[place(value)] = data.reshape(-1).view(np.uint8)
    wrong = []
    for step, layer in enumerate(program.layers):
        free = np.ones(program.arena_bytes, bool)
        for buffer in program.buffers:
            if buffer.first <= step < buffer.last and not buffer.name.startswith("workspace"):
                start = program.plan.offsets[buffer.name]
                free[start : start + buffer.bytes] = False
        arena[free] = rng.integers(0, 256, int(free.sum()))
        for value in layer.node.ins:
            if value in program.offsets and not np.array_equal(load(value), want[value]):
                wrong.append(f"layer {step} ({layer.node.op.name}) reads %{value}")
        for value in layer.node.outs:
            arena[place(value)] = np.ascontiguousarray(want[value]).reshape(-1).view(np.uint8)
    return [load(p.value) for p in graph.outputs], wrong


@given(float_graphs(most=12), TARGETS, st.sampled_from(list(Rounding)), st.integers(0, 99))
@settings(deadline=None, max_examples=40)
def test_nothing_in_use_is_overwritten(graph: Graph, target: KernelTarget, rounding: Rounding, seed: int) -> None:
    graph = quantized(graph, rounding)
    program = build_program(graph, target, KernelSet.TINYC)
    inputs = int_inputs(graph, seed)
    outputs, wrong = run_in_arena(program, inputs, np.random.default_rng(seed))
    assert wrong == []
    want = execute(graph, inputs)
    for port, data in zip(graph.outputs, outputs, strict=True):
        np.testing.assert_array_equal(data, want[port.value])
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


def test_a_chain_of_elementwise_layers_lives_in_one_buffer() -> None:
    graph = read(CHAIN)
    program = build_program(graph, KernelTarget(), KernelSet.TINYC)
    assert {program.offsets[v] for v in "xabry"} == {0}
    assert program.arena_bytes == 32


def test_what_is_read_later_is_not_taken_over() -> None:
    graph = read(CHAIN.replace("mul(%a, %c)", "mul(%a, %x)"))
    alive = lifetimes(graph, [n for n in graph.nodes if not n.op.is_view])
    # x is read once more behind a, so a gets a buffer of its own, which b takes over
    assert alive.roots == {"x": "x", "a": "a", "b": "a", "r": "a", "y": "a"}
    # half-open: x up to and with layer 1; the output beyond layer 2, the last one
    assert alive.spans == {"x": (0, 2), "a": (0, 4)}


def test_what_is_an_output_is_not_taken_over() -> None:
    graph = read(CHAIN + "output %a")
    roots = lifetimes(graph, [n for n in graph.nodes if not n.op.is_view]).roots
    assert roots["b"] == "b"
    assert roots["r"] == roots["y"] == "b"


def test_a_view_that_is_read_later_keeps_its_buffer() -> None:
    text = """
        input %x: 1x8xf32
        %r = reshape(%x) {shape = (8)} : 8xf32
        %t = tanh(%x) : 1x8xf32
        %f = reshape(%t) {shape = (8)} : 8xf32
        %y = add(%r, %f) : 8xf32
        output %y
        """
    graph = read(text)
    roots = lifetimes(graph, [n for n in graph.nodes if not n.op.is_view]).roots
    assert roots["t"] == "t"
    assert roots["r"] == "x"
