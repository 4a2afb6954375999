"""Instructions as a timing model sees them: what kind, which registers, how much memory; read off a disassembly."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache
from pathlib import Path

from tinyc.errors import TinycError
from tinyc.target.tools import Tool, run_tool

OBJDUMP = Tool(
    ("arm-none-eabi-objdump",),
    "it disassembles firmware",
    "apt install binutils-arm-none-eabi",
)


class Kind(Enum):
    """What a core's manual tells apart."""

    ALU = "data processing"
    BITS = "extension, packing, saturation, parallel addition"
    MUL = "multiplication with a result of 32 bits"
    MLA = "multiplication with accumulation, of 32 bits"
    MUL_DSP = "multiplication of the DSP extension"
    MUL_LONG = "multiplication with a result of 64 bits"
    MLA_LONG = "multiplication with accumulation, of 64 bits"
    DIVIDE = "integer division"
    LOAD = "load of one register"
    STORE = "store of one register"
    LOAD_MANY = "load of two or more registers"
    STORE_MANY = "store of two or more registers"
    BRANCH = "branch"
    TABLE_BRANCH = "branch through a table"
    IT = "if-then"
    NOP = "no operation"
    BARRIER = "barrier"
    FLOAT = "floating-point arithmetic"
    FLOAT_MLA = "floating-point multiplication with accumulation"
    FLOAT_DIVIDE = "floating-point division and square root"
    FLOAT_MOVE = "move from, to or between floating-point registers"


@dataclass(frozen=True)
class Instruction:
    """One instruction of Thumb code."""

    address: int
    bytes: int
    text: str
    kind: Kind
    conditional: bool
    """It may be skipped: a conditional branch, or inside an if-then block."""
    reads: frozenset[str]
    writes: frozenset[str]
    accumulates: frozenset[str] = frozenset()
    """Those of `reads` that a multiplication adds to."""
    address_reads: frozenset[str] = frozenset()
    """Those of `reads` that make an address."""
    words: int = 0
    """Registers that a load or a store transfers, the PC among them."""
    is_literal: bool = False
    """A load relative to the PC."""
    on_stack: bool = False
    """A load or a store relative to the stack pointer."""
    indexed: bool = False
    """The address has a register as offset."""
    shifted: bool = False
    """The second operand is a shifted register."""
    offset: int = 0
    """Of a load or store with an immediate offset, in bytes."""

    @property
    def end(self) -> int:
        """The address behind it."""
        return self.address + self.bytes

    @property
    def is_memory(self) -> bool:
        """It loads or stores."""
        return self.kind in (Kind.LOAD, Kind.STORE, Kind.LOAD_MANY, Kind.STORE_MANY)

    @property
    def is_float(self) -> bool:
        """It is one of the FPU's."""
        return self.text.startswith("v")

    @property
    def leaves(self) -> bool:
        """It always goes on elsewhere than behind itself, or may."""
        return "pc" in self.writes

    @property
    def is_return(self) -> bool:
        """It goes where a caller waits, as far as one can see."""
        return self.leaves and (self.kind is Kind.LOAD_MANY or "lr" in self.reads or self.on_stack)

    @property
    def is_indirect(self) -> bool:
        """It goes where a register or memory says, and this is no return."""
        direct = self.kind is Kind.BRANCH and not self.reads - {"flags"}
        return self.leaves and not direct and not self.is_return


Code = Mapping[int, Instruction]
"""Instructions by their addresses."""


def disassemble(elf: Path) -> Code:
    """All code of an ELF file by address; ToolMissingError without objdump, TinycError where it fails."""
    done = run_tool([OBJDUMP.require(), "-d", "-z", str(elf)])
    if done.returncode != 0:
        raise TinycError(f"objdump fails\n{done.stderr.strip()}", str(elf))
    return {found.address: found for found in parse(done.stdout.splitlines())}


_LINE = re.compile(r"\s*([0-9a-f]+):\t([0-9a-f]{4}(?: [0-9a-f]{4})?)\s+([a-z][\w.]*)\s*([^@;]*)")


def parse(lines: Iterable[str]) -> list[Instruction]:
    """The instructions in a listing of objdump; data in between is left out."""
    found = []
    for line in lines:
        if match := _LINE.match(line):
            address, code, name, operands = match.groups()
            found.append(instruction(int(address, 16), len(code.replace(" ", "")) // 2, name, operands.strip()))
    return found


_CONDITIONS = ("eq", "ne", "cs", "hs", "cc", "lo", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt", "gt", "le")
_KINDS = {
    name: kind
    for kind, names in {
        Kind.BITS: "sxtb sxth uxtb uxth sxtb16 uxtb16 sxtab sxtah uxtab uxtah sxtab16 uxtab16 ubfx sbfx bfi bfc pkhbt "
        "pkhtb ssat usat ssat16 usat16 sel clz rev rev16 revsh rbit qadd qsub qdadd qdsub sadd8 sadd16 ssub8 ssub16 "
        "sasx ssax qadd8 qadd16 qsub8 qsub16 qasx qsax shadd8 shadd16 shsub8 shsub16 shasx shsax uadd8 uadd16 usub8 "
        "usub16 uasx usax uqadd8 uqadd16 uqsub8 uqsub16 uqasx uqsax uhadd8 uhadd16 uhsub8 uhsub16 uhasx uhsax",
        Kind.MUL: "mul muls",
        Kind.MLA: "mla mls",
        Kind.MUL_DSP: "smulbb smulbt smultb smultt smulwb smulwt smuad smuadx smusd smusdx smmul smmulr smlabb smlabt "
        "smlatb smlatt smlawb smlawt smlad smladx smlsd smlsdx smmla smmlar smmls smmlsr usad8 usada8",
        Kind.MUL_LONG: "smull umull",
        Kind.MLA_LONG: "smlal umlal umaal smlalbb smlalbt smlaltb smlaltt smlald smlaldx smlsld smlsldx",
        Kind.DIVIDE: "sdiv udiv",
        Kind.LOAD: "ldr ldrb ldrh ldrsb ldrsh ldrt ldrbt ldrht ldrsbt ldrsht ldrex ldrexb ldrexh vldr pld",
        Kind.STORE: "str strb strh strt strbt strht strex strexb strexh vstr",
        Kind.LOAD_MANY: "ldrd ldm ldmia ldmdb ldmfd ldmea pop vldmia vldmdb vldm vpop",
        Kind.STORE_MANY: "strd stm stmia stmdb stmfd stmea push vstmia vstmdb vstm vpush",
        Kind.BRANCH: "b bl bx blx cbz cbnz",
        Kind.TABLE_BRANCH: "tbb tbh",
        Kind.NOP: "nop",
        Kind.BARRIER: "dsb dmb isb",
        Kind.FLOAT: "vadd vsub vmul vnmul vabs vneg vcmp vcmpe vcvt vcvtr vcvta vcvtn vcvtp vcvtm vcvtb vcvtt vrinta "
        "vrintn vrintp vrintm vrintx vrintz vrintr vmaxnm vminnm vseleq vselge vselgt vselvs",
        Kind.FLOAT_MLA: "vmla vmls vnmla vnmls vfma vfms vfnma vfnms",
        Kind.FLOAT_DIVIDE: "vdiv vsqrt",
        Kind.FLOAT_MOVE: "vmov vmrs vmsr",
        Kind.ALU: "adc adcs add adds addw adr and ands asr asrs bic bics cmn cmp eor eors lsl lsls lsr lsrs mov movs "
        "movt movw mvn mvns neg negs orn orns orr orrs ror rors rrx rrxs rsb rsbs sbc sbcs sub subs subw teq tst",
    }.items()
    for name in names.split()
}
_ALIASES = {"sl": "r10", "fp": "r11", "ip": "r12", "r13": "sp", "r14": "lr", "r15": "pc", "sb": "r9"}
_REGISTER = re.compile(r"\b(r1[0-5]|r[0-9]|s[0-9]+|d[0-9]+|sb|sl|fp|ip|sp|lr|pc|fpscr|APSR_nzcv)\b")
_COMPARISONS = {"cmp", "cmn", "tst", "teq", "vcmp", "vcmpe"}
_ONE_SOURCE = {"mov", "movs", "movw", "mvn", "mvns", "neg", "negs", "adr", "clz", "rev", "rev16", "revsh", "rbit"}
_ADDING = ("mla", "mls", "smla", "smls", "smmla", "smmls", "usada8")


@cache
def _base(name: str) -> tuple[str, Kind, bool]:
    """The mnemonic without suffixes, its kind, and whether it has a condition. What is unknown counts as ALU."""
    name = name.split(".")[0]
    if re.fullmatch(r"it[te]{0,3}", name):
        return "it", Kind.IT, False
    if name in _KINDS:
        return name, _KINDS[name], False
    if name.endswith(_CONDITIONS) and name[:-2] in _KINDS:
        return name[:-2], _KINDS[name[:-2]], True
    return name, Kind.ALU, False


def _registers(text: str) -> list[str]:
    """Those named in an operand, ranges such as r4-r7 with all between."""
    names: list[str] = []
    for part in re.split(r"[,\[\]{}]", text):
        found = [_ALIASES.get(name, name) for name in _REGISTER.findall(part)]
        if len(found) == 2 and "-" in part:
            bank, first, last = found[0][0], *(_number(name) for name in found)
            names += [_named(bank, number) for number in range(first, last + 1)]
        else:
            names += found
    return ["flags" if name == "APSR_nzcv" else name for name in names]


def _number(name: str) -> int:
    return {"sp": 13, "lr": 14, "pc": 15}.get(name) or int(name[1:])


def _named(bank: str, number: int) -> str:
    return _ALIASES.get(f"{bank}{number}", f"{bank}{number}")


def instruction(address: int, size: int, name: str, operands: str) -> Instruction:
    """What objdump's mnemonic and operands say."""
    base, kind, conditional = _base(name)
    needs_flags = conditional or base in ("adc", "adcs", "sbc", "sbcs", "sel")
    reads = frozenset({"flags"} if needs_flags else ())
    plain = Instruction(address, size, f"{name} {operands}".strip(), kind, conditional, reads, frozenset())
    if kind in (Kind.IT, Kind.NOP, Kind.BARRIER):
        return plain
    if kind in (Kind.BRANCH, Kind.TABLE_BRANCH):
        return _branch(plain, base, operands)
    if plain.is_memory:
        return _memory(plain, base, operands)
    return _arithmetic(plain, base, operands)


def _branch(plain: Instruction, base: str, operands: str) -> Instruction:
    """Where it leads is a number that could be taken for a register (d0), so only what can be one is looked at."""
    tested = () if base in ("b", "bl") else _registers(operands if "[" in operands else operands.split(",")[0])
    return replace(
        plain,
        conditional=plain.conditional or base in ("cbz", "cbnz"),
        reads=plain.reads | frozenset(tested) - {"pc"},
        writes=frozenset({"pc", "lr"} if base in ("bl", "blx") else {"pc"}),
    )


def _memory(plain: Instruction, base: str, operands: str) -> Instruction:
    if base in ("push", "pop", "vpush", "vpop"):
        where, data, updated = ["sp"], _registers(operands), True
    elif "{" in operands:  # ldm r0!, {...}
        pointer, _, listed = operands.partition("{")
        where, data, updated = _registers(pointer), _registers(listed), "!" in pointer
    else:  # ldr r0, [r1, #4]!
        before, _, rest = operands.partition("[")
        inside, _, behind = rest.partition("]")
        where, data, updated = _registers(inside), _registers(before), bool(behind)
    loads = plain.kind in (Kind.LOAD, Kind.LOAD_MANY)
    immediate = re.search(r"#(-?\d+)\]", operands)
    return replace(
        plain,
        reads=plain.reads | frozenset(where) | frozenset(() if loads else data),
        writes=frozenset(data if loads else ()) | frozenset(where[:1] if updated else ()),
        address_reads=frozenset(where) - {"pc"},
        words=sum(2 if name.startswith("d") else 1 for name in data),
        is_literal=loads and "pc" in where,
        on_stack="sp" in where,
        indexed=len(where) > 1,
        offset=int(immediate[1]) if immediate else 0,
    )


def _arithmetic(plain: Instruction, base: str, operands: str) -> Instruction:
    parts = operands.split(",")
    sources = [name for part in parts for name in _registers(part)]
    results: list[str] = []
    if base not in _COMPARISONS:
        pair = plain.kind in (Kind.MUL_LONG, Kind.MLA_LONG) or (
            base == "vmov" and len(parts) == 3 and parts[0][0] == "r"
        )
        results = sources[: 2 if pair else 1]
        keeps = plain.kind in (Kind.MLA_LONG, Kind.FLOAT_MLA) or base in ("movt", "bfi", "bfc")
        is_also_source = len(parts) == 2 and plain.kind in (Kind.ALU, Kind.MUL) and base not in _ONE_SOURCE
        sources = sources if keeps or is_also_source else sources[len(results) :]
    if plain.kind in (Kind.MLA_LONG, Kind.FLOAT_MLA):
        added = results
    else:
        added = sources[-1:] if base.startswith(_ADDING) else []
    sets_flags = base in _COMPARISONS or (plain.kind in (Kind.ALU, Kind.MUL) and base.endswith("s"))
    return replace(
        plain,
        reads=plain.reads | frozenset(sources),
        writes=frozenset(results) | frozenset({"flags"} if sets_flags else ()),
        accumulates=frozenset(added),
        shifted=len(parts) > 2 and re.search(r"\b(lsl|lsr|asr|ror|rrx)\b", operands) is not None,
    )
