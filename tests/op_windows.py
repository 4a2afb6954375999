"""Parts of a problem: a region of an operator's result, and what computes it from parts of the inputs."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st
from op_cases import Problem

from tinyc.ir.op import Region, Signature
from tinyc.ir.parts import cut

# Axes that a region must span: operators do not compute some of their channels only.
WHOLE_AXES = {
    "conv2d": {3},
    "depthwise_conv2d": {3},
    "dense": {-1},
    "log_softmax": {-1},
    "normalize": {-1},
    "softmax": {-1},
}


def draw_region(data: st.DataObject, problem: Problem) -> Region:
    """A region of the first result that is not empty."""
    shape = problem.sig.y.shape
    whole = {axis % len(shape) for axis in WHOLE_AXES.get(problem.op.name, ())}
    spans = []
    for axis, size in enumerate(shape):
        fixed = problem.op.is_view or axis in whole
        start = 0 if fixed else data.draw(st.integers(0, size - 1))
        spans.append((start, size if fixed else data.draw(st.integers(start + 1, size))))
    return tuple(spans)


def part_of(problem: Problem, region: Region) -> Problem:
    """The problem whose result is `region` of the first result of `problem`."""
    sig = problem.sig
    op, parts = problem.op.window(region, *sig.ins)
    assert all(part is not None for i, part in enumerate(parts) if i not in sig.constants)
    ins = tuple(cut(x, part) for x, part in zip(problem.ins, parts, strict=True))
    kinds = tuple(replace(t, shape=x.shape) for t, x in zip(sig.ins, ins, strict=True))
    shape = tuple(stop - start for start, stop in region)
    constants = {i: ins[i] for i in sig.constants}
    return Problem(op, Signature(kinds, (replace(sig.y, shape=shape),), sig.rounding, constants), ins)
