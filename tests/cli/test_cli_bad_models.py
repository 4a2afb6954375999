"""Models and options that cannot be compiled: what tinyc says, and that it leaves nothing behind."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from cli_models import dense, unknown_operators
from command_line import BOARD, CALIBRATION, MODEL, Tinyc

from tinyc.target.board import load_board


@pytest.fixture
def compile_fails(fails: Tinyc, tmp_path: Path) -> Tinyc:
    """Compile a model in float, which must fail."""

    def run(model: Path, *args: object, **wanted: object) -> object:
        return fails("compile", model, "--board", BOARD, "-o", tmp_path / "deep" / "out", "--float", *args, **wanted)

    return run  # type: ignore[return-value]


def test_not_a_protobuf(compile_fails: Tinyc, tmp_path: Path) -> None:
    model = tmp_path / "m.onnx"
    model.write_text("# a Python script, say\nimport this\n")
    compile_fails(model, says=(str(model), "not an ONNX model"))


def test_truncated(compile_fails: Tinyc, tmp_path: Path) -> None:
    model = tmp_path / "m.onnx"
    data = MODEL.read_bytes()
    model.write_bytes(data[: len(data) // 2])
    compile_fails(model, says=(str(model),))


def test_empty(compile_fails: Tinyc, tmp_path: Path) -> None:
    model = tmp_path / "m.onnx"
    model.touch()
    compile_fails(model, says=(str(model), "empty"))


def test_missing(compile_fails: Tinyc, tmp_path: Path) -> None:
    compile_fails(tmp_path / "none.onnx", says=("none.onnx", "No such file"))


def test_a_folder(compile_fails: Tinyc, tmp_path: Path) -> None:
    compile_fails(tmp_path, says=("Is a directory",))


def test_what_may_not_end(compile_fails: Tinyc, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.onnx")
    for path in (tmp_path / "pipe.onnx", Path("/dev/zero")):
        compile_fails(path, says=(str(path), "not a regular file"))


def test_unknown_operator(compile_fails: Tinyc, tmp_path: Path) -> None:
    compile_fails(unknown_operators(tmp_path / "m.onnx"), says=("RandomNormalLike", "first"))


def test_open_shape(compile_fails: Tinyc, tmp_path: Path) -> None:
    compile_fails(dense(tmp_path / "m.onnx", shape=("n", "k")), says=("input 'x'", "--shape x:1,8"))


def test_a_shape_that_contradicts_the_model(compile_fails: Tinyc, tmp_path: Path) -> None:
    model = dense(tmp_path / "m.onnx")
    compile_fails(model, "--shape", "x:1,5", says=("the model fixes axis 1 to 4",))
    compile_fails(model, "--shape", "z:1,4", says=("--shape names 'z'", "inputs are: x"))


@pytest.mark.parametrize("text", ["x", "x:", ":1,2", "x:0,2", "x:1,,2", "x:1;2", "x:-1,2"])
def test_a_shape_that_is_none(compile_fails: Tinyc, tmp_path: Path, text: str) -> None:
    compile_fails(dense(tmp_path / "m.onnx"), "--shape", text, says=(f"'{text}' is not NAME:1,3,96,96",))


def test_weights_that_are_not_finite(compile_fails: Tinyc, tmp_path: Path) -> None:
    weights = np.ones((4, 3))
    weights[1, 2] = np.nan
    compile_fails(dense(tmp_path / "m.onnx", weights), says=("'w' contains NaN",))


# Options


def test_unknown_board(fails: Tinyc, tmp_path: Path) -> None:
    fails(
        "compile",
        MODEL,
        "--board",
        "arduino",
        "-o",
        tmp_path / "out",
        "--float",
        says=("'arduino'", "known are", BOARD),
    )


def test_a_board_file_with_a_mistake(fails: Tinyc, tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(load_board(BOARD).toml.replace('cpu = "cortex-m4"', 'cpu = "cortex-a4"'))
    fails("compile", MODEL, "--board", own, "-o", tmp_path / "out", "--float", says=("own.toml", "cortex-a4"))


def test_int8_without_calibration(fails: Tinyc, tmp_path: Path) -> None:
    fails("compile", MODEL, "--board", BOARD, "-o", tmp_path / "out", says=("--calibration", "--float"))


def test_float_with_calibration(compile_fails: Tinyc) -> None:
    compile_fails(MODEL, "--calibration", CALIBRATION, says=("--float computes without quantization",))


def test_a_calibration_method_that_is_none(fails: Tinyc, tmp_path: Path) -> None:
    fails(
        "compile", MODEL, "--board", BOARD, "-o", tmp_path / "out", "--calibration", CALIBRATION,
        "--calibration-method", "percentile:20", says=("'percentile:20'", "minmax"),
    )  # fmt: skip


def test_half_of_a_cmsis_nn(compile_fails: Tinyc, tmp_path: Path) -> None:
    compile_fails(MODEL, "--cmsis-nn-include", tmp_path, says=("belong together",))
    compile_fails(
        MODEL, "--cmsis-nn-include", tmp_path, "--cmsis-nn-lib", tmp_path / "lib.a", says=("no arm_nnfunctions.h",)
    )


def test_an_abbreviated_option(compile_fails: Tinyc) -> None:
    compile_fails(MODEL, "--verb", says=("unrecognized arguments: --verb",))


def test_an_option_that_is_not_there(compile_fails: Tinyc) -> None:
    compile_fails(MODEL, "--kernels", "fast", says=("'fast'", "cmsis-nn"))


# Boards that are too small


def small_board(tmp_path: Path, flash: int, ram: int) -> Path:
    """The emulated board with less memory."""
    path = tmp_path / "small.toml"
    first, second, rest = load_board(BOARD).toml.split("bytes = 0x400000", 2)
    path.write_text(f"{first}bytes = {flash}{second}bytes = {ram}{rest}".replace(f'"{BOARD}"', '"small"', 1))
    return path


INT8 = ("--calibration", CALIBRATION)


def test_an_arena_larger_than_ram(fails: Tinyc, tmp_path: Path) -> None:
    board = small_board(tmp_path, 4_194_304, 4096)
    fails(
        "compile", MODEL, "--board", board, "-o", tmp_path / "out", *INT8, status=1,
        says=("4096 bytes of RAM", "bytes: layer by layer", "the largest buffers:", "4096 bytes  relu_2", "small"),
    )  # fmt: skip


def test_an_arena_larger_than_the_memories(fails: Tinyc, tmp_path: Path) -> None:
    wanted = ("compile", MODEL, "--board", BOARD, "-o", tmp_path / "out", *INT8, "--memory", "sram:5k")
    fails(*wanted, status=1, says=("5120 (sram)", "or --ram, to take less"))


def test_weights_larger_than_flash(fails: Tinyc, tmp_path: Path) -> None:
    board = small_board(tmp_path, 4096, 4_194_304)
    fails(
        "compile", MODEL, "--board", board, "-o", tmp_path / "out", *INT8, status=1,
        says=("bytes of flash", "has 4096", "the largest constants:", "conv_20: weights, packed"),
    )  # fmt: skip


def test_code_and_weights_larger_than_flash(fails: Tinyc, tmp_path: Path) -> None:
    board = small_board(tmp_path, 12_000, 4_194_304)
    failed = fails(
        "compile", MODEL, "--board", board, "-o", tmp_path / "out", *INT8, status=1,
        says=("flash needs", "and has 12000", "the largest constants:"),
    )  # fmt: skip
    assert int(failed.message.split("flash needs ")[1].split()[0]) > 12_000


def test_arena_and_stack_larger_than_ram(fails: Tinyc, tmp_path: Path) -> None:
    board = small_board(tmp_path, 4_194_304, 12_000)
    fails(
        "compile", MODEL, "--board", board, "-o", tmp_path / "out", *INT8, "--schedule", "layer", status=1,
        says=("12000 bytes of RAM, of which 9216 are for stack", "bytes: layer by layer", "--schedule auto"),
    )  # fmt: skip
