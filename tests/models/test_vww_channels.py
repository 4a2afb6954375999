"""The person detector of MLPerf Tiny: about half of its arithmetic does nothing, and goes."""

from __future__ import annotations

import numpy as np
from reference_models import Build, Models

from tinyc.ir.interp import execute
from tinyc.passes.remove_channels import remove_channels
from tinyc.quant.calibrate import calibrate, random_samples
from tinyc.quant.observers import ObserverChoice
from tinyc.quant.quantize import quantize


def test_half_of_the_person_detector_goes_and_no_bit_changes(models: Models) -> None:
    model = models.get(Build("vww96_float"))
    assert model.report["macs"] == 7_489_664
    assert model.report["macs_executed"] <= 3_800_000

    # what the graph was before the removal, from the same calibration
    simple = model.float_graph
    ranges = calibrate(simple, random_samples(simple, 1), ObserverChoice())
    before = quantize(simple, ranges, model.graph.rounding)
    assert before.macs() == model.report["macs"]
    after = remove_channels(before)
    assert after.macs() == model.report["macs_executed"]
    rng = np.random.default_rng(0)
    (source,), (old,), (new,) = before.inputs, before.outputs, after.outputs
    for _ in range(4):
        image = rng.integers(-128, 128, before.types[source.value].shape).astype(np.int8)
        was, now = execute(before, {source.value: image}), execute(after, {source.value: image})
        np.testing.assert_array_equal(now[new.value], was[old.value])
        # the logits say more than the probabilities, which saturate
        np.testing.assert_array_equal(now[after.nodes[-2].outs[0]], was[before.nodes[-2].outs[0]])
