"""Which code ran in the emulator, block by block, against the stopwatch and against loops of known length."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from machine import EMULATED, build

from tinyc.errors import CheckFailedError, TinycError
from tinyc.run.trace import Flow, read_flows, trace_firmware
from tinyc.target.board import Board, load_board
from tinyc.target.timing.instructions import Code, disassemble

INPUTS = bytes(range(8))
TURNS = 300_000  # the emulator cuts blocks short now and then, where its clock wants to be looked at
LOOP = '{{ uint32_t n = {}; __asm volatile("1: sub %0, %0, #1\\n cmp %0, #0\\n bne 1b" : "+l"(n) :: "cc"); }}'


@pytest.fixture(params=EMULATED)
def board(request: pytest.FixtureRequest) -> Board:
    return load_board(request.param)


def instructions(code: Code, flow: Flow) -> int:
    """Those that ran: of each block its own, as often as it did."""
    addresses = sorted(code)
    return sum(n * sum(start <= at < end for at in addresses) for (start, end, _), n in flow.items())


def test_the_trace_has_every_instruction_that_the_stopwatch_counts(board: Board, tmp_path: Path) -> None:
    elf = build(tmp_path, board, extra=LOOP.format(TURNS)).path
    trace = trace_firmware(elf, board, INPUTS)
    (flow,) = trace.flows
    code = disassemble(elf)
    assert abs(instructions(code, flow) - trace.result.instructions) <= 8
    # The loop's branch goes back each time but the last, wherever the block that ends with it started.
    ends = {(end, following): 0 for _, end, following in flow}
    for (_, end, following), times in flow.items():
        ends[end, following] += times
    (branch,) = {end for (end, following), times in ends.items() if times >= TURNS - 1 and following < end}
    assert sum(times for (end, following), times in ends.items() if end == branch and following < end) == TURNS - 1
    assert ends[branch, branch] == 1


def test_steps_are_traced_one_by_one(tmp_path: Path) -> None:
    board = load_board("mps2-an386")
    elf = build(tmp_path, board, trace=True, extra=LOOP.format(TURNS)).path
    trace = trace_firmware(elf, board, INPUTS)
    code = disassemble(elf)
    assert [layer for layer, _ in trace.result.steps] == [0, 1]
    assert len(trace.flows) == 3  # the last is the way out of the model
    for flow, (_, counted) in zip(trace.flows, trace.result.steps, strict=False):
        assert abs(instructions(code, flow) - counted) <= 40  # the layer's hook, on both of its sides
    assert instructions(code, trace.flows[1]) > 3 * TURNS > instructions(code, trace.flows[0])


def test_firmware_that_fails_is_reported_as_without_a_trace(tmp_path: Path) -> None:
    board = load_board("mps2-an386")
    elf = build(tmp_path, board, extra="*(volatile uint32_t *)0xF0000000 = 0;").path
    with pytest.raises(CheckFailedError, match=r"BusFault|HardFault"):
        trace_firmware(elf, board, INPUTS)
    with pytest.raises(TinycError, match="no emulator"):
        trace_firmware(elf, replace(board, emulator=None), INPUTS)


LISTING = """\
----------------
IN: start
0x00000010:  4770       bx       lr

Trace 0: 0x7f01 [0/00000010/0/0] start
----------------
IN: run
0x00000020:  6801       ldr      r1, [r0]
0x00000022:  f441 0170  orr      r1, r1, #0xf00000
0x00000026:  d1fb       bne      #0x20

Trace 0: 0x7f02 [0/00000020/0/0] run
Trace 0: 0x7f02 [0/00000020/0/0] run
"""
STOP = """\
----------------
IN: stop
0x00000030:  4770       bx       lr

Trace 0: 0x7f09 [0/00000030/0/0] stop
"""


def flows(*texts: str) -> list[Flow]:
    lines = "".join(texts).encode().splitlines(keepends=True)
    return read_flows(lines, 0x10, 0x30, [range(0x10, 0x14)])


def test_a_log() -> None:
    assert flows(LISTING, STOP) == [{(0x20, 0x28, 0x20): 1, (0x20, 0x28, 0x30): 1}]
    assert flows(LISTING, STOP, LISTING, STOP) == 2 * flows(LISTING, STOP)
    assert flows(LISTING) == []  # it never stopped


def test_blocks_that_are_announced_and_do_not_run() -> None:
    stopped = "Stopped execution of TB chain before 0x7f02 [00000020] run\n"
    again = "Trace 0: 0x7f02 [0/00000020/0/0] run\n"
    assert flows(LISTING, stopped, STOP) == [{(0x20, 0x28, 0x30): 1}]
    assert flows(LISTING, stopped, again, STOP) == flows(LISTING, STOP)


def test_blocks_that_stop_in_the_middle() -> None:
    stopped = "cpu_io_recompile: rewound execution of TB to 00000022\n"
    rest = """\
----------------
IN: run
0x00000022:  f441 0170  orr      r1, r1, #0xf00000

Trace 0: 0x7f03 [0/00000022/0/0] run
"""
    assert flows(LISTING, stopped, rest, STOP) == [
        {(0x20, 0x28, 0x20): 1, (0x20, 0x22, 0x22): 1, (0x22, 0x26, 0x30): 1}
    ]
    at_once = stopped.replace("22\n", "20\n")
    assert flows(LISTING, at_once, STOP) == [{(0x20, 0x28, 0x30): 1}]


def test_translations_of_the_same_code_have_their_own_lengths() -> None:
    shorter = """\
----------------
IN: run
0x00000020:  6801       ldr      r1, [r0]

Trace 0: 0x7f04 [0/00000020/0/0] run
Trace 0: 0x7f02 [0/00000020/0/0] run
"""
    assert flows(LISTING, shorter, STOP) == [{(0x20, 0x28, 0x20): 2, (0x20, 0x22, 0x20): 1, (0x20, 0x28, 0x30): 1}]


def test_a_log_without_code() -> None:
    with pytest.raises(CheckFailedError, match="does not show the code"):
        flows("Trace 0: 0x7f05 [0/00000020/0/0] run\n")
