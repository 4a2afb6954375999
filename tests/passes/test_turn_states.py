"""States and the inputs beside them are kept with their channels last where that saves transposes."""

from __future__ import annotations

import numpy as np
import pytest

from tinyc.driver.phases import simplify
from tinyc.ir.graph import Graph
from tinyc.ir.interp import Stream
from tinyc.ir.text import parse
from tinyc.ir.verify import verify
from tinyc.ops import BY_NAME

RNG = np.random.default_rng(0)
CONSTANTS = {
    "first": RNG.normal(size=(1, 3, 2)).astype(np.float32), "w": RNG.normal(size=(4, 1, 3, 3)).astype(np.float32),
    "b": np.zeros(4, np.float32),
}  # fmt: skip
CACHED = """
    %z = concat(%cache, %x) {axis = 2} : 1x3x3xf32 %t = transpose(%z) {perm = (0, 2, 1)} : 1x3x3xf32
    %r = reshape(%t) {shape = (1, 1, 3, 3)} : 1x1x3x3xf32 %y = conv2d(%r, %w, %b) : 1x1x1x4xf32
    %n = strided(%z) {shape = (1, 3, 2), start = (0, 0, 1), step = (1, 1, 1)} : 1x3x2xf32
"""


def graph_of(body: str, ends: str) -> Graph:
    consts = "const %first: 1x3x2xf32 const %w: 4x1x3x3xf32 const %b: 4xf32 state %cache: 1x3x2xf32 = %first"
    return parse(f'graph "g" rounding single {{ input %x: 1x3x1xf32 {consts} {body} {ends} }}', CONSTANTS, BY_NAME)


@pytest.mark.parametrize(
    ("body", "ends", "transposes", "shape"),
    [
        (CACHED, "output %y next %cache = %n", 0, (1, 2, 3)),
        # an output that shows it has the model's order all the same
        (CACHED, "output %n output %y next %cache = %n", 0, (1, 2, 3)),
        # nothing wants another order
        ("%n = tanh(%cache) : 1x3x2xf32 %y = add(%n, %x) : 1x3x2xf32", "output %y next %cache = %n", 0, (1, 3, 2)),
    ],
)
def test_what_is_left(body: str, ends: str, transposes: int, shape: tuple[int, ...]) -> None:
    graph = graph_of(body, ends)
    small = simplify(graph)
    assert sum(n.op.name == "transpose" for n in small.nodes) == transposes
    assert small.types[small.states[0].before].shape == shape and small.states[0].before == "cache"
    verify(small)
    streams = Stream(graph), Stream(small)
    for _ in range(5):
        sample = {"x": RNG.normal(size=(1, 3, 1)).astype(np.float32)}
        want, got = (stream.run(sample) for stream in streams)
        for name, data in want.items():
            np.testing.assert_allclose(got[name], data, rtol=1e-5, atol=1e-6)
