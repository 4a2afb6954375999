"""A model as it is, run by the float interpreter: what compiled models are compared with."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from tinyc.driver.phases import simplify
from tinyc.frontend import import_model
from tinyc.ir.interp import Stream
from tinyc.quant.calibrate import Progress
from tinyc.samples import Say, count_samples, match_samples, silent, stack


class FloatModel:
    """The simplified float graph of a model's file."""

    def __init__(self, path: Path, shapes: Mapping[str, tuple[int, ...]] = {}, states: Mapping[str, str] = {}) -> None:
        """Arguments and TinycError as of `import_model`."""
        self.graph = simplify(import_model(path, shapes, states))

    def run(
        self, inputs: Mapping[str, NDArray[Any]], progress: Progress | None = None, say: Say = silent
    ) -> dict[str, NDArray[Any]]:
        """Outputs by the model's names, samples stacked; `inputs` as in `match_samples`.

        If the model keeps a state, it is at its beginning before the first sample.
        """
        samples = match_samples(inputs, self.graph.inputs, "inputs", say)
        count = count_samples(samples)
        stream, results = Stream(self.graph), []
        for number in range(count):
            results.append(stream.run({name: a[number] for name, a in samples.items()}))
            if progress:
                progress(number + 1, count)
        return {port.name: stack(port, [r[port.name] for r in results]) for port in self.graph.outputs}
