"""The timing models: cycles of snippets that were counted by hand, with the manuals' tables beside them."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tinyc.errors import TinycError
from tinyc.target.cpu import CPUS, cpu_by_name
from tinyc.target.timing.cycles import Cycles
from tinyc.target.timing.estimate import TIMINGS, Flow, estimate
from tinyc.target.timing.flash import waits
from tinyc.target.timing.instructions import Instruction, Kind, disassemble
from tinyc.target.toolchain import ARM_GCC

Assemble = Callable[..., list[Instruction]]


@pytest.fixture
def assemble(tmp_path: Path) -> Assemble:
    """Instructions from assembly, one statement after another; they start at address 0."""

    def instructions(text: str, cpu: str = "cortex-m4") -> list[Instruction]:
        source, elf = tmp_path / "snippet.s", tmp_path / "snippet.o"
        source.write_text(f".syntax unified\n.thumb\n.text\n{text.replace(';', chr(10))}\n")
        subprocess.run([ARM_GCC.require(), *CPUS[cpu].gcc_flags, "-c", str(source), "-o", str(elf)], check=True)
        return list(disassemble(elf).values())

    return instructions


M4 = {
    # loads of one register overlap with such loads before them, and stores with loads
    "ldr r0, [r1]": (2, 2, 2),
    "ldr r0, [r1]; ldr r1, [r2]": (3, 3, 4),
    "ldr r0, [r1, r2]; str r0, [r3, #20]": (3, 3, 3),
    "ldr r0, [r1, r2]; str r1, [r3, r2]": (3, 3, 4),
    "ldr r0, [r1, r5]; ldr r1, [r2]; ldr r2, [r3, #4]": (4, 4, 6),
    # not where the first makes the address of the second
    "ldr r0, [r1]; ldr r2, [r0]": (4, 4, 4),
    # nor behind a store, though some say so
    "str r0, [r1]; ldr r2, [r3]": (2, 3, 3),
    "str r0, [r1, r2]": (1, 2, 2),
    "ldrb r0, [r1], #1; strb r0, [r2], #1": (3, 3, 3),
    # an address that was computed right before
    "add r1, r1, #4; ldr r0, [r1]": (3, 4, 4),
    "add r1, r1, #4; nop; ldr r0, [r1]": (4, 4, 4),
    "ldr r0, [pc, #8]": (2, 2, 3),
    # 1 + n
    "ldmia r0!, {r4-r7}": (5, 5, 5),
    "push {r4-r7, lr}": (6, 6, 6),
    "ldrd r0, r1, [r2]; strd r0, r1, [r3]": (6, 6, 6),
    "stmdb sp!, {r4, r5, r6, r7, r8, r9, sl, fp, lr}": (10, 10, 10),
    # the DSP extension, one each
    "smlad r0, r1, r2, r0; smmla r0, r1, r2, r3; ssat r0, #8, r0; sxtb16 r0, r1, ror #8": (4, 4, 4),
    "smlal r0, r1, r2, r3; umull r0, r1, r2, r3; mla r0, r1, r2, r3": (3, 3, 3),
    "udiv r0, r1, r2": (2, 7, 12),
    # three wide ones in a row that are not aligned
    "nop; smlad r0, r1, r2, r0; smlad r3, r1, r2, r3; smlad r4, r1, r2, r4": (4, 4, 5),
    "nop; smlad r0, r1, r2, r0; smlad r3, r1, r2, r3; nop; smlad r4, r1, r2, r4": (5, 5, 5),
    # an if-then is folded behind a short instruction; what it skips may take less
    "cmp r0, #1; ite lt; movlt r0, r1; ldrge r0, [r1]": (3, 4, 5),
    "cmp.w r0, #1; it lt; movlt r0, r1": (2, 3, 3),
    # floating point: one more where the next instruction takes the result
    "vadd.f32 s0, s1, s2; vadd.f32 s3, s4, s5": (2, 2, 2),
    "vadd.f32 s0, s1, s2; vadd.f32 s3, s0, s5": (3, 3, 3),
    "vfma.f32 s0, s1, s2; vdiv.f32 s3, s4, s5": (17, 17, 17),
    "vldr s0, [r0]; vstr s0, [r1]": (2, 4, 4),
    "vldmia r0!, {s0-s3}": (5, 5, 5),
    "vmov r0, r1, d0; vmov s1, r2": (3, 3, 3),
    "vcmpe.f32 s0, s1; vmrs APSR_nzcv, fpscr": (2, 2, 2),
}


@pytest.mark.parametrize("text", M4)
def test_cortex_m4(assemble: Assemble, text: str) -> None:
    assert TIMINGS["cortex-m4"].block(assemble(text), taken=False) == Cycles(*M4[text])


TAKEN = {
    "subs r0, #1; bne .-2": (3, 4, 5),
    "cbz r0, .+8": (2, 3, 4),
    "bl .+64": (2, 3, 4),
    "bx lr": (2, 3, 4),
    "pop {r4-r7, pc}": (7, 8, 9),
    "tbb [pc, r0]": (3, 4, 5),
}


@pytest.mark.parametrize("text", TAKEN)
def test_branches_that_are_taken_refill_the_pipeline(assemble: Assemble, text: str) -> None:
    assert TIMINGS["cortex-m4"].block(assemble(text), taken=True) == Cycles(*TAKEN[text])


def test_branches_that_are_not_taken_cost_one(assemble: Assemble) -> None:
    assert TIMINGS["cortex-m4"].block(assemble("subs r0, #1; bne .-2"), taken=False) == Cycles(2, 2, 2)


def test_cortex_m3_multiplies_slowly(assemble: Assemble) -> None:
    timing = TIMINGS["cortex-m3"]
    assert timing.block(assemble("mul r0, r1, r2; mla r0, r1, r2, r3", "cortex-m3"), False) == Cycles(3, 3, 3)
    assert timing.block(assemble("smull r0, r1, r2, r3; smlal r0, r1, r2, r3", "cortex-m3"), False) == Cycles(7, 9, 12)


M7 = {
    "add r0, r1, r2; add r3, r4, r5": (1, 1, 2),
    "add r0, r1, r2; add r3, r0, r5": (1, 2, 2),
    "eor r0, r1, r2; add r3, r0, r5": (2, 2, 2),
    # one multiplication a cycle, beside a load; sums wait for each other no longer than that
    "smlad r0, r1, r2, r0; smlad r3, r1, r2, r3": (2, 2, 2),
    "smlad r0, r1, r2, r0; smlad r0, r1, r2, r0": (2, 2, 2),
    "ldr r0, [r1]; smlad r4, r5, r6, r4; ldr r2, [r1, #4]; smlad r7, r8, r9, r7": (2, 2, 4),
    # a product is there one cycle later
    "mul r0, r1, r2; add r3, r0, r4": (3, 3, 3),
    # two loads from different banks
    "ldr r0, [r1]; ldr r2, [r1, #4]": (1, 1, 2),
    "ldr r0, [r1]; ldr r2, [r1, #8]": (1, 2, 2),
    "ldr r0, [r1]; add r2, r0, r3": (2, 2, 2),
    "ldr r0, [r1]; smlad r2, r0, r3, r2": (3, 3, 3),
    "ldrb r0, [r1]; add r2, r0, r3": (3, 3, 3),
    # a store takes what is computed beside it, but not as its address
    "add r0, r1, r2; str r0, [r3]": (1, 1, 2),
    "add r3, r1, r2; str r0, [r3]": (2, 2, 2),
    "str r0, [r1]; str r2, [r3]": (2, 2, 2),
    "str r0, [r1]; mul r2, r3, r4": (2, 2, 2),
    # half as many cycles as registers, alone
    "ldmia r0!, {r4-r7}; add r1, r2, r3": (3, 3, 3),
    "sxtb16 r0, r1; sxtb16 r2, r3": (2, 2, 2),
    "sxtb16 r0, r1; add r2, r3, r4": (1, 1, 2),
    "add r2, r3, r4; sxtb16 r0, r1": (2, 2, 2),
    "add r0, r1, r2, lsl #2; add r3, r4, r5, lsl #2": (2, 2, 2),
    "sdiv r0, r1, r2": (2, 7, 12),
    "vadd.f32 s0, s1, s2; vadd.f32 s3, s0, s4": (4, 4, 4),
    "vfma.f32 s0, s1, s2; vfma.f32 s3, s4, s5": (2, 2, 2),
}


@pytest.mark.parametrize("text", M7)
def test_cortex_m7(assemble: Assemble, text: str) -> None:
    assert TIMINGS["cortex-m7"].block(assemble(text, "cortex-m7"), taken=False) == Cycles(*M7[text])


LOOP = "movs r0, #10; subs r0, #1; bne .-2; bx lr"
LOOP_FLOW: Flow = {(0, 6, 2): 1, (2, 6, 2): 8, (2, 6, 6): 1, (6, 8, 100): 1}
"""Ten times round: the block before the loop has its first turn in it."""


def test_blocks_are_counted_as_often_as_they_ran(assemble: Assemble) -> None:
    code = {one.address: one for one in assemble(LOOP)}
    found = estimate(code, LOOP_FLOW, cpu_by_name("cortex-m4"))
    assert found.instructions == 1 + 10 * 2 + 1
    # movs 1, subs 10, nine branches of 3, one of 1, the return 3
    assert found.cycles == Cycles(1 + 10 + 9 * 2 + 1 + 2, 1 + 10 + 9 * 3 + 1 + 3, 1 + 10 + 9 * 4 + 1 + 4)
    assert found.by_block[2] == (18, Cycles(8 * 3 + 2, 8 * 4 + 2, 8 * 5 + 2))


def test_cortex_m7_mispredicts_the_end_of_a_loop(assemble: Assemble) -> None:
    cpu = cpu_by_name("cortex-m7")
    code = {one.address: one for one in assemble(LOOP, cpu.name)}
    forever = {(0, 6, 2): 1, (2, 6, 2): 9, (6, 8, 100): 1}
    once, never = estimate(code, LOOP_FLOW, cpu).cycles, estimate(code, forever, cpu).cycles
    assert (once.low - never.low, once.estimate - never.estimate) == (0, 7)
    assert once.high - never.high == 16 - 1  # a branch less is taken


def test_cortex_m7_mispredicts_calls_that_go_elsewhere(assemble: Assemble) -> None:
    cpu = cpu_by_name("cortex-m7")
    code = {one.address: one for one in assemble("blx r3; bx lr", cpu.name)}
    one_way = estimate(code, {(0, 2, 100): 4}, cpu).cycles
    two_ways = estimate(code, {(0, 2, 100): 3, (0, 2, 200): 1}, cpu).cycles
    returns = estimate(code, {(2, 4, 100): 3, (2, 4, 200): 1}, cpu).cycles
    assert two_ways.estimate - one_way.estimate == 7
    assert returns.estimate == one_way.estimate


def test_flash_that_waits(assemble: Assemble) -> None:
    code = assemble("ldr r0, [r1]; ldr r2, [pc, #8]; ldr r3, [sp, #4]; b .+64")
    # the branch to another line, the literal, and half of one word of a line of four: the rest is hidden
    assert waits(code, 70, 5, cached=False) == Cycles(0, 5 * (1 + 1 + 0.5 / 4), 5 * (1 + 2))
    assert waits(code, code[-1].end, 5, cached=False).estimate == 5 * (1 + 0.5 / 4)
    assert waits(code, 2, 5, cached=False).estimate == 5 * (1 + 0.5 / 4)  # within the line
    assert waits(code, 70, 5, cached=True) == Cycles(0, 5 * 0.5 / 8, 5 * (1 + 2))
    flow, cpu = {(0, code[-1].end, 70): 3}, cpu_by_name("cortex-m4")
    listing = {one.address: one for one in code}
    fast, slow = (estimate(listing, flow, cpu, states).cycles for states in (0, 5))
    assert slow.low == fast.low and slow.estimate - fast.estimate == 3 * 5 * (1 + 1 + 0.5 / 4)


@pytest.mark.parametrize("name", sorted(CPUS.keys() - TIMINGS.keys()))
def test_cores_without_timings(name: str) -> None:
    with pytest.raises(TinycError, match=f"no timings of {name}") as raised:
        estimate({}, {}, cpu_by_name(name))
    assert "cortex-m3, cortex-m4 and cortex-m7" in str(raised.value)


def test_what_runs_must_be_code(assemble: Assemble) -> None:
    code = {one.address: one for one in assemble("nop")}
    with pytest.raises(TinycError, match="at 0x2 is no code"):
        estimate(code, {(0, 4, 8): 1}, cpu_by_name("cortex-m4"))


OPERANDS = {
    "add r7, r2": ({"r7", "r2"}, {"r7"}),
    "adds r0, r1, r2": ({"r1", "r2"}, {"r0", "flags"}),
    "mov r0, r1": ({"r1"}, {"r0"}),
    "adc r0, r1, r2": ({"r1", "r2", "flags"}, {"r0"}),
    "cmp r0, r1": ({"r0", "r1"}, {"flags"}),
    "ldr r0, [sl, r1, lsl #2]": ({"r10", "r1"}, {"r0"}),
    "ldr r0, [r1], #4": ({"r1"}, {"r0", "r1"}),
    "strb r0, [r1, #3]!": ({"r0", "r1"}, {"r1"}),
    "ldmia r0!, {r4-r7, lr}": ({"r0"}, {"r0", "r4", "r5", "r6", "r7", "lr"}),
    "stmia r0!, {r9-ip}": ({"r0", "r9", "r10", "r11", "r12"}, {"r0"}),
    "smlal r0, r1, r2, r3": ({"r0", "r1", "r2", "r3"}, {"r0", "r1"}),
    "smlad r0, r1, r2, r3": ({"r1", "r2", "r3"}, {"r0"}),
    "bfi r0, r1, #3, #2": ({"r0", "r1"}, {"r0"}),
    "vfma.f32 s0, s1, s2": ({"s0", "s1", "s2"}, {"s0"}),
    "vmov r0, r1, d0": ({"d0"}, {"r0", "r1"}),
    "b .+208": (set(), {"pc"}),  # to the address d0, which is no register
    "blx r3": ({"r3"}, {"pc", "lr"}),
    "cbnz r2, .+8": ({"r2"}, {"pc"}),
    "pop {r4, pc}": ({"sp"}, {"sp", "r4", "pc"}),
}


@pytest.mark.parametrize("text", OPERANDS)
def test_registers_that_are_read_and_written(assemble: Assemble, text: str) -> None:
    (found,) = assemble(text)
    assert (found.reads, found.writes) == OPERANDS[text]


def test_data_between_instructions_is_left_out(assemble: Assemble) -> None:
    text = "ldr r0, =0x12345678; bls .+4; mls r0, r1, r2, r3; bics r0, r1; b .; .ltorg; muls r0, r1"
    found = [one for one in assemble(text) if one.kind is not Kind.NOP]  # which align the literal
    assert [one.kind for one in found] == [Kind.LOAD, Kind.BRANCH, Kind.MLA, Kind.ALU, Kind.BRANCH, Kind.MUL]
    assert [one.conditional for one in found] == [False, True, False, False, False, False]
    assert found[0].is_literal and found[-1].address - found[-2].end >= 4
