"""tinyc profile: the table of layers, and cycles that it estimates."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_line import MODEL, TEST, Outcome, Tinyc
from image_models import image_model


def ordered(cycles: dict[str, int]) -> bool:
    return 0 <= cycles["low"] <= cycles["estimate"] <= cycles["high"]


def check_cycles(profile: dict[str, Any]) -> None:
    """What holds of every estimate."""
    cycles, functions = profile["estimated_cycles"], profile["functions"]
    layers = [layer["estimated_cycles"] for layer in profile["layers"] if layer["instructions"]]
    assert all(map(ordered, [cycles, *layers, *(one["estimated_cycles"] for one in functions)]))
    # Functions are all of it, layers all but a few instructions around them.
    assert abs(sum(one["instructions"] for one in functions) - profile["instructions"]) <= 64
    assert sum(one["estimated_cycles"]["estimate"] for one in functions) == pytest.approx(cycles["estimate"], rel=1e-3)
    assert sum(layer["estimate"] for layer in layers) == pytest.approx(cycles["estimate"], rel=0.02)


def test_layers_are_compared_with_what_their_products_need(tinyc: Tinyc, digits: Path) -> None:
    done = tinyc("profile", digits, "--json")
    assert done.status == 0, done.err
    profile = done.json
    assert profile["instructions_per_mac_bound"] == 0.5  # SMLAD: two products an instruction
    for layer in profile["layers"]:
        if layer["macs"]:
            assert layer["of_bound"] == pytest.approx(layer["macs"] / 2 / layer["instructions"])
            assert layer["of_bound"] > 0
        else:
            assert layer["of_bound"] is None
    assert profile["estimated_cycles"] is None and profile["functions"] == []
    table = tinyc("profile", digits).out
    assert "of the bound" in table and "cycles" not in table
    assert "softmax_s8" in table  # the kernels' names
    layers = table.split("\n\n")[1]
    assert " tinyc_" not in layers and "%" in layers


def test_cycles(tinyc: Tinyc, digits: Path) -> None:
    done = tinyc("profile", digits, "--inputs", TEST, "--cycles", "--json")
    assert done.status == 0, done.err
    profile = done.json
    check_cycles(profile)
    assert profile["flash_wait_states"] == 0
    assert 1 < profile["estimated_cycles"]["estimate"] / profile["instructions"] < 2.5


def test_cycles_with_flash_that_waits_are_a_table_for_people(tinyc: Tinyc, digits: Path) -> None:
    fast = tinyc("profile", digits, "--cycles", "--json").json["estimated_cycles"]
    slow = tinyc("profile", digits, "--cycles", "--flash-wait-states", "5", "--json").json
    check_cycles(slow)
    assert slow["flash_wait_states"] == 5
    assert slow["estimated_cycles"]["low"] == fast["low"]
    assert slow["estimated_cycles"]["estimate"] > fast["estimate"]
    done = tinyc("profile", digits, "--cycles", "--flash-wait-states", "5")
    assert done.status == 0, done.err
    assert "estimated cycles of one inference: about " in done.out and "flash with 5 wait states" in done.out
    assert "function" in done.out and f"{slow['estimated_cycles']['estimate']:,}" in done.out


@pytest.mark.parametrize("board", ["mps2-an385", pytest.param("mps2-an500", marks=pytest.mark.slow)])
def test_cycles_of_a_model_that_runs_by_rows(tinyc: Tinyc, tmp_path: Path, board: str) -> None:
    """Its steps are many, in loops, and its main feeds it."""
    model, out = image_model(tmp_path / "image.onnx", 10), tmp_path / "out"
    done = tinyc("compile", model, "--board", board, "--calibration", "random:1", "--input", "rows", "-o", out)
    assert done.status == 0, done.err
    done = tinyc("profile", out, "--cycles", "--json")
    assert done.status == 0, done.err
    assert ordered(done.json["estimated_cycles"]) and len(done.json["functions"]) > 3
    assert sum(layer["estimated_cycles"] is not None for layer in done.json["layers"]) > 1


def test_cores_that_have_no_timings(fails: Callable[..., Outcome], tinyc: Tinyc, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert tinyc("compile", MODEL, "--board", "qemu-m0", "-o", out, "--calibration", "random:1").status == 0
    says = ("no timings of cortex-m0", "there are for cortex-m3, cortex-m4 and cortex-m7")
    fails("profile", out, "--cycles", says=says)


def test_wait_states(fails: Callable[..., Outcome], digits_once: Path) -> None:
    fails("profile", digits_once, "--flash-wait-states", "5", says=("--cycles", "give both"))
    fails("profile", digits_once, "--cycles", "--flash-wait-states", "-1", says=("--flash-wait-states",))
    fails("profile", digits_once, "--cycles", "--flash-wait-states", "few", says=("'few' is not a number",))
