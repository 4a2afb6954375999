"""Which kernels are called: of the candidates that an operator offers the cheapest, unless another was picked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

from tinyc.errors import UnsupportedError
from tinyc.ir.graph import Node
from tinyc.ir.kernel import Candidate, In, KernelSet, KernelTarget, tables_in
from tinyc.ir.op import Op, Signature
from tinyc.program.costs import Costs, Work, label

COMPACT = 1.1  # how many times the plain bytes of a layer's constants a candidate may have that saves flash


class Optimize(Enum):
    """What kernels are chosen for."""

    SPEED = "speed"  # functions made for each layer, weights in the fastest form
    SIZE = "size"  # functions that layers share, weights in the shortest form


@dataclass(frozen=True)
class Choice:
    """What decides which kernels are called."""

    target: KernelTarget
    kernels: KernelSet = KernelSet.TINYC
    optimize: Optimize = Optimize.SPEED
    costs: Costs = field(default_factory=Costs)
    picks: Mapping[str, str] = field(default_factory=dict)
    """By the name of a layer's result, the `kind` of candidate to take wherever it is offered."""

    @property
    def follow(self) -> bool:
        """Whether results may run over inputs as `KernelCall.lags` says: that is known of our kernels."""
        return not self.target.foreign

    def offered(self, node: Node, op: Op, sig: Signature) -> list[Candidate]:
        """The candidates that the kernel set has; UnsupportedError if there are none."""
        candidates = [c for c in op.kernels(sig, self.target) if self._has(c)]
        if not candidates:
            types = ", ".join(map(str, sig.ins))
            raise UnsupportedError(
                f"the kernel set '{self.kernels.value}' has no function for {op.name} of {types}",
                f"node '{node.name}'",
                f"compile with --kernels {KernelSet.TINYC.value}",
            )
        return candidates

    def select(self, node: Node, op: Op, sig: Signature) -> Candidate:
        """The candidate to take."""
        candidates = self.offered(node, op, sig)
        if len(candidates) == 1:
            return candidates[0]
        pick = self.picks.get(node.outs[0])
        for candidate in candidates:
            if kind(candidate) == pick:
                return candidate
        if self.optimize is Optimize.SIZE:
            candidates = _compact(candidates, sig)
        work = plain_work(op, sig)
        return min(candidates, key=lambda c: self.costs.of_candidate(c, work))

    def _has(self, candidate: Candidate) -> bool:
        return self.kernels is KernelSet.TINYC or all(call.header == "arm_nnfunctions.h" for call in candidate)


def _compact(candidates: Sequence[Candidate], sig: Signature) -> list[Candidate]:
    """Those that call functions shared by layers, if there are some, and read few bytes of constants."""
    shared = [c for c in candidates if not any(call.inline for call in c)] or candidates
    sizes = [constant_bytes(c, sig) for c in shared]
    most = max(COMPACT * plain_bytes(sig), min(sizes))
    return [c for c, size in zip(shared, sizes, strict=True) if size <= most]


def kind(candidate: Candidate) -> str:
    """A name for a candidate, which no other of the same operator has."""
    return " + ".join(label(call) for call in candidate)


def plain_work(op: Op, sig: Signature) -> Work:
    """What any kernel for an operator does at least."""
    return {"calls": 1, "macs": op.macs(*sig.ins), "reads": sig.x.size, "results": sig.y.size}


def plain_bytes(sig: Signature) -> int:
    """The bytes of a layer's constants as they are, with a multiplier and a shift for each channel."""
    kinds = [sig.ins[i] for i in sig.constants]
    return sum(k.bytes + (8 * len(k.quant.scale) if k.quant and k.quant.axis is not None else 0) for k in kinds)


def constant_bytes(candidate: Candidate, sig: Signature) -> int:
    """The bytes of constants that the calls read."""
    args = [arg for call in candidate for arg in call.args]
    read = {arg.index for arg in args if isinstance(arg, In)} & sig.constants.keys()
    return sum(sig.ins[i].bytes for i in read) + sum(t.data.nbytes for arg in args for t in tables_in(arg))
