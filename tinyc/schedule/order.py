"""The order of layers that needs the least memory.

Where a network branches, the order in which branches run decides how much is in use at once. A state is the set of
layers that have run; best-first search over the states finds an order with the smallest peak (a shortest path where
the length is the largest step). That is exact, and quick for networks with few branches side by side; beyond a limit
on states the order stays as it is. Results that run over their inputs count, workspaces do not.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass

from tinyc.ir.graph import Graph, Node
from tinyc.ir.kernel import KernelTarget
from tinyc.program.steps import only_call

STATES = 20_000


def order_layers(graph: Graph) -> Graph:
    """The pass: another order if that lowers the peak."""
    memory = _Memory(graph)
    given = list(range(len(memory.layers)))
    best = memory.best_order(STATES)
    if best is None or memory.peak(best) >= memory.peak(given):
        return graph
    return graph.with_nodes(memory.nodes(best))


def peak_bytes(graph: Graph) -> int:
    """Bytes in use at the fullest step in the graph's own order, workspaces not counted."""
    memory = _Memory(graph)
    return memory.peak(range(len(memory.layers)))


@dataclass(frozen=True)
class _Tensor:
    """Bytes that are in use from when their producer runs until all readers have run. Sets of layers are bit masks."""

    bytes: int
    producer: int
    """The layer's bit; 0 for an input of the model."""
    readers: int
    kept: bool
    """It is an output."""


class _Memory:
    """What layers read and write; views stand for the tensors they show."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.layers = [n for n in graph.nodes if not n.op.is_view]
        self.views = [n for n in graph.nodes if n.op.is_view]
        self.root = {name: name for name in graph.types}
        for view in self.views:
            self.root[view.outs[0]] = self.root[view.ins[0]]
        produced = {out: index for index, n in enumerate(self.layers) for out in n.outs}
        # what is kept for the next run has a place of its own throughout
        outputs = {self.root[v] for v in (*graph.wanted, *(s.before for s in graph.states))}
        self.tensors = {
            name: _Tensor(
                graph.types[name].bytes,
                1 << produced[name] if name in produced else 0,
                sum(1 << i for i, n in enumerate(self.layers) if name in self._reads(n)),
                name in outputs,
            )
            for name in {*produced, *(self.root[v] for v in graph.given)}
        }
        self.lags = [self._lags(n) for n in self.layers]
        self.needs = [sum(bit for bit in {self.tensors[v].producer for v in self._reads(n)}) for n in self.layers]

    def _reads(self, node: Node) -> set[str]:
        return {self.root[v] for v in node.ins if self.root[v] not in self.graph.constants}

    def _lags(self, node: Node) -> dict[str, int]:
        """How far below each input the result must start, where it may run over that input."""
        call = only_call(node.op.kernels(self.graph.signature(node), KernelTarget())[0])
        lags: dict[str, int] = {}
        for index, lag in call.lags.items() if call else ():
            value = self.root[node.ins[index]]
            if value in self.tensors:
                lags[value] = max(lag, lags.get(value, 0))
        return lags

    def _alive(self, tensor: _Tensor, done: int) -> bool:
        made = not tensor.producer or tensor.producer & done
        return bool(made and (tensor.kept or tensor.readers & ~done or not (tensor.readers or tensor.producer)))

    def _live(self, done: int) -> int:
        """Bytes in use when the layers in `done` have run."""
        return sum(t.bytes for t in self.tensors.values() if self._alive(t, done))

    def _more(self, done: int, layer: int) -> int:
        """Bytes that are in use beyond these while `layer` runs next."""
        made = sum(self.tensors[v].bytes for v in self.layers[layer].outs)
        return made - self._saved(layer, done | 1 << layer)

    def _saved(self, layer: int, after: int) -> int:
        """Bytes of an input that nobody needs afterwards which the result can take over while the layer runs."""
        out = self.tensors[self.layers[layer].outs[0]].bytes
        saved = 0
        for value, lag in self.lags[layer].items():
            source = self.tensors[value]
            if not self._alive(source, after):
                saved = max(saved, source.bytes + out - max(lag + source.bytes, out))
        return saved

    def peak(self, order: Sequence[int]) -> int:
        """The fullest step of an order."""
        done = peak = 0
        for layer in order:
            peak = max(peak, self._live(done) + self._more(done, layer))
            done |= 1 << layer
        return peak

    def best_order(self, states: int) -> list[int] | None:
        """An order of least peak, the given one among equals as far as it goes; None beyond so many states."""
        everything = (1 << len(self.layers)) - 1
        came_from: dict[int, tuple[int, int]] = {}
        waiting = [(0, 0, 0, -1, 0)]  # peak, layers left (negated count done), last layer, state before, state
        while waiting:
            peak, _, layer, before, done = heapq.heappop(waiting)
            if done in came_from:
                continue
            came_from[done] = (before, layer)
            if done == everything:
                return self._path(came_from, done)
            if len(came_from) > states:
                return None
            live = self._live(done)
            for following, needs in enumerate(self.needs):
                state = done | 1 << following
                if state != done and needs & ~done == 0 and state not in came_from:
                    fullest = max(peak, live + self._more(done, following))
                    heapq.heappush(waiting, (fullest, -state.bit_count(), following, done, state))
        return None

    @staticmethod
    def _path(came_from: dict[int, tuple[int, int]], state: int) -> list[int]:
        order = []
        while state:
            state, layer = came_from[state]
            order.append(layer)
        return order[::-1]

    def nodes(self, order: Sequence[int]) -> list[Node]:
        """The nodes in this order of layers, each view as soon as there is what it shows."""
        nodes: list[Node] = []
        defined = {*self.graph.given, *self.graph.constants}
        left = list(self.views)
        for layer in [None, *order]:
            if layer is not None:
                nodes.append(self.layers[layer])
                defined.update(self.layers[layer].outs)
            for view in list(left):
                if view.ins[0] in defined:
                    nodes.append(view)
                    defined.update(view.outs)
                    left.remove(view)
        return nodes
