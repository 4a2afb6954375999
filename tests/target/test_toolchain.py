"""The compiler and linker as tinyc calls them: objects, the cache, sizes, and readable errors."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tinyc.errors import TinycError, ToolMissingError
from tinyc.resources import resource
from tinyc.target.board import Board, load_board
from tinyc.target.elf import read_elf
from tinyc.target.linker import linker_context
from tinyc.target.toolchain import (
    Compilation,
    build_firmware,
    compile_objects,
    firmware_defines,
    firmware_sources,
    link,
)
from tinyc.target.tools import ARM_GCC, run_tool

SCRIPT = """
ENTRY(Reset_Handler)
MEMORY { FLASH (rx) : ORIGIN = 0x08000000, LENGTH = 64K  RAM (rwx) : ORIGIN = 0x20000000, LENGTH = 16K }
SECTIONS
{
    .text : { *(.text*) } > FLASH
    .rodata : { *(.rodata*) } > FLASH
    .stack (NOLOAD) : { . += 256; } > RAM
    .data : { *(.data*) } > RAM AT> FLASH
    .bss (NOLOAD) : { *(.bss*) } > RAM
}
"""
PROGRAM = """
const int table[10] = {1, 2, 3};
volatile int counter = 7;
static volatile char buffer[100];
void Reset_Handler(void);
void Reset_Handler(void) { buffer[counter] = (char)table[counter]; }
"""


@pytest.fixture
def board() -> Board:
    return load_board("nucleo-f446re")


@pytest.fixture
def how(board: Board) -> Compilation:
    return Compilation(board.cpu)


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_sizes_and_symbols(board: Board, how: Compilation, tmp_path: Path) -> None:
    source, script = write(tmp_path / "a.c", PROGRAM), write(tmp_path / "a.ld", SCRIPT)
    elf = build_firmware([source], tmp_path / "a.elf", board, script, how)
    assert (tmp_path / "a.map").is_file()
    assert (elf.rodata_bytes, elf.data_bytes, elf.bss_bytes, elf.stack_bytes) == (40, 4, 100, 256)
    assert elf.flash_bytes == elf.text_bytes + 40 + 4
    assert elf.ram_bytes == 104
    assert elf.function_at(elf.entry & ~1) == "Reset_Handler"
    assert elf.function_at(0x0900_0000) is None
    assert [(s.name, s.bytes) for s in elf.flash_symbols()][:1] == [("table", 40)]
    assert {s.name for s in elf.flash_symbols()} == {"table", "counter", "Reset_Handler"}
    assert [(s.name, s.bytes) for s in elf.ram_symbols()] == [("buffer", 100), ("counter", 4)]
    with pytest.raises(KeyError):
        elf.symbol("nothing")


def test_sizes_are_those_of_binutils(board: Board, how: Compilation, tmp_path: Path) -> None:
    source, script = write(tmp_path / "a.c", PROGRAM), write(tmp_path / "a.ld", SCRIPT)
    elf = build_firmware([source], tmp_path / "a.elf", board, script, how)
    columns = run_tool([ARM_GCC.require().replace("gcc", "size"), str(elf.path)]).stdout.splitlines()[1].split()
    text, data, bss = map(int, columns[:3])
    assert (text, data, bss) == (elf.text_bytes + elf.rodata_bytes, elf.data_bytes, elf.bss_bytes + elf.stack_bytes)


def test_compiler_errors_are_shown(how: Compilation, tmp_path: Path) -> None:
    source = write(tmp_path / "wrong.c", "int f(void) { return nothing; }\n")
    with pytest.raises(TinycError, match=r"(?s)wrong.c: the C compiler rejects it.*'nothing' undeclared") as caught:
        compile_objects([source], tmp_path / "objects", how)
    assert len(str(caught.value).splitlines()) <= 14


def test_long_compiler_output_is_cut(how: Compilation, tmp_path: Path) -> None:
    source = write(tmp_path / "wrong.c", "\n".join(f"int f{i}(void) {{ return n{i}; }}" for i in range(50)))
    with pytest.raises(TinycError, match=r"… and [0-9]+ more lines") as caught:
        compile_objects([source], tmp_path / "objects", how)
    assert len(str(caught.value).splitlines()) == 14


def test_linker_errors_are_shown(board: Board, how: Compilation, tmp_path: Path) -> None:
    source = write(tmp_path / "a.c", "void missing(void); void Reset_Handler(void) { missing(); }")
    with pytest.raises(TinycError, match=r"(?s)the linker fails.*undefined reference to `missing'"):
        build_firmware([source], tmp_path / "a.elf", board, write(tmp_path / "a.ld", SCRIPT), how)


def test_same_name_in_two_folders(board: Board, how: Compilation, tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    first = write(tmp_path / "a.c", "int helper(void); void Reset_Handler(void) { helper(); }")
    second = write(tmp_path / "b" / "a.c", "int helper(void) { return 3; }")
    objects = compile_objects([first, second], tmp_path / "objects", how)
    assert link(objects, tmp_path / "a.elf", board, write(tmp_path / "a.ld", SCRIPT)).symbol("helper").is_function


def test_ready_objects_and_libraries_are_linked(board: Board, how: Compilation, tmp_path: Path) -> None:
    main = write(tmp_path / "m.c", "int one(void); int two(void); void Reset_Handler(void) { one(); two(); }")
    parts = [write(tmp_path / f"{name}.c", f"int {name}(void) {{ return 3; }}") for name in ("one", "two")]
    one, two = compile_objects(parts, tmp_path / "parts", how)
    library = tmp_path / "libtwo.a"
    assert run_tool([ARM_GCC.require().replace("gcc", "ar"), "rcs", str(library), str(two)]).returncode == 0
    script = write(tmp_path / "a.ld", SCRIPT)
    elf = build_firmware([main], tmp_path / "a.elf", board, script, how, objects=[one], libraries=[library])
    assert elf.symbol("one").is_function and elf.symbol("two").is_function


def test_macros_reach_the_code(how: Compilation, tmp_path: Path) -> None:
    source = write(tmp_path / "a.c", '_Static_assert(A == 3 && B == 1, "macros");')
    compile_objects([source], tmp_path / "objects", replace(how, defines=(("B", "1"), ("A", "3"))))


def test_runtime_objects_come_from_the_cache(board: Board, tmp_path: Path) -> None:
    source = resource("runtime_c", "firmware", "tinyc_arena.c")
    how = Compilation(board.cpu, cache_dir=tmp_path / "cache")
    fresh = compile_objects([source], tmp_path / "a", replace(how, cache_dir=None))[0].read_bytes()
    assert compile_objects([source], tmp_path / "b", how)[0].read_bytes() == fresh
    (entry,) = (tmp_path / "cache" / "objects").iterdir()
    entry.write_bytes(b"from the cache")
    assert compile_objects([source], tmp_path / "c", how)[0].read_bytes() == b"from the cache"
    # Other flags and another core are other objects; a file of the user's is never cached.
    compile_objects([source], tmp_path / "d", replace(how, optimize="-Os"))
    compile_objects([source], tmp_path / "e", replace(how, cpu=load_board("mps2-an385").cpu))
    assert len(list((tmp_path / "cache" / "objects").iterdir())) == 3
    compile_objects([write(tmp_path / "user.c", "int x;")], tmp_path / "f", how)
    assert len(list((tmp_path / "cache" / "objects").iterdir())) == 3


def test_cached_objects_depend_on_headers(board: Board, tmp_path: Path) -> None:
    source = resource("runtime_c", "firmware", "timer_cmsdk.c")
    for base in ("0x40000000u", "0x50000000u"):
        defines = firmware_defines(board, {"TINYC_TIMER_BASE": base})
        compile_objects([source], tmp_path / "a", Compilation(board.cpu, defines=defines, cache_dir=tmp_path / "cache"))
    assert len(list((tmp_path / "cache" / "objects").iterdir())) == 2


def test_missing_compiler(how: Compilation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissingError, match="arm-none-eabi-gcc is not installed") as caught:
        compile_objects([write(tmp_path / "a.c", "")], tmp_path / "objects", how)
    assert caught.value.hint == "apt install gcc-arm-none-eabi libnewlib-arm-none-eabi"


def test_firmware_sources_of_a_board() -> None:
    harness = [path.name for path in firmware_sources(load_board("mps3-an547"))]
    assert "timer_sse.c" in harness and "tinyc_harness.c" in harness and "tinyc_selftest.c" not in harness
    selftest = [path.name for path in firmware_sources(load_board("rpi-pico2"), selftest=True)]
    assert "rp2350_image_def.c" in selftest and "semihosting.c" not in selftest


def test_stack_is_a_multiple_of_eight(board: Board) -> None:
    assert linker_context(board, 1001)["stack_bytes"] == 1008
    assert linker_context(board, 1008)["stack_bytes"] == 1008


def test_not_an_elf_file(tmp_path: Path) -> None:
    with pytest.raises(TinycError, match="wanted a 32-bit little-endian ELF file"):
        read_elf(write(tmp_path / "a.elf", "hello"))
