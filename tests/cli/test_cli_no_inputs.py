"""A model without inputs, such as a table of constants: every command runs its one sample."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cli_models import constants
from command_line import BOARD, Tinyc

EXPECTED = np.array([0, 1, 65535], np.uint16)


@pytest.mark.parametrize("arithmetic", [["--float"], []])
def test_every_command(tinyc: Tinyc, tmp_path: Path, arithmetic: list[str]) -> None:
    model, folder, outputs = constants(tmp_path / "m.onnx", EXPECTED), tmp_path / "m", tmp_path / "y.npz"
    assert tinyc("compile", model, "--board", BOARD, "-o", folder, *arithmetic).status == 0
    for where in ([folder, "--on", way] for way in ("host", "sanitized", "qemu", "interpreter")):
        done = tinyc("run", *where, "--outputs", outputs)
        assert done.status == 0, done.err
        with np.load(outputs) as got:
            assert np.array_equal(got["y"], EXPECTED[None]) and got["y"].dtype == EXPECTED.dtype
    assert tinyc("run", model, "--json").json["samples"] == 1
    assert tinyc("check", folder, "--json").json["disagreeing"] == []
    profile = tinyc("profile", folder, "--json")
    assert profile.json["instructions"] > 0 and profile.err == ""


@pytest.mark.parametrize("command", ["run", "check"])
def test_inputs_that_are_forgotten(fails: Tinyc, digits_once: Path, command: str) -> None:
    fails(command, digits_once, says=("inputs: no array 'image'", "it has nothing"))
