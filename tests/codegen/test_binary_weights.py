"""Weights in a file that the assembler reads: the same bits as from C text, on this machine and in the emulator."""

from __future__ import annotations

import hashlib
import re
import subprocess
from pathlib import Path

import numpy as np
import pytest
from generated import generate
from strategies import int_inputs
from texts import read

import tinyc
from tinyc.codegen import emit
from tinyc.codegen.emit import Weights, emit_model, write_files
from tinyc.errors import TinycError

EXAMPLE = Path(__file__).parents[2] / "examples" / "digits"
DENSE = """
    input %x: 1x40xi8<0.5:3>
    const %w: 3x40xi8<axis 0 [0.1, 0.2, 0.3]>
    const %b: 3xi32<axis 0 [0.05, 0.1, 0.15]>
    %y = dense(%x, %w, %b) : 1x3xi8<0.5:3>
    output %y"""


def test_a_whole_model(tmp_path: Path) -> None:
    outputs = {}
    with np.load(EXAMPLE / "test.npz") as archive:
        images = archive["image"][:4]
    for weights in ("text", "binary"):
        model = tinyc.compile(
            EXAMPLE / "digits.onnx", "mps2-an386", tmp_path / weights,
            calibration=EXAMPLE / "calibration.npz", weights=weights,
        )  # fmt: skip
        outputs[weights] = [model.run({"image": images}, on=on, raw=True) for on in ("host", "qemu")]
        files = set(model.report["files"])
        assert ("digits_weights.bin" in files) is (weights == "binary")
    first, *others = (run["probabilities"].tobytes() for runs in outputs.values() for run in runs)
    assert all(other == first for other in others)
    data = (tmp_path / "binary" / "digits_weights.bin").read_bytes()
    source = (tmp_path / "binary" / "digits_weights.c").read_text()
    assert len(data) % 16 == 0 and hashlib.sha256(data).hexdigest() in source
    sizes = [int(n) for n in re.findall(r'\.incbin \\"digits_weights.bin\\", \d+, (\d+)', source)]
    assert len(sizes) > 3 and sum(sizes) <= len(data) < sum(sizes) + 16 * len(sizes)


def test_a_section_of_ones_own(tmp_path: Path) -> None:
    generated = generate(read(DENSE), tmp_path)
    files = emit_model(generated.program, "model", "a test", "", Weights.BINARY)
    write_files(tmp_path, files.texts, files.runtime, files.data)
    obj = tmp_path / "weights.o"
    flags = [f"-I{tmp_path}", "-Wall", "-Wextra", "-Wpedantic", "-Werror", '-DMODEL_WEIGHTS_SECTION=".flash.qspi"']
    subprocess.run(["gcc", "-std=c11", "-c", *flags, str(tmp_path / "model_weights.c"), "-o", str(obj)], check=True)
    headers = subprocess.run(["objdump", "-h", str(obj)], capture_output=True, text=True, check=True).stdout
    (line,) = [line for line in headers.splitlines() if ".flash.qspi" in line]
    assert 0 < int(line.split()[2], 16) <= sum(piece.nbytes for piece in files.data["model_weights.bin"])


def test_large_weights_are_binary_unless_text_is_wanted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generated = generate(read(DENSE), tmp_path)
    sample = int_inputs(generated.graph, 0)
    want = generated.host_outputs(sample)
    assert not emit_model(generated.program, "model", "", "").data
    monkeypatch.setattr(emit, "LARGE_BYTES", 4)
    assert not emit_model(generated.program, "model", "", "", Weights.TEXT).data
    large = generate(read(DENSE), tmp_path / "large")
    assert (tmp_path / "large" / "model_weights.bin").is_file()
    assert large.host_outputs(sample) == want


def test_another_form_of_weights(tmp_path: Path) -> None:
    with pytest.raises(TinycError, match="no form of weights 'hex'"):
        tinyc.compile(EXAMPLE / "digits.onnx", "mps2-an386", tmp_path / "out", float=True, weights="hex")
