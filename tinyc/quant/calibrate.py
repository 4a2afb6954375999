"""Calibration: run the float graph on samples and note the range of every activation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyc.errors import TinycError
from tinyc.ir.graph import Graph, Node
from tinyc.ir.interp import Stream, to_value
from tinyc.ir.rules import Free
from tinyc.quant.observers import ObserverChoice
from tinyc.quant.partition import rules_of, stored_values
from tinyc.samples import count_samples

Range = tuple[float, float]
Progress = Callable[[int, int], None]  # samples done, samples in all


def calibrate(
    graph: Graph, samples: Mapping[str, NDArray[Any]], choice: ObserverChoice, progress: Progress | None = None
) -> dict[str, Range]:
    """The range of each activation of a float graph that is needed in int8, and of what is inside operators.

    `samples` as `match_samples` gives them; where the graph keeps states, they are a sequence. What is inside an
    operator has the name that `inside` gives it. Ranges of what is inside may turn out to leave an operator no int8
    form: then others are not needed.
    """
    rules = rules_of(graph)
    stored = stored_values(graph, rules)
    nodes = [n for n in graph.nodes if not all(isinstance(out, Free) for out in rules[n.outs[0]].outs)]
    activations = [name for name in graph.types if name in stored]
    if not activations:
        return {}
    observers = {name: choice.create() for name in activations}
    count = count_samples(samples)
    passes = next(iter(observers.values())).passes
    for index in range(passes):
        stream = Stream(graph)
        for number in range(count):
            inputs = {p.value: to_value(graph, p, samples[p.name][number]) for p in graph.inputs}
            with np.errstate(all="ignore"):
                values = stream.execute(inputs)
            for name in activations:
                observers[name].see(values[name], index)
            for node in nodes:
                for place, seen in enumerate(node.op.internals(*(values[v] for v in node.ins))):
                    observers.setdefault(inside(node, place), choice.create()).see(seen, index)
            if progress:
                progress(index * count + number + 1, passes * count)
    ranges = {name: observer.range() for name, observer in observers.items()}
    informed = knowing(graph, ranges)
    left = stored_values(informed, rules_of(informed))
    ranges = {name: found for name, found in ranges.items() if name in left or name not in graph.types}
    for name, (low, high) in ranges.items():
        if name in left and not (np.isfinite(low) and np.isfinite(high)):
            raise TinycError(
                f"calibration drives %{name} to values that are not finite ({low} … {high})",
                graph.name,
                "check that the samples are scaled as in training",
            )
    return ranges


def knowing(graph: Graph, ranges: Mapping[str, Range]) -> Graph:
    """The graph with operators that know the ranges of what is inside them."""
    nodes = []
    for node in graph.nodes:
        seen: list[Range] = []
        while inside(node, len(seen)) in ranges:
            seen.append(ranges[inside(node, len(seen))])
        nodes.append(replace(node, op=node.op.with_internals(seen)) if seen else node)
    return replace(graph, nodes=tuple(nodes))


def inside(node: Node, place: int) -> str:
    """What ranges call value `place` of the `internals` of a node; no value of a graph is called so."""
    return f"{node.outs[0]}#{place}"


def random_samples(graph: Graph, seed: int, count: int = 8) -> dict[str, NDArray[Any]]:
    """Normally distributed inputs, for trials: the ranges they give say nothing about real data."""
    generator = np.random.default_rng(seed)
    return {p.name: generator.standard_normal((count, *p.shape)).astype(p.dtype) for p in graph.inputs}
