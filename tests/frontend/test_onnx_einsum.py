"""Einsum and products of matrices of any elements, against onnxruntime and NumPy."""

from __future__ import annotations

import numpy as np
import pytest
from onnx import TensorProto, helper
from onnx_case import build, check, evaluate, load, ops, refused


def einsum(equation: str, *shapes: tuple[int, ...]) -> object:
    names = "abcd"[: len(shapes)]
    node = helper.make_node("Einsum", [*names], ["y"], equation=equation)
    return build([node], dict(zip(names, shapes, strict=True)))


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("ij,jk->ik", [(2, 3), (3, 4)]),
        ("ij,jk", [(2, 3), (3, 4)]),
        ("ba,ca", [(2, 3), (4, 3)]),
        ("bij, bjk -> bik", [(2, 3, 4), (2, 4, 5)]),
        ("bqhd,bkhd->bhqk", [(1, 3, 2, 4), (1, 5, 2, 4)]),
        ("i,i->", [(5,), (5,)]),
        ("i,j->ij", [(5,), (3,)]),
        ("...ij,...jk->...ik", [(2, 1, 3, 4), (1, 5, 4, 2)]),
        ("...ii->...i", [(2, 3, 3)]),
        ("...ii", [(2, 3, 3)]),
        ("ij->i", [(3, 4)]),
        ("ijk->kij", [(2, 3, 4)]),
        ("ij,j", [(3, 4), (4,)]),
        ("ij,kj->", [(3, 4), (2, 4)]),
        ("ab,bc,cd->ad", [(2, 3), (3, 4), (4, 5)]),
        ("a,b,c,d->dcba", [(2,), (3,), (4,), (5,)]),
    ],
)
def test_einsum(equation: str, shapes: list[tuple[int, ...]]) -> None:
    check(einsum(equation, *shapes))


def test_products_of_matrices_are_found() -> None:
    assert ops(load(einsum("ij,jk->ik", (2, 3), (3, 4)))) == ["matmul"]
    assert ops(load(einsum("bqhd,bkhd->bhqk", (1, 3, 2, 4), (1, 5, 2, 4)))) == ["transpose", "transpose", "matmul"]
    assert ops(load(einsum("ii,ij->j", (2, 2), (2, 3)))) == ["einsum"]


def test_equations_that_make_no_sense() -> None:
    refused(einsum("ij,jk->ik", (2, 3)), "is of 2 tensors, there are 1")
    refused(einsum("ij->k", (2, 3)), "must have letters of its operands")
    refused(einsum("ij,jk->ikl", (2, 3), (3, 4)), "must have letters of its operands")
    refused(einsum("ijk->i", (2, 3)), "does not fit input 0 of shape (2, 3)")
    refused(einsum("i1->i", (2, 3)), "more than letters")
    refused(einsum("ij,jk->ik", (2, 3), (4, 4)), "j is both 3 and 4")


@pytest.mark.parametrize("shapes", [((2, 3), (3, 4)), ((2, 1, 2, 3), (4, 3, 5)), ((3,), (2, 3, 4)), ((3,), (3,))])
@pytest.mark.parametrize("kind", [np.int8, np.uint16, np.int64])
def test_matrices_of_integers_wrap(shapes: tuple[tuple[int, ...], tuple[int, ...]], kind: type) -> None:
    node = helper.make_node("MatMul", ["a", "b"], ["y"])
    element = helper.np_dtype_to_tensor_dtype(np.dtype(kind))
    graph = load(build([node], dict(zip("ab", shapes, strict=True)), dtype=element))
    info, rng = np.iinfo(kind), np.random.default_rng(0)
    a, b = (rng.integers(info.min, info.max, shape, kind, endpoint=True) for shape in shapes)
    assert np.array_equal(evaluate(graph, {"a": a, "b": b})["y"], a @ b)


def test_batches_broadcast_against_each_other() -> None:
    check(build([helper.make_node("MatMul", ["a", "b"], ["y"])], {"a": (3, 1, 2, 4), "b": (2, 4, 5)}))


@pytest.mark.parametrize("beta", [0.0, 2.0])
def test_gemm_of_integers(beta: float) -> None:
    node = helper.make_node("Gemm", ["a", "b", "c"], ["y"], transA=1, alpha=3.0, beta=beta)
    shapes = {"a": (3, 2), "b": (3, 4), "c": (4,)}
    graph = load(build([node], shapes, dtype=TensorProto.INT32))
    a, b, c = (np.random.default_rng(0).integers(-9, 9, shape, np.int32) for shape in shapes.values())
    assert np.array_equal(evaluate(graph, {"a": a, "b": b, "c": c})["y"], 3 * (a.T @ b) + int(beta) * c)
    odd = helper.make_node("Gemm", ["a", "b", "c"], ["y"], alpha=0.5)
    refused(build([odd], {"a": (2, 3), "b": (3, 4), "c": (4,)}, dtype=TensorProto.INT32), "alpha = 0.5")
