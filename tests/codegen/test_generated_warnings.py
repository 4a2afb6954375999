"""The generated C on every compiler and core, with every warning an error."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from random import Random

import numpy as np
import pytest
from generated import generate, side_by_side
from strategies import every_operator, quantized, random_graph
from strategies_states import random_stateful
from tools import need

from tinyc.driver.compile import Options, compile_model
from tinyc.driver.kernels import KernelWish
from tinyc.driver.phases import simplify
from tinyc.errors import UnsupportedError
from tinyc.ir.kernel import KernelSet, KernelTarget
from tinyc.ir.types import Rounding
from tinyc.ops import ALL_OPS
from tinyc.ops._plain import PlainOp
from tinyc.passes.keep_states import keep_states
from tinyc.passes.remove_channels import remove_channels
from tinyc.program.choice import Choice, Optimize
from tinyc.program.program import build_program
from tinyc.target.board import load_board
from tinyc.target.cpu import CPUS

DIGITS = Path(__file__).parents[2] / "examples" / "digits"
SEEDS = range(700, 706)
WARNINGS = [
    "-std=c11",
    "-O2",
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wconversion",
    "-Wsign-conversion",
    "-Wcast-qual",
    "-Wcast-align",
    "-Wshadow",
    "-Wundef",
    "-Wvla",
    "-Wmissing-prototypes",
    "-Werror",
]
SINGLE = "-DCMSIS_NN_USE_SINGLE_ROUNDING"
CROSS = "arm-none-eabi-gcc"
COMPILERS = [["gcc"], ["clang"], *([CROSS, *cpu.gcc_flags] for cpu in CPUS.values())]


def write_model(kind: str, folder: Path) -> None:
    """The generated files of the digits example, or of a graph with every operator and some random ones."""
    board = load_board("mps2-an386")
    if kind == "digits":
        options = Options(board, calibration=DIGITS / "calibration.npz", link=False)
        compile_model(DIGITS / "digits.onnx", folder, options)
        return
    if kind == "float digits":
        compile_model(DIGITS / "digits.onnx", folder, Options(board, float=True, link=False))
        return
    more = [random_graph(Random(seed)) for seed in SEEDS], [random_stateful(Random(seed)) for seed in SEEDS[:2]]
    graphs = [simplify(g) for g in (every_operator(Random(0)), *more[0], *more[1])]
    if kind == "random":
        graphs = [remove_channels(quantized(g)) for g in graphs]
    generate(side_by_side([keep_states(g) for g in graphs]), folder)


def run(command: list[str]) -> None:
    need(command[0])
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, f"{' '.join(command)}\n{result.stderr[:4000]}"


@pytest.mark.parametrize(
    "kind", ["digits", "float digits", "random", pytest.param("random float", marks=pytest.mark.slow)]
)
def test_no_compiler_warns(tmp_path: Path, kind: str) -> None:
    folder = tmp_path / "model"
    write_model(kind, folder)
    sources = sorted(folder.glob("*.c"))
    assert len(sources) in (3, 4)  # the model, its weights, the firmware's main; functions made for layers, if any
    includes = [f"-I{folder}", *(f"-I{p}" for p in sorted(folder.glob("runtime/*")))]
    defines = [] if "float" in kind else [SINGLE]
    for compiler in COMPILERS:
        for number, source in enumerate(sources):
            output = str(tmp_path / f"{number}.o")
            for trace in ([], ["-DTINYC_TRACE"]) if "TINYC_TRACE" in source.read_text() else ([],):
                run([*compiler, *WARNINGS, *defines, *trace, *includes, "-c", str(source), "-o", output])


def test_every_operator_is_in_the_graph_with_every_operator() -> None:
    found = {node.op.name for node in every_operator(Random(0)).nodes}
    with_int8 = {op.name for op in ALL_OPS if not issubclass(op, PlainOp)}
    assert found == with_int8 - {"requantize", "lookup"}  # which quantization adds
    assert "requantize" in {node.op.name for node in quantized(every_operator(Random(0))).nodes}


def test_the_header_is_complete_and_serves_cxx(tmp_path: Path) -> None:
    write_model("digits", tmp_path)
    (tmp_path / "user.c").write_text('#include "digits.h"\nint used(void);\nint used(void) { return digits_run(); }\n')
    for language, compiler in (("c", "gcc"), ("c++", "g++")):
        flags = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror", f"-I{tmp_path}", "-fsyntax-only"]
        run([compiler, "-x", language, *flags, str(tmp_path / "user.c")])


@pytest.mark.parametrize(("kind", "flags"), [("digits", []), ("tflite", [SINGLE])])
def test_the_wrong_rounding_does_not_compile(tmp_path: Path, kind: str, flags: list[str]) -> None:
    rounding = Rounding.TFLITE if kind == "tflite" else Rounding.SINGLE
    generate(quantized(simplify(every_operator(Random(0))), rounding), tmp_path)
    includes = [f"-I{p}" for p in sorted(tmp_path.glob("runtime/*"))]
    command = ["gcc", "-std=c11", "-fsyntax-only", *flags, *includes, str(tmp_path / "model.c")]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode != 0
    assert f"compiled for {rounding.value} rounding" in result.stderr


def test_the_text_is_the_same_every_time_and_names_no_place(tmp_path: Path) -> None:
    for name in ("one", "two"):
        write_model("digits", tmp_path / name)
    files = sorted(p.relative_to(tmp_path / "one") for p in (tmp_path / "one").rglob("*") if p.suffix != ".npz")
    assert len(files) > 10
    for path in files:
        first, second = tmp_path / "one" / path, tmp_path / "two" / path
        if first.is_file():
            assert first.read_bytes() == second.read_bytes(), path
            assert str(tmp_path).encode() not in first.read_bytes(), path
    one, two = (np.load(tmp_path / name / "model.npz") for name in ("one", "two"))
    assert all(np.array_equal(one[k], two[k]) for k in one.files)


def test_only_what_is_called_is_shipped(tmp_path: Path) -> None:
    options = Options(
        load_board("mps2-an386"), DIGITS / "calibration.npz", wish=KernelWish(Optimize.SIZE), link=False
    )  # whose layers share functions
    compile_model(DIGITS / "digits.onnx", tmp_path, options)
    shipped = {p.stem for p in tmp_path.glob("runtime/*/*.c")} - {p.stem for p in tmp_path.glob("runtime/firmware/*.c")}
    called = set(re.findall(r"\b(?:arm|tinyc)_\w+", (tmp_path / "digits.c").read_text()))
    assert shipped & called
    for name in shipped - called:  # what is not called by the model is called by a kernel that is shipped
        texts = [p.read_text() for p in tmp_path.glob("runtime/*/*.c") if p.stem != name]
        assert any(re.search(rf"\b{name}\b", text) for text in texts), name


def test_a_kernel_set_without_a_function_says_so() -> None:
    graph = quantized(simplify(every_operator(Random(0))))
    with pytest.raises(UnsupportedError, match=r"the kernel set 'cmsis-nn' has no function for \w+"):
        build_program(graph, Choice(KernelTarget(), KernelSet.CMSIS_NN))
