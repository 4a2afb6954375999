"""Kernels for a schedule: what a user asks of them, and which are taken once all is known."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from tinyc.driver.autotune import tuned
from tinyc.driver.firmware import CmsisNN, largest_constants
from tinyc.driver.trial import trial
from tinyc.errors import DoesNotFitError, TinycError
from tinyc.ir.kernel import KernelTarget
from tinyc.program.choice import Optimize
from tinyc.program.selection import flash_of, select_kernels, select_smallest
from tinyc.samples import Say, silent
from tinyc.schedule.search import Point, plan
from tinyc.target.board import Board
from tinyc.target.cpu import Cpu

TRIALS = 4  # firmwares that are linked to find one that fits: estimates of code are near, not exact


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

    def check(self, link: bool, foreign: bool) -> None:
        """Raise TinycError if it cannot be granted."""
        if self.flash is not None and self.flash < 1:
            raise TinycError(f"a firmware of {self.flash} bytes does nothing")
        if not link and (self.flash is not None or self.autotune):
            raise TinycError("what firmware takes is known once it is linked", hint="leave out --no-link")
        if foreign and self.autotune:
            raise TinycError(
                "with your own CMSIS-NN there is nothing to choose from", hint="leave out --autotune"
            )  # fmt: skip


def settle(
    point: Point,
    wish: KernelWish,
    board: Board,
    ram: int,
    cmsis_nn: CmsisNN | None = None,
    cache_dir: Path | None = None,
    watch: Say = silent,
) -> Point:
    """The same schedule with the kernels that are wanted; the arena keeps to `ram` bytes as it did.

    Raises DoesNotFitError if no kernels keep to the budget of flash, TinycError if nothing can be measured.
    """
    choice = point.choice
    if wish.autotune:
        choice = tuned(point.graph, choice, board, cache_dir, watch)
    if wish.optimize is Optimize.SIZE:
        point = plan(point.graph, select_smallest(point.graph, choice, ram))
    elif wish.autotune:
        point = plan(point.graph, select_kernels(point.graph, choice, ram=ram))
    if wish.flash is None:
        return point
    for _ in range(TRIALS):
        with trial(point.program, board, cmsis_nn, cache_dir=cache_dir) as (_, elf):
            flash = elf.flash_bytes
        if flash <= wish.flash:
            return point
        beside = flash - flash_of(point.graph, point.choice)
        watch(f"the firmware takes {flash} bytes of flash: choosing smaller kernels")
        point = plan(point.graph, select_kernels(point.graph, choice, wish.flash - beside, ram))
    raise DoesNotFitError(
        f"the firmware takes {flash} bytes of flash and {wish.flash} are wanted\n{largest_constants(point.program)}",
        f"board {board.name}",
        "take a smaller model, or allow more flash",
    )
