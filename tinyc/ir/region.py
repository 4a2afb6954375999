"""The operator with a body: a part of the network that runs part by part instead of layer by layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np

from tinyc.errors import VerifyError
from tinyc.ir.graph import Graph, Node
from tinyc.ir.interp import evaluate
from tinyc.ir.kernel import Candidate, KernelTarget
from tinyc.ir.op import F32, Array, Op, Region, Signature
from tinyc.ir.parts import Doing, Mode, Part, Tiling, body_parts, cut, whole
from tinyc.ir.rules import AsIs, Observed, QuantRule
from tinyc.ir.types import TensorType


@dataclass(frozen=True)
class RegionOp(Op):
    """`body`, run in tiles: see `tinyc.ir.parts`. Its inputs and results are the body's, whole."""

    name: ClassVar[str] = "region"

    mode: str
    rows: int
    body: Graph
    strips: int = 1
    axis: int = 1
    fed: int = -1
    """The input whose rows arrive one by one from outside; −1: all inputs are there as a whole."""

    @property
    def tiling(self) -> Tiling:
        """How the body is cut up."""
        return Tiling(Mode(self.mode), self.rows, self.strips, self.axis)

    @property
    def fed_value(self) -> str | None:
        """The body's input whose rows arrive one by one."""
        return self.body.inputs[self.fed].value if self.fed >= 0 else None

    @cached_property
    def parts(self) -> Sequence[Part]:
        """What runs, in order."""
        return body_parts(self.body, self.tiling, self.fed_value)

    @property
    def quant_rule(self) -> QuantRule:
        return QuantRule(ins=(AsIs(),) * len(self.body.inputs), outs=(Observed(),) * len(self.body.outputs))

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        self._check()
        wanted = tuple(self.body.types[p.value] for p in self.body.inputs)
        if wanted != ins:
            raise VerifyError(f"the body of a region reads {', '.join(map(str, wanted))}, given is {ins}")
        return tuple(replace(self.body.types[p.value], quant=None) for p in self.body.outputs)

    def _check(self) -> None:
        if self.mode not in {m.value for m in Mode}:
            raise VerifyError(f"no mode '{self.mode}' of a region", hint=f"known: {', '.join(m.value for m in Mode)}")
        if self.rows < 1 or self.strips < 1 or self.axis not in (1, 2) or not -1 <= self.fed < len(self.body.inputs):
            raise VerifyError(f"a region of {self.rows} rows, {self.strips} strips, axis {self.axis}, input {self.fed}")
        tiles = self.strips > 1 or self.mode != Mode.STREAM.value
        if tiles and (len(self.body.outputs) != 1 or self.body.types[self.body.outputs[0].value].rank != 4):
            raise VerifyError("only a region with one result over a plane can be cut into tiles")
        if self.strips > 1 and (self.axis == 2 or self.fed >= 0):
            raise VerifyError("strips need rows along axis 1 and inputs that are there as a whole")
        if self.mode == Mode.PATCH.value and self.fed >= 0:
            raise VerifyError("patches read their input again and again: it cannot arrive by rows")
        planes = [t.shape for v, t in self.body.types.items() if t.rank == 4 and v not in self.body.constants]
        if self.axis == 2 and any(shape[1] != 1 for shape in planes):
            raise VerifyError("rows along axis 2 need tensors over one dimension: of size 1 along axis 1")
        for node in self.body.nodes:
            if len(node.outs) != 1 or any(self.body.types[v].shape[:1] not in ((), (1,)) for v in node.outs):
                raise VerifyError(f"{node.op.name} cannot run in parts: it has several results or a batch", node.name)

    def eval_float(self, *ins: F32) -> tuple[F32, ...]:
        return self._run(ins)

    def eval_int(self, ins: Sequence[Array], sig: Signature) -> tuple[Array, ...]:
        return self._run(ins)

    def _run(self, ins: Sequence[Array]) -> tuple[Array, ...]:
        """The results, computed part by part; what is not computed holds garbage."""
        return _Run(self.body, ins).results(self.parts)

    def macs(self, *ins: TensorType) -> int:
        """What is executed, repetitions included."""
        return sum(_macs(self.body, part) for part in self.parts)

    def window(self, region: Region, *ins: TensorType) -> tuple[Op, tuple[Region | None, ...]]:
        return self, tuple(whole(t) for t in ins)

    def kernels(self, sig: Signature, target: KernelTarget) -> Sequence[Candidate]:
        return []


def _macs(body: Graph, part: Part) -> int:
    if part.op is None or part.node is None or part.doing in (Doing.FINISH, Doing.REUSE):
        return 0
    sig = part.signature(body)
    if part.doing is Doing.ADD:
        return part.op.macs(*body.signature(part.node).ins) * sig.x.size // body.types[part.node.ins[0]].size
    return part.op.macs(*sig.ins)


class _Run:
    """The values of a body while it runs."""

    GARBAGE = 85

    def __init__(self, body: Graph, ins: Sequence[Array]) -> None:
        self.body = body
        self.values: dict[str, Array] = dict(body.constants)
        self.values.update(zip((p.value for p in body.inputs), ins, strict=True))
        self.sums: dict[str, Any] = {}
        for node in body.nodes:
            for value in node.outs:
                kind = body.types[value]
                blank = np.full(kind.shape, self.GARBAGE, kind.dtype.numpy)
                # a view is the bytes of what it shows
                self.values[value] = self.values[node.ins[0]].reshape(kind.shape) if node.op.is_view else blank

    def results(self, parts: Sequence[Part]) -> tuple[Array, ...]:
        for part in parts:
            if part.doing not in (Doing.FEED, Doing.REUSE):
                self._do(part)
        return tuple(self.values[p.value] for p in self.body.outputs)

    def _do(self, part: Part) -> None:
        assert part.node is not None and part.op is not None
        ins = [cut(self.values[v], r) for v, r in zip(part.node.ins, part.ins, strict=True)]
        if part.doing is Doing.COMPUTE:
            self._put(part, evaluate(part.op, ins, part.signature(self.body))[0])
            return
        accumulation = part.op.accumulation(self.body.signature(part.node), KernelTarget())
        assert accumulation is not None and part.ins[0] is not None
        if part.out not in self.sums:
            kind = accumulation.sums
            self.sums[part.out] = np.full(kind.shape, accumulation.start(), kind.dtype.numpy)
        if part.doing is Doing.ADD:
            self.sums[part.out] = accumulation.add(part.ins[0], ins[0], self.sums[part.out], ins)
        else:
            self._put(part, accumulation.finish(self.sums[part.out]))

    def _put(self, part: Part, result: Array) -> None:
        cut(self.values[part.out], part.region)[...] = result


def flattened(graph: Graph) -> Graph:
    """The same graph layer by layer: the bodies of regions in their place."""
    nodes: list[Node] = []
    types, constants = dict(graph.types), dict(graph.constants)
    for node in graph.nodes:
        if isinstance(node.op, RegionOp):
            nodes += node.op.body.nodes
            types.update(node.op.body.types)
            constants.update(node.op.body.constants)
        else:
            nodes.append(node)
    return graph.with_nodes(nodes, types, constants)
