"""The C of `runtime_c/tinyc` as C: clean under every compiler, one function a file, sound under the sanitizers."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from call import ROUNDING_FLAGS

from tinyc.ir.types import Rounding
from tinyc.resources import resource
from tinyc.target.cpu import CPUS

HERE = Path(__file__).parent
FOLDER = resource("runtime_c", "tinyc")
SOURCES = sorted(FOLDER.glob("*.c"))
USERS_OF_MATH = {
    "tinyc_functions",
    "tinyc_grid_sample",
    "tinyc_linear_attention",
    "tinyc_log_softmax_f32",
    "tinyc_loops",
    "tinyc_normalize_f32",
    "tinyc_recurrent",
    "tinyc_roi_align",
    "tinyc_sigmoid_f32",
    "tinyc_softmax_f32",
    "tinyc_tanh_f32",
}
SANITIZED = (
    "tinyc_operators", "tinyc_numerics", "tinyc_resize", "tinyc_sums", "lags", "helium_vectors", "conv_pairs",
    "conv_plain", "rows", "pool_blocks", "depthwise_planes", "winograd", "float_blocks", "softmax",
    "conv_depthwise", "conv_max", "conv_sum", "depthwise_point",
)  # fmt: skip
WARNINGS = [
    "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wsign-conversion", "-Wcast-qual", "-Wcast-align", "-Wshadow",
    "-Wundef", "-Wvla", "-Wmissing-prototypes", "-Werror",
]  # fmt: skip
COMPILERS = {
    "gcc": ["gcc"],
    "clang": ["clang"],
    **{name: ["arm-none-eabi-gcc", *cpu.gcc_flags] for name, cpu in CPUS.items()},
}
LIKE_M4 = ("cortex-m7", "cortex-m33")  # they take the same branches of the C


@pytest.mark.parametrize(
    "rounding", [Rounding.SINGLE, pytest.param(Rounding.TFLITE, marks=pytest.mark.slow)], ids=lambda r: r.value
)
@pytest.mark.parametrize(
    "compiler", [pytest.param(c, marks=pytest.mark.slow) if c in LIKE_M4 else c for c in COMPILERS]
)  # fmt: skip
def test_compiles_without_a_warning(compiler: str, rounding: Rounding, tmp_path: Path) -> None:
    command = [*COMPILERS[compiler], "-std=c11", "-O2", *WARNINGS, *ROUNDING_FLAGS[rounding], "-c", *map(str, SOURCES)]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert (result.returncode, result.stderr) == (0, "")


def test_headers_stand_alone(tmp_path: Path) -> None:
    for header in sorted(FOLDER.glob("*.h")):
        for language in ("c", "c++"):
            command = ["gcc", *WARNINGS[:3], "-Werror", f"-I{FOLDER}", f"-x{language}", "-fsyntax-only", "-"]
            subprocess.run(command, input=f'#include "{header.name}"\n', text=True, check=True)


def test_every_file_defines_the_function_it_is_named_after(tmp_path: Path) -> None:
    subprocess.run(["gcc", "-c", *map(str, SOURCES)], cwd=tmp_path, check=True)
    for source in SOURCES:
        symbols = subprocess.run(
            ["nm", "-g", "--defined-only", source.with_suffix(".o").name],
            cwd=tmp_path, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert [line.split()[1:] for line in symbols.stdout.splitlines()] == [["T", source.stem]]


def test_headers_declare_exactly_these_functions() -> None:
    headers = "".join(header.read_text() for header in sorted(FOLDER.glob("tinyc_*kernels.h")))
    declared = re.findall(r"^void (\w+)\(", headers, re.MULTILINE)
    assert sorted(declared) == [source.stem for source in SOURCES]


def test_includes_nothing_but_what_a_small_core_has() -> None:
    own = {header.name for header in FOLDER.glob("*.h")}
    for source in (*SOURCES, *sorted(FOLDER.glob("*.h"))):
        includes = set(re.findall(r'#include [<"](.+)[>"]', source.read_text()))
        library = {"math.h"} if source.stem in USERS_OF_MATH else set()
        compiler = {"arm_mve.h"} if source.stem == "tinyc_simd" else set()
        assert includes <= own | library | compiler | {"stdint.h", "stddef.h", "string.h"}, source.name


@pytest.mark.slow
def test_sanitizers_find_nothing() -> None:
    asan = subprocess.run(["gcc", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True)
    env = os.environ | {
        "TINYC_TEST_SANITIZE": "1",
        "LD_PRELOAD": asan.stdout.strip(),
        "ASAN_OPTIONS": "detect_leaks=0",  # those of Python itself
        "PYTHONMALLOC": "malloc",
    }
    tests = [str(HERE / f"test_{name}.py") for name in SANITIZED]
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "-s",
        "-x",
        "-k",
        "not part_of and not on_the_core and not on_boards and not cores",
        *tests,
    ]
    result = subprocess.run(command, env=env, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("compiler", COMPILERS)
def test_headers_go_together(compiler: str, tmp_path: Path) -> None:
    """A model's own functions are made of any of them, in one file."""
    source = tmp_path / "all.c"
    source.write_text("".join(f'#include "{header.name}"\n' for header in sorted(FOLDER.glob("*.h"))))
    folders = [f"-I{FOLDER}", f"-I{FOLDER.parent / 'cmsis_nn'}"]
    command = [*COMPILERS[compiler], "-std=c11", "-fsyntax-only", *folders, str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
