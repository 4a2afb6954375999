"""What programs must keep to, whatever kernels do: no step finds a byte overwritten that it is to read."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from generated import generate
from strategies import int_inputs

from tinyc.ir.graph import Graph
from tinyc.memory.check import find_fault
from tinyc.memory.first_fit import plan_first_fit
from tinyc.program.chains import best_apart, find_chains, names
from tinyc.program.choice import Choice, kind
from tinyc.program.program import Program, build_program, lower_graph
from tinyc.program.steps import Place

NOBODY = -1


def quick_program(graph: Graph, choice: Choice) -> Program:
    """`build_program` without the search for smaller plans: enough where correctness is at stake."""
    lowering, used = lower_graph(graph, choice)
    buffers, distances = used.buffers(), used.distances()
    plan = plan_first_fit(buffers, distances, used.in_use())
    assert find_fault(buffers, plan, distances) is None
    return Program(graph, tuple(lowering.layers), tuple(lowering.steps), lowering.places, tuple(buffers), plan)


def overwritten(program: Program) -> list[str]:
    """The steps that read bytes which another buffer has taken since they were written.

    Runs the steps over an arena that knows of each byte only whose it is, twice, as states are kept from run to run.
    Within a step reading comes first: how far results may follow behind it is what `KernelCall.lags` says and the
    kernels' tests prove.
    """
    owners = np.full(program.arena_bytes, NOBODY)
    numbers = {buffer.name: number for number, buffer in enumerate(program.buffers)}
    wrong = []

    def take(place: Place) -> None:
        start = program.offset(place)
        assert start >= 0 and start + place.bytes <= program.arena_bytes
        owners[start : start + place.bytes] = numbers[place.name]

    def check(place: Place, who: str) -> None:
        start = program.offset(place)
        if (owners[start : start + place.bytes] != numbers[place.name]).any():
            wrong.append(f"{who} reads {place}")

    for state in program.graph.states:
        take(program.places[state.before])
    for _ in range(2):
        for port in program.graph.inputs:
            if port.value in program.places:
                take(program.places[port.value])
        for index, step in enumerate(program.steps):
            calls = ", ".join(call.function for call in step.calls)
            for place in step.ins:
                if not place.constant:
                    check(place, f"step {index} ({calls})")
            for place in step.writes:
                take(place)
        for value in program.graph.wanted:
            check(program.places[value], f"the result {value}")
    return wrong


def in_one(graph: Graph, choice: Choice) -> Iterator[Choice]:
    """Choices that take all candidates of as many chains as can be, and of chains of as many layers as can be."""
    found = find_chains(graph, choice)
    most, longest = (best_apart(graph, some) for some in (dict.fromkeys(found, 1.0), {n: float(len(n)) for n in found}))
    for taken in (most, longest) if longest != most else (most,):
        chains = {names(nodes)[-1]: names(nodes)[:-1] for nodes in taken}
        offers = {names(nodes)[-1]: found[nodes].candidates for nodes in taken}
        for turn in range(max(map(len, offers.values()), default=0)):
            offered = {value: candidates[min(turn, len(candidates) - 1)] for value, candidates in offers.items()}
            yield replace(choice, picks={v: kind(c) for v, c in offered.items()}, chains=chains)


def check_memory(graph: Graph, choices: Iterable[Choice]) -> None:
    """With none of the choices a byte is overwritten too early; the layers of a chain are one."""
    for choice in choices:
        program = quick_program(graph, choice)
        assert overwritten(program) == []
        inside = sum(map(len, choice.chains.values()))
        assert len(program.layers) == len([n for n in graph.nodes if not n.op.is_view]) - inside


def built(choice: Choice) -> Callable[[Graph, Choice], Program]:
    """What `generate` takes to build programs of this choice, with canaries."""
    return lambda graph, _: build_program(graph, choice, canaries=True)


def check_on_host(graph: Graph, choices: Iterable[Choice], folder: Path) -> None:
    """With each choice, one at least, every value has the interpreter's bits on the host."""
    turns = list(choices)
    assert turns
    for turn, choice in enumerate(turns):
        model = generate(graph, folder / str(turn), build=built(choice))
        inputs = int_inputs(graph, turn)
        want = model.interpreted(inputs)
        for value, data in model.host_values(inputs).items():
            np.testing.assert_array_equal(data, want[value], value)


def check_on_core(graph: Graph, choices: Iterable[Choice], folder: Path, board: str) -> None:
    """With each choice the outputs have the interpreter's bits in the emulator."""
    for turn, choice in enumerate(choices):
        model = generate(graph, folder / str(turn), board, build=built(choice))
        inputs = int_inputs(graph, turn)
        assert model.emulate([inputs]).outputs == model.output_bytes(inputs)
