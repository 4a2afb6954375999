"""tinyc run, check, profile, inspect, boards and flash."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cli_models import unknown_operators
from command_line import MODEL, TEST, Tinyc

from tinyc.target.board import list_boards


@pytest.fixture
def few(tmp_path: Path) -> Path:
    """Five test images with their labels."""
    path = tmp_path / "few.npz"
    with np.load(TEST) as data:
        np.savez(path, image=data["image"][:5], y=data["y"][:5])
    return path


# run


def test_every_way_to_run_gives_the_same_integers(tinyc: Tinyc, digits_once: Path, few: Path, tmp_path: Path) -> None:
    results = []
    for on in ("host", "qemu", "interpreter", "sanitized"):
        path = tmp_path / f"{on}.npz"
        done = tinyc("run", digits_once, "--on", on, "--inputs", few, "--outputs", path, "--raw")
        assert done.status == 0, done.err
        with np.load(path) as outputs:
            results.append(outputs["probabilities"])
    assert results[0].shape == (5, 10) and results[0].dtype == np.int8
    assert all(np.array_equal(result, results[0]) for result in results)


def test_run_measures_accuracy_where_there_are_labels(tinyc: Tinyc, digits_once: Path) -> None:
    done = tinyc("run", digits_once, "--inputs", TEST, "--json")
    assert done.json["accuracy"]["samples"] == 450
    assert done.json["accuracy"]["share"] > 0.97
    assert "'y' is taken for the labels" in done.err
    assert done.json["outputs"] == {"probabilities": {"shape": [450, 10], "dtype": "float32"}}


def test_run_says_that_an_onnx_model_runs_in_float(tinyc: Tinyc, few: Path, tmp_path: Path) -> None:
    done = tinyc("run", MODEL, "--inputs", few, "--outputs", tmp_path / "y.npz")
    assert done.status == 0
    assert "the float interpreter runs it" in done.err
    assert "accuracy 100.0 % (5 of 5)" in done.out
    with np.load(tmp_path / "y.npz") as outputs:
        assert np.allclose(outputs["probabilities"].sum(axis=1), 1)


def test_run_refuses_firmware_of_an_onnx_model(fails: Tinyc, few: Path) -> None:
    fails("run", MODEL, "--on", "qemu", "--inputs", few, says=("--on qemu is for compiled models",))


def test_run_wants_a_model_that_exists(fails: Tinyc, tmp_path: Path) -> None:
    fails("run", tmp_path / "none", "--on", "qemu", "--inputs", TEST, says=("none: no such file or folder",))


def test_run_refuses_a_shape_for_a_compiled_model(fails: Tinyc, digits_once: Path, few: Path) -> None:
    fails("run", digits_once, "--inputs", few, "--shape", "image:1,1,8,8", says=("a compiled model has its own",))


def test_run_keeps_what_is_no_file(fails: Tinyc, digits_once: Path, few: Path, tmp_path: Path) -> None:
    folder = tmp_path / "y.npz"
    folder.mkdir()
    fails("run", digits_once, "--inputs", few, "--outputs", folder, says=("not a regular file",))


# check


def test_check_compares_every_layer(tinyc: Tinyc, digits_once: Path) -> None:
    done = tinyc("check", digits_once, "--inputs", TEST, "--samples", 4, "--model", MODEL, "--json")
    assert done.status == 0, done.err
    layers = [layer["name"] for layer in json.loads((digits_once / "report.json").read_text())["layers"]]
    assert [layer["name"] for layer in done.json["layers"]] == layers
    assert all(layer["agrees"] and layer["accuracy"]["sqnr_db"] > 20 for layer in done.json["layers"])
    (output,) = done.json["outputs"]
    assert output["argmax_agreement"] == 1
    assert output["onnxruntime_max_abs_error"] < 1e-5


def test_check_is_a_table_for_people(tinyc: Tinyc, digits_once: Path) -> None:
    done = tinyc("check", digits_once, "--inputs", TEST, "--samples", 1)
    assert done.status == 0, done.err
    assert "SQNR dB" in done.out and "gemm_25" in done.out and "agree bit for bit" in done.out


def test_check_finds_a_layer_that_computes_something_else(tinyc: Tinyc, digits: Path) -> None:
    weights = digits / "digits_weights.c"
    head, brace, data = weights.read_text().rpartition("{")  # the last layer's
    weights.write_text(f"{head}{brace} 99, {data.partition(',')[2]}")
    done = tinyc("check", digits, "--inputs", TEST, "--samples", 2)
    assert done.status == 1
    assert "differ in: softmax_26" in done.message
    assert "conv_20" not in done.message


def test_check_refuses_another_model(fails: Tinyc, digits_once: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.onnx"
    other.write_bytes(MODEL.read_bytes() + b"\n")
    fails("check", digits_once, "--inputs", TEST, "--model", other, says=("SHA-256 differs",))


# profile


def test_profile_extends_the_report(tinyc: Tinyc, digits: Path) -> None:
    done = tinyc("profile", digits, "--json")
    assert done.status == 0, done.err
    profile, report = done.json, json.loads((digits / "report.json").read_text())
    assert "profiled on zeros" in done.err
    assert report["instructions"] == profile["instructions"]
    assert [e["instructions"] for e in report["layers"]] == [e["instructions"] for e in profile["layers"]]
    assert sum(e["instructions"] for e in profile["layers"]) == pytest.approx(profile["instructions"], rel=0.02)
    assert 0 < profile["arena_high_water"] <= profile["arena_planned"] == report["arena_bytes"]
    assert 0 < profile["stack_high_water"] <= profile["stack_reserved"]
    assert profile["code"] + profile["rodata"] + profile["data"] == pytest.approx(profile["flash"], abs=16)
    assert len(profile["symbols"]) == 15


def test_profile_is_a_table_for_people(tinyc: Tinyc, digits: Path, few: Path) -> None:
    done = tinyc("profile", digits, "--inputs", few)
    assert done.status == 0, done.err
    assert "instructions (QEMU)" in done.out and "softmax_26" in done.out and "zeros" not in done.err
    assert f"{json.loads((digits / 'report.json').read_text())['instructions']:,}" in done.out


def test_profile_wants_firmware(tinyc: Tinyc, digits: Path) -> None:
    (digits / "firmware.elf").unlink()
    failed = tinyc("profile", digits)
    assert failed.status == 2 and "was not linked" in failed.message


# inspect


def test_inspect_lists_layers(tinyc: Tinyc) -> None:
    done = tinyc("inspect", MODEL, "--json")
    assert done.status == 0
    assert done.json["inputs"] == [{"name": "image", "shape": [1, 1, 16, 16], "dtype": "float32"}]
    assert done.json["macs"] == sum(layer["macs"] for layer in done.json["layers"]) == 200_832
    assert done.json["parameters"] == sum(layer["parameters"] for layer in done.json["layers"])
    assert done.json["unsupported"] == []
    assert "200,832 MACs" in tinyc("inspect", MODEL).out


def test_inspect_shows_a_compiled_model(tinyc: Tinyc, digits_once: Path) -> None:
    done = tinyc("inspect", digits_once)
    assert done.status == 0
    assert done.out.startswith("digits.onnx for mps2-an386") and "conv_12" in done.out


def test_inspect_names_all_that_is_not_supported(tinyc: Tinyc, tmp_path: Path) -> None:
    model = unknown_operators(tmp_path / "m.onnx")
    done = tinyc("inspect", model, "--json")
    assert done.status == 1
    assert [(node["name"], node["op"]) for node in done.json["unsupported"]] == [
        ("first", "RandomNormalLike"),
        ("second", "RandomUniformLike"),
    ]
    text = tinyc("inspect", model)
    assert text.status == 1 and "2 of them cannot be compiled" in text.out and "between" in text.out


# boards and flash


def test_boards(tinyc: Tinyc) -> None:
    done = tinyc("boards", "--json")
    assert [board["name"] for board in done.json] == list_boards()
    assert all(name in tinyc("boards").out for name in list_boards())


def test_flash_shows_the_command(tinyc: Tinyc, digits_once: Path) -> None:
    done = tinyc("flash", digits_once, "--tool", "gdb", "--dry-run")
    assert done.status == 0
    assert str(digits_once / "firmware.elf") in done.out and "target extended-remote" in done.out


def test_flash_refuses_a_tool_that_does_not_know_the_board(fails: Tinyc, digits_once: Path) -> None:
    fails("flash", digits_once, "--tool", "pyocd", "--dry-run", says=("pyocd does not know board",))
