"""What the host and the emulator must know of a program: how its C is called, and where steps leave their results."""

from __future__ import annotations

from tinyc.ir.types import Rounding
from tinyc.program.program import Program
from tinyc.run.host import Interface, Result


def interface_of(program: Program, name: str) -> Interface:
    """How the generated C is called and where its steps leave their results."""
    graph = program.graph
    run = [step for step in program.steps if not step.is_feed]
    return Interface(
        name=name,
        arena_bytes=program.arena_bytes,
        input_bytes=tuple(graph.types[p.value].bytes for p in graph.inputs),
        output_bytes=tuple(graph.types[p.value].bytes for p in graph.outputs),
        single_rounding=graph.rounding is Rounding.SINGLE,
        results=tuple(
            Result(w.value, index, program.offset(w.place), w.place.bytes, w.region)
            for index, step in enumerate(run)
            if (w := step.written) is not None
        ),
        fed=program.fed,
    )
