"""Which schedule the driver takes, what it says where none fits, and what an exploration holds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from image_models import image_model

import tinyc.driver.schedule as driver
from tinyc.driver.compile import Options, compile_model, read_model
from tinyc.driver.compiled import CompiledModel
from tinyc.driver.explore import Exploration, explore_model
from tinyc.driver.phases import lower
from tinyc.driver.schedule import Schedule, ScheduleWish, Space, find_schedule
from tinyc.errors import DoesNotFitError, TinycError
from tinyc.ir.graph import Graph
from tinyc.ir.kernel import KernelSet
from tinyc.ir.text import load
from tinyc.ops import BY_NAME
from tinyc.schedule.search import Point
from tinyc.target.board import load_board

PLENTY = Space("roomy", 1_000_000, 0)
LAYER_BYTES = 3488


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The network over an image."""
    return image_model(tmp_path_factory.mktemp("model") / "image.onnx")


@pytest.fixture(scope="module")
def options() -> Options:
    """Without a firmware, so that all of the board's RAM is for the arena."""
    return Options(load_board("mps2-an386"), calibration="random:1", link=False)


@pytest.fixture(scope="module")
def graph(model: Path, options: Options) -> Graph:
    """The network, ready to be scheduled."""
    return lower(*read_model(model, options)).graph


@pytest.fixture(scope="module")
def found(model: Path, options: Options) -> Exploration:
    """What exploring finds."""
    return explore_model(model, options)


@pytest.fixture
def searches(found: Exploration, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """The searches that are made; each gives at once what `found` holds, and once more at twice the MACs."""
    made: list[dict[str, Any]] = []
    least = found.points[-1]
    twice = replace(least, macs=2 * least.macs, cost=2 * least.cost, program=_smaller(least))

    def explore(graph: Graph, choice: object, **how: Any) -> list[Point]:
        made.append(how)
        return [*found.points, twice]

    monkeypatch.setattr(driver, "explore", explore)
    return made


def _smaller(point: Point) -> Any:
    plan = replace(point.program.plan, arena_bytes=point.ram // 2)
    return replace(point.program, plan=plan)


def take(graph: Graph, options: Options, wish: ScheduleWish, space: Space = PLENTY, say: Any = print) -> Point:
    """The point that is taken."""
    return find_schedule(graph, options.choice, wish, space, say).point


def test_a_front_goes_from_fast_to_small(found: Exploration) -> None:
    assert found.points[0].describe() == "layer by layer" and found.points[0].ram == LAYER_BYTES
    assert [p.ram for p in found.points] == sorted({p.ram for p in found.points}, reverse=True)
    assert [p.cost for p in found.points] == sorted(p.cost for p in found.points)
    assert len(found.points) >= 3 and found.points[-1].ram < LAYER_BYTES / 2
    assert found.chosen in found.points and found.misfit is None
    assert all(found.overhead(p) == p.macs / found.points[0].macs for p in found.points)


def test_what_fits_runs_layer_by_layer(graph: Graph, options: Options, searches: list[Any]) -> None:
    for space in (PLENTY, Space("tight", LAYER_BYTES, 0), Space("stack", LAYER_BYTES + 100, 100)):
        assert take(graph, options, ScheduleWish(), space).ram == LAYER_BYTES
    assert take(graph, options, ScheduleWish(ram=LAYER_BYTES)).ram == LAYER_BYTES
    assert searches == []


def test_what_does_not_fit_is_searched_for(graph: Graph, options: Options, searches: list[Any]) -> None:
    remarks: list[str] = []
    point = take(graph, options, ScheduleWish(), Space("small", 3000, 500), remarks.append)
    assert len(searches) == 1 and searches[0]["fed"] is False
    assert len(remarks) == 1 and f"layer by layer takes {LAYER_BYTES} bytes of RAM and there are 2500" in remarks[0]
    fitting = [p for p in driver.explore(graph, options.choice) if p.ram <= 2500]
    assert point.ram <= 2500 and point.cost == min(p.cost for p in fitting)


def test_ram_takes_the_fastest_within_it(
    graph: Graph, options: Options, found: Exploration, searches: list[Any]
) -> None:
    for point in found.points:
        assert take(graph, options, ScheduleWish(Schedule.AUTO, ram=point.ram)) is point
        if point is not found.points[-1]:
            assert take(graph, options, ScheduleWish(ram=point.ram - 1)).ram < point.ram


def test_overhead_takes_the_smallest_within_it(
    graph: Graph, options: Options, found: Exploration, searches: list[Any]
) -> None:
    assert take(graph, options, ScheduleWish(max_overhead=1.0)) is found.points[-1]
    assert take(graph, options, ScheduleWish(max_overhead=2.0)).macs == 2 * found.macs
    both = ScheduleWish(max_overhead=1.5, ram=found.points[-1].ram - 1)
    with pytest.raises(DoesNotFitError, match=r"(?s)at most 1.5 times.*2.00 times.*a larger --max-overhead"):
        take(graph, options, both)


def test_the_smallest_gives_way_to_what_fits(graph: Graph, options: Options, searches: list[Any]) -> None:
    roomy = take(graph, options, ScheduleWish(Schedule.AUTO))
    tight = take(graph, options, ScheduleWish(Schedule.AUTO), Space("tiny", roomy.ram - 1, 0))
    assert tight.ram < roomy.ram and tight.cost > roomy.cost


def test_the_error_has_the_least_that_was_found(graph: Graph, options: Options, searches: list[Any]) -> None:
    with pytest.raises(DoesNotFitError) as caught:
        take(graph, options, ScheduleWish(), Space("tiny", 500, 100))
    least = driver.explore(graph, options.choice)[-1]
    assert "500 bytes of RAM, of which 100 are for stack and variables" in caught.value.message
    assert f"needs {least.ram} bytes and 2.00 times the operations: stream" in caught.value.message
    assert "the largest buffers:" in caught.value.message and caught.value.where == "board tiny"
    assert "--input rows" in caught.value.hint and "--schedule" not in caught.value.hint
    with pytest.raises(DoesNotFitError, match="for the 400 bytes of RAM that are wanted"):
        take(graph, options, ScheduleWish(Schedule.AUTO, ram=400))


def test_layer_by_layer_does_not_search(graph: Graph, options: Options, searches: list[Any]) -> None:
    with pytest.raises(DoesNotFitError, match=rf"(?s){LAYER_BYTES} bytes: layer by layer\n.*try --schedule auto"):
        take(graph, options, ScheduleWish(Schedule.LAYER, ram=1000))
    assert searches == []


def test_a_board_that_holds_no_stack_is_not_searched_for(graph: Graph, options: Options, searches: list[Any]) -> None:
    with pytest.raises(DoesNotFitError, match="4000 bytes of RAM, of which 9216"):
        take(graph, options, ScheduleWish(), Space("none", 4000, 9216))
    assert searches == []


@pytest.mark.parametrize(
    ("wish", "kernels", "says"),
    [
        (ScheduleWish(max_overhead=0.9), KernelSet.TINYC, "an overhead of 0.9"),
        (ScheduleWish(max_overhead=float("nan")), KernelSet.TINYC, "an overhead of nan"),
        (ScheduleWish(ram=0), KernelSet.TINYC, "an arena of 0 bytes"),
        (ScheduleWish(Schedule.LAYER, rows=True), KernelSet.TINYC, "not the schedule 'layer'"),
        (ScheduleWish(Schedule.STREAM), KernelSet.CMSIS_NN, "the kernel set 'cmsis-nn' does not have"),
        (ScheduleWish(rows=True), KernelSet.CMSIS_NN, "the kernel set 'cmsis-nn' does not have"),
    ],
)  # fmt: skip
def test_wishes_that_cannot_be(wish: ScheduleWish, kernels: KernelSet, says: str) -> None:
    with pytest.raises(TinycError, match=says):
        wish.check(kernels)


def test_rows_want_one_input_that_has_them(options: Options, tmp_path: Path) -> None:
    two = image_model(tmp_path / "two.onnx", 4, inputs=("left", "right"))
    graph = lower(*read_model(two, options)).graph
    with pytest.raises(TinycError, match="only a model with one input can take it by rows; this one has 'left', 'r"):
        take(graph, options, ScheduleWish(rows=True))
    flat = image_model(tmp_path / "flat.onnx", 1)
    with pytest.raises(TinycError, match="'x' of shape 1x2x1x1 has no rows that could arrive"):
        take(lower(*read_model(flat, options)).graph, options, ScheduleWish(rows=True))


def test_a_schedule_that_brings_nothing_is_refused(
    graph: Graph, options: Options, found: Exploration, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "explore", lambda *_, fed, **how: [] if fed else [found.points[0]])
    with pytest.raises(TinycError, match="the schedule 'patch' brings nothing"):
        take(graph, options, ScheduleWish(Schedule.PATCH))
    with pytest.raises(TinycError, match="no layers of the model can take the input 'x' row by row"):
        take(graph, options, ScheduleWish(rows=True))


def test_each_mode_can_be_asked_for(graph: Graph, options: Options, searches: list[Any]) -> None:
    for schedule in (Schedule.PATCH, Schedule.STREAM, Schedule.STREAM2D, Schedule.AUTO):
        take(graph, options, ScheduleWish(schedule))
    assert [[m.value for m in how["modes"]] for how in searches[:3]] == [["patch"], ["stream"], ["stream2d"]]
    assert len(searches[3]["modes"]) == 3


def test_every_point_computes_the_same(found: Exploration, tmp_path: Path) -> None:
    image = {"x": np.random.default_rng(1).standard_normal((2, 1, 2, 20, 20)).astype(np.float32)}
    plain, *others = [found.compile(p, tmp_path / f"{i}") for i, p in enumerate(found.points[:: len(found.points) - 1])]
    wanted = plain.run(image, raw=True)["y"]
    for other in others:
        assert other.report["regions"] and other.report["arena_bytes"] < plain.report["arena_bytes"]
        assert (other.run(image, raw=True)["y"] == wanted).all()


def test_the_report_and_the_dump_tell_what_was_chosen(
    model: Path, options: Options, found: Exploration, searches: list[Any], tmp_path: Path
) -> None:
    wish = ScheduleWish(ram=2000)
    compile_model(model, tmp_path / "out", replace(options, schedule=wish, dump_dir=tmp_path / "dump"))
    compiled = CompiledModel(tmp_path / "out")
    report = compiled.report
    (chosen,) = [entry for entry in report["front"] if entry["chosen"]]
    assert report["schedule"] == "stream" and report["ram_target"] == 2000 and report["max_overhead"] is None
    assert chosen["schedule"] == report["schedule_described"] and chosen["arena_bytes"] == report["arena_bytes"] <= 2000
    assert report["front"][0]["schedule"] == "layer by layer" and len(report["front"]) == len(found.points) + 1
    assert (report["macs_executed"], report["macs_repeated"]) == (found.macs, 0)
    (dumped,) = (tmp_path / "dump").glob("*-schedule.tc")
    assert load(dumped, BY_NAME) == compiled.graph


def test_float_models_by_rows(model: Path, options: Options) -> None:
    wish = ScheduleWish(Schedule.STREAM, rows=True)
    found = explore_model(model, replace(options, float=True, calibration=None, schedule=wish))
    assert found.chosen is not None and all(p.program.fed and p.program.fed.rows == 20 for p in found.points)
    assert found.chosen.ram < 4 * LAYER_BYTES / 2
