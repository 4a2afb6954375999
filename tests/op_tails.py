"""Operators that can add up their first input part by part, and ways to cut that input up."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st
from op_cases import CLAMPS, Case

from tinyc.ir.op import Op, Region, Span
from tinyc.ops import AvgPool2D, Dense, MaxPool2D, Mean

Draw = Callable[[st.SearchStrategy[Any]], Any]


def _seed(draw: Draw) -> int:
    return int(draw(st.integers(0, 2**32 - 1)))


def _plane(draw: Draw) -> tuple[int, int, int, int]:
    height, width, channels = draw(st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9)))
    return 1, height, width, channels


@st.composite
def _means(draw: Draw) -> Case:
    shape = _plane(draw)
    fitting: list[tuple[int, ...]] = [(1, 2), (0, 1, 2), (1, 2, 3), (0, 1, 2, 3)]
    fitting += [(1,)] if shape[2] == 1 else []
    fitting += [(2,), (2, 3)] if shape[1] == 1 else []
    return Case(Mean(draw(st.sampled_from(fitting))), (shape,), frozenset(), _seed(draw))


@st.composite
def _pools(draw: Draw, kind: type[MaxPool2D | AvgPool2D]) -> Case:
    """One window over the whole plane, perhaps with padding around it."""
    shape = _plane(draw)
    pads = tuple(draw(st.integers(0, 2)) for _ in range(4))
    kernel = (shape[1] + pads[0] + pads[2], shape[2] + pads[1] + pads[3])
    op: Op = kind(kernel, (1, 1), pads, *draw(CLAMPS))
    op = op.with_even_ties() if draw(st.booleans()) else op
    return Case(op, (shape,), frozenset(), _seed(draw))


@st.composite
def _dense(draw: Draw) -> Case:
    depth, out = draw(st.integers(1, 120)), draw(st.integers(1, 13))
    low, high = draw(CLAMPS)
    return Case(Dense(low=low, high=high), ((1, depth), (out, depth), (out,)), frozenset({1, 2}), _seed(draw))


TAILS: dict[str, st.SearchStrategy[Case]] = {
    "avg_pool2d": _pools(AvgPool2D),
    "dense": _dense(),
    "max_pool2d": _pools(MaxPool2D),
    "mean": _means(),
}


def draw_parts(data: st.DataObject, shape: tuple[int, ...]) -> list[Region]:
    """Disjoint regions that make up a tensor, in any order: cut along axis 1, and axis 2 where there is one to sum."""
    rows = _spans(data, shape[1])
    if len(shape) == 2:
        parts: list[Region] = [((0, 1), row) for row in rows]
    else:
        parts = [((0, 1), row, column, (0, shape[3])) for row in rows for column in _spans(data, shape[2])]
    return data.draw(st.permutations(parts))


def _spans(data: st.DataObject, size: int) -> list[Span]:
    cuts = data.draw(st.sets(st.integers(1, max(size - 1, 1)), max_size=4))
    bounds = [0, *sorted(c for c in cuts if c < size), size]
    return list(pairwise(bounds))
