"""Models that keep a state, from --state to the C: samples are a sequence wherever they run."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from cli_models import streaming
from command_line import BOARD, Outcome, Tinyc

STATES = ("--state", "h_in=h_out", "--state", "cache=cache_out")
WAYS = ("host", "interpreter", "sanitized", "qemu")
SAMPLES = 6

MAIN = """
#include <stdio.h>
#include <string.h>
#include "step.h"
static _Alignas(STEP_ARENA_ALIGN) unsigned char arena[STEP_ARENA_BYTES];
static int8_t samples[6][STEP_INPUT_0_BYTES];

static int all(void)
{
    for (int i = 0; i < 6; i++) {
        memcpy(step_input(0), samples[i], STEP_INPUT_0_BYTES);
        if (step_run() != 0) return 1;
        fwrite(step_output(0), STEP_OUTPUT_0_BYTES, 1, stdout);
    }
    return 0;
}

int main(void)
{
    if (fread(samples, sizeof samples, 1, stdin) != 1 || step_init(arena, sizeof arena) != 0 || all() != 0) return 1;
    step_reset();
    if (all() != 0) return 2;
    memset(arena, 0x55, sizeof arena); /* another model's turn */
    return step_init(arena, sizeof arena) != 0 || all() != 0 || STEP_STATE_BYTES != 14;
}
"""


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return streaming(tmp_path / "step.onnx")


@pytest.fixture
def inputs(tmp_path: Path) -> Path:
    path = tmp_path / "x.npz"
    np.savez(path, x=np.random.default_rng(1).standard_normal((SAMPLES, 4, 1)).astype(np.float32))
    return path


def by_hand(model: Path, inputs: Path) -> np.ndarray:
    """What ONNX Runtime makes of the samples, the state handed on from outside."""
    session = onnxruntime.InferenceSession(str(model), providers=["CPUExecutionProvider"])
    h, cache = np.zeros((1, 1, 6), np.float32), np.zeros((1, 4, 2), np.float32)
    results = []
    for sample in np.load(inputs)["x"]:
        y, h, cache = session.run(["y", "h_out", "cache_out"], {"x": sample[None], "h_in": h, "cache": cache})
        results.append(y)
    return np.concatenate(results)


def outputs(tinyc: Tinyc, where: Path, inputs: Path, *more: object) -> np.ndarray:
    path = inputs.with_name("y.npz")
    done = tinyc("run", where, "--inputs", inputs, "--outputs", path, *more)
    assert done.status == 0, done.err
    with np.load(path) as given:
        assert set(given.files) == {"y"}
        return np.array(given["y"])


@pytest.mark.parametrize("arithmetic", [["--calibration"], pytest.param(["--float"], marks=pytest.mark.slow)])
def test_every_command(tinyc: Tinyc, tmp_path: Path, model: Path, inputs: Path, arithmetic: list[str]) -> None:
    want = by_hand(model, inputs)
    np.testing.assert_allclose(outputs(tinyc, model, inputs, *STATES), want, atol=1e-6)
    folder, how = tmp_path / "step", arithmetic if arithmetic == ["--float"] else ["--calibration", inputs]
    done = tinyc("compile", model, "--board", BOARD, "-o", folder, *STATES, *how)
    assert done.status == 0 and "for the state that is kept from run to run" in done.out
    found = [outputs(tinyc, folder, inputs, "--on", way) for way in WAYS]
    np.testing.assert_allclose(found[0], want, atol=1e-6 if arithmetic == ["--float"] else 0.02)
    for other in found[1:]:
        np.testing.assert_allclose(other, found[0], atol=1e-6 if arithmetic == ["--float"] else 0)
    check = tinyc("check", folder, "--inputs", inputs, "--model", model, "--json")
    assert check.status == 0 and check.json["disagreeing"] == []
    assert check.json["outputs"][0]["onnxruntime_max_abs_error"] < 1e-6
    assert tinyc("profile", folder, "--inputs", inputs, "--json").json["arena_high_water"] > 0
    shown = tinyc("inspect", folder, "--json").json
    assert "transpose" not in {layer["op"] for layer in shown["layers"]}  # the cache is kept as the layers want it
    assert [port["name"] for port in shown["inputs"] + shown["outputs"]] == ["x", "y"]
    assert shown["state_bytes"] == 14 * (4 if arithmetic == ["--float"] else 1)


def test_the_c_begins_anew(tinyc: Tinyc, tmp_path: Path, model: Path, inputs: Path) -> None:
    folder = tmp_path / "step"
    done = tinyc("compile", model, "--board", BOARD, "-o", folder, *STATES, "--calibration", inputs, "--no-link")
    assert done.status == 0
    raw = outputs(tinyc, folder, inputs, "--raw")
    import tinyc as api

    compiled = api.load(folder)
    data = compiled.input_bytes({"x": np.load(inputs)["x"][:, None]}, SAMPLES)
    (tmp_path / "main.c").write_text(MAIN)
    sources = [*folder.glob("step*.c"), *folder.glob("runtime/cmsis_nn/*.c"), *folder.glob("runtime/tinyc/*.c")]
    includes = [f"-I{p}" for p in (folder, folder / "runtime/cmsis_nn", folder / "runtime/tinyc")]
    program = tmp_path / "program"
    command = ["cc", "-std=c11", "-DCMSIS_NN_USE_SINGLE_ROUNDING", *includes, str(tmp_path / "main.c")]
    subprocess.run([*command, *map(str, sources), "-lm", "-o", str(program)], check=True)
    result = subprocess.run([str(program)], input=data, capture_output=True, check=True)
    assert result.stdout == raw.tobytes() * 3
    assert len(set(raw.ravel().tolist())) > 1


@pytest.mark.parametrize(
    ("states", "says"),
    [
        (["h_in=y"], ("the output 'y' (float32 1x1) cannot be the input 'h_in' (float32 1x1x6)",)),
        (["h_in=z"], ("the model has no output 'z'; its outputs are: 'y', 'h_out', 'cache_out'",)),
        (["z=h_out"], ("the model has no input 'z'; its inputs are: 'x', 'h_in', 'cache'",)),
        (["h_in=h_out", "cache=h_out"], ("an output is fed back as two inputs",)),
        (["h_in=h_out", "h_in=cache_out"], ("--state names an input twice",)),
        (["h_in"], ("'h_in' is not IN=OUT",)),
        (["=h_out"], ("'=h_out' is not IN=OUT",)),
    ],
)
def test_states_that_do_not_fit(
    fails: Callable[..., Outcome], model: Path, states: list[str], says: tuple[str]
) -> None:
    options = [word for state in states for word in ("--state", state)]
    fails("inspect", model, *options, says=says)


def test_an_output_must_be_left(fails: Callable[..., Outcome], tmp_path: Path) -> None:
    from onnx import TensorProto, helper, save_model

    ports = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 2]) for name in "xy"]
    graph = helper.make_graph([helper.make_node("Relu", ["x"], ["y"])], "test", ports[:1], ports[1:])
    save_model(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "m.onnx")
    fails("inspect", tmp_path / "m.onnx", "--state", "x=y", says=("every output is fed back",))


def test_a_compiled_model_has_its_states(fails: Callable[..., Outcome], digits_once: Path) -> None:
    fails("inspect", digits_once, "--state", "a=b", says=("a compiled model has its own",))
