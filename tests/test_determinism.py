"""A compilation's output depends on the model and the options alone: not on hash order, clock, paths or chance."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
DIGITS = ROOT / "examples" / "digits"


def compile_in(folder: Path, out: str, hash_seed: str, *options: str) -> dict[str, bytes]:
    """Compile the digits in a process of its own, working in `folder`; every file's bytes by its path in `out`."""
    folder.mkdir()
    command = [sys.executable, "-m", "tinyc", "compile", DIGITS / "digits.onnx", "-o", out, *options]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return {p.relative_to(folder / out).as_posix(): p.read_bytes() for p in (folder / out).rglob("*") if p.is_file()}


INT8 = ("--calibration", str(DIGITS / "calibration.npz"))


@pytest.mark.parametrize(
    "options",
    [
        pytest.param(("--board", "mps2-an386", *INT8), id="int8"),
        pytest.param(("--board", "mps2-an386", "--float"), id="float"),
        pytest.param(("--board", "nucleo-f446re", *INT8), id="selftest"),
    ],
)
def test_same_bytes_whatever_the_hash_seed_and_the_folders(tmp_path: Path, options: tuple[str, ...]) -> None:
    first = compile_in(tmp_path / "here", "out", "1", *options)
    second = compile_in(tmp_path / "some where else", "deep/er/model", "2", *options)
    assert {"report.json", "firmware.elf", "digits.c", "digits.h", "model.tc"} <= first.keys()
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


def test_other_calibration_gives_other_weights(tmp_path: Path) -> None:
    options = ("--board", "mps2-an386", "--no-link", "--calibration")
    first = compile_in(tmp_path / "a", "out", "0", *options, "random:1")
    second = compile_in(tmp_path / "b", "out", "0", *options, "random:2")
    assert first["model.tc"] != second["model.tc"]
