"""Kernels for a schedule: what a user asks of them, and which are taken once all is known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tinyc.driver.autotune import tuned
from tinyc.driver.firmware import CmsisNN, largest_constants
from tinyc.driver.trial import model_code_bytes, trial
from tinyc.errors import DoesNotFitError, TinycError
from tinyc.ir.kernel import KernelSet, KernelTarget
from tinyc.program.choice import Optimize
from tinyc.program.selection import Budget, code_of, flash_of, select_kernels
from tinyc.samples import Say, silent
from tinyc.schedule.search import Point, plan
from tinyc.target.board import Board
from tinyc.target.cpu import Cpu

TRIALS = 4  # firmwares that are linked to find one that fits: estimates of code are near, not exact
SAFELY = 0.6  # of a budget, by estimate, is not checked by linking
NEARLY = 0.85  # of a board's flash is for the model, where it is scarce
CODE_BYTES = {Optimize.SPEED: 48 * 1024, Optimize.SIZE: 16 * 1024}
"""The most code that a model and its kernels are to have, if that can be."""
CODE_OF_LAYER = 60  # bytes that call a kernel


def kernel_target(cpu: Cpu, foreign: bool = False) -> KernelTarget:
    """What kernels need to know of a core; `foreign`: CMSIS-NN is the user's own build."""
    return KernelTarget(cpu.has_dsp, cpu.has_mve, cpu.is_thumb1, foreign)


@dataclass(frozen=True)
class KernelWish:
    """What a user asks of kernels."""

    optimize: Optimize = Optimize.SPEED
    flash: int | None = None
    """The bytes of flash that the firmware may take: the fastest kernels within them are wanted."""
    autotune: bool = False
    """Measure the kernels that each layer could call, rather than estimate what they take."""
    prepare: bool = False
    """Weights may be brought into the form that kernels read at start-up, where they take RAM instead of flash."""

    def check(self, link: bool, foreign: bool) -> None:
        """Raise TinycError if it cannot be granted."""
        if self.flash is not None and self.flash < 1:
            raise TinycError(f"a firmware of {self.flash} bytes does nothing")
        if not link and (self.flash is not None or self.autotune):
            raise TinycError("what firmware takes is known once it is linked", hint="leave out --no-link")
        if foreign and self.prepare:
            raise TinycError("with your own CMSIS-NN no weights are prepared", hint="leave out --prepare-weights")
        if foreign and self.autotune:
            raise TinycError(
                "with your own CMSIS-NN there is nothing to choose from", hint="leave out --autotune"
            )  # fmt: skip


def settle(
    point: Point,
    wish: KernelWish,
    board: Board,
    ram: int,
    link: bool = True,
    cmsis_nn: CmsisNN | None = None,
    cache_dir: Path | None = None,
    watch: Say = silent,
) -> Point:
    """The same schedule with the kernels that are wanted; the arena keeps to `ram` bytes as it did.

    Raises DoesNotFitError if no kernels keep to the budget of flash, TinycError if nothing can be measured.
    """
    graph, choice = point.graph, point.choice
    if wish.autotune:
        choice = tuned(graph, choice, board, cache_dir, watch)
    if choice.kernels is not KernelSet.TINYC or choice.target.foreign:
        return plan(graph, select_kernels(graph, choice, Budget(ram=ram))) if wish.autotune else point
    most = CODE_BYTES[wish.optimize]
    code = most - CODE_OF_LAYER * len(point.program.layers)
    chosen = plan(graph, select_kernels(graph, choice, Budget(code=code, ram=ram)))
    kept_to = wish.optimize is Optimize.SPEED and code_of(graph, point.choice) <= code
    if not kept_to or (chosen.ram <= ram and (point.ram > ram or chosen.cost <= point.cost)):
        point = chosen
    limit = wish.flash
    if limit is None and flash_of(graph, point.choice) > SAFELY * board.flash.bytes:
        limit = board.flash.bytes
        point = plan(graph, select_kernels(graph, choice, Budget(flash=round(NEARLY * limit), ram=ram)))
    if not link or (limit is None and code_of(graph, point.choice) < SAFELY * code):
        return point
    for _ in range(TRIALS):
        over = _excess(point, board, limit, most, cmsis_nn, cache_dir)
        if over <= 0:
            return point
        watch(f"{over} bytes too many in flash: choosing smaller kernels")
        if limit is None:
            budget = Budget(code=code_of(graph, point.choice) - over, ram=ram)
        else:
            budget = Budget(flash=flash_of(graph, point.choice) - over, ram=ram)
        point = plan(graph, select_kernels(graph, choice, budget))
    if wish.flash is None:
        return point
    raise DoesNotFitError(
        f"the firmware takes about {wish.flash + over} bytes of flash and {wish.flash} are wanted"
        f"\n{largest_constants(point.program)}",
        f"board {board.name}",
        "take a smaller model, or allow more flash",
    )


def _excess(
    point: Point, board: Board, flash: int | None, code: int, cmsis_nn: CmsisNN | None, cache_dir: Path | None
) -> int:
    """By how many bytes the firmware is larger than `flash`, or its kernels than `code` where that is None."""
    try:
        with trial(point.program, board, cmsis_nn, cache_dir=cache_dir) as (_, elf):
            return model_code_bytes(elf) - code if flash is None else elf.flash_bytes - flash
    except DoesNotFitError:  # the linker does not say by how much in all
        return max(1, flash_of(point.graph, point.choice) // 10)
