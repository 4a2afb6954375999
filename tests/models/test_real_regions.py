"""Real models in parts: interpreter layer by layer == host C == an emulated Cortex-M4, in the memory planned."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from generated import Generated, check_emulator, generate
from numpy.typing import NDArray
from program_checks import overwritten, quick_program
from reference_models import Build, Models

from tinyc.ir.graph import Graph
from tinyc.ir.interp import to_value
from tinyc.ir.kernel import KernelTarget
from tinyc.ir.parts import Mode, Tiling
from tinyc.ir.region import flattened
from tinyc.ir.verify import verify
from tinyc.program.choice import Choice
from tinyc.samples import match_samples
from tinyc.schedule.regions import Cut, with_regions

Array = NDArray[Any]
Inputs = Callable[[str, int], dict[str, Array]]


class Ends(NamedTuple):
    """Where a model is cut: before these nodes end its first layers, and all that can run by rows."""

    first: int
    rows: int


MODELS = {
    "resnet8_float": Ends(4, 16),
    "vww96_float": Ends(7, 31),
    "kws_dscnn_float": Ends(5, 13),
    "mcunet_vww_float": Ends(10, 56),
}


def cuts(ends: Ends) -> dict[str, Cut]:
    """The ways to run a model."""
    return {
        "stream": Cut(0, ends.rows, Tiling(Mode.STREAM, 1)),
        "stream by 3": Cut(1, ends.rows, Tiling(Mode.STREAM, 3)),
        "fed": Cut(0, ends.rows, Tiling(Mode.STREAM, 1), fed=True),
        "patch": Cut(0, ends.first, Tiling(Mode.PATCH, 4, strips=2)),
        "strips": Cut(0, ends.first, Tiling(Mode.STREAM, 2, strips=2)),
        "stream2d": Cut(0, ends.first, Tiling(Mode.STREAM2D, 1, strips=3)),
    }


WAYS = list(cuts(Ends(1, 1)))
QUICK = [("vww96_float", "stream"), ("kws_dscnn_float", "fed")]
SLOW = [(name, way) for name in MODELS for way in WAYS if (name, way) not in QUICK]


def in_parts(models: Models, name: str, way: str) -> Graph:
    graph = with_regions(flattened(models.get(Build(name)).graph), [cuts(MODELS[name])[way]])
    verify(graph)
    return graph


def check(model: Generated, samples: list[dict[str, Array]]) -> None:
    """Every part of every value is the interpreter's, on the host and on the core; the plan is what is used."""
    assert overwritten(model.program) == []
    for sample in samples:
        want = model.interpreted(sample)
        outputs, seen = model.host.run(model.input_bytes(sample), trace=True)
        assert seen == model.interface.cut(want)
        assert b"".join(outputs) == model.output_bytes(sample)
    result = check_emulator(model, samples)
    assert result.arena_bytes - result.arena_high_water <= 16


def check_way(models: Models, inputs: Inputs, folder: Path, name: str, way: str, count: int) -> None:
    graph = in_parts(models, name, way)
    model = generate(graph, folder, build=quick_program)
    given = match_samples(inputs(name, count), graph.inputs, "inputs")
    check(model, [{p.value: to_value(graph, p, given[p.name][i]) for p in graph.inputs} for i in range(count)])


@pytest.mark.parametrize(("name", "way"), QUICK)
def test_parts(models: Models, inputs: Inputs, tmp_path: Path, name: str, way: str) -> None:
    check_way(models, inputs, tmp_path, name, way, 1)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "way"), SLOW)
def test_parts_in_all_ways(models: Models, inputs: Inputs, tmp_path: Path, name: str, way: str) -> None:
    check_way(models, inputs, tmp_path, name, way, 2)


@pytest.mark.parametrize("name", MODELS)
def test_rows_take_less_memory(models: Models, name: str) -> None:
    layers = flattened(models.get(Build(name)).graph)
    graphs = (in_parts(models, name, "fed"), in_parts(models, name, "stream"), layers)
    fed, stream, whole = (quick_program(g, Choice(KernelTarget(dsp=True))).arena_bytes for g in graphs)
    assert fed < stream < whole
