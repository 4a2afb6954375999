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
    return round(sum(by_layer(steps, layers, costs)))


def by_layer(steps: Sequence[Step], layers: Sequence[Layer], costs: Costs) -> list[float]:
    """Estimated instructions of the steps of each layer."""
    known: dict[tuple[int, int], float] = {}
    totals = [0.0] * len(layers)
    for step in steps:
        if step.is_feed:
            taken = PER_MOVED_BYTE * step.outs[0].bytes
        elif step.written is None:
            taken = MOVE + PER_MOVED_BYTE * sum(place.bytes for place in step.ins if not place.constant)
        else:
            key = id(step.calls), step.written.place.bytes
            if key not in known:
                known[key] = _of_layer(step, layers[step.layer], costs)
            taken = known[key]
        totals[step.layer] += taken
    return totals


def _of_layer(step: Step, layer: Layer, costs: Costs) -> float:
    """Of a step that computes some of a layer."""
    assert step.written is not None
    sig = layer.graph.signature(layer.node)
    results = part_of(sig.y, step.written.region).size
    macs = layer.node.op.macs(*sig.ins) * results // sig.y.size
    reads = step.ins[0].bytes // sig.x.dtype.bytes
    return costs.of_candidate(step.calls, {"calls": 1, "macs": macs, "reads": reads, "results": results})
