"""What goes wrong around tinyc: folders, disks, missing programs, signals, damaged compiled models, bugs."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from command_line import BOARD, CALIBRATION, MODEL, TEST, Outcome, Tinyc

INT8 = ("compile", MODEL, "--board", BOARD, "--calibration", CALIBRATION)


def raising(error: BaseException) -> Callable[..., Any]:
    """A function that raises."""

    def function(*_: object, **__: object) -> None:
        raise error

    return function


# The output folder


def test_a_file_in_the_way(fails: Tinyc, tmp_path: Path) -> None:
    (tmp_path / "out").touch()
    fails(*INT8, "-o", tmp_path / "out", says=("the output folder is a file",))


def test_a_folder_below_a_file(fails: Tinyc, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    fails(*INT8, "-o", tmp_path / "file" / "out", says=("file: there is a file where", "should lie"))


def test_a_folder_that_cannot_be_made(fails: Tinyc) -> None:
    fails(*INT8, "-o", "/proc/tinyc/out", says=("/proc/tinyc/out", "cannot be written"))


def test_the_root_of_all_folders(fails: Tinyc) -> None:
    fails(*INT8, "-o", "/", says=("cannot be replaced",))


def test_names_that_are_not_utf8(tinyc: Tinyc, tmp_path: Path) -> None:
    model, out = (tmp_path / os.fsdecode(name) for name in (b"mod\xe8le.onnx", b"d\xe9j\xe0 vu"))
    model.write_bytes(MODEL.read_bytes())
    done = tinyc("compile", model, "--board", BOARD, "-o", out, "--float", "--no-link", "--dump-dir", tmp_path / "dump")
    assert done.status == 0, done.err
    report = json.loads((out / "report.json").read_text())
    assert report["model"] == "mod\\xe8le.onnx"
    assert tinyc("run", out, "--inputs", TEST).status == 0


def test_foreign_files_are_kept(fails: Tinyc, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "thesis.tex").write_text("years of work")
    fails(*INT8, "-o", out, says=("not tinyc's: thesis.tex",))


def test_foreign_files_in_a_folder_of_tinyc_are_kept(fails: Tinyc, digits: Path) -> None:
    (digits / "notes").mkdir()
    (digits / "notes" / "today.txt").touch()
    fails(*INT8, "-o", digits, says=("not tinyc's: notes/today.txt",))


def test_another_programs_report_is_kept(fails: Tinyc, tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / "report.json").write_text('{"coverage": 98}')
    fails(*INT8, "-o", out, says=("not tinyc's: report.json",))


def test_dumps_within_the_output(fails: Tinyc, tmp_path: Path) -> None:
    fails(*INT8, "-o", tmp_path / "out", "--dump-dir", tmp_path / "out" / "dump", says=("the dump folder lies in",))


def full_disk(monkeypatch: pytest.MonkeyPatch, below: Path) -> None:
    """From now on, nothing can be written in bytes below this folder."""
    write = Path.write_bytes

    def refuse(path: Path, data: bytes) -> int:
        if path.is_relative_to(below):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", refuse)


def test_a_full_disk(fails: Tinyc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full_disk(monkeypatch, tmp_path)
    fails(*INT8, "-o", tmp_path / "deep" / "out", says=("cannot be written: No space left on device",))


def test_a_full_disk_keeps_what_was_there(
    tinyc: Tinyc, digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {p: p.read_bytes() for p in digits.rglob("*") if p.is_file()}
    full_disk(monkeypatch, tmp_path)
    assert tinyc(*INT8, "-o", digits).status == 2
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


def test_a_disk_that_fills_with_the_outputs(
    fails: Tinyc, digits_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("numpy.lib.format.write_array", raising(OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))))
    out = tmp_path / "y.npz"
    fails("run", digits_once, "--inputs", TEST, "--outputs", out, says=("No space left on device", str(out)))


def test_outputs_into_a_folder_that_is_not_there(fails: Tinyc, digits_once: Path, tmp_path: Path) -> None:
    fails("run", digits_once, "--inputs", TEST, "--outputs", tmp_path / "no" / "y.npz", says=("cannot be written",))


# Programs that tinyc calls


@pytest.fixture
def no_programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty PATH."""
    monkeypatch.setenv("PATH", str(tmp_path))


@pytest.mark.usefixtures("no_programs")
def test_no_arm_compiler(fails: Tinyc, tmp_path: Path) -> None:
    fails(*INT8, "-o", tmp_path / "out", says=("arm-none-eabi-gcc is not installed", "apt install gcc-arm-none-eabi"))


@pytest.mark.usefixtures("no_programs")
def test_no_emulator(fails: Tinyc, digits_once: Path) -> None:
    says = ("qemu-system-arm is not installed", "apt install qemu-system-arm")
    fails("run", digits_once, "--on", "qemu", "--inputs", TEST, says=says)
    fails("profile", digits_once, says=says)


@pytest.mark.usefixtures("no_programs")
def test_no_host_compiler(fails: Tinyc, digits_once: Path) -> None:
    says = ("no C compiler", "apt install gcc")
    fails("run", digits_once, "--inputs", TEST, says=says)
    fails("check", digits_once, "--inputs", TEST, says=says)


@pytest.mark.usefixtures("no_programs")
def test_no_flash_tool(fails: Tinyc, digits_once: Path) -> None:
    fails("flash", digits_once, says=("none of gdb is installed", "apt install"))


def test_a_board_without_emulator(fails: Tinyc, tinyc: Tinyc, tmp_path: Path) -> None:
    assert tinyc("compile", MODEL, "--board", "nrf52840-dk", "-o", tmp_path / "out", "--float").status == 0
    fails("profile", tmp_path / "out", says=("'nrf52840-dk' has no emulator",))


# Compiled models


@pytest.mark.parametrize("command", ["profile", "flash", "inspect"])
def test_a_folder_that_is_no_compiled_model(fails: Tinyc, tmp_path: Path, command: str) -> None:
    fails(command, tmp_path, says=("not a compiled model", "`tinyc compile`"))


def test_a_folder_that_is_not_there(fails: Tinyc, tmp_path: Path) -> None:
    fails("profile", tmp_path / "none", says=("no such folder",))
    fails("profile", MODEL, says=("this is a file",))


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "the report cannot be read"),
        ("[1]", "not a report of tinyc"),
        ('{"tinyc": "0.0.1", "model": "m.onnx"}', "the report of tinyc 0.0.1 has no sha256"),
    ],
)
def test_a_damaged_report(fails: Tinyc, digits: Path, content: str, says: str) -> None:
    (digits / "report.json").write_text(content)
    fails("inspect", digits, says=("report.json", says))


@pytest.mark.parametrize("name", ["model.tc", "model.npz"])
@pytest.mark.parametrize("content", [None, b"", b"PK\x03\x04 damaged"])
def test_a_damaged_graph(fails: Tinyc, digits: Path, name: str, content: bytes | None) -> None:
    (digits / name).unlink()
    if content is not None:
        (digits / name).write_bytes(content)
    fails("inspect", digits, says=("model.tc",))


# The process


def test_an_interruption_leaves_nothing(fails: Tinyc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tinyc.driver.compile.link_firmware", raising(KeyboardInterrupt()))
    before = sorted(tmp_path.rglob("*"))
    from tinyc.cli import main

    assert main([*map(str, INT8), "-o", str(tmp_path / "deep" / "out")]) == 130
    assert sorted(tmp_path.rglob("*")) == before


def test_an_interruption_before_the_commands(monkeypatch: pytest.MonkeyPatch) -> None:
    from tinyc.cli import main

    monkeypatch.setattr("tinyc.cli.entry.main", raising(KeyboardInterrupt()))
    assert main(["boards"]) == 130


def test_too_little_memory(fails: Tinyc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tinyc.driver.compile.lower", raising(MemoryError()))
    fails(*INT8, "-o", tmp_path / "out", says=("not enough memory",))


def test_a_bug_is_called_a_bug(tinyc: Tinyc, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tinyc.driver.compile.lower", raising(ZeroDivisionError("so it \x1b[31mgoes")))
    done: Outcome = tinyc(*INT8, "-o", tmp_path / "out")
    assert done.status == 3
    assert "this is a bug in tinyc" in done.err and "ZeroDivisionError: so it \\x1b[31mgoes" in done.err
    assert list(tmp_path.iterdir()) == []


def start(*args: str, **options: Any) -> subprocess.Popen[bytes]:
    """tinyc in a process of its own."""
    return subprocess.Popen([sys.executable, "-m", "tinyc", *args], stderr=subprocess.PIPE, **options)


def test_a_reader_that_leaves() -> None:
    process = start("boards", "--json", stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    assert process.wait() == 141
    assert process.stderr.read() == b""
    process.stderr.close()


def test_a_full_disk_behind_standard_output() -> None:
    with Path("/dev/full").open("wb") as full, start("boards", stdout=full) as process:
        _, err = process.communicate()
    assert process.returncode == 2
    assert err == b"tinyc: error: No space left on device\n"


def test_output_that_cannot_be_encoded(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    with start("inspect", str(tmp_path / "modèle.onnx"), stdout=subprocess.PIPE, env=environment) as process:
        _, err = process.communicate()
    assert process.returncode == 2 and b"mod\\xe8le.onnx" in err


def test_help_loads_nothing_heavy() -> None:
    heavy = ["numpy", "onnx", "rich", "jinja2", "cffi", "lark", "tinyc.driver", "tinyc.target"]
    code = f"""
import contextlib, io, json, sys
from tinyc.cli import main
with contextlib.redirect_stdout(io.StringIO()) as out:
    status = main(["--help"])
print(json.dumps([status, "compile" in out.getvalue(), [m for m in {heavy} if m in sys.modules]]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert json.loads(done.stdout) == [0, True, []]
