"""The wheel: all that tinyc needs at run time and nothing else is in it, and it compiles far from the sources."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from email import message_from_bytes
from pathlib import Path
from zipfile import ZipFile

import pytest

import tinyc

ROOT = Path(__file__).parents[1]
DIGITS = ROOT / "examples" / "digits"
SHIPPED = ("templates", "runtime_c", "boards", "costs")
RUBBISH = ("__pycache__", ".pyc", ".o", ".so")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built wheel. It takes no network: the build backend is installed with the tests."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, ROOT]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def names(wheel: Path) -> set[str]:
    """The files in it."""
    with ZipFile(wheel) as archive:
        return set(archive.namelist())


def files(folder: Path) -> set[str]:
    """The files below a folder of the project that belong to it, relative to the project's root."""
    return {
        path.relative_to(ROOT).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and not any(part.endswith(RUBBISH) for part in path.parts)
    }


def test_it_holds_the_package_and_what_it_ships_beside(names: set[str]) -> None:
    shipped = {f"tinyc/_resources/{name}" for folder in SHIPPED for name in files(ROOT / folder)}
    assert {"tinyc/py.typed", "tinyc/ir/grammar.lark", "tinyc/_resources/boards/mps2-an386.toml"} <= names
    information = {name for name in names if name.startswith(f"tinyc-{tinyc.__version__}.dist-info/")}
    assert names - information == files(ROOT / "tinyc") | shipped


def test_it_says_what_it_is(wheel: Path) -> None:
    information = f"tinyc-{tinyc.__version__}.dist-info"
    with ZipFile(wheel) as archive:
        metadata = message_from_bytes(archive.read(f"{information}/METADATA"))
        assert b"tinyc = tinyc.cli:main" in archive.read(f"{information}/entry_points.txt")
        assert b"Apache License" in archive.read(f"{information}/licenses/LICENSE")
    assert metadata["Version"] == tinyc.__version__
    assert metadata["License-Expression"] == "Apache-2.0"
    required = [text for text in metadata.get_all("Requires-Dist", []) if "extra ==" not in text]
    assert sorted(text.split(">=")[0] for text in required) == ["cffi", "jinja2", "lark", "numpy", "onnx", "rich"]


def test_it_compiles_and_runs_a_model_far_from_the_sources(wheel: Path, tmp_path: Path) -> None:
    site, work = tmp_path / "site", tmp_path / "work"
    with ZipFile(wheel) as archive:
        archive.extractall(site)
    work.mkdir()
    for name in ("digits.onnx", "calibration.npz", "test.npz"):
        shutil.copy(DIGITS / name, work)

    def python(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=work,
            env={**os.environ, "PYTHONPATH": str(site)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert Path(python("-c", "import tinyc; print(tinyc.__file__)").strip()).is_relative_to(site)
    given = ("--board", "mps2-an386", "--calibration", "calibration.npz", "-o", "out")
    python("-m", "tinyc", "compile", "digits.onnx", *given)
    assert "of 450)" in python("-m", "tinyc", "run", "out", "--inputs", "test.npz")
    assert (work / "out" / "firmware.elf").is_file()
