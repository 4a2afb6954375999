"""What it costs to fetch code and constants from flash that waits.

Flash is read in lines of 16 bytes, each `wait_states` cycles late. By how much this can be felt depends on what the
chip has in front of it, so the bounds lie far apart:

- Low: a cache that holds all that runs. Nothing.
- Estimate: a prefetcher hides the lines of straight code. Each taken branch to another line waits, each load beside the
  PC waits, and half of all other loads that are not from the stack are taken to be constants that are read in order:
  they wait once a line.
- High: nothing is hidden or kept. Each line of code and each such load waits.

The caches of Cortex-M7 do hold code, so there the estimate has only the loads, by lines of 32 bytes.
"""

from __future__ import annotations

from collections.abc import Sequence

from tinyc.target.timing.cycles import Cycles
from tinyc.target.timing.instructions import Instruction, Kind

LINE_BYTES = 16
CACHE_LINE_BYTES = 32
CONSTANTS = 0.5


def waits(code: Sequence[Instruction], following: int, wait_states: int, cached: bool) -> Cycles:
    """For one run of instructions that goes on at the address `following`; `cached` on a core with caches."""
    first, last = code[0].address // LINE_BYTES, (code[-1].end - 1) // LINE_BYTES
    leaves = following != code[-1].end and following // LINE_BYTES != last
    loads = [one for one in code if one.kind in (Kind.LOAD, Kind.LOAD_MANY) and not one.on_stack]
    literals = sum(one.is_literal for one in loads)
    constants = CONSTANTS * 4 * sum(one.words for one in loads if not one.is_literal)
    if cached:
        estimate = constants / CACHE_LINE_BYTES
    else:
        estimate = leaves + literals + constants / LINE_BYTES
    high = last - first + 1 + sum(one.words for one in loads)
    return Cycles(0, min(estimate, high), high) * wait_states
