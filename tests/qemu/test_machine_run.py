"""The firmware around a model, on every emulated board: outputs, measurements, guards, faults."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest
from machine import EMULATED, build, expected_outputs

from tinyc.errors import CheckFailedError, TinycError, ToolMissingError
from tinyc.run.qemu import QemuResult, run_firmware
from tinyc.target.board import Board, Emulator, load_board

INPUTS = bytes(range(256))


@pytest.fixture(params=EMULATED)
def board(request: pytest.FixtureRequest) -> Board:
    return load_board(request.param)


@pytest.fixture
def m4() -> Board:
    return load_board("mps2-an386")


def run(folder: Path, board: Board, inputs: bytes = INPUTS, **options: str | bool) -> QemuResult:
    return run_firmware(build(folder, board, **options).path, board, inputs, timeout_s=30)


def test_outputs_of_all_samples_in_one_boot(board: Board, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    result = run_firmware(build(tmp_path, board).path, board, INPUTS, progress=lambda *done: seen.append(done))
    assert result.outputs == expected_outputs(INPUTS)
    assert result.samples == 32
    assert seen == [(i + 1, 32) for i in range(32)]
    assert (result.arena_bytes, result.arena_high_water) == (64, 40)
    assert result.layers == b"" and result.layer_instructions == ()


def test_trace_counts_and_dumps_every_layer(board: Board, tmp_path: Path) -> None:
    elf = build(tmp_path, board, trace=True)
    result = run_firmware(elf.path, board, INPUTS, dump_layers=True)
    assert result.outputs == expected_outputs(INPUTS)
    assert len(result.layer_instructions) == 2
    # What is not in a layer is the way into and out of the model: a few instructions.
    assert 0 <= result.instructions - sum(result.layer_instructions) < 40
    outputs = expected_outputs(INPUTS)
    for sample in range(32):
        at = 8 * sample
        negated, output = result.layers[2 * at : 2 * at + 8], result.layers[2 * at + 8 : 2 * at + 16]
        assert output == outputs[at : at + 8]
        assert [(value + 1) % 256 for value in negated] == list(output)


def test_layers_are_counted_one_by_one(m4: Board, tmp_path: Path) -> None:
    loop = '{ uint32_t n = 1000; __asm volatile("1: sub %0, %0, #1\\n cmp %0, #0\\n bne 1b" : "+l"(n) :: "cc"); }'
    plain = run(tmp_path, m4, trace=True).layer_instructions
    longer = run(tmp_path, m4, trace=True, extra=loop).layer_instructions
    assert abs(longer[0] - plain[0]) <= 8
    assert abs(longer[1] - plain[1] - 3000) <= 24


@pytest.mark.parametrize("turns", [100, 1_000_000])
def test_instruction_count_of_a_known_loop(board: Board, turns: int, tmp_path: Path) -> None:
    """The stopwatch is right to ±8 instructions; a difference of two counts to ±16."""
    loop = '{{ uint32_t n = {}; __asm volatile("1: sub %0, %0, #1\\n cmp %0, #0\\n bne 1b" : "+l"(n) :: "cc"); }}'
    short = run(tmp_path, board, extra=loop.format(1))
    long = run(tmp_path, board, extra=loop.format(1 + turns))
    assert abs(long.instructions - short.instructions - 3 * turns) <= 16
    assert long.instructions_min <= long.instructions <= long.instructions_max <= long.instructions_min + 8


def test_layer_that_finishes_in_parts_has_their_sum(m4: Board, tmp_path: Path) -> None:
    whole = run(tmp_path, m4, trace=True).layer_instructions
    parts = run(tmp_path, m4, trace=True, extra="TINYC_LAYER_DONE(1); TINYC_LAYER_DONE(0);").layer_instructions
    assert len(parts) == 2
    assert abs(parts[0] - whole[0]) <= 24 and abs(parts[1] - whole[1]) <= 24


def test_counts_are_the_same_in_every_run(m4: Board, tmp_path: Path) -> None:
    elf = build(tmp_path, m4)
    assert run_firmware(elf.path, m4, INPUTS) == run_firmware(elf.path, m4, INPUTS)


def test_variables_have_their_initial_values(board: Board, tmp_path: Path) -> None:
    check = "static volatile int seven = 7, none; if (seven != 7 || none != 0) { return 2; } seven = 7; none = 0;"
    assert run(tmp_path, board, extra=check).outputs == expected_outputs(INPUTS)


def test_floating_point_and_vectors_are_switched_on(board: Board, tmp_path: Path) -> None:
    halve = "{ volatile float x = arena[0]; x = x * 0.5f; if ((int)(x * 2.0f) != arena[0]) { return 2; } }"
    vectors = '__asm volatile("vmov.i8 q0, #3; vadd.i8 q0, q0, q0" ::: "q0");' if board.cpu.has_mve else ""
    assert run(tmp_path, board, extra=halve + vectors).outputs == expected_outputs(INPUTS)


def test_arena_in_another_memory(tmp_path: Path) -> None:
    for name, memory in (("mps2-an386", "psram"), ("mps2-an500", "psram"), ("mps3-an547", "dtcm")):
        board = load_board(name)
        elf = build(tmp_path, board, arena_section=f"ram.{memory}")
        assert elf.symbol("arena").address == board.memory(memory).origin
        assert run_firmware(elf.path, board, INPUTS).outputs == expected_outputs(INPUTS)


# Either pattern of the harness, and the guards' own bytes, must not hide a write of the same value.
@pytest.mark.parametrize("value", [0x5A, 0xA5, 0])
def test_arena_high_water_sees_every_value(value: int, m4: Board, tmp_path: Path) -> None:
    assert run(tmp_path, m4, extra=f"arena[61] = (int8_t){value};").arena_high_water == 62


def test_stack_high_water(board: Board, tmp_path: Path) -> None:
    little = run(tmp_path, board).stack_high_water
    frame = "volatile char frame[1000]; for (int i = 0; i < 1000; ++i) frame[i] = 1;"
    much = run(tmp_path, board, extra=frame).stack_high_water
    assert little <= 128
    assert 1000 <= much <= little + 1000 + 16


@pytest.mark.parametrize(("offset", "side"), [(-1, "before"), (-64, "before"), (64, "behind"), (127, "behind")])
def test_writes_outside_the_arena_are_found(offset: int, side: str, board: Board, tmp_path: Path) -> None:
    with pytest.raises(CheckFailedError, match=f"bytes {side} the arena were overwritten in sample 0"):
        run(tmp_path, board, extra=f"arena[{offset}] = 0;")


def test_late_write_outside_the_arena_is_found(m4: Board, tmp_path: Path) -> None:
    with pytest.raises(CheckFailedError, match="behind the arena were overwritten in sample 5"):
        run(tmp_path, m4, extra="if (arena[0] == 40) { arena[64] = 0; }")


def test_reading_memory_never_written_is_found(m4: Board, tmp_path: Path) -> None:
    with pytest.raises(CheckFailedError, match="depend on what the arena held before"):
        run(tmp_path, m4, extra="arena[32] = arena[60];")


def test_failed_layer_is_named(m4: Board, tmp_path: Path) -> None:
    with pytest.raises(CheckFailedError, match="the model failed in layer 1"):
        run(tmp_path, m4, extra="return 2;")


def test_incomplete_samples_are_refused(m4: Board, tmp_path: Path) -> None:
    with pytest.raises(CheckFailedError, match="does not hold whole samples, in bytes 13"):
        run(tmp_path, m4, INPUTS[:13])
    with pytest.raises(CheckFailedError, match="does not hold whole samples, in bytes 0"):
        run(tmp_path, m4, b"")


def test_bad_access_is_reported(board: Board, tmp_path: Path) -> None:
    with pytest.raises(CheckFailedError, match=r"(?s)(HardFault|BusFault).*in negate_run") as caught:
        run(tmp_path, board, extra="*(volatile int *)0x37fffff0 = 1;")
    if not board.cpu.is_thumb1:
        assert "data access failed" in caught.value.message
        assert "address 0x37fffff0" in caught.value.message


def test_undefined_instruction_is_reported(board: Board, tmp_path: Path) -> None:
    with pytest.raises(CheckFailedError, match=r"(?s)(HardFault|UsageFault: undefined instruction).*in negate_run"):
        run(tmp_path, board, extra='__asm volatile("udf #0");')


def test_stack_overflow_is_reported(board: Board, tmp_path: Path) -> None:
    """By the core where it has a stack limit (Armv8-M); by the paint elsewhere."""
    with pytest.raises(CheckFailedError, match="stack overflow"):
        run(tmp_path, board, extra="volatile char frame[4096]; for (int i = 0; i < 4096; ++i) frame[i] = 1;")


def test_division_by_zero_is_reported(m4: Board, tmp_path: Path) -> None:
    with pytest.raises(CheckFailedError, match="UsageFault: division by zero"):
        run(tmp_path, m4, extra="{ volatile int zero = 0; arena[32] = (int8_t)(arena[16] / zero); }")


def test_m0_refuses_unaligned_access(tmp_path: Path) -> None:
    unaligned = "*(volatile int32_t *)(void *)(arena + 33) = 1;"
    with pytest.raises(CheckFailedError, match=r"(?s)HardFault.*in negate_run"):
        run(tmp_path, load_board("qemu-m0"), extra=unaligned)
    assert run(tmp_path, load_board("mps2-an385"), extra=unaligned).samples == 32


def test_endless_loop_ends_at_the_timeout(m4: Board, tmp_path: Path) -> None:
    elf = build(tmp_path, m4, extra="if (arena[0] == 16) { for (;;) { } }")
    with pytest.raises(CheckFailedError, match="did not finish within 2 s; samples done: 2 of 32"):
        run_firmware(elf.path, m4, INPUTS, timeout_s=2)


def test_emulator_that_fails_is_quoted(m4: Board, tmp_path: Path) -> None:
    wrong = replace(m4, emulator=Emulator(machine="no-such-machine"))
    with pytest.raises(CheckFailedError, match=r"(?s)ended with status 1.*unsupported machine type"):
        run_firmware(build(tmp_path, m4).path, wrong, INPUTS)


def test_board_without_emulator(m4: Board, tmp_path: Path) -> None:
    with pytest.raises(TinycError, match="board 'nucleo-f446re' has no emulator"):
        run_firmware(tmp_path / "firmware.elf", load_board("nucleo-f446re"), INPUTS)


def test_missing_emulator(m4: Board, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ToolMissingError, match=re.escape("hint: apt install qemu-system-arm")):
        run_firmware(tmp_path / "firmware.elf", m4, INPUTS)
