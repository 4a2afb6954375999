"""Slices, parts, repetitions, blocks and borders, against onnxruntime."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from generated import generate
from onnx import TensorProto, helper
from onnx_case import build, check, evaluate, load, normal, one, ops, refused
from strategies import quantized

from tinyc.driver.phases import simplify
from tinyc.errors import UnsupportedError
from tinyc.frontend.pieces import runs_of


def ints(*values: int) -> np.ndarray[Any, Any]:
    return np.array(values, np.int64)


@pytest.mark.parametrize("shape", [(2, 3), (4, 2, 3), (1, 1), (1,)])
def test_expand(shape: tuple[int, ...]) -> None:
    check(one("Expand", (2, 1) if len(shape) > 1 else (3,), ints(*shape)))


def test_expand_to_its_own_shape_is_nothing() -> None:
    assert ops(check(build([helper.make_node("Expand", ["x", "s"], ["e"]), helper.make_node("Relu", ["e"], ["y"])],
                           {"x": (2, 3)}, {"s": ints(1, 3)}))) == ["clamp"]  # fmt: skip


def test_shapes_that_do_not_expand() -> None:
    refused(one("Expand", (2, 3), ints(2, 2)), "(2, 3) does not broadcast to (2, 2)")


@pytest.mark.parametrize(
    "constants",
    [
        (ints(1), ints(3)),
        (ints(-3, 0), ints(-1, 100), ints(1, 0)),
        (ints(-1, 5), ints(-100, 0), ints(0, 1), ints(-1, -2)),
        (ints(1), ints(2**62), ints(-1), ints(3)),
    ],
)
def test_slice(constants: tuple[np.ndarray[Any, Any], ...]) -> None:
    assert ops(check(one("Slice", (4, 6), *constants))) == ["strided"]


def test_slice_by_attributes() -> None:
    check(one("Slice", (4, 6), starts=[1, -2], ends=[3, 6], axes=[0, 1], opset=9))


@pytest.mark.parametrize(
    ("constants", "message"),
    [
        ((ints(0), ints(1), ints(0), ints(0)), "a step of 0"),
        ((ints(0, 0), ints(1)), "do not fit (4, 6)"),
        ((ints(0, 0), ints(1, 1), ints(1, 1)), "do not fit (4, 6)"),
        ((ints(3), ints(2)), "none of its outputs has any elements"),
    ],
)
def test_slices_that_are_none(constants: tuple[np.ndarray[Any, Any], ...], message: str) -> None:
    refused(one("Slice", (4, 6), *constants), message)


def test_what_must_be_constant_is_named_with_its_source() -> None:
    nodes = [
        helper.make_node("Cast", ["n"], ["i"], to=TensorProto.INT64),
        helper.make_node("Expand", ["x", "i"], ["y"]),
    ]
    message = "its shape ('i') must be constant, not computed at run time from 'n'"
    refused(build(nodes, {"x": (1,), "n": (2,)}), message, kind=UnsupportedError)


@pytest.mark.parametrize(
    ("opset", "sizes", "attributes"),
    [
        (11, None, {}),
        (11, None, {"split": [1, 5]}),
        (13, ints(2, 4), {}),
        (13, None, {}),
        (18, None, {"num_outputs": 2}),
    ],
)
def test_split(opset: int, sizes: Any, attributes: dict[str, Any]) -> None:
    node = helper.make_node("Split", ["x", "s"] if sizes is not None else ["x"], ["y", "z"], axis=1, **attributes)
    check(build([node], {"x": (2, 6)}, {} if sizes is None else {"s": sizes}, opset, ("y", "z")))


def test_parts_as_equal_as_can_be() -> None:
    node = helper.make_node("Split", ["x"], ["a", "b", "c"], num_outputs=3)
    check(build([node], {"x": (7, 2)}, opset=18, outputs=("a", "b", "c")))


def test_parts_that_do_not_fit() -> None:
    refused(build([helper.make_node("Split", ["x", "s"], ["y"])], {"x": (4,)}, {"s": ints(3)}), "parts of (3,)")


@pytest.mark.parametrize("times", [(1, 1, 1), (2, 1, 3), (1, 4, 2)])
def test_tile(times: tuple[int, ...]) -> None:
    check(one("Tile", (2, 1, 3), ints(*times)))


@pytest.mark.parametrize("mode", ["DCR", "CRD"])
def test_depth_to_space(mode: str) -> None:
    check(one("DepthToSpace", (2, 8, 3, 2), blocksize=2, mode=mode, opset=13))


def test_space_to_depth() -> None:
    check(one("SpaceToDepth", (2, 3, 4, 6), blocksize=2))
    refused(one("SpaceToDepth", (2, 3, 5, 6), blocksize=2), "5 × 6 is not made of blocks of 2 × 2")


@pytest.mark.parametrize("mode", ["edge", "reflect", "wrap"])
def test_borders_of_what_is_there(mode: str) -> None:
    check(one("Pad", (3, 4), ints(2, 1, 1, 3), mode=mode, opset=19))
    check(one("Pad", (3, 4), ints(1, -1, 0, 2), mode=mode, opset=19))


@pytest.mark.parametrize("mode", ["edge", "reflect"])
def test_a_value_says_nothing_about_other_borders(mode: str) -> None:
    check(one("Pad", (3, 4), pads=[2, 1, 1, 3], mode=mode, value=0.5, opset=10))


def test_constant_borders() -> None:
    check(one("Pad", (3, 4), ints(2, -1, -1, 3), np.float32(-np.inf)))
    check(one("Pad", (1, 1, 2, 1, 2), ints(0, 0, 1, 0, 0, 0, 1, 0, 2, 0), np.float32(2)))
    check(build([helper.make_node("Pad", ["x", "p", "v"], ["y"])], {"x": (2, 2), "v": ()}, {"p": ints(1, 0, 0, 1)}))


def test_any_elements() -> None:
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"], perm=[1, 0]),
        helper.make_node("Concat", ["t", "c"], ["u"], axis=0),
        helper.make_node("Reshape", ["u", "s"], ["v"]),
        helper.make_node("Pad", ["v", "p"], ["y"]),
    ]
    constants = {"c": ints(7, 8).reshape(1, 2), "s": ints(2, -1), "p": ints(0, 1, 0, 0)}
    check(build(nodes, {"x": (2, 3)}, constants, dtype=TensorProto.INT64), {"x": ints(*range(6)).reshape(2, 3)})


def test_parts_without_elements_add_nothing() -> None:
    nodes = [
        helper.make_node("Slice", ["x", "zero", "zero"], ["none"]),
        helper.make_node("Concat", ["none", "x", "empty"], ["y"], axis=0),
    ]
    graph = load(build(nodes, {"x": (2, 3)}, {"zero": ints(0), "empty": np.zeros((0, 3), np.float32)}))
    x = normal(2, 3)
    np.testing.assert_array_equal(evaluate(graph, {"x": x})["y"], x)


def test_runs() -> None:
    assert runs_of([3, 2, 1, 1, 5, 9, 9, 9]) == [(3, 3, -1), (3, 1, 4), (2, 9, 0)]
    assert runs_of([4]) == [(1, 4, 1)]


def test_moves_of_int8_networks(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["a"], pads=[1, 1, 1, 1]),
        helper.make_node("Split", ["a"], ["left", "right"], axis=1),
        helper.make_node("Slice", ["right", "from", "to", "axes", "steps"], ["back"]),
        helper.make_node("Concat", ["left", "back"], ["b"], axis=1),
        helper.make_node("DepthToSpace", ["b"], ["c"], blocksize=2),
        helper.make_node("Gather", ["c", "which"], ["d"], axis=3),
        helper.make_node("Tile", ["d", "times"], ["e"]),
        helper.make_node("Pad", ["e", "pads"], ["f"], mode="reflect"),
        helper.make_node("Conv", ["f", "v"], ["y"]),
    ]
    constants = {
        "w": normal(8, 3, 3, 3), "v": normal(2, 2, 1, 1), "from": ints(5), "to": ints(-100), "axes": ints(2),
        "steps": ints(-1), "which": ints(0, 3, 6, 5, 5), "times": ints(1, 1, 1, 2),
        "pads": ints(0, 0, 1, 1, 0, 0, 1, 1),
    }  # fmt: skip
    model = build(nodes, {"x": (1, 3, 6, 6)}, constants)
    graph = quantized(simplify(check(model)))
    assert graph.is_integer()
    (port,) = graph.inputs
    shape = graph.types[port.value].shape
    x = np.random.default_rng(0).integers(-128, 128, shape).astype(np.int8)
    code = generate(graph, tmp_path)
    assert code.host_outputs({port.value: x}) == code.output_bytes({port.value: x})
