"""The fuzzer's parts, and with the long tests the fuzzer itself."""

from __future__ import annotations

import subprocess
import sys
from functools import partial
from pathlib import Path

import fuzz_target as target
import pytest
from mutate import mutated
from mutate_tflite import Mutator
from onnx import ModelProto, TensorProto, helper
from tflite_model import TfliteModel

from tinyc.errors import UnsupportedError, VerifyError
from tinyc.frontend import import_model as load_any
from tinyc.frontend.onnx import import_model

MINUTES = 20


def relu() -> bytes:
    """A small model."""
    infos = [helper.make_tensor_value_info(name, TensorProto.FLOAT, (1, 3)) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "g", infos[:1], infos[1:])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())


@pytest.fixture(autouse=True)
def bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The fuzzer's bound is for the fuzzer alone."""
    monkeypatch.setattr(target.tensors, "MAX_ELEMENTS", target.tensors.MAX_ELEMENTS)


def test_a_good_model_and_a_bad_one_are_no_findings(tmp_path: Path) -> None:
    assert target.examine(relu(), tmp_path / "m.onnx") is None
    assert target.examine(b"no model", tmp_path / "m.onnx") is None


@pytest.mark.parametrize("error", [IndexError("oh"), MemoryError(), VerifyError("broken")])
def test_what_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(_: Path) -> None:
        raise error

    monkeypatch.setattr(target, "import_model", fail)
    finding = target.examine(relu(), tmp_path / "m.onnx")
    assert finding is not None and finding.key.startswith(type(error).__name__) and "Traceback" in finding.text


def test_a_long_time_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(target, "MOST_SECONDS", -1.0)
    finding = target.examine(relu(), tmp_path / "m.onnx")
    assert finding is not None and finding.key == "slow"


def test_a_model_that_is_not_supported_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> None:
        raise UnsupportedError("not yet")

    monkeypatch.setattr(target, "import_model", refuse)
    assert target.examine(relu(), tmp_path / "m.onnx") is None


def test_changes_are_models_and_reproducible(tmp_path: Path) -> None:
    changed = [mutated(relu(), [relu()], seed) for seed in range(300)]
    assert changed == [mutated(relu(), [relu()], seed) for seed in range(300)]
    assert len(set(changed)) > 150
    assert all(ModelProto.FromString(data) for data in changed if data is not None)
    compiled = 0
    for data in changed[:60]:
        (tmp_path / "m.onnx").write_bytes(data or b"")
        try:
            import_model(tmp_path / "m.onnx")
            compiled += 1
        except (UnsupportedError, target.TinycError):
            continue
    assert 5 < compiled < 55  # neither harmless nor hopeless
    assert mutated(b"\xff\xff", [], 0) is None


def relu6() -> bytes:
    """A small TensorFlow Lite model."""
    m = TfliteModel()
    return m.output(m.op("RELU6", [m.input((1, 3))], m.tensor((1, 3)))).bytes()


def problem(folder: Path, data: bytes) -> str:
    """What tinyc says is wrong with a file."""
    (folder / "m.tflite").write_bytes(data)
    try:
        load_any(folder / "m.tflite")
    except target.TinycError as error:
        return error.message
    return ""


def test_changes_of_tflite_models(tmp_path: Path) -> None:
    def made() -> list[bytes]:
        mutator = Mutator([relu6()], partial(problem, tmp_path))
        return [mutator(relu6(), 16384, seed) for seed in range(150)]

    changed = made()
    assert changed == made()
    assert len(set(changed)) > 75
    assert all(target.examine(data, tmp_path / "m.tflite") is None for data in changed)
    problems = [problem(tmp_path, data) for data in changed]
    assert 10 < problems.count("") < 140  # neither harmless nor hopeless
    assert sum("damaged" in p or "not a TensorFlow Lite model" in p for p in problems) > 5


def test_results_get_the_shapes_that_follow(tmp_path: Path) -> None:
    m = TfliteModel()
    wrong = m.output(m.op("RELU6", [m.input((1, 3))], m.tensor((1, 4)))).bytes()
    mutator = Mutator([wrong], partial(problem, tmp_path))
    left = [problem(tmp_path, mutator(wrong, 16384, seed)) for seed in range(60)]
    assert "its result 't1' has shape (1, 4), it should be (1, 3)" in left and "" in left


@pytest.mark.slow
def test_nothing_is_found(tmp_path: Path) -> None:
    pytest.importorskip("atheris")
    command = [sys.executable, str(Path(__file__).with_name("fuzz.py")), "--minutes", str(MINUTES)]
    done = subprocess.run([*command, "--folder", str(tmp_path)], capture_output=True, text=True, check=False)
    found = [path.read_text() for path in sorted((tmp_path / "findings").glob("*.txt"))]
    assert done.returncode == 0, "\n".join([done.stdout[-2000:], done.stderr[-2000:], *found])
