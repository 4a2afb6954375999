"""The firmware's C compiles without a warning for every core, with both compilers."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tinyc.resources import resource
from tinyc.target.cpu import CPUS, Cpu
from tinyc.target.tools import ARM_GCC, Tool, run_tool

WARNINGS = [
    *("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wsign-conversion", "-Wcast-qual", "-Wcast-align"),
    *("-Wshadow", "-Wundef", "-Wvla", "-Wmissing-prototypes", "-Werror"),
]
DEFINES = ["-DTINYC_TIMER_BASE=0x40000000u", "-DTINYC_TIMER_HZ=25000000u"]
SOURCES = sorted(resource("runtime_c", "firmware").glob("*.c"))
CLANG = Tool(("clang",), "it checks the C", "apt install clang")


def c_library_headers() -> Path:
    """Where the Arm compiler finds string.h: clang has no C library of its own."""
    output = run_tool([ARM_GCC.require(), "-xc", "-E", "-M", "-include", "string.h", "/dev/null"]).stdout
    return next(Path(word).parent for word in output.split() if word.endswith("/string.h"))


@pytest.mark.parametrize("cpu", CPUS.values(), ids=list(CPUS))
def test_gcc(cpu: Cpu, tmp_path: Path) -> None:
    for source in SOURCES:
        command = [ARM_GCC.require(), *cpu.gcc_flags, "-std=c11", "-O2", *WARNINGS, *DEFINES, "-c", str(source)]
        result = run_tool([*command, "-o", str(tmp_path / "a.o")])
        assert result.returncode == 0, result.stderr


@pytest.mark.skipif(CLANG.find() is None and os.environ.get("CI") != "true", reason="clang is not installed")
@pytest.mark.parametrize("cpu", CPUS.values(), ids=list(CPUS))
def test_clang(cpu: Cpu, tmp_path: Path) -> None:
    flags = [flag for flag in cpu.gcc_flags if flag != "-mfpu=auto"]
    target = ["--target=arm-none-eabi", "-isystem", str(c_library_headers())]
    for source in SOURCES:
        command = [CLANG.require(), *target, *flags, "-std=c11", "-O2", *WARNINGS, *DEFINES, "-c", str(source)]
        result = run_tool([*command, "-o", str(tmp_path / "a.o")])
        assert result.returncode == 0, result.stderr
