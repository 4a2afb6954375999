"""What steps cost: an estimate of instructions, good for comparing schedules of one model.

Fitted to layers measured on a Cortex-M4 in the emulator (`make bench`); other cores have other figures in much the
same proportions.
"""

from __future__ import annotations

from collections.abc import Sequence

from tinyc.ir.op import ChannelFlow, channels
from tinyc.ir.parts import part_of
from tinyc.program.steps import Layer, Step

CALL = 200  # to set up a kernel
PER_MAC = 1.2
PER_MAC_OF_ONE_CHANNEL = 4.0  # where a channel depends on one channel: no operand is used twice
PER_RESULT = 30.0
PER_MOVED_BYTE = 0.6


def instructions(steps: Sequence[Step], layers: Sequence[Layer]) -> int:
    """Estimated instructions of all steps."""
    return round(sum(_of_step(step, layers) for step in steps))


def _of_step(step: Step, layers: Sequence[Layer]) -> float:
    if step.is_feed:
        return PER_MOVED_BYTE * step.outs[0].bytes
    if step.written is None:
        moved = sum(place.bytes for place in step.ins if not place.constant)
        return CALL + PER_MOVED_BYTE * moved
    layer = layers[step.layer]
    sig = layer.graph.signature(layer.node)
    results = part_of(sig.y, step.written.region).size
    macs = layer.node.op.macs(*sig.ins) * results / sig.y.size
    if macs and layer.node.op.channel_flow(sig) is not ChannelFlow.COUPLED:
        pixels = results // channels(sig.y)
        odd = 1 + pixels % 2 / pixels  # they are computed in pairs
        return CALL + (macs * PER_MAC + results * PER_RESULT) * odd
    return CALL + macs * PER_MAC_OF_ONE_CHANNEL + results * PER_RESULT
