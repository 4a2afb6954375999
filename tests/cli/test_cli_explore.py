"""tinyc explore, and the options of tinyc compile that choose a schedule."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from command_line import BOARD, CALIBRATION, MODEL, Outcome, Tinyc
from image_models import image_model

from tinyc.cli.command import overhead, size
from tinyc.report.plot import Dot, plot_front

RANDOM = ("--board", BOARD, "--calibration", "random:1")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A small network over an image."""
    return image_model(tmp_path / "image.onnx", 10)


def test_digits_as_json_as_a_plot_and_compiled(tinyc: Tinyc, tmp_path: Path) -> None:
    plot, out = tmp_path / "front.svg", tmp_path / "out"
    done = tinyc(
        "explore", MODEL, "--board", BOARD, "--calibration", CALIBRATION, "--max-overhead", "1", "--json",
        "--plot", plot, "-o", out,
    )  # fmt: skip
    assert done.status == 0, done.err
    found = done.json
    points = found["points"]
    assert points[0]["schedule"].startswith("layer by layer") and points[0]["overhead"] == 1
    assert [p["arena_bytes"] for p in points] == sorted((p["arena_bytes"] for p in points), reverse=True)
    assert all(p["overhead"] == round(p["macs_executed"] / found["macs"], 4) for p in points)
    assert all(p["instructions"] is None for p in points)
    (chosen,) = [p for p in points if p["chosen"]]
    assert chosen["arena_bytes"] == min(p["arena_bytes"] for p in points if p["overhead"] == 1)
    report = json.loads((out / "report.json").read_text())
    assert report["arena_bytes"] == chosen["arena_bytes"] < 0.6 * points[0]["arena_bytes"]
    assert report["schedule_described"] == chosen["schedule"] and len(report["front"]) == len(points)
    drawn = plot.read_text()
    assert drawn.startswith("<?xml") and "RAM" in drawn and drawn.count("chosen") == 1


def test_the_table_marks_what_compile_takes(tinyc: Tinyc, model: Path, tmp_path: Path) -> None:
    done = tinyc("explore", model, *RANDOM, "--measure", "--ram", "0.75k")
    assert done.status == 0, done.err
    head, _, *rows = done.out.splitlines()[2:-2]
    heads = ("RAM", "of the board's", "MACs ×", "estimated instructions", "instructions (QEMU)", "steps", "schedule")
    assert [text for text in re.split("  +", head) if text] == list(heads)
    assert "layer by layer" in rows[0]
    (marked,) = [row.split() for row in rows if row.startswith("*")]
    assert done.out.splitlines()[-1] == "* what `tinyc compile --schedule auto --ram 768` takes"
    compiled = tinyc(
        "compile", model, *RANDOM, "--schedule", "auto", "--ram", "768", "-o", tmp_path / "out", "--json"
    ).json  # fmt: skip
    assert f"{compiled['arena_bytes']:,}" == marked[1]
    assert compiled["schedule_described"] in " ".join(marked)
    np.savez(tmp_path / "x.npz", x=np.zeros((1, 1, 2, 10, 10), np.float32))
    profile = tinyc("profile", tmp_path / "out", "--inputs", tmp_path / "x.npz", "--json")
    measured = int(marked[6].replace(",", ""))
    assert profile.status == 0 and profile.json["instructions"] == pytest.approx(measured, rel=0.001)


def test_nothing_that_fits_is_no_reason_to_hide_the_rest(tinyc: Tinyc, model: Path, tmp_path: Path) -> None:
    done = tinyc("explore", model, *RANDOM, "--ram", "100")
    assert done.status == 1
    assert "layer by layer" in done.out and "\n*" not in done.out
    assert "no schedule is marked" in done.err and "for the 100 bytes of RAM that are wanted" in done.err


def test_compile_by_rows_says_how_it_runs(tinyc: Tinyc, model: Path, tmp_path: Path) -> None:
    done = tinyc("compile", model, *RANDOM, "--input", "rows", "--no-link", "-o", tmp_path / "out")
    assert done.status == 0, done.err
    assert "schedule" in done.out and "stream" in done.out
    assert "_feed_rows(" in (tmp_path / "out" / "image.h").read_text()


def test_compile_errors(fails: Callable[..., Outcome], model: Path, tmp_path: Path) -> None:
    compile_ = ("compile", model, *RANDOM, "-o", tmp_path / "out")
    fails(*compile_, "--schedule", "rows", says=("invalid choice: 'rows'", "stream2d"))
    fails(*compile_, "--ram", "lots", says=("'lots' is not a size",))
    fails(*compile_, "--max-overhead", "0.5", says=("'0.5' is not a factor from 1 on",))
    fails(*compile_, "--input", "rows", "--schedule", "layer", says=("not the schedule 'layer'", "hint"))
    fails(*compile_, "--kernels", "cmsis-nn", "--schedule", "stream", says=("'cmsis-nn' does not have",))
    fails(*compile_, "--schedule", "layer", "--ram", "500", status=1, says=("500 bytes", "try --schedule auto"))


def test_explore_errors(
    fails: Callable[..., Outcome], model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    explore = ("explore", model, *RANDOM)
    fails(*explore, "--plot", tmp_path / "front.txt", says=("a .svg, .png or .pdf file",))
    fails(*explore, "--plot", tmp_path / "none" / "front.svg", says=("there is no such folder",))
    fails(*explore, "--float", says=("--float computes without quantization",))
    fails("explore", model, "--board", "nrf52840-dk", "--calibration", "random:1", "--measure", says=("no emulator",))
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    fails(*explore, "--plot", tmp_path / "front.svg", says=("matplotlib", "pip install 'tinyc[plot]'"))


def test_sizes_and_factors() -> None:
    assert [size(text) for text in ("1", "64k", "64K", "1.5M")] == [1, 65_536, 65_536, 1_572_864]
    assert [overhead(text) for text in ("1", "1.02")] == [1.0, 1.02]
    for wrong in ("", "0", "-1", "k", "1kb", "1e3", "0.5", "nan"):
        with pytest.raises(Exception, match="is not a size"):
            size(wrong)
    for wrong in ("", "0.99", "-1", "nan", "inf", "1e3"):
        with pytest.raises(Exception, match="is not a factor"):
            overhead(wrong)


def test_plots_are_reproducible_and_show_the_board(tmp_path: Path) -> None:
    dots = [Dot(60_000, 1.0, "layer by layer"), Dot(20_000, 1.1, "stream $1_2$: a^b to <c>", chosen=True)]
    texts = []
    for name in ("a.svg", "b.svg"):
        plot_front(tmp_path / name, "m.onnx", dots, "small", 65_536)
        texts.append((tmp_path / name).read_text())
    assert texts[0] == texts[1] and "small: 64 KiB" in texts[0]
    plot_front(tmp_path / "c.svg", "m.onnx", dots, "large", 1 << 20)
    assert "large" not in (tmp_path / "c.svg").read_text()
