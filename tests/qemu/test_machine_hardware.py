"""Firmware of every board links with the memory map of the part: nothing is executed here."""

from __future__ import annotations

import struct
from pathlib import Path

import pytest
from machine import EMULATED, HERE, Selftest, build, expected_outputs, write_sources

from tinyc.errors import DoesNotFitError
from tinyc.resources import resource
from tinyc.target.board import list_boards, load_board
from tinyc.target.elf import Elf, Section
from tinyc.target.toolchain import Compilation, compile_objects

KIB = 1024
INPUTS = bytes(range(16))
VECTORS = Selftest(2, INPUTS, expected_outputs(INPUTS))

# From the data sheets: vector table, flash and RAM as (first address, bytes).
MEMORY = {
    "nucleo-l4r5zi": (0x0800_0000, (0x0800_0000, 2048 * KIB), (0x2000_0000, 640 * KIB)),
    "nucleo-f446re": (0x0800_0000, (0x0800_0000, 512 * KIB), (0x2000_0000, 128 * KIB)),
    "stm32f746g-disco": (0x0800_0000, (0x0800_0000, 1024 * KIB), (0x2000_0000, 320 * KIB)),
    "nrf52840-dk": (0x0000_0000, (0x0000_0000, 1024 * KIB), (0x2000_0000, 256 * KIB)),
    "rpi-pico2": (0x1000_0000, (0x1000_0000, 4096 * KIB), (0x2000_0000, 520 * KIB)),
    "qemu-m0": (0x0000_0000, (0x0000_0000, 4096 * KIB), (0x2000_0000, 4096 * KIB)),
    "mps2-an385": (0x0000_0000, (0x0000_0000, 4096 * KIB), (0x2000_0000, 4096 * KIB)),
    "mps2-an386": (0x0000_0000, (0x0000_0000, 4096 * KIB), (0x2000_0000, 4096 * KIB)),
    "mps2-an500": (0x0000_0000, (0x0000_0000, 4096 * KIB), (0x2000_0000, 4096 * KIB)),
    "mps2-an505": (0x1000_0000, (0x1000_0000, 4096 * KIB), (0x3800_0000, 4096 * KIB)),
    "mps3-an547": (0x1000_0000, (0x3800_0000, 8192 * KIB), (0x3100_0000, 4096 * KIB)),
}
HARDWARE = [name for name in MEMORY if name not in EMULATED]


def contents(elf: Elf, section: str) -> bytes:
    """The bytes of a loaded section, found in the file by its address."""
    data = elf.path.read_bytes()
    found = next(entry for entry in elf.sections if entry.name == section)
    offset, entry_bytes, count = struct.unpack_from("<I10xHH", data, 32)
    for i in range(count):
        _, _, _, address, at, size = struct.unpack_from("<6I", data, offset + i * entry_bytes)
        if address == found.address and size == found.bytes:
            return data[at : at + size]
    raise AssertionError(f"{section} is not in the file")


def within(section: Section, memory: tuple[int, int]) -> bool:
    return memory[0] <= section.address and section.address + section.bytes <= memory[0] + memory[1]


def test_every_board_is_checked() -> None:
    assert sorted(MEMORY) == list_boards()


@pytest.mark.parametrize("name", MEMORY)
def test_firmware_lies_where_the_part_has_memory(name: str, tmp_path: Path) -> None:
    vectors, flash, ram = MEMORY[name]
    board = load_board(name)
    assert (board.flash.origin, board.flash.bytes) == flash
    assert (board.ram.origin, board.ram.bytes) == ram

    elf = build(tmp_path, board, selftest=VECTORS)
    table = struct.unpack("<16I", contents(elf, ".vectors"))
    assert elf.symbol("tinyc_vectors").address == vectors
    assert table[0] == elf.symbol("tinyc_stack_top").address == ram[0] + 4096
    assert table[1] == elf.symbol("Reset_Handler").address + 1 == elf.entry | 1
    assert set(table[2:]) == {elf.symbol("tinyc_unexpected").address + 1}

    for section in elf.sections:
        if section.name != ".vectors":
            assert within(section, ram if section.writable else flash), section
    assert within(Section("", elf.symbol("arena").address, 64 + 128, True, False, False), ram)
    # Every loaded byte has its home in flash, initial values of variables too.
    assert all(flash[0] <= s.load_address < flash[0] + flash[1] or s.load_address == vectors for s in elf.segments)


@pytest.mark.parametrize("selftest", [None, VECTORS])
def test_rendered_main_is_clean(selftest: Selftest | None, tmp_path: Path) -> None:
    board = load_board("mps2-an386")
    main, _ = write_sources(tmp_path, board, selftest)
    warnings = ("-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wcast-qual", "-Wundef", "-Wmissing-prototypes")
    include = (HERE, resource("runtime_c", "firmware"))
    how = Compilation(board.cpu, include_dirs=include, extra_flags=(*warnings, "-Werror"))
    assert compile_objects([main], tmp_path / "objects", how)[0].is_file()


@pytest.mark.parametrize("name", HARDWARE)
def test_hardware_firmware_has_no_semihosting(name: str, tmp_path: Path) -> None:
    """A semihosting call stops a core for good when no debugger answers it."""
    elf = build(tmp_path, load_board(name), selftest=VECTORS)
    code = contents(elf, ".text")
    assert struct.pack("<H", 0xBEAB) not in {code[i : i + 2] for i in range(0, len(code), 2)}
    assert not [symbol for symbol in elf.symbols if symbol.name.startswith("semihost")]


def test_pico2_has_its_image_definition(tmp_path: Path) -> None:
    """The boot ROM searches the first 4 KiB of flash for it (RP2350 datasheet, 5.9.5.1)."""
    elf = build(tmp_path, load_board("rpi-pico2"), selftest=VECTORS)
    block = next(section for section in elf.sections if section.name == ".boot_block")
    assert block.address > 0x1000_0000 and block.address + block.bytes <= 0x1000_1000
    words = struct.unpack("<5I", contents(elf, ".boot_block"))
    assert words == (0xFFFFDED3, 0x10210142, 0x000001FF, 0x00000000, 0xAB123579)


@pytest.mark.parametrize(
    ("extra", "memory"),
    [
        ('{ static const uint8_t big[600000] = {1}; __asm volatile("" :: "r"(big)); }', "flash"),
        ('{ static uint8_t big[200000]; __asm volatile("" :: "r"(big)); }', "ram"),
    ],
)
def test_too_big_for_the_board(extra: str, memory: str, tmp_path: Path) -> None:
    board = load_board("nucleo-f446re")
    has = board.memory(memory).bytes
    fitting = build(tmp_path, load_board("nucleo-l4r5zi"), selftest=VECTORS, extra=extra)
    needs = fitting.flash_bytes if memory == "flash" else fitting.ram_bytes + fitting.stack_bytes
    with pytest.raises(DoesNotFitError) as caught:
        build(tmp_path, board, selftest=VECTORS, extra=extra)
    assert caught.value.message == f"{memory} needs {needs} bytes and has {has}"
    assert caught.value.where == "board nucleo-f446re"
