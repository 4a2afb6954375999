"""The processor cores that tinyc compiles for."""

from __future__ import annotations

from dataclasses import dataclass

from tinyc.errors import TinycError


@dataclass(frozen=True)
class Cpu:
    """A Cortex-M core and what its instruction set offers to kernels."""

    name: str
    """As `arm-none-eabi-gcc -mcpu=` spells it."""
    gcc_flags: tuple[str, ...]
    """Code generation flags, for the compiler and the linker alike (they select the C library's variant)."""
    has_dsp: bool = False
    """SMLAD, SXTB16, SSAT … (`__ARM_FEATURE_DSP`)."""
    has_mve: bool = False
    """Helium vectors of integers (`__ARM_FEATURE_MVE`)."""
    has_fpu: bool = False
    """Single-precision floating point in hardware."""
    is_thumb1: bool = False
    """ARMv6-M: no 64-bit multiply, no unaligned access, no Thumb-2."""


def _cpu(
    name: str, *float_flags: str, dsp: bool = False, mve: bool = False, thumb1: bool = False, without: str = ""
) -> Cpu:
    flags = (f"-mcpu={name}{without}", "-mthumb", *(float_flags or ("-mfloat-abi=soft",)))
    return Cpu(name, flags, has_dsp=dsp, has_mve=mve, has_fpu=bool(float_flags), is_thumb1=thumb1)


# Single precision throughout: it is all that float kernels use, and every part with the core has it. Helium's vectors
# of floats take the smallest numbers for zeros, which no other unit does: the compiler must not make any.
CPUS: dict[str, Cpu] = {
    cpu.name: cpu
    for cpu in (
        _cpu("cortex-m0", thumb1=True),
        _cpu("cortex-m3"),
        _cpu("cortex-m4", "-mfloat-abi=hard", "-mfpu=fpv4-sp-d16", dsp=True),
        _cpu("cortex-m7", "-mfloat-abi=hard", "-mfpu=fpv5-sp-d16", dsp=True),
        _cpu("cortex-m33", "-mfloat-abi=hard", "-mfpu=fpv5-sp-d16", dsp=True),
        _cpu("cortex-m55", "-mfloat-abi=hard", "-mfpu=auto", dsp=True, mve=True, without="+nomve.fp"),
    )
}


def cpu_by_name(name: str, where: str = "") -> Cpu:
    """The core of that name; a TinycError that lists the known ones if there is none. `where` is who asks."""
    if name not in CPUS:
        raise TinycError(f"unknown cpu {name!r}", where, f"known are {', '.join(CPUS)}")
    return CPUS[name]
