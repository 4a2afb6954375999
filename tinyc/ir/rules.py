"""How an operator wants to be quantized, as data.

An operator states one rule for each input and output; the quantizer and the verifier interpret the rules and
name no operator. The last input rule serves all further inputs of an operator that takes any number of them.
"""

from __future__ import annotations

from dataclasses import dataclass

from tinyc.ir.types import QuantParams


@dataclass(frozen=True)
class AsIs:
    """An activation: int8, with the parameters its producer gave it."""


@dataclass(frozen=True)
class Free:
    """An activation or a result that is not quantized, or as the operator says."""


@dataclass(frozen=True)
class Weight:
    """A constant: int8, symmetric, one scale for each index of `axis`, values in [−127, 127]."""

    axis: int


@dataclass(frozen=True)
class Bias:
    """A constant addend: int32, in the scale of the product of inputs `x` and `w`."""

    x: int = 0
    w: int = 1


@dataclass(frozen=True)
class Own:
    """A constant that stays as the model has it: the operator makes the integers of it that it computes with."""


@dataclass(frozen=True)
class Observed:
    """A result: int8, per tensor, parameters from calibration, by which it holds the values of inputs `covers` too."""

    covers: tuple[int, ...] = ()


@dataclass(frozen=True)
class SameAs:
    """A result that only moves, picks or averages values of input `index`: the same parameters."""

    index: int = 0


@dataclass(frozen=True)
class Unify:
    """A result put together from all inputs: they and it have the same parameters."""


@dataclass(frozen=True)
class Fixed:
    """A result whose parameters follow from the operator alone."""

    params: QuantParams


InputRule = AsIs | Free | Weight | Bias | Own
OutputRule = Observed | SameAs | Unify | Fixed | Free


@dataclass(frozen=True)
class QuantRule:
    """The rules of one operator."""

    ins: tuple[InputRule, ...]
    outs: tuple[OutputRule, ...]

    def of_input(self, index: int) -> InputRule:
        """The rule of input `index`; the last rule repeats."""
        return self.ins[min(index, len(self.ins) - 1)]
