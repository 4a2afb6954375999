"""Tables that are made at start-up: which a program wants, and where in the arena they stay.

They count as written before the first step and as read after the last, so that nothing else ever lies there. Equal
tables are one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from tinyc.ir.kernel import Candidate, KernelCall, Prepared, prepared_in, tables_in
from tinyc.program.steps import Place, Step


@dataclass(frozen=True, eq=False)
class PreparedTables:
    """What is made at start-up."""

    calls: Sequence[tuple[KernelCall, Place]] = ()
    """The calls to make in turn, and the place of each one's result."""
    places: Mapping[int, Place] = field(default_factory=dict)
    """Of every `Prepared` among the arguments of steps, by identity."""

    @property
    def bytes(self) -> int:
        return sum(place.bytes for _, place in self.calls)

    def of_step(self, step: Step) -> list[Place]:
        """The tables that a step reads."""
        return list(dict.fromkeys(self.places[id(table)] for table in prepared_in(step.calls)))


def prepared_tables(steps: Sequence[Step]) -> PreparedTables:
    """The tables that the calls of steps want."""
    calls: dict[object, tuple[KernelCall, Place]] = {}
    places: dict[int, Place] = {}
    for table in (table for step in steps for table in prepared_in(step.calls)):
        made = table.call, Place(f"prepared table {len(calls)}", 0, table.bytes)
        places[id(table)] = calls.setdefault(identity(table), made)[1]
    return PreparedTables(tuple(calls.values()), places)


def identity(table: Prepared) -> object:
    """Equal for tables that are."""
    parts = (
        [(t.data.dtype.name, t.data.tobytes()) for t in tables_in(arg)] or repr(arg) for arg in table.call.args
    )  # fmt: skip
    return table.call.function, *map(repr, parts)


def prepared_bytes(candidates: Sequence[Candidate]) -> dict[object, int]:
    """The bytes of the tables that candidates want, by `identity`."""
    return {identity(table): table.bytes for candidate in candidates for table in prepared_in(candidate)}
