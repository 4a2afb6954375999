"""Board descriptions: what ships is sound, and what a user gets wrong is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from tinyc.errors import TinycError
from tinyc.resources import resource
from tinyc.target.board import Emulator, GdbLoad, Memory, Timer, describe, list_boards, load_board
from tinyc.target.cpu import CPUS, cpu_by_name

GOOD = """
name = "mine"
title = "My own"
cpu = "cortex-m4"

[[memory]]
name = "flash"
kind = "flash"
origin = 0x08000000
bytes = 0x10000

[[memory]]
name = "ram"
kind = "ram"
origin = 0x20000000
bytes = 0x4000
note = "all of it"

[timer]
kind = "cmsdk"
base = 0x40000000
hz = 25_000_000

[emulator]
machine = "some-machine"

[flash]
openocd = ["-f", "board/mine.cfg"]

[flash.gdb]
remote = "localhost:3333"
"""


def test_shipped_boards_load_under_their_own_name() -> None:
    assert len(list_boards()) == 11
    for name in list_boards():
        board = load_board(name)
        assert board.name == name
        assert (board.emulator is None) == (board.timer.kind == "dwt")
        assert all(resource("runtime_c", "firmware", source).is_file() for source in board.sources)


def test_the_six_cores_are_emulated() -> None:
    emulated = [load_board(name) for name in list_boards() if load_board(name).emulator]
    assert sorted(board.cpu.name for board in emulated) == sorted(CPUS)


def test_board_from_a_file_of_the_users(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD)
    board = load_board(path)
    assert board.cpu is CPUS["cortex-m4"]
    assert board.flash == Memory("flash", "flash", 0x08000000, 0x10000)
    assert board.ram == Memory("ram", "ram", 0x20000000, 0x4000, "all of it")
    assert board.timer == Timer("cmsdk", 0x40000000, 25_000_000)
    assert board.emulator == Emulator("some-machine", ())
    assert board.flash_tools.gdb == GdbLoad("localhost:3333", ())
    assert board.flash_tools.names == ["openocd", "gdb"]
    assert board.vectors == "flash"
    assert board.defines == {"TINYC_TIMER_BASE": "0x40000000u", "TINYC_TIMER_HZ": "25000000u"}
    assert describe(board) == {
        "name": "mine",
        "title": "My own",
        "cpu": "cortex-m4",
        "flash_bytes": 65536,
        "ram_bytes": 16384,
        "emulator": "some-machine",
        "flash_tools": ["openocd", "gdb"],
    }


@pytest.mark.parametrize(
    ("old", "new", "where", "message"),
    [
        ('name = "mine"', "", "'name'", "wanted a text, came nothing: the key is missing"),
        ('title = "My own"', "title = 3", "'title'", "wanted a text, came 3"),
        ('cpu = "cortex-m4"', 'cpu = "z80"', "'cpu'", "unknown cpu 'z80'"),
        ('cpu = "cortex-m4"', 'cpu = "cortex-m4"\nspeed = 3', "'speed'", "unknown key"),
        ("[timer]", "[timers]", "'timer'", "wanted a table, came nothing: the key is missing"),
        ('kind = "cmsdk"', 'kind = "sundial"', "'timer.kind'", "wanted one of cmsdk, sse, dwt, came 'sundial'"),
        ("hz = 25_000_000", "", "'timer.hz'", "wanted an integer, came nothing: the key is missing"),
        ("hz = 25_000_000", "hz = 0", "'timer.hz'", "wanted an integer in [1, 1000000000], came 0"),
        ("bytes = 0x4000", "bytes = true", "'memory[1].bytes'", "wanted an integer, came True"),
        ("bytes = 0x4000", "bytes = -1", "'memory[1].bytes'", "wanted an integer in [1, 4294967296], came -1"),
        ("origin = 0x20000000", "origin = 0xFFFFF000", "'memory[1].bytes'", "an end within 32 bits of address"),
        ("origin = 0x20000000", "origin = 0x0800FFFF", "'memory'", "do not overlap, came 'flash' and 'ram'"),
        ('name = "ram"', 'name = "Ram 1"', "'memory[1].name'", "wanted a lower-case identifier, came 'Ram 1'"),
        ('name = "ram"', 'name = "flash"', "'memory'", "wanted memories with different names"),
        ('kind = "ram"', 'kind = "flash"', "'memory'", "wanted at least one memory of kind 'ram', came none"),
        ('machine = "some-machine"', "args = []", "'emulator.machine'", "wanted a text"),
        ('["-f", "board/mine.cfg"]', '["-f", 7]', "'flash.openocd'", "wanted a list of texts, came an entry 7"),
        ('remote = "localhost:3333"', 'remotes = "x"', "'flash.gdb.remote'", "wanted a text"),
        ('title = "My own"', 'title = "My own"\nvectors = "rom"', "'vectors'", "wanted one of flash, ram, came 'rom'"),
    ],
)
def test_what_is_wrong_is_named(old: str, new: str, where: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    assert old in GOOD
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(TinycError) as caught:
        load_board(path)
    assert str(path) in caught.value.where
    assert where in caught.value.where
    assert message in caught.value.message


def test_emulated_board_needs_the_clock_of_its_timer(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD.replace('kind = "cmsdk"', 'kind = "dwt"').replace("hz = 25_000_000", ""))
    with pytest.raises(TinycError, match=r"wanted the timer's clock in Hz"):
        load_board(path)


def test_misspelt_key_suggests_the_right_one(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD.replace("note =", "notes ="))
    with pytest.raises(TinycError, match=r"(?s)'memory\[1\].notes'.*did you mean 'note'"):
        load_board(path)


def test_unknown_board_lists_the_known_ones() -> None:
    with pytest.raises(TinycError, match=r"(?s)unknown board 'mps2'.*mps2-an386, .*\.toml"):
        load_board("mps2")


def test_unreadable_descriptions(tmp_path: Path) -> None:
    with pytest.raises(TinycError, match="cannot read the board's description: No such file"):
        load_board(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("name = ")
    with pytest.raises(TinycError, match="not a TOML file"):
        load_board(tmp_path / "bad.toml")


def test_unknown_cpu_lists_the_known_ones() -> None:
    with pytest.raises(TinycError, match=r"(?s)unknown cpu 'm4'.*cortex-m0, cortex-m3, cortex-m4"):
        cpu_by_name("m4")
