"""Running firmware in the emulator: samples in, outputs and measurements out."""

from __future__ import annotations

import re
import subprocess
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tinyc.errors import CheckFailedError, TinycError
from tinyc.target.board import Board
from tinyc.target.elf import read_elf
from tinyc.target.tools import QEMU

DEFAULT_TIMEOUT_S = 120.0
EXCEPTIONS = {2: "NMI", 3: "HardFault", 4: "MemManage fault", 5: "BusFault", 6: "UsageFault", 7: "SecureFault"}

# Bits of the Configurable Fault Status Register that name a cause (Armv7-M and Armv8-M architecture manuals).
FAULT_CAUSES = {
    0: "instruction access violation",
    1: "data access violation",
    3: "access violation when leaving an exception",
    4: "access violation when stacking for an exception",
    8: "instruction fetch failed",
    9: "data access failed",
    10: "data access failed, some instructions before",
    11: "stack unreadable when leaving an exception",
    12: "stack not writable for an exception",
    16: "undefined instruction",
    17: "jump to an address that is not Thumb code",
    18: "invalid exception return",
    19: "coprocessor (FPU or MVE) not available",
    20: "stack overflow",
    24: "unaligned access",
    25: "division by zero",
}


@dataclass(frozen=True)
class QemuResult:
    """What the firmware's harness gave back. Counts are instructions executed, right to ±8, not cycles."""

    outputs: bytes
    """For each sample, all outputs one after another, as in the arena."""
    layers: bytes
    """For each sample, the results in the firmware's table one after another; empty unless asked for."""
    samples: int
    instructions: int
    """Of the first sample."""
    instructions_min: int
    instructions_max: int
    init_instructions: int
    """Of the model's init."""
    layer_instructions: tuple[int, ...]
    """Of each layer in the first sample, 0 for one that never finished; empty when compiled without TINYC_TRACE."""
    steps: tuple[tuple[int, int], ...]
    """The layer and the instructions of each step of the first sample, in order; empty likewise."""
    arena_bytes: int
    arena_high_water: int
    """Bytes from the arena's start to the highest one that the model touches."""
    stack_high_water: int
    """Bytes of stack that the model's init and run need, their callees included."""


def qemu_command(board: Board, elf: Path, arguments: tuple[str, ...] = ()) -> list[str]:
    """The emulator's command line; `arguments` become the firmware's command line."""
    if board.emulator is None:
        raise TinycError(f"board {board.name!r} has no emulator", hint="`tinyc boards` lists those that have one")
    semihosting = ["enable=on", "target=native", "chardev=host", *(f"arg={text}" for text in ("tinyc", *arguments))]
    return [
        QEMU.require(),
        *("-machine", board.emulator.machine),
        *("-display", "none", "-monitor", "none", "-serial", "none", "-nodefaults"),
        *("-chardev", "stdio,id=host,signal=off"),
        *("-semihosting-config", ",".join(semihosting)),
        *("-icount", "shift=0"),
        *board.emulator.args,
        *("-kernel", str(elf)),
    ]


def run_firmware(
    elf: Path,
    board: Board,
    inputs: bytes,
    *,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    dump_layers: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> QemuResult:
    """Run a firmware built with the harness on `inputs`: all inputs of sample 0 one after another, then sample 1, ….

    `progress(done, samples)` is called as samples finish, about a hundred times. Raises CheckFailedError when the
    firmware faults, fails, writes outside its arena, depends on what memory held before, or takes longer than
    `timeout_s` seconds; ToolMissingError when there is no emulator.
    """
    arguments = ("dump-layers",) if dump_layers else ()
    with tempfile.TemporaryDirectory(prefix="tinyc-qemu-") as name:
        folder = Path(name)
        (folder / "input.bin").write_bytes(inputs)
        status, lines = _run(qemu_command(board, elf.resolve(), arguments), folder, timeout_s, progress)
        if status != 0:
            raise _failure(elf, board, status, lines)
        stats, steps = _read_stats((folder / "stats.txt").read_text())
        outputs = (folder / "output.bin").read_bytes()
        layers = (folder / "layers.bin").read_bytes() if dump_layers else b""
    if stats["reads_uninitialised"]:
        raise CheckFailedError(
            "the outputs depend on what the arena held before: memory is read before it is written", str(elf)
        )
    return QemuResult(
        outputs=outputs,
        layers=layers,
        samples=stats["samples"],
        instructions=stats["instructions_first"],
        instructions_min=stats["instructions_min"],
        instructions_max=stats["instructions_max"],
        init_instructions=stats["instructions_init"],
        layer_instructions=_by_layer(steps),
        steps=steps,
        arena_bytes=stats["arena_bytes"],
        arena_high_water=stats["arena_high_water"],
        stack_high_water=stats["stack_high_water"],
    )


def _run(
    command: list[str], folder: Path, timeout_s: float, progress: Callable[[int, int], None] | None
) -> tuple[int, list[str]]:
    """Exit status and console lines other than progress; a CheckFailedError after `timeout_s` seconds."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    timed_out = threading.Event()

    def stop() -> None:
        timed_out.set()
        process.kill()

    timer = threading.Timer(timeout_s, stop)
    timer.start()
    lines: list[str] = []
    done = "none"
    assert process.stdout is not None  # it is a pipe
    try:
        for line in process.stdout:
            if (counts := re.fullmatch(r"progress (\d+) (\d+)\n", line)) is None:
                lines.append(line.rstrip("\n"))
                continue
            done = f"{counts[1]} of {counts[2]}"
            if progress is not None:
                progress(int(counts[1]), int(counts[2]))
        status = process.wait()
    finally:
        timer.cancel()
        process.kill()
        process.stdout.close()
        process.wait()
    if timed_out.is_set():
        raise CheckFailedError(
            f"the firmware did not finish within {timeout_s:g} s; samples done: {done}",
            hint="give it more time, or fewer samples",
        )
    return status, lines


def _read_stats(text: str) -> tuple[dict[str, int], tuple[tuple[int, int], ...]]:
    """The figures by name, and the steps as (layer, instructions)."""
    stats: dict[str, int] = {}
    steps: list[tuple[int, int]] = []
    for line in text.splitlines():
        key, *numbers = line.split()
        if key == "layer":
            layer, count = map(int, numbers)
            steps.append((layer, count))
        else:
            (stats[key],) = map(int, numbers)
    return stats, tuple(steps)


def _by_layer(steps: Sequence[tuple[int, int]]) -> tuple[int, ...]:
    """The instructions of each layer; one that finished several times has their sum."""
    sums = [0] * (max((layer for layer, _ in steps), default=-1) + 1)
    for layer, count in steps:
        sums[layer] += count
    return tuple(sums)


_FAULT = re.compile(r"fault exception=(\w+) pc=(\w+) lr=(\w+) cfsr=(\w+) address=(\w+)")


def _failure(elf: Path, board: Board, status: int, lines: list[str]) -> CheckFailedError:
    """The error that the console's lines tell of."""
    where = f"{elf.name} on {board.name}"
    for line in lines:
        if fault := _FAULT.fullmatch(line):
            return CheckFailedError(_describe_fault(elf, *(int(group, 16) for group in fault.groups())), where)
        if line.startswith("error "):
            return CheckFailedError(line.removeprefix("error "), where)
    text = "\n".join(f"  {line}" for line in lines[:12])
    return CheckFailedError(f"the emulator ended with status {status}\n{text}".rstrip(), where)


def _describe_fault(elf: Path, exception: int, pc: int, lr: int, cfsr: int, address: int) -> str:
    firmware = read_elf(elf)
    causes = [cause for bit, cause in FAULT_CAUSES.items() if cfsr >> bit & 1]
    kind = EXCEPTIONS.get(exception, f"exception {exception}")
    return (
        f"the firmware stopped with a {kind}{': ' if causes else ''}{', '.join(causes)}\n"
        f"  at   0x{pc:08x} in {firmware.function_at(pc) or 'no known function'}\n"
        f"  from 0x{lr:08x} in {firmware.function_at(lr & ~1) or 'no known function'}\n"
        f"  CFSR 0x{cfsr:08x}, address 0x{address:08x}"
    )
