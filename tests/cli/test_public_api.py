"""What `import tinyc` offers."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from command_line import BOARD, CALIBRATION, MODEL, TEST

import tinyc


def test_compile_load_and_run(tmp_path: Path) -> None:
    remarks: list[str] = []
    steps: list[tuple[int, int]] = []
    with np.load(CALIBRATION) as data:
        arrays = {"image": data["image"][:10]}
    model = tinyc.compile(
        str(MODEL), BOARD, tmp_path / "out", calibration=arrays, calibration_method="percentile:99.99", link=False,
        progress=lambda done, total: steps.append((done, total)), say=remarks.append,
    )  # fmt: skip
    assert isinstance(model, tinyc.CompiledModel)
    assert steps[-1] == (20, 20)  # two passes for percentiles
    assert any("cast from uint8" in remark for remark in remarks)
    assert model.report["calibration"] == "arrays, percentile:99.99"
    with np.load(TEST) as data:
        outputs = tinyc.load(tmp_path / "out").run({"image": data["image"][:20]})
        assert (outputs["probabilities"].argmax(axis=1) == data["y"][:20]).mean() > 0.9


def test_a_board_can_be_given_as_such(tmp_path: Path) -> None:
    board = tinyc.load_board(BOARD)
    assert isinstance(board, tinyc.Board) and board.name in tinyc.list_boards()
    model = tinyc.compile(MODEL, board, tmp_path / "out", float=True, link=False)
    assert model.board == board


def test_choices_are_checked(tmp_path: Path) -> None:
    with pytest.raises(tinyc.TinycError, match=r"no kernel set 'fast'\n  hint: choose one of cmsis-nn, tinyc"):
        tinyc.compile(MODEL, BOARD, tmp_path / "out", float=True, kernels="fast")
    with pytest.raises(tinyc.TinycError, match="no rounding 'up'"):
        tinyc.compile(MODEL, BOARD, tmp_path / "out", float=True, rounding="up")


def test_a_folder_without_a_model(tmp_path: Path) -> None:
    with pytest.raises(tinyc.TinycError, match="not a compiled model"):
        tinyc.load(tmp_path)


def test_names() -> None:
    assert set(tinyc.__all__) <= {*dir(tinyc), *tinyc._LAZY}
    assert all(getattr(tinyc, name) is not None for name in tinyc.__all__)
    with pytest.raises(AttributeError, match="'compiel'"):
        _ = tinyc.compiel


def test_import_is_cheap() -> None:
    code = "import sys, json, tinyc; print(json.dumps([m for m in ('numpy', 'onnx', 'cffi') if m in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert json.loads(done.stdout) == []
