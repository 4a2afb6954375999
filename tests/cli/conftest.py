"""The command line as a function, and models that are compiled once."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from command_line import BOARD, CALIBRATION, MODEL, Outcome, Tinyc

from tinyc.cli import main


@pytest.fixture
def tinyc(capfd: pytest.CaptureFixture[str]) -> Tinyc:
    """Run a command line in this process."""

    def run(*args: object) -> Outcome:
        capfd.readouterr()
        status = main([str(arg) for arg in args])
        out, err = capfd.readouterr()
        return Outcome(status, out, err)

    return run


@pytest.fixture(scope="session")
def digits_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The digits example, compiled by the command line. Not to be changed: see `digits`."""
    out = tmp_path_factory.mktemp("digits") / "out"
    assert main(["compile", str(MODEL), "--board", BOARD, "-o", str(out), "--calibration", str(CALIBRATION)]) == 0
    return out


@pytest.fixture
def digits(digits_once: Path, tmp_path: Path) -> Path:
    """A copy of the compiled digits example for one test."""
    return Path(shutil.copytree(digits_once, tmp_path / "digits"))


@pytest.fixture
def fails(tinyc: Tinyc, tmp_path: Path) -> Callable[..., Outcome]:
    """Run a command line that must fail with `status` and a message that has all of `says`, and leave nothing."""

    def run(*args: object, status: int = 2, says: tuple[str, ...] = ()) -> Outcome:
        before = sorted(tmp_path.rglob("*"))
        outcome = tinyc(*args)
        assert outcome.status == status, outcome.err
        assert outcome.out == ""
        assert "Traceback" not in outcome.err
        for text in says:
            assert text in outcome.message
        assert sorted(tmp_path.rglob("*")) == before
        return outcome

    return run
