"""The kernels' C files: warnings on every compiler and core, one public function each, complete by themselves."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from sweep import KERNELS, ROUNDING_DEFINES, kernel_sources
from tools import need

from tinyc.target.cpu import CPUS

WARNINGS = [
    "-std=c11",
    *("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wsign-conversion", "-Wcast-qual", "-Wcast-align"),
    *("-Wshadow", "-Wundef", "-Wvla", "-Wmissing-prototypes", "-Werror"),
]
HOST_COMPILERS = ["gcc", "clang"]
CROSS_COMPILER = "arm-none-eabi-gcc"


def compile_all(folder: Path, compiler: list[str], rounding: str, optimize: str = "-O2") -> None:
    """All kernels into `folder`; fails on any warning."""
    need(compiler[0])
    defines = [f"-D{key}={value}" for key, value in ROUNDING_DEFINES[rounding].items()]
    command = [*compiler, optimize, *WARNINGS, *defines, "-c", *map(str, kernel_sources())]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("rounding", ROUNDING_DEFINES)
@pytest.mark.parametrize("compiler", HOST_COMPILERS)
def test_no_warning_on_the_host(tmp_path: Path, compiler: str, rounding: str) -> None:
    compile_all(tmp_path, [compiler], rounding)


@pytest.mark.parametrize("rounding", ROUNDING_DEFINES)
@pytest.mark.parametrize("cpu", CPUS)
def test_no_warning_and_no_library_but_memory_functions(tmp_path: Path, cpu: str, rounding: str) -> None:
    compile_all(tmp_path, [CROSS_COMPILER, *CPUS[cpu].gcc_flags], rounding)
    for source in kernel_sources():
        object_file = tmp_path / f"{source.stem}.o"
        listing = subprocess.run(["arm-none-eabi-nm", object_file], capture_output=True, text=True, check=True).stdout
        symbols = [(line.split()[-2], line.split()[-1]) for line in listing.splitlines()]
        needed = {name for kind, name in symbols if kind == "U"}
        compiler_support = {name for name in needed if name.startswith("__")}
        assert needed - compiler_support <= {"memcpy", "memmove", "memset"}, source.name
        assert [name for kind, name in symbols if kind == "T"] == [source.stem]
        assert not [name for kind, name in symbols if kind in "bBdDC"], f"{source.name} has mutable globals"


@pytest.mark.parametrize("optimize", ["-O0", "-Os", "-O3"])
@pytest.mark.parametrize("cpu", ["cortex-m4", "cortex-m55"])
def test_every_optimization_level_compiles(tmp_path: Path, cpu: str, optimize: str) -> None:
    compile_all(tmp_path, [CROSS_COMPILER, *CPUS[cpu].gcc_flags], "single", optimize)


def test_every_function_of_the_header_has_its_file() -> None:
    header = (KERNELS / "arm_nnfunctions.h").read_text()
    declared = set(re.findall(r"^(?:\w+ )+(arm_\w+)\(", header, flags=re.MULTILINE))
    assert declared == {source.stem for source in kernel_sources()}
