"""A result that is computed while the input comes: sums that are kept, added to, and finished.

An operator that reads all of its first input to make a small result (a mean, a dense layer, a pooling of the whole
plane) need not have that input in memory as a whole. It keeps sums; each part of the input is added to them once, in
any order; then they are turned into the result, which has the bits that `eval_int` gives for the whole.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tinyc.ir.kernel import Candidate
from tinyc.ir.types import TensorType

if TYPE_CHECKING:  # an operator may have an accumulation, and says so in the contract
    from tinyc.ir.op import Array, Region


class Accumulation(ABC):
    """How one operator, between tensors of given types, adds up its first input part by part.

    The parts are disjoint regions that make up the whole. A part's array is contiguous and holds that region alone.
    Its C kernels are tinyc's own.
    """

    @property
    @abstractmethod
    def sums(self) -> TensorType:
        """What is kept between parts: int32 sums, or int8 maxima."""

    @abstractmethod
    def start(self) -> int:
        """The value of every element of the sums before the first part; each of its bytes is the same."""

    @abstractmethod
    def add(self, region: Region, part: Array, sums: Array, ins: Sequence[Array]) -> Array:
        """The sums after `part`, which is `region` of the first input. `ins` are the node's inputs; [0] is not read."""

    @abstractmethod
    def finish(self, sums: Array) -> Array:
        """The result."""

    @abstractmethod
    def add_calls(self, region: Region) -> Candidate:
        """What adds a part: In(0) is the part, In(1) and on the constants, Out() the sums, which it updates."""

    @abstractmethod
    def finish_calls(self) -> Candidate:
        """What makes the result, Out(), of the sums, In(0). In(1) and on are the constants."""
