"""Strided copies, gathers and scatters of several types: the C computes what the interpreter does, indices anyhow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from generated import generate
from hypothesis import given
from hypothesis import strategies as st

from tinyc.errors import VerifyError
from tinyc.ir.graph import Graph, Node, constant_type, plain_port
from tinyc.ir.op import Op
from tinyc.ir.parts import cut
from tinyc.ir.types import DType, TensorType
from tinyc.ops._places import Form
from tinyc.ops._plain import PlainOp
from tinyc.ops.bitcast import Bitcast
from tinyc.ops.gather import Gather
from tinyc.ops.scatter import Scatter
from tinyc.ops.strided import Strided

Array = np.ndarray[Any, Any]
RNG = np.random.default_rng(0)


def floats(*shape: int) -> Array:
    return np.asarray(RNG.normal(size=shape), np.float32)


def integers(kind: str, *shape: int, low: int = -9, high: int = 9) -> Array:
    """Numbers some of which no axis has as an index."""
    return RNG.integers(0 if kind[0] == "u" else low, high, shape).astype(kind)


X = floats(3, 4, 5)
CASES: list[tuple[Op, tuple[Array, ...]]] = [
    (Strided((3, 2, 7), (0, 3, 0), (1, -2, 0)), (X,)),
    (Strided((2, 4, 5), (1, 0, 0), (1, 1, 1)), (integers("uint8", 3, 4, 5),)),
    (Bitcast("u32"), (X,)),
    (Bitcast("bool"), (integers("uint8", 4),)),
    (Gather(0), (X, integers("int64", 2, 2))),
    (Gather(1), (integers("int16", 3, 4, 5), integers("uint8", 6))),
    (Gather(2), (X, np.array(-7, np.int32))),
    (Gather(1, Form.ELEMENTS.value), (X, integers("int32", 2, 7, 5))),
    (Gather(0, Form.TUPLES.value), (X, integers("int8", 6, 2))),
    (Gather(1, Form.TUPLES.value), (X, integers("int64", 3, 2, 2))),
    (Gather(0, Form.TUPLES.value), (X, integers("int64", 3))),
    (Gather(0), (floats(4), np.array(2, np.int64))),
    (Scatter(1), (X, integers("int64", 3, 2, 5), floats(3, 2, 5))),
    (Scatter(1), (X, integers("int64", 1, 2, 1), floats(3, 2, 5))),
    (Scatter(2, function="add"), (X, integers("int32", 3, 4, 9), floats(3, 4, 9))),
    (Scatter(0, function="mul"), tuple(integers(kind, 6) for kind in ("int8", "int16", "int8"))),
    (Scatter(0, function="min"), tuple(integers(kind, 6) for kind in ("uint64", "int64", "uint64"))),
    (Scatter(0, Form.TUPLES.value, "max"), (X, integers("int64", 4, 2), floats(4, 5))),
    (Scatter(0, Form.TUPLES.value), (X, integers("int64", 4, 3), floats(4))),
    (Scatter(0, Form.TUPLES.value), (X, integers("int64", 3), floats())),
]  # fmt: skip


def test_c(tmp_path: Path) -> None:
    types: dict[str, TensorType] = {}
    nodes, values = [], {}
    for number, (op, arrays) in enumerate(CASES):
        names = [f"x{number}.{i}" for i in range(len(arrays))]
        values |= dict(zip(names, arrays, strict=True))
        types |= {name: constant_type(a) for name, a in zip(names, arrays, strict=True)}
        (types[f"y{number}"],) = op.infer(*(types[name] for name in names))
        nodes.append(Node(op, tuple(names), (f"y{number}",)))
    outputs = tuple(plain_port(n.outs[0], types[n.outs[0]]) for n in nodes)
    graph = Graph("net", tuple(plain_port(v, types[v]) for v in values), outputs, tuple(nodes), types)
    code = generate(graph, tmp_path)
    assert code.sanitized_outputs([values]) == code.output_bytes(values)


def test_indices_count_from_the_end_and_are_kept_inside() -> None:
    (y,) = Gather(0).eval_float(np.float32([1, 2, 3]), np.array([-1, -3, -9, 0, 9]))
    np.testing.assert_array_equal(y, [3, 1, 1, 1, 3])


@pytest.mark.parametrize(
    ("op", "shapes"),
    [
        (Strided((2,), (2,), (1,)), [(3,)]),
        (Gather(1), [(3,), (1,)]),
        (Gather(0, Form.ELEMENTS.value), [(3, 2), (3,)]),
        (Gather(0, Form.TUPLES.value), [(3, 2), (4, 3)]),
        (Scatter(0), [(3, 2), (1, 2), (1, 3)]),
        (Scatter(0, function="sin"), [(3,), (1,), (1,)]),
    ],
)
def test_what_does_not_fit(op: PlainOp, shapes: list[tuple[int, ...]]) -> None:
    kinds = [TensorType(s, DType.I64 if i == 1 else DType.F32) for i, s in enumerate(shapes)]
    with pytest.raises(VerifyError):
        op.infer(*kinds)


@given(data=st.data())
def test_part_of_a_strided_copy(data: st.DataObject) -> None:
    start, step, shape = [], [], []
    for size in X.shape:
        first, last = (data.draw(st.integers(0, size - 1)) for _ in range(2))
        by = data.draw(st.sampled_from([s for s in (-2, -1, 1, 2) if s * (last - first) >= 0]))
        start.append(first)
        step.append(by)
        shape.append((last - first) // by + 1)
    op = Strided(tuple(shape), tuple(start), tuple(step))
    low = [data.draw(st.integers(0, size - 1)) for size in shape]
    region = tuple((a, data.draw(st.integers(a + 1, size))) for a, size in zip(low, shape, strict=True))
    kind = constant_type(X)
    part, (needed,) = op.window(region, kind)
    np.testing.assert_array_equal(part.eval_float(cut(X, needed))[0], cut(op.eval_float(X)[0], region))


def test_a_strided_copy_of_one() -> None:
    first, second = Strided((2, 2, 5), (2, 0, 0), (-1, 3, 1)), Strided((1, 2, 2), (1, 1, 4), (1, -1, -3))
    merged = second.merged_with(first)
    assert merged is not None
    np.testing.assert_array_equal(merged.eval_float(X)[0], second.eval_float(first.eval_float(X)[0])[0])
