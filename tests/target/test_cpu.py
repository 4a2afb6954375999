"""What the table says of a core is what the compiler says."""

from __future__ import annotations

import pytest

from tinyc.target.cpu import CPUS, Cpu
from tinyc.target.tools import ARM_GCC, run_tool


@pytest.mark.parametrize("cpu", CPUS.values(), ids=list(CPUS))
def test_features_are_the_compilers(cpu: Cpu) -> None:
    command = [ARM_GCC.require(), *cpu.gcc_flags, "-xc", "-dM", "-E", "/dev/null"]
    macros = {line.split()[1] for line in run_tool(command).stdout.splitlines()}
    assert cpu.has_dsp == ("__ARM_FEATURE_DSP" in macros)
    assert cpu.has_mve == ("__ARM_FEATURE_MVE" in macros)
    assert cpu.has_fpu == ("__ARM_FP" in macros)
    assert cpu.is_thumb1 == ("__thumb2__" not in macros)
