"""What `tinyc inspect` lists of a model."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class NodeSummary:
    """One node of a model. `shape` is that of its first result, None if unknown.

    `folded`: it is computed at compile time. `problem` says why tinyc cannot compile it, "" if it can.
    """

    name: str
    op: str
    shape: tuple[int, ...] | None
    folded: bool = False
    problem: str = ""
