"""tinyc compile."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from cli_models import dense
from command_line import BOARD, CALIBRATION, MODEL, TEST, Tinyc

INT8 = ("compile", MODEL, "--board", BOARD, "--calibration", CALIBRATION)


def test_the_folder_holds_code_firmware_and_report(digits: Path) -> None:
    files = {p.name for p in digits.iterdir()}
    assert {"digits.h", "digits.c", "digits_weights.c", "main.c", "linker.ld", "firmware.elf", "report.json"} <= files


def test_people_get_the_figures(tinyc: Tinyc, tmp_path: Path) -> None:
    done = tinyc(*INT8, "-o", tmp_path / "out", "--no-link", "--verbose")
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert done.status == 0
    assert f"arena {report['arena_bytes']:,} (lower bound {report['arena_lower_bound']:,}" in done.out
    assert f"weights {report['weights_bytes']:,}" in done.out
    assert f"{report['macs']:,}" in done.out
    assert "Buffers in the arena" in done.out
    assert all(layer["name"] in done.out for layer in report["layers"])


def test_json_is_the_report_and_nothing_else(tinyc: Tinyc, tmp_path: Path) -> None:
    done = tinyc(*INT8, "-o", tmp_path / "out", "--json")
    assert done.json == json.loads((tmp_path / "out" / "report.json").read_text())
    assert done.json["flash_bytes"] > done.json["weights_bytes"] > 0
    assert done.json["kernels"] == "tinyc" and done.json["rounding"] == "single"
    assert "cast from uint8 to float32" in done.err  # the remark is not lost


def test_without_link_no_toolchain_is_needed(tinyc: Tinyc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    done = tinyc(*INT8, "-o", tmp_path / "out", "--no-link", "--json")
    assert done.status == 0 and done.json["flash_bytes"] is None
    assert not (tmp_path / "out" / "firmware.elf").exists()


def test_options_reach_the_report(tinyc: Tinyc, tmp_path: Path) -> None:
    done = tinyc(
        *INT8, "-o", tmp_path / "out", "--no-link", "--json", "--kernels", "cmsis-nn", "--rounding", "tflite",
        "--calibration-method", "percentile:99.9", "--dump-dir", tmp_path / "dump",
    )  # fmt: skip
    assert done.status == 0, done.err
    assert (done.json["kernels"], done.json["rounding"]) == ("cmsis-nn", "tflite")
    assert done.json["calibration"] == "calibration.npz, percentile:99.9"
    assert {"import", "quantize", "remove-channels"} <= {p.stem[3:] for p in (tmp_path / "dump").iterdir()}


def test_float_needs_no_calibration(tinyc: Tinyc, tmp_path: Path) -> None:
    done = tinyc("compile", MODEL, "--board", BOARD, "-o", tmp_path / "out", "--float", "--no-link", "--json")
    assert done.status == 0 and done.json["arithmetic"] == "float32"


def test_random_calibration_says_what_it_is_worth(tinyc: Tinyc, tmp_path: Path) -> None:
    done = tinyc("compile", MODEL, "--board", BOARD, "-o", tmp_path / "out", "--calibration", "random:7", "--no-link")
    assert done.status == 0 and "accuracy of the result is meaningless" in done.err


def test_shape_fixes_what_the_model_leaves_open(tinyc: Tinyc, tmp_path: Path) -> None:
    model = dense(tmp_path / "m.onnx", shape=("n", "k"))
    done = tinyc(
        "compile", model, "--board", BOARD, "-o", tmp_path / "out", "--float", "--no-link", "--shape", "x:1,4", "--json"
    )
    assert done.status == 0, done.err
    assert done.json["layers"][0]["output_shape"] == [1, 3]


@pytest.mark.parametrize("name", ["math", "tinyc_kernels", "int"])
def test_files_do_not_take_the_place_of_headers(tinyc: Tinyc, tmp_path: Path, name: str) -> None:
    out = tmp_path / "out"
    done = tinyc("compile", dense(tmp_path / f"{name}.onnx"), "--board", BOARD, "-o", out, "--float", "--no-link")
    assert done.status == 0, done.err
    assert (out / f"model_{name}.h").is_file() and not (out / f"{name}.h").exists()
    np.savez(tmp_path / "x.npz", x=np.zeros((1, 4), np.float32))
    assert tinyc("run", out, "--inputs", tmp_path / "x.npz").status == 0


def test_a_folder_of_tinyc_is_replaced(tinyc: Tinyc, digits: Path) -> None:
    done = tinyc("compile", MODEL, "--board", BOARD, "-o", digits, "--float", "--no-link")
    assert done.status == 0
    assert not (digits / "firmware.elf").exists()  # of the model that was there before
    assert [p.name for p in digits.parent.iterdir()] == ["digits"]


def test_a_board_without_emulator_gets_a_self_test(tinyc: Tinyc, tmp_path: Path) -> None:
    done = tinyc("compile", MODEL, "--board", "nrf52840-dk", "-o", tmp_path / "out", "--calibration", CALIBRATION)
    assert done.status == 0, done.err
    assert "test_expected" in (tmp_path / "out" / "main.c").read_text()
    assert done.err.count("cast from uint8") == 1


def test_a_board_of_the_users_own(tinyc: Tinyc, tmp_path: Path) -> None:
    from tinyc.target.board import load_board

    own = tmp_path / "own.toml"
    own.write_text(load_board(BOARD).toml.replace('name = "mps2-an386"', 'name = "own"'))
    assert tinyc("compile", MODEL, "--board", own, "-o", tmp_path / "out", "--calibration", CALIBRATION).status == 0
    own.unlink()  # the compiled folder stands alone
    np.savez(tmp_path / "x.npz", image=np.load(TEST)["image"][:1])
    done = tinyc("run", tmp_path / "out", "--on", "qemu", "--inputs", tmp_path / "x.npz", "--json")
    assert done.status == 0, done.err


def test_it_says_if_no_weights_are_prepared(tinyc: Tinyc, tmp_path: Path) -> None:
    done = tinyc(*INT8, "-o", tmp_path / "out", "--no-link", "--json", "--prepare-weights")
    assert done.status == 0 and done.json["prepared_bytes"] == 0
    assert "no weights are prepared" in done.err


def test_the_users_cmsis_nn_is_recorded(tinyc: Tinyc, tmp_path: Path) -> None:
    include, library = tmp_path / "include", tmp_path / "libcmsis-nn.a"
    include.mkdir()
    (include / "arm_nnfunctions.h").touch()
    library.touch()
    done = tinyc(
        *INT8, "-o", tmp_path / "out", "--no-link", "--json", "--cmsis-nn-include", include, "--cmsis-nn-lib", library
    )
    assert done.json["cmsis_nn"] == {"include_dir": str(include), "library": str(library)}
