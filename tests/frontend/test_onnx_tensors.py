"""Weights: broken ones, and those in files of their own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from onnx import ModelProto, TensorProto, helper, numpy_helper, save_model
from onnx_case import build, changed, evaluate, gemm, load, normal, refused

from tinyc.errors import TinycError, UnsupportedError
from tinyc.frontend.onnx import import_model


@pytest.mark.parametrize(
    ("dims", "part"),
    [
        ([3, 5], "wants 60 bytes, it has 48"),
        ([-3, 4], "its shape (-3, 4) is not possible"),
        ([2**40, 2**40], "is not possible"),
    ],
)
def test_tensors_of_another_size(dims: list[int], part: str) -> None:
    refused(changed(lambda m: m.graph.initializer[0].dims.__setitem__(slice(None), dims)), "tensor 'c0'", part)


def test_tensors_with_another_count_of_numbers() -> None:
    def change(model: ModelProto) -> None:
        model.graph.initializer[1].ClearField("raw_data")
        model.graph.initializer[1].float_data.extend([1.0, 2.0])

    refused(changed(change), "tensor 'c1'", "wants 3 elements, it has 2")


def test_tensors_as_lists_of_numbers() -> None:
    weights = helper.make_tensor("w", TensorProto.FLOAT, [3], [1.0, 2.0, 3.0])
    model = build([helper.make_node("Add", ["x", "w"], ["y"])], {"x": (3,)})
    model.graph.initializer.append(weights)
    np.testing.assert_array_equal(load(model).constants["w"], [1, 2, 3])


@pytest.mark.parametrize("kind", [TensorProto.STRING, TensorProto.FLOAT8E4M3FN, TensorProto.COMPLEX64, 99])
def test_tensors_of_other_types(kind: int) -> None:
    refused(changed(lambda m: m.graph.initializer[0].__setattr__("data_type", kind)), "'c0'", "its elements are")


def test_tensors_in_segments() -> None:
    refused(changed(lambda m: m.graph.initializer[0].segment.__setattr__("begin", 0)), "stored in segments")


def test_sparse_tensors() -> None:
    values = numpy_helper.from_array(np.float32([1]), "s")
    sparse = helper.make_sparse_tensor(values, numpy_helper.from_array(np.int64([0])), [3])
    refused(changed(lambda m: m.graph.sparse_initializer.append(sparse)), "sparse initializers", kind=UnsupportedError)


def external(directory: Path) -> Path:
    """A model whose weights are in a file of their own."""
    path = directory / "model.onnx"
    save_model(gemm(), path, save_as_external_data=True, location="weights.bin", size_threshold=0)
    return path


def relocated(directory: Path, **entries: str) -> Path:
    """`external` with other entries about where the first tensor is."""
    path = external(directory)
    model = ModelProto.FromString(path.read_bytes())
    for entry in model.graph.initializer[0].external_data:
        entry.value = entries.get(entry.key, entry.value)
    path.write_bytes(model.SerializeToString())
    return path


def complaint(path: Path) -> str:
    with pytest.raises(TinycError) as caught:
        import_model(path)
    return str(caught.value)


def test_weights_beside_the_model(tmp_path: Path) -> None:
    inputs = {"x": normal(1, 4)}
    want = evaluate(load(gemm()), inputs)["y"]
    np.testing.assert_array_equal(evaluate(import_model(external(tmp_path)), inputs)["y"], want)


def test_weights_that_are_missing(tmp_path: Path) -> None:
    path = external(tmp_path)
    (tmp_path / "weights.bin").unlink()
    assert "'weights.bin', which is no file" in complaint(path)


def test_weights_that_are_cut_off(tmp_path: Path) -> None:
    path = external(tmp_path)
    (tmp_path / "weights.bin").write_bytes(b"1234")
    assert "wants 48 bytes, it has 4" in complaint(path)


@pytest.mark.parametrize("location", ["../weights.bin", "/etc/passwd", "a/../../weights.bin"])
def test_weights_outside_the_directory(tmp_path: Path, location: str) -> None:
    (tmp_path / "weights.bin").write_bytes(bytes(60))
    (tmp_path / "models").mkdir()
    assert "outside the model's directory" in complaint(relocated(tmp_path / "models", location=location))


def test_weights_behind_a_link_that_leads_out(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(bytes(60))
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "link").symlink_to(tmp_path / "secret")
    assert "outside the model's directory" in complaint(relocated(tmp_path / "models", location="link"))


@pytest.mark.parametrize(
    "entries",
    [
        {"offset": "x"},
        {"offset": "-4"},
        {"offset": "1" + "0" * 30},
        {"length": "5"},
        {"length": "9" * 5000},
        {"location": "a\0b"},
        {"location": "n" * 5000},
        {"location": ""},
        {"location": "."},
    ],
)
def test_places_that_make_no_sense(tmp_path: Path, entries: dict[str, str]) -> None:
    assert "tensor 'c0'" in complaint(relocated(tmp_path, **entries))
