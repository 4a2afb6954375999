"""Calibration: run the float graph on samples and note the range of every activation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyc.errors import TinycError, UnsupportedError
from tinyc.ir.graph import Graph
from tinyc.ir.interp import execute, to_value
from tinyc.ir.rules import Bias, Own, Weight
from tinyc.quant.observers import ObserverChoice

Range = tuple[float, float]
Progress = Callable[[int, int], None]  # samples done, samples in all


def calibrate(
    graph: Graph, samples: Mapping[str, NDArray[Any]], choice: ObserverChoice, progress: Progress | None = None
) -> dict[str, Range]:
    """The range of each activation of a float graph, all of whose operators have int8 forms.

    `samples` as `match_samples` gives them.
    """
    _check_rules(graph)
    activations = [name for name in graph.types if name not in graph.constants]
    observers = {name: choice.create() for name in activations}
    count = len(next(iter(samples.values())))
    passes = next(iter(observers.values())).passes
    for index in range(passes):
        for number in range(count):
            inputs = {p.value: to_value(graph, p, samples[p.name][number]) for p in graph.inputs}
            with np.errstate(all="ignore"):
                values = execute(graph, inputs)
            for name in activations:
                observers[name].see(values[name], index)
            if progress:
                progress(index * count + number + 1, passes * count)
    ranges = {name: observer.range() for name, observer in observers.items()}
    for name, (low, high) in ranges.items():
        if not (np.isfinite(low) and np.isfinite(high)):
            raise TinycError(
                f"calibration drives %{name} to values that are not finite ({low} … {high})",
                graph.name,
                "check that the samples are scaled as in training",
            )
    return ranges


def _check_rules(graph: Graph) -> None:
    """UnsupportedError for an operator without an int8 form, before anything takes time."""
    for node in graph.nodes:
        where = f"{graph.name}: node '{node.name}'"
        try:
            rule = node.op.quant_rule
        except UnsupportedError as error:
            raise UnsupportedError(error.message, where, error.hint) from None
        for index, value in enumerate(node.ins):
            if isinstance(rule.of_input(index), Weight | Bias | Own) and value not in graph.constants:
                raise UnsupportedError(
                    f"{node.op.name} has an int8 form only with constant weights, and %{value} is computed",
                    where,
                    "make it an initializer, or compile with --float",
                )


def random_samples(graph: Graph, seed: int, count: int = 8) -> dict[str, NDArray[Any]]:
    """Normally distributed inputs, for trials: the ranges they give say nothing about real data."""
    generator = np.random.default_rng(seed)
    return {p.name: generator.standard_normal((count, *p.shape)).astype(p.dtype) for p in graph.inputs}
