"""Which code a firmware executes in the emulator: how often each block ran, and what ran behind it.

QEMU translates code block by block, and its log tells which block runs next. The log of one inference has hundreds of
megabytes, so it goes through a pipe and is counted on the way.
"""

from __future__ import annotations

import os
import tempfile
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import IO

from tinyc.errors import CheckFailedError
from tinyc.run.qemu import QemuResult, run_firmware
from tinyc.target.board import Board
from tinyc.target.elf import Elf, read_elf

LOG = ("exec", "nochain", "in_asm")
TIMEOUT_S = 3600.0
HELD = 1 << 16
END = b"\nend of log\n"

Block = tuple[int, int]
"""The addresses at which it starts and ends."""
Flow = Counter[tuple[int, int, int]]
"""How often a block, by its start and end, was followed by code at an address."""


@dataclass(frozen=True)
class Trace:
    """What the harness gave back, and what ran between starts and stops of its stopwatch, one after another."""

    result: QemuResult
    flows: tuple[Flow, ...]
    """Of one inference: a single one, or compiled with TINYC_TRACE one for each step and one for what is behind."""


def trace_firmware(elf: Path, board: Board, inputs: bytes, timeout_s: float = TIMEOUT_S) -> Trace:
    """Run a firmware with the harness on one sample. Errors as of `run_firmware`."""
    symbols = read_elf(elf)
    with tempfile.TemporaryDirectory(prefix="tinyc-trace-") as name, ThreadPoolExecutor(1) as pool:
        pipe = Path(name) / "log"
        os.mkfifo(pipe)
        # Opened for both, a pipe neither waits for the other side nor ends before we say so.
        log = os.fdopen(os.open(pipe, os.O_RDWR), "rb")
        with pipe.open("wb", buffering=0) as end:
            flows = pool.submit(_read_log, log, symbols)
            try:
                result = run_firmware(elf, _logging(board, pipe), inputs, timeout_s=timeout_s)
            except CheckFailedError:
                if flows.done():  # the emulator only failed because nobody reads its log any longer
                    flows.result()
                raise
            finally:
                with suppress(BrokenPipeError):
                    end.write(END)
            return Trace(result, tuple(flows.result()[2:]))  # behind the stopwatch's calibration and the model's init


def _logging(board: Board, log: Path) -> Board:
    """The board in an emulator that writes down what it executes."""
    if board.emulator is None:
        return board
    arguments = (*board.emulator.args, "-d", ",".join(LOG), "-D", str(log))
    return replace(board, emulator=replace(board.emulator, args=arguments))


def _read_log(log: IO[bytes], elf: Elf) -> list[Flow]:
    start, stop = (elf.symbol(f"tinyc_stopwatch_{what}").address for what in ("start", "stop"))
    watch = [
        range(symbol.address, symbol.address + symbol.bytes)
        for symbol in elf.symbols
        if symbol.is_function and (symbol.address == start or symbol.name.startswith("next_tick"))
    ]
    with log:
        return read_flows(iter(log.readline, END.lstrip()), start, stop, watch)


def read_flows(log: Iterable[bytes], start: int, stop: int, watch: Sequence[range] = ()) -> list[Flow]:
    """What ran from each time that the code at `start` was reached until that at `stop` was, by the lines of a log.

    Of `watch`, the code that starts the stopwatch, nothing counts before other code has run.
    """
    blocks: dict[bytes, Block] = {}  # by their translations; the same code can have several, of different lengths
    translated: Block | None = None
    flows: list[Flow] = []
    flow: Flow | None = None
    path: list[Block] = []
    for line in log:
        if line.startswith(b"Trace"):
            translation, _, where = line.partition(b" [")
            if translated is not None and translated[0] == int(where.split(b"/")[1], 16):
                blocks[translation] = translated
            translated = None
            block = blocks.get(translation)
            if block is None:
                raise CheckFailedError("the emulator's log does not show the code that it executes")
            if block[0] == start:
                flow, path = Counter(), []
            elif flow is not None and block[0] == stop:
                _count(flow, [*path, block])
                flows.append(flow)
                flow = None
            elif flow is not None and (path or not any(block[0] in code for code in watch)):
                path.append(block)
                if len(path) > HELD:
                    _count(flow, path[:-1])
                    path = path[-2:]
        elif line.startswith(b"0x"):  # an instruction of a block that is being translated
            address, code = int(line[2:10], 16), line[13:].split(b"  ")[0]
            size = len(code.replace(b" ", b"")) // 2
            translated = (translated[0] if translated else address, address + size)
        elif line.startswith(b"IN:"):
            translated = None
        elif line.startswith(b"Stopped execution") and path:  # before the block that was announced last
            path.pop()
        elif line.startswith(b"cpu_io_recompile") and path:  # the block stopped in the middle, and goes on as another
            begin, at = path.pop()[0], int(line.rsplit(b" ", 1)[1], 16)
            if begin < at:
                path.append((begin, at))
    return flows


def _count(flow: Flow, path: Sequence[Block]) -> None:
    for ((begin, end), (following, _)), times in Counter(pairwise(path)).items():
        flow[begin, end, following] += times
