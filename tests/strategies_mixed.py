"""Random float graphs in which operators with and without int8 forms stand side by side."""

from __future__ import annotations

from math import prod
from random import Random

import numpy as np
from hypothesis import strategies as st
from strategies import STEPS, Array, Builder, Step, random_graph

from tinyc.ir.graph import Graph
from tinyc.ir.op import Op
from tinyc.ir.types import DType
from tinyc.ops import Accumulate, Add, Clamp, Gather, Map, Mul, Reduce, Reshape, Scatter, Sigmoid, TopK

FUNCTIONS = ("abs", "atan", "erf", "exp", "floor", "round", "sign", "sin", "softplus", "softsign", "sigmoid")


def function(b: Builder, x: str, plant: bool) -> None:
    """A function of single elements, which becomes a table."""
    b.apply(Map(b.rng.choice(FUNCTIONS)), b.apply(Clamp(-4.0, 4.0), x))


def pieces(b: Builder, x: str, plant: bool) -> None:
    """A function of several layers: x · f(a · x + b), or a choice by a comparison."""
    scale, shift = (b.constant(np.array(number, np.float32)) for number in (0.7, 0.2))
    moved = b.apply(Add(), b.apply(Mul(), x, scale), shift)
    if b.rng.random() < 0.3:
        above = b.apply(Map("greater"), x, shift)
        b.apply(Map("where"), above, x, moved)
    else:
        b.apply(Mul(), x, b.apply(b.rng.choice((Sigmoid(), Clamp(0.0, 1.0), Map("erf"))), moved))


def in_float(b: Builder, x: str, plant: bool) -> None:
    """What has no int8 form."""
    rank = b.type(x).rank
    ops: list[Op] = [Accumulate("sum", b.rng.randrange(rank)), Reduce("l1", (b.rng.randrange(rank),))]
    if b.rng.random() < 0.3:
        b.apply(Map("div"), x, b.apply(Add(), b.apply(Map("abs"), x), b.constant(np.ones((), np.float32))))
    else:
        b.apply(b.rng.choice(ops), x)


def of_two(b: Builder, x: str, plant: bool) -> None:
    """The larger or the smaller of two tensors, or a choice by a mask, known or computed."""
    shape = b.type(x).shape
    other = b.rng.choice([v for v in b.values if b.type(v).shape == shape and b.type(v).dtype.is_float])
    which = b.rng.choice(("max", "min", "mask", "computed"))
    if which in ("max", "min"):
        b.apply(Map(which), x, other)
    elif which == "mask":
        b.apply(Map("where"), b.constant(b.numbers.random(shape[-1:]) < 0.5), x, other)
    else:
        b.apply(Map("where"), b.apply(Map("less"), other, x), x, other)


def extremes(b: Builder, x: str, plant: bool) -> None:
    """The order of elements, and what indices that are computed point at."""
    shape = b.type(x).shape
    axis = b.rng.randrange(len(shape))
    if b.rng.random() < 0.4:
        axes = tuple(sorted(b.rng.sample(range(len(shape)), b.rng.randint(1, 2))))
        b.apply(Reduce(b.rng.choice(("max", "min")), axes), x)
        return
    k = b.rng.randint(1, shape[axis])
    largest = b.rng.random() < 0.5
    places = b.apply(TopK(axis, k, largest, indices=True), x)
    if b.rng.random() < 0.5:
        b.apply(TopK(axis, k, largest), x)
    elif b.rng.random() < 0.5:
        b.apply(Gather(axis, "elements"), x, places)
    else:
        b.apply(Scatter(axis, "elements"), x, places, b.apply(Gather(axis, "elements"), x, places))


def flat(b: Builder, x: str, plant: bool) -> None:
    """There and back again."""
    shape = b.type(x).shape
    b.apply(Reshape(shape), b.apply(Reshape((shape[0], prod(shape[1:]))), x))


MIXED_STEPS: tuple[Step, ...] = (*STEPS, *(function, pieces, in_float, in_float, of_two, extremes, flat) * 2)


def mixed_graph(rng: Random, most: int = 8) -> Graph:
    """A network of these steps."""
    return random_graph(rng, MIXED_STEPS, most)


def mixed_graphs(most: int = 8) -> st.SearchStrategy[Graph]:
    """`mixed_graph` for hypothesis."""
    return st.randoms(use_true_random=False).map(lambda rng: mixed_graph(rng, most))


def mixed_inputs(graph: Graph, seed: int) -> dict[str, Array]:
    """Input values of a graph whose inputs are int8 or float."""
    rng = np.random.default_rng(seed)
    kinds = {p.value: graph.types[p.value] for p in graph.inputs}
    return {
        v: rng.integers(-128, 128, k.shape).astype(np.int8) if k.dtype is DType.I8
        else rng.normal(size=k.shape).astype(np.float32)
        for v, k in kinds.items()
    }  # fmt: skip
