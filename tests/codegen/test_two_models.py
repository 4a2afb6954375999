"""Two models in one program: their names do not clash, they share kernels, and take turns in one arena."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np

from tinyc.driver.compile import Options, compile_model
from tinyc.driver.compiled import CompiledModel
from tinyc.resources import resource
from tinyc.target.board import load_board

EXAMPLES = {"digits": "digits", "sensor": "vibration"}

MAIN = """
#include <stdio.h>
#include <string.h>
#include "digits.h"
#include "vibration.h"
#define LARGER(a, b) ((a) > (b) ? (a) : (b))

static _Alignas(16) unsigned char arena[LARGER(DIGITS_ARENA_BYTES, VIBRATION_ARENA_BYTES)];
static int8_t digits[DIGITS_INPUT_0_BYTES], vibration[VIBRATION_INPUT_0_BYTES];

int main(void)
{
    if (fread(digits, sizeof digits, 1, stdin) != 1 || fread(vibration, sizeof vibration, 1, stdin) != 1) return 1;
    for (int turn = 0; turn < 2; turn++) {
        if (digits_init(arena, sizeof arena) != 0) return 2;
        memcpy(digits_input(0), digits, sizeof digits);
        if (digits_run() != 0) return 3;
        fwrite(digits_output(0), DIGITS_OUTPUT_0_BYTES, 1, stdout);
        if (vibration_init(arena, sizeof arena) != 0) return 4;
        memcpy(vibration_input(0), vibration, sizeof vibration);
        if (vibration_run() != 0) return 5;
        fwrite(vibration_output(0), VIBRATION_OUTPUT_0_BYTES, 1, stdout);
    }
    return 0;
}
"""


def test_two_models_take_turns_in_one_arena(tmp_path: Path) -> None:
    board = load_board("mps2-an386")
    sources: dict[str, Path] = {}
    includes: list[str] = []
    inputs, expected = b"", b""
    for folder, name in EXAMPLES.items():
        example, out = resource("examples", folder), tmp_path / name
        compile_model(
            example / f"{name}.onnx", out, Options(board, calibration=example / "calibration.npz", link=False)
        )
        kernels = [*out.glob("runtime/cmsis_nn/*.c"), *out.glob("runtime/tinyc/*.c")]
        sources |= {p.name: p for p in [*kernels, *out.glob(f"{name}*.c")]}
        includes += [f"-I{out}", f"-I{out}/runtime/cmsis_nn", f"-I{out}/runtime/tinyc"]
        compiled = CompiledModel(out)
        (port,) = compiled.graph.inputs
        with np.load(example / "test.npz") as samples:
            sample = {port.name: samples[port.name][:1].astype(np.float32)}
        values = compiled.run_all_values({port.name: sample[port.name].reshape(port.shape)}, on="interpreter")
        inputs += values[port.value].tobytes()
        expected += values[compiled.graph.outputs[0].value].tobytes()
    (tmp_path / "main.c").write_text(MAIN)
    command = ["cc", "-std=c11", "-DCMSIS_NN_USE_SINGLE_ROUNDING", *includes, str(tmp_path / "main.c")]
    program = tmp_path / "program"
    subprocess.run([*command, *map(str, sources.values()), "-lm", "-o", str(program)], check=True)
    result = subprocess.run([str(program)], input=inputs, capture_output=True, check=True)
    assert result.stdout == expected * 2
