"""See to it that each state can be computed right in the memory where it is kept.

Why: a state has one place, which a run reads as the last one left it and writes anew. So what makes the next state must
run behind all that reads the present one, make it by itself, and make it for this state alone. Where that is not so,
a copy is put behind; and what is a present state or shows one, and is needed after the run, is copied before all.
"""

from __future__ import annotations

from dataclasses import replace

from tinyc.ir.graph import Graph, Names, Node
from tinyc.ir.types import TensorType
from tinyc.ops.keep import Keep


def keep_states(graph: Graph) -> Graph:
    """The pass. Layers are in the order in which they will run."""
    return _Keeping(graph).run() if graph.states else graph


class _Keeping:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.nodes: list[Node] = list(graph.nodes)
        self.types: dict[str, TensorType] = dict(graph.types)
        self.names = Names(graph.types)

    def run(self) -> Graph:
        early = self._copied_early()
        outputs = tuple(replace(p, value=early.get(p.value, p.value)) for p in self.graph.outputs)
        states, taken = [], set[str]()
        for state in self.graph.states:
            after = early.get(state.after, state.after)
            ready = max(self._made(after), self._last_reading(state.before)) + 1
            # what is copied early can be a reading of this very state
            while not self._is_right(after, state.before) or after in taken:
                after = self._copy(after, ready, state.before)
                ready += 1
            taken.add(after)
            states.append(replace(state, after=after))
        return self.graph.with_nodes(self.nodes, self.types, outputs=outputs, states=tuple(states))

    def _copied_early(self) -> dict[str, str]:
        """Copies of present states, and of views of them, that are wanted after the run."""
        held = self.graph.held()
        wanted = [v for v in dict.fromkeys(self.graph.wanted) if v in held]
        return {v: self._copy(v, self._made(v) + 1, v) for v in wanted}

    def _copy(self, value: str, at: int, stem: str) -> str:
        name = self.names.fresh(f"{stem}_kept")
        self.types[name] = self.types[value]
        self.nodes.insert(at, Node(Keep(), (value,), (name,), f"keep {stem}"))
        return name

    def _made(self, value: str) -> int:
        """The number of the node that makes a value; −1 for what is there before all."""
        return next((i for i, node in enumerate(self.nodes) if value in node.outs), -1)

    def _last_reading(self, before: str) -> int:
        """The number of the last node that reads a state, or a view of it; −1 if none does."""
        held = self.graph.shown([before])
        return max((i for i, node in enumerate(self.nodes) if held.intersection(node.ins)), default=-1)

    def _is_right(self, after: str, before: str) -> bool:
        """Whether a value can be computed where the state is kept."""
        made = self._made(after)
        return made > self._last_reading(before) and not self.nodes[made].op.is_view
