"""Computing tensors twice instead of keeping them.

A squeeze-and-excitation block reads a wide tensor twice: to average it, and to scale it by what the averages give. It
must exist as a whole in between, unless what makes it from a narrow tensor runs once for either reader. Then it comes
in rows both times.
"""

from __future__ import annotations

from dataclasses import replace

from tinyc.ir.graph import Graph, Names, Node
from tinyc.ir.kernel import KernelTarget

NARROW = 2  # a tensor is narrow that takes at most one in so many bytes of the one that is made from it


def candidates(graph: Graph) -> dict[str, tuple[Node, ...]]:
    """Values that are worth computing twice, with the nodes that make them from a narrow one; the largest first."""
    producers, consumers, held = graph.producers(), graph.consumers(), graph.held()
    found: dict[str, tuple[Node, ...]] = {}
    for value, readers in consumers.items():
        if value not in producers or len(readers) < 2:
            continue
        if readers[0].op.accumulation(graph.signature(readers[0]), KernelTarget()) is None:
            continue
        chain = _chain(graph, producers, value)
        # a state may have been made anew before the second time
        if chain and not any(held.intersection(node.ins) for node in chain):
            found[value] = chain
    return dict(sorted(found.items(), key=lambda item: -graph.types[item[0]].bytes))


def _chain(graph: Graph, producers: dict[str, Node], value: str) -> tuple[Node, ...]:
    """The nodes from a narrow tensor to `value`; none if the way there forks."""
    chain: list[Node] = []
    at = value
    while at in producers:
        node = producers[at]
        sources = [v for v in node.ins if v not in graph.constants]
        if len(sources) != 1 or len(node.outs) != 1 or node.op.is_view:
            return ()
        chain.insert(0, node)
        at = sources[0]
        if graph.types[at].bytes * NARROW <= graph.types[value].bytes:
            return tuple(chain)
    return ()


def computed_twice(graph: Graph, value: str) -> Graph:
    """The graph in which the first reader of `value` and the others have a computation each."""
    chain = candidates(graph)[value]
    names = Names(graph.types)
    new = {node.outs[0]: names.fresh(f"{node.outs[0]}_again") for node in chain}
    again = [replace(node, ins=tuple(new.get(v, v) for v in node.ins), outs=(new[node.outs[0]],)) for node in chain]
    readers = graph.consumers()[value]
    nodes: list[Node] = []
    for node in graph.nodes:
        if node in readers[1:]:
            if again:
                nodes += again
                again = []
            node = replace(node, ins=tuple(new[v] if v == value else v for v in node.ins))
        nodes.append(node)
    types = {**graph.types, **{new[v]: graph.types[v] for v in new}}
    return graph.with_nodes(nodes, types)
