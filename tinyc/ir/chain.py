"""A chain: operators of which each but the first reads the result of the one before, which nothing else reads.

Kernels may compute a chain in one: what is between its operators is then never in memory as a whole. That is a matter
of kernels alone: the graph, and what it means, stay as they are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # an operator may know kernels for a chain that it ends, and says so in the contract
    from tinyc.ir.op import Op, Signature


@dataclass(frozen=True, eq=False)
class Link:
    """An operator of a chain; its input `at` is the result of the operator before."""

    op: Op
    sig: Signature
    at: int = 0


@dataclass(frozen=True, eq=False)
class Chain:
    """Some operators, two at least, in order. The inputs of all of them are numbered on, those between them too."""

    links: tuple[Link, ...]

    @property
    def first(self) -> Link:
        return self.links[0]

    @property
    def last(self) -> Link:
        return self.links[-1]

    def input(self, link: int, index: int) -> int:
        """The number of an operator's input among those of all."""
        return sum(len(earlier.sig.ins) for earlier in self.links[:link]) + index
