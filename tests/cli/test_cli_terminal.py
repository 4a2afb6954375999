"""What reaches the terminal: no control characters of a model's, progress only where somebody looks."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest
from cli_models import dense, unknown_operators
from command_line import CALIBRATION, MODEL, TEST, Tinyc

from tinyc.cli.terminal import Terminal

NASTY = "\x1b]0;owned\x07\x1b[2J[bold red]\u202e\n%s{x}"


def test_names_of_a_model_do_nothing_to_the_terminal(tinyc: Tinyc, tmp_path: Path) -> None:
    model = dense(tmp_path / "m.onnx", name=NASTY)
    done = tinyc("inspect", model)
    assert done.status == 0, done.err
    assert "\\x1b]0;owned\\x07\\x1b[2J[bold red]\\u202e\\n%s{x}" in done.out
    assert "\x1b" not in done.out and "\u202e" not in done.out


def test_names_of_a_model_do_nothing_in_messages(tinyc: Tinyc, tmp_path: Path) -> None:
    model = unknown_operators(tmp_path / "m.onnx", prefix=NASTY)
    for done in (tinyc("inspect", model), tinyc("run", model, "--inputs", TEST)):
        assert done.status > 0
        assert "\x1b" not in done.out + done.err and "\u202e" not in done.out + done.err


def test_names_of_a_model_survive_compilation(tinyc: Tinyc, tmp_path: Path) -> None:
    model = dense(tmp_path / "m.onnx", name=NASTY)
    out = tmp_path / "out"
    done = tinyc("compile", model, "--board", "mps2-an386", "-o", out, "--calibration", "random:1", "--verbose")
    assert done.status == 0, done.err
    assert "\x1b" not in done.out
    assert tinyc("profile", out).status == 0


class FakeTerminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_progress_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = FakeTerminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("TERM", "xterm")
    with Terminal(as_json=True).progress("calibrating") as progress:
        assert progress is not None
        assert "calibrating" not in screen.getvalue()
        progress(1, 2)
    assert "calibrating" in screen.getvalue() and "50%" in screen.getvalue()


def test_no_progress_elsewhere(tinyc: Tinyc, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = tinyc("compile", MODEL, "--board", "mps2-an386", "-o", out, "--calibration", CALIBRATION, "--no-link")
    assert "calibrating" not in done.err


def test_the_version(tinyc: Tinyc) -> None:
    from tinyc import __version__

    assert tinyc("--version").out == f"tinyc {__version__}\n"


@pytest.mark.parametrize("command", ["compile", "run", "check", "profile", "inspect", "boards", "flash"])
def test_help_of_every_command(tinyc: Tinyc, command: str) -> None:
    done = tinyc(command, "--help")
    assert done.status == 0 and done.out.startswith(f"usage: tinyc {command}")
    assert command in tinyc("--help").out


@pytest.mark.parametrize("args", [(), ("compiel",), ("--verbose",), ("boards", "--jsn")])
def test_wrong_usage(fails: Tinyc, args: tuple[str, ...]) -> None:
    fails(*args, says=("--help` shows what there is",))
