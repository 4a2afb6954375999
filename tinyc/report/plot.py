"""A picture of schedules: what each takes in RAM and in computation. The only place that draws."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tinyc.errors import TinycError
from tinyc.report.text import clean, number

SUFFIXES = (".svg", ".png", ".pdf")
INK, PALE, MARK = "#1f3a5f", "#a9b4c2", "#c8434f"
LONGEST_LABEL = 96
LINE_INCHES = 0.2
FAR = 1.5
"""The board's RAM is in the picture up to so many times the largest schedule's."""


@dataclass(frozen=True)
class Dot:
    """A schedule: bytes of RAM, and how many multiply-accumulates it executes, those of layer by layer being 1."""

    ram: int
    overhead: float
    label: str
    chosen: bool = False


def check_plot(path: Path) -> None:
    """Raise TinycError if a plot cannot be drawn, or not written there."""
    if path.suffix.lower() not in SUFFIXES:
        raise TinycError(f"wanted is the name of a {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]} file", str(path))
    if not path.resolve().parent.is_dir():
        raise TinycError("there is no such folder", str(path.resolve().parent))
    _matplotlib()


def plot_front(path: Path, title: str, dots: Sequence[Dot], board: str, board_ram: int) -> None:
    """Draw `dots`, numbered in their order, into `path`, and a line at the board's RAM (bytes) if it is in sight."""
    check_plot(path)
    listed = LINE_INCHES * (len(dots) + 1)
    with _matplotlib().rc_context({"svg.hashsalt": "tinyc", "font.size": 9}):
        from matplotlib.figure import Figure

        figure = Figure(figsize=(8, 4.4 + listed), layout="constrained")
        axes, key = figure.subplots(2, 1, height_ratios=(4.4, listed))
        axes.set_title(clean(title), loc="left", fontsize=11, fontweight="bold", color=INK)
        _draw(axes, dots)
        if board_ram <= FAR * max(dot.ram for dot in dots):
            axes.axvline(board_ram / 1024, color=MARK, linestyle="--", linewidth=1)
            where = (board_ram / 1024, 0.97)
            style = {"ha": "right", "va": "top", "color": MARK, "transform": axes.get_xaxis_transform()}
            axes.text(*where, f"{clean(board)}: {number(board_ram // 1024)} KiB ", **style)
        _list(key, dots)
        try:
            figure.savefig(path, dpi=150, metadata={"Date": None} if path.suffix.lower() == ".svg" else None)
        except OSError as error:
            raise TinycError(f"the plot cannot be written: {error.strerror}", str(path)) from None


def _draw(axes: Any, dots: Sequence[Dot]) -> None:
    axes.plot([d.ram / 1024 for d in dots], [d.overhead for d in dots], color=PALE, linewidth=1, zorder=1)
    for place, dot in enumerate(dots, 1):
        at = (dot.ram / 1024, dot.overhead)
        axes.scatter(*at, s=75 if dot.chosen else 34, color=MARK if dot.chosen else INK, zorder=3)
        axes.annotate(
            str(place), at, (0, 8), textcoords="offset points", ha="center", color=MARK if dot.chosen else INK
        )  # fmt: skip
    axes.set_xlabel("RAM: the arena, KiB")
    axes.set_ylabel("executed MACs, layer by layer = 1")
    axes.set_xlim(0, 1.06 * max(d.ram for d in dots) / 1024)
    high = max(d.overhead for d in dots)
    axes.set_ylim(1 - 0.08 * max(high - 1, 0.1), high + 0.15 * max(high - 1, 0.1))
    axes.grid(color="#e4e8ee", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.spines[["top", "right"]].set_visible(False)


def _list(axes: Any, dots: Sequence[Dot]) -> None:
    axes.set_axis_off()
    for place, dot in enumerate(dots, 1):
        label = clean(dot.label)
        label = label if len(label) <= LONGEST_LABEL else f"{label[: LONGEST_LABEL - 1]}…"
        height = 1 - place / (len(dots) + 1)
        style = {"transform": axes.transAxes, "color": MARK if dot.chosen else INK, "fontsize": 8, "parse_math": False}
        axes.text(0.02, height, str(place), ha="right", **style)
        axes.text(0.12, height, f"{dot.ram / 1024:.1f} KiB", ha="right", **style)
        axes.text(0.18, height, f"{dot.overhead:.2f}×", ha="right", **style)
        axes.text(0.20, height, f"{label}{'  ◂ chosen' if dot.chosen else ''}", **style)


def _matplotlib() -> Any:
    try:
        import matplotlib
    except ImportError:
        raise TinycError("matplotlib, which draws plots, is not installed", hint="pip install 'tinyc[plot]'") from None
    return matplotlib
