"""Kernels for a schedule that was found: they take no more memory than it was found to take."""

from __future__ import annotations

from pathlib import Path

import pytest
from image_models import image_model

from tinyc.driver.compile import Options, read_model, settled
from tinyc.driver.phases import lower
from tinyc.driver.schedule import Schedule, ScheduleWish, find_schedule
from tinyc.ir.graph import Graph
from tinyc.schedule.search import Point
from tinyc.target.board import load_board


@pytest.mark.slow
def test_the_least_memory_stays_the_least(tmp_path: Path) -> None:
    wish = ScheduleWish(Schedule.AUTO)
    options = Options(load_board("mps2-an386"), calibration="random:1", schedule=wish, link=False)
    found: list[Point] = []

    def schedule(graph: Graph) -> Graph:
        found.append(find_schedule(graph, options.choice, wish, options.space).point)
        return found[0].graph

    lower(*read_model(image_model(tmp_path / "m.onnx"), options), None, schedule)
    assert settled(found[0], options).ram <= found[0].ram
