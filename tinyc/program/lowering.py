"""From a graph to steps: kernels are selected, layers become steps, regions many of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tinyc.errors import UnsupportedError
from tinyc.ir.graph import Graph, Node
from tinyc.ir.kernel import Candidate, KernelSet, KernelTarget
from tinyc.ir.op import Op, Signature
from tinyc.ir.parts import whole
from tinyc.ir.region import RegionOp
from tinyc.program.steps import Layer, Place, Step, Written, workspace_bytes


@dataclass(frozen=True)
class Choice:
    """What decides which kernels are called."""

    target: KernelTarget
    kernels: KernelSet = KernelSet.TINYC

    @property
    def follow(self) -> bool:
        """Whether results may run over inputs as `KernelCall.lags` says: that is known of our kernels."""
        return not self.target.foreign

    def select(self, node: Node, op: Op, sig: Signature) -> Candidate:
        """The first candidate that the kernel set has."""
        candidates: Sequence[Candidate] = op.kernels(sig, self.target)
        for candidate in candidates:
            if self.kernels is KernelSet.TINYC or all(call.header == "arm_nnfunctions.h" for call in candidate):
                return candidate
        raise UnsupportedError(
            f"the kernel set '{self.kernels.value}' has no function for {op.name} of {', '.join(map(str, sig.ins))}",
            f"node '{node.name}'",
            f"compile with --kernels {KernelSet.TINYC.value}",
        )


class Lowering:
    """Steps of a graph as it is turned into them."""

    def __init__(self, graph: Graph, choice: Choice) -> None:
        self.graph, self.choice = graph, choice
        self.layers: list[Layer] = []
        self.steps: list[Step] = []
        self.places: dict[str, Place] = {p.value: Place(p.value, 0, graph.types[p.value].bytes) for p in graph.inputs}
        """Where values lie as a whole."""

    def run(self) -> None:
        from tinyc.program.rows import RegionLowering  # which is made of what is here

        for node in self.graph.nodes:
            if isinstance(node.op, RegionOp):
                RegionLowering(self, node.op).run()
            else:
                self._layer(node)

    def layer(self, node: Node, graph: Graph) -> int:
        """The number of a new layer."""
        calls = self.choice.select(node, node.op, graph.signature(node))
        self.layers.append(Layer(node, graph, calls))
        return len(self.layers) - 1

    def buffer(self, value: str) -> Place:
        """The place of a value in a buffer of its own."""
        self.places[value] = Place(value, 0, self.graph.types[value].bytes)
        return self.places[value]

    def place(self, graph: Graph, value: str) -> Place:
        """Where a whole value lies, in memory or among the constants."""
        if value in graph.constants:
            return Place(value, 0, graph.types[value].bytes, constant=True)
        return self.places[value]

    def _layer(self, node: Node) -> None:
        if node.op.is_view:
            self.places[node.outs[0]] = self.places[node.ins[0]]
            return
        number = self.layer(node, self.graph)
        calls = self.layers[number].calls
        outs = tuple(self.buffer(v) for v in node.outs)
        ins = tuple(self.place(self.graph, v) for v in node.ins)
        written = Written(node.outs[0], whole(self.graph.types[node.outs[0]]), outs[0])
        self.steps.append(Step(number, calls, ins, outs, workspace(number, calls), written))


def workspace(layer: int, calls: Candidate) -> Place | None:
    """The place of the workspace of calls for a layer."""
    size = workspace_bytes(calls)
    return Place(f"workspace of layer {layer}", 0, size) if size else None
