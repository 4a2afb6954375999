"""From a graph to steps: kernels are selected, layers become steps, regions many of them."""

from __future__ import annotations

from tinyc.ir.graph import Graph, Node
from tinyc.ir.kernel import Candidate, In
from tinyc.ir.parts import whole
from tinyc.ir.region import RegionOp
from tinyc.program.choice import Choice
from tinyc.program.steps import Layer, Place, Step, Written, workspace_bytes


class Lowering:
    """Steps of a graph as it is turned into them."""

    def __init__(self, graph: Graph, choice: Choice) -> None:
        self.graph, self.choice = graph, choice
        self.layers: list[Layer] = []
        self.steps: list[Step] = []
        self.places: dict[str, Place] = {v: Place(v, 0, graph.types[v].bytes) for v in graph.given}
        """Where values lie as a whole."""
        self.homes = _homes(graph)

    def run(self) -> None:
        from tinyc.program.rows import RegionLowering  # which is made of what is here

        before = self._chains()
        within = {id(node) for nodes in before.values() for node in nodes}
        for node in self.graph.nodes:
            if isinstance(node.op, RegionOp):
                RegionLowering(self, node.op).run()
            elif id(node) not in within:
                self._layer(node, before.get(node.outs[0], ()))

    def _chains(self) -> dict[str, tuple[Node, ...]]:
        """By the result of their last, the nodes before it in the chains that are computed in one."""
        makers = {out: n for n in self.graph.nodes if not isinstance(n.op, RegionOp) for out in n.outs}
        chains = {last: some for last, some in self.choice.chains.items() if {last, *some} <= makers.keys()}
        return {last: tuple(makers[value] for value in some) for last, some in chains.items()}

    def layer(self, node: Node, graph: Graph, before: tuple[Node, ...] = ()) -> int:
        """The number of a new layer."""
        self.layers.append(Layer(node, graph, before))
        return len(self.layers) - 1

    def buffer(self, value: str) -> Place:
        """The place of a value: in a buffer of its own, or where the result that it is a part of has it."""
        offset, at = 0, value
        while at in self.homes:
            at, inner = self.homes[at]
            offset += inner
        self.places[value] = Place(at, offset, self.graph.types[value].bytes)
        return self.places[value]

    def place(self, graph: Graph, value: str) -> Place:
        """Where a whole value lies, in memory or among the constants."""
        if value in graph.constants:
            return Place(value, 0, graph.types[value].bytes, constant=True)
        return self.places[value]

    def _layer(self, node: Node, before: tuple[Node, ...]) -> None:
        if node.op.is_view:
            self.places[node.outs[0]] = self.places[node.ins[0]]
            return
        number = self.layer(node, self.graph, before)
        if before:
            calls = self.choice.select_in_one((*before, node), self.graph)
        else:
            calls = self.choice.select(node, node.op, self.graph.signature(node))
        outs = tuple(self.buffer(v) for v in node.outs)
        unmade = {n.outs[0]: Place(n.outs[0], 0, 0, constant=True) for n in before}  # nothing to read
        read = [v for n in (*before, node) for v in n.ins]
        ins = tuple(unmade.get(v) or self.place(self.graph, v) for v in read)
        if any(self.homes.get(v, ("", 0))[0] == node.outs[0] for v in node.ins):
            self._join(number, node, calls, ins, outs[0])
            return
        written = Written(node.outs[0], whole(self.graph.types[node.outs[0]]), outs[0])
        # the place of a state is in use from run to run, also between its last reading and this
        renews = any(s.after in node.outs for s in self.graph.states)
        self.steps.append(Step(number, calls, ins, outs, workspace(number, calls), written, updates=renews))

    def _join(self, layer: int, node: Node, calls: Candidate, ins: tuple[Place, ...], out: Place) -> None:
        """Copy those inputs into the result that have not been computed there."""
        each = zip(node.ins, calls, strict=True)
        missing = [call for value, call in each if self.homes.get(value, ("", 0))[0] != node.outs[0]]
        if missing:
            read = {arg.index for call in missing for arg in call.args if isinstance(arg, In)}
            ins = tuple(p if i in read else p._replace(bytes=0) for i, p in enumerate(ins))
            written = Written(node.outs[0], whole(self.graph.types[node.outs[0]]), out)
            self.steps.append(Step(layer, tuple(missing), ins, (out,), None, written, updates=True))


def _homes(graph: Graph) -> dict[str, tuple[str, int]]:
    """Values that are computed right where another has them as a part: that one, and the byte in it.

    The next state is computed where the present one lies, once that is not read any more: so not part by part.
    """
    fixed = {*graph.given, *graph.wanted}
    made = {v for n in graph.nodes if not n.op.is_view and not isinstance(n.op, RegionOp) for v in n.outs}
    uses = graph.use_counts()
    renewed = {s.after: (s.before, 0) for s in graph.states}
    homes: dict[str, tuple[str, int]] = dict(renewed)
    for node in graph.nodes:
        if node.outs[0] in renewed:
            continue
        for index, offset in node.op.placements(graph.signature(node)).items():
            value = node.ins[index]
            if value in made and value not in fixed and uses[value] == 1:
                homes[value] = node.outs[0], offset
    return homes


def workspace(layer: int, calls: Candidate) -> Place | None:
    """The place of the workspace of calls for a layer."""
    size = workspace_bytes(calls)
    return Place(f"workspace of layer {layer}", 0, size) if size else None
