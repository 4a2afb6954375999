"""Windows of any number of axes, and images read at run-time places: the generated C against the interpreter."""

from __future__ import annotations

import subprocess
from typing import Any

import numpy as np
import pytest
from generated import Generated, generate, side_by_side
from tools import need

from tinyc.errors import VerifyError
from tinyc.ir.graph import Graph, Node, plain_port
from tinyc.ir.types import DType, TensorType
from tinyc.ops import Convolve, GridSample, Pool, Resample, RoiAlign
from tinyc.ops._plain import PlainOp

Array = np.ndarray[Any, Any]

WARNINGS = [
    *("-std=c11", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wsign-conversion", "-Wcast-qual"),
    *("-Wcast-align", "-Wshadow", "-Wundef", "-Wvla", "-Wmissing-prototypes", "-Werror"),
]
F32, I8, U8, I16, I32, I64 = np.float32, np.int8, np.uint8, np.int16, np.int32, np.int64
WILD = np.array([np.nan, np.inf, -np.inf, 1e30, -1e30, 3e9, -1.0, 1.0, 0.0], F32)


def drawn(kind: type[np.generic], *shape: int, seed: int = 0) -> Array:
    """Normally distributed floats, any integers."""
    rng = np.random.default_rng([seed, *shape])
    if kind is F32:
        return rng.normal(size=shape).astype(F32)
    info = np.iinfo(kind)  # type: ignore[type-var]
    return rng.integers(info.min, info.max, shape, kind, endpoint=True)


def pool(function: str, p: float = 2.0) -> Pool:
    """Over three axes, with pads, gaps and windows that stick out behind."""
    return Pool(function, (3, 2, 4), (2, 3, 2), (2, 2, 1), (1, 1, 0), (1, 1, 2), p)


def wild(*shape: int) -> Array:
    """Numbers of which some are no coordinates."""
    numbers = drawn(F32, *shape) * 2
    numbers.reshape(-1)[: len(WILD)] = WILD
    return numbers


X = (2, 3, 4, 4, 6)
PLANE = (2, 3, 4, 5)
CASES: dict[str, tuple[PlainOp, list[Array]]] = {
    **{f"{f} {p}": (pool(f, p), [drawn(F32, *X)]) for f, p in (("max", 2), ("mean", 2), ("sum", 2))},
    **{f"norm {p}": (pool("norm", p), [drawn(F32, *X)]) for p in (1.0, 2.0, 3.0)},
    **{f"max of {k.__name__}": (pool("max"), [drawn(k, *X)]) for k in (I8, U8, I16)},
    "where": (pool("where"), [drawn(F32, *X)]),
    "where of uint8": (pool("where"), [drawn(U8, *X) // 64]),
    "convolve": (
        Convolve((3, 2), (2, 2), (1, 0), (1, 2), groups=2),
        [drawn(F32, 2, 4, 5, 6), drawn(F32, 6, 2, 3, 2)],
    ),
    "convolve volumes": (
        Convolve((3, 2, 4), (1, 2, 1), (1, 0, 0), (1, 1, 1)),
        [drawn(F32, 1, 2, 4, 5, 6), drawn(F32, 3, 2, 2, 2, 3)],
    ),
    "convolve integers": (
        Convolve((5,), (1,), (1,), (1,)),
        [drawn(U8, 2, 4, 5), drawn(I16, 3, 4, 3)],
    ),
    "convolve wide integers": (Convolve((5,), (1,), (1,), (1,)), [drawn(I32, 2, 4, 5), drawn(I32, 3, 4, 3)]),
    "transposed": (
        Convolve((9, 7), (2, 3), (1, 0), (2, 1), groups=2, transposed=True),
        [drawn(F32, 2, 4, 5, 3), drawn(F32, 4, 3, 2, 2)],
    ),
    "resample": (
        Resample(1),
        [drawn(F32, 2, 5, 3), drawn(I32, 4, 3), drawn(F32, 4, 3), drawn(F32, 4)],
    ),
    **{
        f"sample {mode} {outside} {coordinates}": (
            GridSample(mode, outside, coordinates),
            [drawn(F32, *PLANE), wild(2, 6, 7, 2)],
        )
        for mode in ("nearest", "linear", "cubic")
        for outside in ("zeros", "border", "reflection")
        for coordinates in ("centres", "edges", "cells")
    },
    "sample volumes": (GridSample(), [drawn(F32, 1, 2, 3, 4, 5), wild(1, 9, 3)]),
    "sample a line": (GridSample("cubic", "reflection", "centres"), [drawn(F32, 1, 2, 1), wild(1, 11, 1)]),
    **{
        f"regions {largest} {samples} {half}": (
            RoiAlign((2, 3), 0.5, samples, largest, half),
            [
                np.abs(drawn(F32, *PLANE)),
                np.array([[0, 0, 7, 9], [2, 3, 5.5, 4], [-4, 1, 9, 12], [3, 3, 1, 1], WILD[:4], WILD[3:7]], F32),
                np.array([1, 0, 1, -5, 2**40, -(2**60)], I64),
            ],
        )
        for largest in (False, True)
        for samples in (0, 2)
        for half in (False, True)
    },
}  # fmt: skip


def types(arrays: list[Array]) -> list[TensorType]:
    """Those of arrays."""
    return [TensorType(a.shape, DType(DType.of(a.dtype))) for a in arrays]


def single(op: PlainOp, arrays: list[Array]) -> Graph:
    """A graph of one operator whose inputs come at run time."""
    kinds = types(arrays)
    names = [f"x{i}" for i in range(len(arrays))]
    (result,) = op.infer(*kinds)
    inputs = tuple(plain_port(n, k) for n, k in zip(names, kinds, strict=True))
    nodes = (Node(op, tuple(names), ("y",), "node"),)
    return Graph(
        "one", inputs, (plain_port("y", result),), nodes, dict(zip([*names, "y"], [*kinds, result], strict=True))
    )


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Generated:
    """All cases, unconnected."""
    graphs = side_by_side([single(*case) for case in CASES.values()])
    return generate(graphs, tmp_path_factory.mktemp("windows") / "model")


def inputs() -> dict[str, Array]:
    """The inputs of all cases."""
    return {f"g{g}.x{i}": a for g, (_, arrays) in enumerate(CASES.values()) for i, a in enumerate(arrays)}


def check_outputs(model: Generated, given: bytes) -> None:
    """Outputs as bytes against the interpreter's, floats within what the order of sums makes of them."""
    values, at = model.interpreted(inputs()), 0
    for name, port in zip(CASES, model.graph.outputs, strict=True):
        want = values[port.value]
        got = np.frombuffer(given, want.dtype, want.size, at).reshape(want.shape)
        at += want.nbytes
        np.testing.assert_allclose(got, want, rtol=1e-4, atol=1e-4, err_msg=name)
        assert want.dtype.kind == "f" or np.array_equal(got, want), name
    assert at == len(given)


def test_the_c_computes_the_same(model: Generated) -> None:
    check_outputs(model, model.host_outputs(inputs()))


def test_nothing_is_undefined(model: Generated) -> None:
    check_outputs(model, model.sanitized_outputs([inputs()]))


@pytest.mark.parametrize("compiler", ["gcc", "clang"])
def test_no_warning(model: Generated, compiler: str) -> None:
    need(compiler)
    includes = [f"-I{model.folder}", *(f"-I{p}" for p in sorted(model.folder.glob("runtime/*")))]
    for source in sorted(model.folder.glob("model*.c")):
        command = [
            compiler,
            *WARNINGS,
            "-DCMSIS_NN_USE_SINGLE_ROUNDING",
            *includes,
            "-c",
            str(source),
            "-o",
            "/dev/null",
        ]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("op", "shapes", "part"),
    [
        (pool("max"), [(1, 2, 3)], "3 axes"),
        (pool("least"), [X], "least"),
        (Convolve((3,), (1,), (0,), (1,)), [(1, 2, 3), (1, 3, 1)], "do not fit"),
        (Resample(1), [(1, 2), (3, 4), (3, 4), (3,)], "i32 cells"),
        (GridSample("quintic"), [PLANE, (2, 3, 2)], "quintic"),
        (GridSample(), [PLANE, (1, 3, 2)], "points of shape"),
        (RoiAlign((1, 1)), [PLANE, (3, 4), (3,)], "i64"),
    ],
)
def test_what_does_not_fit(op: PlainOp, shapes: list[tuple[int, ...]], part: str) -> None:
    with pytest.raises(VerifyError, match=part):
        op.infer(*types([drawn(F32, *shape) for shape in shapes]))
