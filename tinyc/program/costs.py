"""What kernel calls cost: instructions and code, by tables measured in the emulator, one for each core.

`costs/<core>.json` has for every kernel the points that were measured, and weights fitted to them: instructions are
the weighted sum of what a call counts as its work. A call whose work was measured gets that very figure, others the
sum. So it is with the bytes of functions made for calls. Where the kernel is not in the table, a guess by
multiply-accumulates and results stands in.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache

from tinyc.ir.kernel import Candidate, KernelCall
from tinyc.resources import resource

Work = Mapping[str, int]

GUESS = {"calls": 200.0, "macs": 2.5, "results": 20.0}
GUESSED_CODE_BYTES = 1000
GUESSED_LOOP_BYTES = 300  # of a function that is made of loops


@dataclass(frozen=True)
class KernelCost:
    """The cost of one kernel on one core."""

    per: Mapping[str, float]
    """Instructions for one of each count of work."""
    code_bytes: int
    """Of one copy of its code, on average."""
    measured: Mapping[str, int] = field(default_factory=dict)
    """Instructions by `work_key`."""
    code_per: Mapping[str, float] = field(default_factory=dict)
    """Bytes for one of each that `KernelCall.code` counts; none: all copies are about the same."""

    def instructions(self, work: Work) -> float:
        """Of a call that does this work."""
        exact = self.measured.get(work_key(work))
        return exact if exact is not None else sum(self.per.get(name, 0.0) * count for name, count in work.items())


UNKNOWN = KernelCost(GUESS, GUESSED_CODE_BYTES)


@dataclass(frozen=True, eq=False)
class Costs:
    """The costs on one core."""

    kernels: Mapping[str, KernelCost] = field(default_factory=dict)
    """By `label`."""
    tuned: Mapping[str, int] = field(default_factory=dict)
    """Instructions of calls that were measured as they are, by `call_key`."""

    def instructions(self, call: KernelCall, work: Work) -> float:
        """Of one call; `work` stands in where it counts none itself."""
        if self.tuned:
            exact = self.tuned.get(call_key(call, work))
            if exact is not None:
                return exact
        known = self.kernels.get(label(call))
        return known.instructions(call.work or work) if known else UNKNOWN.instructions(work)

    def of_candidate(self, candidate: Candidate, work: Work) -> float:
        """Of all its calls."""
        return sum(self.instructions(call, work) for call in candidate)

    def code_bytes(self, call: KernelCall) -> int:
        """Of one copy of the code."""
        known = self.kernels.get(label(call))
        if known is None and call.inline:
            return GUESSED_LOOP_BYTES
        if known is not None and known.code_per and call.inline:
            return round(sum(known.code_per.get(name, 0.0) * count for name, count in call.code.items()))
        return (known or UNKNOWN).code_bytes


def label(call: KernelCall) -> str:
    """A kernel's name in the table."""
    return " ".join(filter(None, (call.function, call.variant, "inline" if call.inline else "")))


def work_key(work: Work) -> str:
    """Work as text."""
    return " ".join(f"{name}={count}" for name, count in sorted(work.items()))


def call_key(call: KernelCall, work: Work) -> str:
    """What decides how long a call takes, as text: the function, and all that is constant but tables' content."""
    constants = [repr(arg) for arg in call.args if isinstance(arg, int | float)]
    structs = [repr(_plain(arg.fields)) for arg in call.args if hasattr(arg, "fields")]
    return f"{label(call)}({', '.join([*structs, *constants])}) {work_key(call.work or work)}"


def _plain(value: object) -> object:
    """A struct's fields, without tables."""
    if isinstance(value, dict):
        return {key: _plain(v) for key, v in value.items()}
    return value if isinstance(value, int | float | tuple | str) else None


@cache
def shipped_costs(core: str) -> Costs:
    """The table for a core, such as "cortex-m4"; an empty one if none is shipped."""
    path = resource("costs", f"{core}.json")
    if not path.is_file():
        return Costs()
    kernels = json.loads(path.read_text(encoding="utf-8"))["kernels"]
    return Costs(
        {
            name: KernelCost(entry["per"], entry["code_bytes"], dict(entry["measured"]), entry.get("code_per", {}))
            for name, entry in kernels.items()
        }
    )  # fmt: skip
