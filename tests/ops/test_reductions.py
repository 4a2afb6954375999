"""Reductions, running totals, orders and sums of products of elements of any type: the generated C, sanitized."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from generated import generate, side_by_side

from tinyc.errors import VerifyError
from tinyc.ir.graph import Graph, Node, plain_port
from tinyc.ir.op import Op
from tinyc.ir.types import DType, TensorType, f32
from tinyc.ops import Accumulate, Einsum, Reduce, TopK
from tinyc.ops._functions import class_of
from tinyc.ops._reductions import REDUCTIONS

KINDS, MORE_KINDS = (DType.F32, DType.BOOL, DType.I8, DType.U32, DType.I64), (DType.U8, DType.I16, DType.U64)
SHAPE = (2, 3, 4)


def graph_of(op: Op, *kinds: TensorType) -> Graph:
    """A graph of one operator."""
    names = tuple("abc"[: len(kinds)])
    (result,) = op.infer(*kinds)
    types = {**dict(zip(names, kinds, strict=True)), "y": result}
    ports = tuple(plain_port(n, types[n]) for n in names)
    return Graph("one", ports, (plain_port("y", result),), (Node(op, names, ("y",), op.name),), types, {})


def sample(kind: TensorType, seed: int) -> np.ndarray:
    """Elements of all sizes, some of them equal."""
    rng = np.random.default_rng(seed)
    if kind.dtype is DType.F32:
        return rng.integers(-3, 4, kind.shape).astype(np.float32) / 2
    if kind.dtype is DType.BOOL:
        return rng.integers(0, 2, kind.shape).astype(bool)
    info = np.iinfo(kind.dtype.numpy)
    wide = rng.integers(info.min, info.max, kind.shape, kind.dtype.numpy, endpoint=True)
    return np.where(rng.random(kind.shape) < 0.5, wide, wide % 5).astype(kind.dtype.numpy)


def check(operators: list[tuple[Op, tuple[TensorType, ...]]], folder: Path) -> None:
    """All operators in one program: the C gives what the interpreter gives."""
    made = generate(side_by_side([graph_of(op, *kinds) for op, kinds in operators]), folder)
    inputs = {p.value: sample(made.graph.types[p.value], i) for i, p in enumerate(made.graph.inputs)}
    assert made.sanitized_outputs([inputs]) == made.output_bytes(inputs)


@pytest.mark.parametrize(
    "kind",
    [*KINDS, *(pytest.param(kind, marks=pytest.mark.slow) for kind in MORE_KINDS)],
    ids=lambda kind: kind.value,
)
def test_elements_of_any_type(kind: DType, tmp_path: Path) -> None:
    x, group = (TensorType(SHAPE, kind),), class_of(kind)
    operators: list[tuple[Op, tuple[TensorType, ...]]] = [
        (Reduce(function, axes), x)
        for function, found in REDUCTIONS.items()
        if group in found.step
        for axes in ((), (1,), (0, 2), (0, 1, 2))
    ]
    operators += [
        (TopK(axis, k, largest, last, indices), x)
        for axis, k in ((0, 1), (1, 3), (2, 2))
        for largest in (False, True)
        for last in (False, True)
        for indices in (False, True)
    ]
    if group != "t":
        operators += [
            (Accumulate(function, axis, exclusive, reverse), x)
            for function in ("sum", "prod")
            for axis, exclusive, reverse in ((0, False, False), (1, True, False), (2, True, True), (1, False, True))
        ]
        operators += [
            (Einsum(equation), tuple(TensorType(shape, kind) for shape in shapes))
            for equation, shapes in (
                ("aij,ajk->aik", [(2, 3, 4), (2, 4, 2)]),
                ("ij,j->", [(3, 4), (4,)]),
                ("ij,kj->kji", [(3, 4), (2, 1)]),
                ("ii->i", [(3, 3)]),
                ("iji->j", [(2, 3, 2)]),
            )
        ]
    check(operators, tmp_path)


def test_orders_by_hand() -> None:
    x = np.float32([[2, 7, 7, np.nan, -1]])
    order = [TopK(1, 5, largest, last, indices=True).eval_float(x)[0].tolist() for largest in (1, 0) for last in (0, 1)]
    assert order == [[[3, 1, 2, 0, 4]], [[3, 2, 1, 0, 4]], [[4, 0, 1, 2, 3]], [[4, 0, 2, 1, 3]]]


def test_nan_and_infinity_in_c(tmp_path: Path) -> None:
    x = np.float32([[np.nan, 1, -np.inf, np.inf, np.nan, -np.inf, 2, 1]])
    operators: list[Op] = [TopK(1, 8, largest, indices=True) for largest in (False, True)]
    operators += [Reduce("max", (1,)), Reduce("min", (1,)), Reduce("max", (0,))]
    made = generate(side_by_side([graph_of(op, f32(*x.shape)) for op in operators]), tmp_path)
    inputs = {p.value: x for p in made.graph.inputs}
    got, want = (np.frombuffer(b, np.uint32) for b in (made.sanitized_outputs([inputs]), made.output_bytes(inputs)))
    nan = [np.isnan(v.view(np.float32)) for v in (got, want)]
    assert np.array_equal(nan[0], nan[1]) and np.array_equal(got[~nan[0]], want[~nan[0]])


@pytest.mark.parametrize(
    ("op", "shape", "complaint"),
    [
        (Reduce("median", (0,)), (2, 3), "there is no median over f32"),
        (Reduce("sum", (1, 0)), (2, 3), "reduce over axes"),
        (Reduce("sum", (2,)), (2, 3), "reduce over axes"),
        (Accumulate("max", 0), (2, 3), "there is no running max"),
        (Accumulate("sum", 2), (2, 3), "along axis 2"),
        (TopK(1, 4), (2, 3), "the first 4 elements along axis 1"),
        (Einsum("ij,jk->ik"), (2, 3), "einsum ij,jk->ik"),
        (Einsum("ij->ii"), (2, 3), "each once"),
        (Einsum("ii->i"), (2, 3), "i is both 2 and 3"),
    ],
)
def test_what_there_is_not(op: Op, shape: tuple[int, ...], complaint: str) -> None:
    with pytest.raises(VerifyError, match=complaint):
        op.infer(f32(*shape))
