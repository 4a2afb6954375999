"""Steps: the kernel calls of a program with the places that they read and write, as plain data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from tinyc.ir.graph import Graph, Node
from tinyc.ir.kernel import Candidate, KernelCall
from tinyc.ir.op import Region


class Place(NamedTuple):
    """Bytes [offset, offset + bytes) of a buffer, or of the constant of that name."""

    name: str
    offset: int
    bytes: int
    constant: bool = False

    @property
    def end(self) -> int:
        return self.offset + self.bytes


class Written(NamedTuple):
    """What part of which value a step has computed, and where it lies right after the step."""

    value: str
    region: Region
    place: Place


@dataclass(frozen=True, eq=False)
class Layer:
    """A node that runs kernels, in one step or in many. `graph` is the one that it stands in: the model or a body.

    The nodes `before` it are computed in one with it, and their results are nowhere.
    """

    node: Node
    graph: Graph
    before: tuple[Node, ...] = ()

    @property
    def nodes(self) -> tuple[Node, ...]:
        return (*self.before, self.node)

    @property
    def name(self) -> str:
        """What the source model calls it, or them."""
        return " + ".join(node.name or node.outs[0] for node in self.nodes)

    @property
    def operator(self) -> str:
        return " + ".join(node.op.name for node in self.nodes)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one run."""
        return sum(node.op.macs(*(self.graph.types[v] for v in node.ins)) for node in self.nodes)


@dataclass(frozen=True, eq=False)
class Step:
    """Calls on places, for the layer of that number. Without calls: rows of the model's input arrive in `outs[0]`."""

    layer: int
    calls: Candidate
    ins: tuple[Place, ...]
    outs: tuple[Place, ...]
    workspace: Place | None = None
    written: Written | None = None
    updates: bool = False
    """It leaves some of what `outs` hold, or adds to it."""

    @property
    def is_feed(self) -> bool:
        return not self.calls

    @property
    def reads(self) -> list[Place]:
        """The places in memory that it reads."""
        return [p for p in (*self.ins, *(self.outs if self.updates else ())) if not p.constant]

    @property
    def writes(self) -> list[Place]:
        """The places in memory that it writes, its workspace included."""
        return [*self.outs, *([self.workspace] if self.workspace else [])]

    def same_code(self) -> tuple[object, ...]:
        """Equal for steps that do the very same."""
        calls = tuple(id(call) for call in self.calls)
        return self.layer, calls, self.ins, self.outs, self.workspace


def workspace_bytes(calls: Candidate) -> int:
    """The workspace of calls that follow one another."""
    return max((call.workspace_bytes for call in calls), default=0)


def only_call(calls: Candidate) -> KernelCall | None:
    """The call, if it is the only one."""
    return calls[0] if len(calls) == 1 else None
