"""What programs must keep to, whatever kernels do: no step finds a byte overwritten that it is to read."""

from __future__ import annotations

import numpy as np

from tinyc.program.program import Program
from tinyc.program.steps import Place

NOBODY = -1


def overwritten(program: Program) -> list[str]:
    """The steps that read bytes which another buffer has taken since they were written.

    Runs the steps over an arena that knows of each byte only whose it is. Within a step reading comes first: how far
    results may follow behind it is what `KernelCall.lags` says and the kernels' tests prove.
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
    for port in program.graph.outputs:
        check(program.places[port.value], f"output {port.name}")
    return wrong
