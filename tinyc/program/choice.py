"""Which kernels are called: of the candidates that an operator offers the cheapest, unless another was picked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import pairwise

from tinyc.errors import UnsupportedError
from tinyc.ir.chain import Chain, Link
from tinyc.ir.graph import Graph, Node
from tinyc.ir.kernel import Candidate, In, KernelSet, KernelTarget, prepared_in, tables_in
from tinyc.ir.op import Op, Signature
from tinyc.program.costs import Costs, Work, label

COMPACT = 1.1  # how many times the plain bytes of a layer's constants a candidate may have that saves flash


class Optimize(Enum):
    """What kernels are chosen for."""

    SPEED = "speed"  # functions made for each layer, weights in the fastest form
    SIZE = "size"  # functions that layers share, weights in the shortest form


@dataclass(frozen=True, eq=False)
class Offer:
    """What there is to choose from for a layer, or for several in one."""

    candidates: list[Candidate]
    ins: tuple[str, ...]
    """The values that In(0), In(1), … stand for."""
    constants: Mapping[int, int]
    """The bytes of those that are constants."""
    work: Work
    """What any kernel does at least."""
    plain: int
    """The bytes of constants that there are at least."""

    def constant_bytes(self, candidate: Candidate) -> int:
        """The bytes of constants that its calls read."""
        args = [arg for call in candidate for arg in call.args]
        read = {arg.index for arg in args if isinstance(arg, In)} & self.constants.keys()
        return sum(self.constants[i] for i in read) + sum(t.data.nbytes for arg in args for t in tables_in(arg))


@dataclass(frozen=True)
class Choice:
    """What decides which kernels are called."""

    target: KernelTarget
    kernels: KernelSet = KernelSet.TINYC
    optimize: Optimize = Optimize.SPEED
    costs: Costs = field(default_factory=Costs)
    picks: Mapping[str, str] = field(default_factory=dict)
    """By the name of a layer's result, the `kind` of candidate to take wherever it is offered."""
    chains: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By the name of a layer's result, those of the layers that are computed in one with it, which come before it."""
    prepare: bool = False
    """Tables that are made at start-up may be picked; they are never taken unless picked, as they take RAM for good."""

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

    def offered_in_one(self, nodes: Sequence[Node], graph: Graph) -> Offer:
        """What there is for a chain of nodes; perhaps nothing."""
        chain = chain_of(nodes, graph)
        candidates = [c for c in chain.last.op.fused_kernels(chain, self.target) if self._has(c)]
        ins = tuple(v for node in nodes for v in node.ins)
        constants = {i: graph.types[v].bytes for i, v in enumerate(ins) if v in graph.constants}
        works = [plain_work(link.op, link.sig) for link in chain.links]
        work = {name: sum(w[name] for w in works) for name in works[0]}
        offer = Offer(candidates, ins, constants, work, sum(plain_bytes(link.sig) for link in chain.links))
        if self.optimize is Optimize.SPEED:
            return offer
        # layers that would read more are computed one by one
        return replace(offer, candidates=[c for c in candidates if offer.constant_bytes(c) <= COMPACT * offer.plain])

    def select(self, node: Node, op: Op, sig: Signature) -> Candidate:
        """The candidate to take."""
        constants = {i: sig.ins[i].bytes for i in sig.constants}
        offer = Offer(self.offered(node, op, sig), node.ins, constants, plain_work(op, sig), plain_bytes(sig))
        return self.take(node.outs[0], offer)

    def select_in_one(self, nodes: Sequence[Node], graph: Graph) -> Candidate:
        """The candidate to take for a chain that has one."""
        return self.take(nodes[-1].outs[0], self.offered_in_one(nodes, graph))

    def take(self, value: str, offer: Offer) -> Candidate:
        """One of what is offered for the layer whose result is `value`."""
        candidates = offer.candidates
        if len(candidates) == 1:
            return candidates[0]
        pick = self.picks.get(value)
        for candidate in candidates:
            if kind(candidate) == pick:
                return candidate
        candidates = [c for c in candidates if not prepared_in(c)]
        if self.optimize is Optimize.SIZE:
            candidates = _compact(replace(offer, candidates=candidates))
        return min(candidates, key=lambda c: self.costs.of_candidate(c, offer.work))

    def _has(self, candidate: Candidate) -> bool:
        if prepared_in(candidate) and not self.prepare:
            return False
        return self.kernels is KernelSet.TINYC or all(call.header == "arm_nnfunctions.h" for call in candidate)


def _compact(offer: Offer) -> list[Candidate]:
    """Those that call functions shared by layers, if there are some, and read few bytes of constants."""
    shared = [c for c in offer.candidates if not any(call.inline for call in c)] or offer.candidates
    sizes = [offer.constant_bytes(c) for c in shared]
    most = max(COMPACT * offer.plain, min(sizes))
    return [c for c, size in zip(shared, sizes, strict=True) if size <= most]


def chain_of(nodes: Sequence[Node], graph: Graph) -> Chain:
    """The chain of nodes each of which reads the result of the one before."""
    links = [Link(nodes[0].op, graph.signature(nodes[0]))]
    for before, node in pairwise(nodes):
        links.append(Link(node.op, graph.signature(node), node.ins.index(before.outs[0])))
    return Chain(tuple(links))


def kind(candidate: Candidate) -> str:
    """A name for a candidate, which no other of the same operator has."""
    return " + ".join(label(call) + " prepared" * len(prepared_in((call,))) for call in candidate)


def plain_work(op: Op, sig: Signature) -> Work:
    """What any kernel for an operator does at least."""
    return {"calls": 1, "macs": op.macs(*sig.ins), "reads": sig.x.size, "results": sig.y.size}


def plain_bytes(sig: Signature) -> int:
    """The bytes of a layer's constants as they are, with a multiplier and a shift for each channel."""
    kinds = [sig.ins[i] for i in sig.constants]
    return sum(k.bytes + (8 * len(k.quant.scale) if k.quant and k.quant.axis is not None else 0) for k in kinds)
