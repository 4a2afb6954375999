"""Which layers could be computed in one, and which of them are: chains must not share a layer."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from tinyc.ir.graph import Graph, Node
from tinyc.ir.region import RegionOp
from tinyc.program.choice import Choice, Offer

LONGEST = 3  # layers

Nodes = tuple[Node, ...]


def find_chains(graph: Graph, choice: Choice) -> dict[Nodes, Offer]:
    """The chains for which kernels are offered. Layers of regions run in parts, and by themselves.

    What reads a state or makes it anew runs by itself too: for a chain, layers may change places.
    """
    makers, uses = _makers(graph), graph.use_counts()
    held, kept = graph.held(), {s.after for s in graph.states}

    def free(nodes: Nodes) -> bool:
        return not any(held.intersection(n.ins) or kept.intersection(n.outs) for n in nodes)

    def behind(nodes: Nodes) -> Iterator[Nodes]:
        for value in nodes[0].ins:
            if value in makers and uses[value] == 1 and len(nodes) < LONGEST:
                longer = makers[value], *nodes
                yield longer
                yield from behind(longer)

    found: dict[Nodes, Offer] = {}
    for node in graph.nodes:
        for nodes in behind((node,)) if _runs(node) else ():
            if not free(nodes):
                continue
            offer = choice.offered_in_one(nodes, graph)
            if offer.candidates:
                found[nodes] = offer
    return found


def _makers(graph: Graph) -> dict[str, Node]:
    """The layers by their results; those with one, that run as a whole."""
    return {n.outs[0]: n for n in graph.nodes if _runs(n) and len(n.outs) == 1}


def _runs(node: Node) -> bool:
    return not node.op.is_view and not isinstance(node.op, RegionOp)


def best_apart(graph: Graph, savings: Mapping[Nodes, float]) -> list[Nodes]:
    """Chains without a layer in common whose savings add up to the most.

    The layers that end a chain within a tree of layers, each read by the next alone: so the best of a tree is made of
    those of the trees that are left when the chain at its root is taken out.
    """
    ending: dict[int, list[Nodes]] = defaultdict(list)
    for nodes in savings:
        ending[id(nodes[-1])].append(nodes)
    makers, uses = _makers(graph), graph.use_counts()
    best: dict[int, tuple[float, Nodes]] = {}

    def trees(nodes: Nodes) -> list[Node]:
        """The roots of what is left below some layers."""
        own = {id(n) for n in nodes}
        below = [makers[v] for n in nodes for v in n.ins if v in makers and uses[v] == 1]
        return [n for n in below if id(n) not in own]

    for node in graph.nodes:
        best[id(node)] = sum(best[id(n)][0] for n in trees((node,))), ()
        for nodes in ending[id(node)]:
            total = savings[nodes] + sum(best[id(n)][0] for n in trees(nodes))
            if total > best[id(node)][0]:
                best[id(node)] = total, nodes
    inner = {id(makers[v]) for n in graph.nodes for v in n.ins if v in makers and uses[v] == 1}
    waiting, taken = [n for n in graph.nodes if id(n) not in inner], []
    while waiting:
        node = waiting.pop()
        _, nodes = best[id(node)]
        taken += [nodes] if nodes else []
        waiting += trees(nodes or (node,))
    return sorted(taken, key=lambda nodes: graph.nodes.index(nodes[-1]))


def names(nodes: Sequence[Node]) -> tuple[str, ...]:
    """The names of their results."""
    return tuple(node.outs[0] for node in nodes)
