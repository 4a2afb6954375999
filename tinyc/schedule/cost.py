"""What steps cost: an estimate of instructions, good for comparing schedules of one model."""

from __future__ import annotations

from collections.abc import Sequence

from tinyc.ir.parts import part_of
from tinyc.program.costs import Costs
from tinyc.program.steps import Layer, Step

MOVE = 60  # to set up a move of rows
PER_MOVED_BYTE = 0.6


def instructions(steps: Sequence[Step], layers: Sequence[Layer], costs: Costs) -> int:
    """Estimated instructions of all steps."""
    known: dict[tuple[int, int], float] = {}
    total = 0.0
    for step in steps:
        if step.is_feed:
            total += PER_MOVED_BYTE * step.outs[0].bytes
        elif step.written is None:
            total += MOVE + PER_MOVED_BYTE * sum(place.bytes for place in step.ins if not place.constant)
        else:
            key = id(step.calls), step.written.place.bytes
            if key not in known:
                known[key] = _of_layer(step, layers[step.layer], costs)
            total += known[key]
    return round(total)


def _of_layer(step: Step, layer: Layer, costs: Costs) -> float:
    """Of a step that computes some of a layer."""
    assert step.written is not None
    sig = layer.graph.signature(layer.node)
    results = part_of(sig.y, step.written.region).size
    macs = layer.node.op.macs(*sig.ins) * results // sig.y.size
    reads = step.ins[0].bytes // sig.x.dtype.bytes
    return costs.of_candidate(step.calls, {"calls": 1, "macs": macs, "reads": reads, "results": results})
