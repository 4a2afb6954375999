"""The contract every operator keeps.

An operator is a frozen dataclass: its fields are its attributes, so printing, parsing and comparing come for free.
What every operator must answer is abstract; what only some can do has a default that says "cannot".
A pass that wants to know which operator it has in hand asks a question that belongs in here.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from math import inf
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tinyc.ir.kernel import Candidate, KernelTarget
from tinyc.ir.rules import QuantRule
from tinyc.ir.types import QuantParams, Rounding, TensorType

if TYPE_CHECKING:  # which needs the names below
    from tinyc.ir.accumulation import Accumulation
    from tinyc.ir.chain import Chain
    from tinyc.ir.narrow import Narrow

F32 = NDArray[np.float32]
Array = NDArray[Any]
Mask = NDArray[np.bool_]
Span = tuple[int, int]  # half-open
Region = tuple[Span, ...]  # one span an axis


@dataclass(frozen=True, eq=False)
class Signature:
    """A node's surroundings: the types it reads and writes, the constants among its inputs, the rounding."""

    ins: tuple[TensorType, ...]
    outs: tuple[TensorType, ...]
    rounding: Rounding = Rounding.SINGLE
    constants: Mapping[int, Array] = field(default_factory=dict)

    @property
    def x(self) -> TensorType:
        """The type of the first input."""
        return self.ins[0]

    @property
    def y(self) -> TensorType:
        """The type of the first result."""
        return self.outs[0]


class ChannelFlow(Enum):
    """How channels pass through an operator."""

    OPAQUE = "opaque"  # unknown: all of them stay
    COUPLED = "coupled"  # channel k of the result depends on channel k of each activation alone
    MIXING = "mixing"  # every channel of the result depends on all channels of the first input, linearly


@dataclass(frozen=True)
class ChannelRange:
    """Bounds, both inclusive, on the stored int8 values of each channel (the last axis) of a tensor."""

    low: NDArray[np.int64]
    high: NDArray[np.int64]

    @property
    def constant(self) -> NDArray[np.bool_]:
        """Which channels can take one value only."""
        return np.equal(self.low, self.high)

    @staticmethod
    def anything(channels: int) -> ChannelRange:
        """Every int8 value in every channel."""
        return ChannelRange(np.full(channels, -128, np.int64), np.full(channels, 127, np.int64))


@dataclass(frozen=True)
class Op(ABC):
    """One operator."""

    name: ClassVar[str]
    """What it is called in the text form."""

    any_type: ClassVar[bool] = False
    """It is defined on elements of other types than float32 too; `infer` says on which."""

    is_view: ClassVar[bool] = False
    """Its result is its first input's bytes under another type: no kernel runs."""

    is_move: ClassVar[bool] = False
    """Each element of its result is an element of its only input, whatever that holds."""

    elementwise: ClassVar[bool] = False
    """Each element of its result is a function of one element of each input, whose shapes broadcast."""

    # What every operator must say.

    @abstractmethod
    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        """Shapes and element types of the results, without quantization; VerifyError if `ins` do not fit."""

    @abstractmethod
    def eval_float(self, *ins: F32) -> tuple[F32, ...]:
        """What the operator means, over the reals."""

    @property
    @abstractmethod
    def quant_rule(self) -> QuantRule:
        """How inputs and results are quantized; UnsupportedError if it has no int8 form."""

    @abstractmethod
    def eval_int(self, ins: Sequence[Array], sig: Signature) -> tuple[Array, ...]:
        """What the integer kernels compute, bit for bit."""

    @abstractmethod
    def kernels(self, sig: Signature, target: KernelTarget) -> Sequence[Candidate]:
        """The ways to compute it for these types, best first."""

    @abstractmethod
    def window(self, region: Region, *ins: TensorType) -> tuple[Op, tuple[Region | None, ...]]:
        """The operator that computes `region` of the first result, and the part it needs of each input.

        None stands for the whole of a constant input such as weights.
        """

    # What some operators can say of themselves.

    @property
    def described(self) -> str:
        """What it is, in messages: its name, or that of the function it computes."""
        return self.name

    def finest_scale(self, *ins: float) -> float:
        """The finest scale of the result that its int8 arithmetic has room for, given the scales of the inputs."""
        return 0.0

    def internals(self, *ins: F32) -> tuple[F32, ...]:
        """Values inside, over the reals, of which the int8 arithmetic must know the ranges."""
        return ()

    def with_internals(self, ranges: Sequence[tuple[float, float]]) -> Op:
        """The operator with what its int8 arithmetic has to know of the ranges of `internals`.

        It may have none for them: then its `quant_rule` says so.
        """
        return self

    @property
    def knows_internals(self) -> bool:
        """Whether the operator has what its int8 arithmetic must know of them."""
        return True

    def is_identity(self, *ins: TensorType) -> bool:
        """Whether the result is the first input, whatever that holds."""
        return False

    def clamp_bounds(self) -> tuple[float, float] | None:
        """The bounds, if all it does is to clamp."""
        return None

    def unclamped(self) -> tuple[Op, tuple[float, float]]:
        """The operator without the clamp of its result, and the bounds of that."""
        return self, (-inf, inf)

    @property
    def keeps_clamps(self) -> bool:
        """Whether clamping its only input does the same as clamping its result."""
        return False

    def padding(self) -> tuple[tuple[int, ...], tuple[int, ...], float] | None:
        """Cells before and after each axis and their value, if all it does is to pad."""
        return None

    def rearrangement(self) -> tuple[int, ...] | None:
        """The permutation, if all it does is to put the axes in another order."""
        return None

    def moved_channels(self, *ins: TensorType) -> NDArray[np.int64] | None:
        """If all it does is to move elements: in which channel of the result those of each channel of the input are.

        None for other operators, and where elements of a channel come to lie in several. Channels are indices of the
        last axis.
        """
        return None

    def quantization(self) -> QuantParams | None:
        """The parameters of the result, if all it does is to turn real numbers into stored ones."""
        return None

    def dequantization(self) -> QuantParams | None:
        """The parameters of the input, if all it does is to turn stored numbers into real ones."""
        return None

    def tflite_table(self, x: QuantParams, y: QuantParams) -> Array | None:
        """Of a function of one tensor: the stored results for −128 to 127, as TensorFlow Lite's arithmetic has them.

        None if the nearest ones will do.
        """
        return None

    def given_scales(self) -> tuple[float, ...]:
        """The scales that the model brings for the operator's weights, by result channel; none: it brings none."""
        return ()

    def without_given_scales(self) -> Op:
        """The operator without them."""
        return self

    def narrow(self, weights: NDArray[np.int64], x: TensorType) -> Narrow | None:
        """The operator with int8 weights for these whole ones, of a few bits more, that it can have for input `x`."""
        return None

    def affine(self, sig: Signature) -> tuple[int, Array, Array] | None:
        """(i, scale, shift), if all it does is scale · input i + shift with constants that broadcast."""
        return None

    def placements(self, sig: Signature) -> Mapping[int, int]:
        """The inputs that may be computed right where the result has them, and at which byte of it.

        For such an operator call i of a kernel candidate copies input i.
        """
        return {}

    # What some operators can do.

    def simplified(self, *ins: TensorType) -> Op | None:
        """A simpler operator that means the same on inputs of these types."""
        return None

    def as_convolution(self, *ins: TensorType) -> tuple[Op, F32, F32] | None:
        """A convolution of the only input that is the same, its weights and its bias."""
        return None

    def merged_with(self, producer: Op) -> Op | None:
        """One operator for `producer` followed by this one, where there is one."""
        return None

    def macs(self, *ins: TensorType) -> int:
        """Multiply-accumulates of one run."""
        return 0

    def clamped(self, low: float, high: float) -> Op | None:
        """The operator with its result clamped to [low, high], if it can do that itself."""
        return None

    def on_axes(self, axes: Sequence[int], rank: int) -> Op | None:
        """The same operator where axis a of its operands is axis `axes[a]` of operands with `rank` axes.

        −1 stands for an axis of size 1 that those do not have.
        """
        return None

    def with_even_ties(self) -> Op:
        """The operator with the ties of its int8 averages rounded as ONNX rounds, if its kernels can do that."""
        return self

    def scaled(self, constants: Mapping[int, Array], scale: F32, shift: F32) -> dict[int, Array] | None:
        """New constants such that each result channel becomes `scale` · it + `shift`, if they can do that."""
        return None

    def reordered(self, constants: Mapping[int, Array], order: NDArray[np.int64]) -> dict[int, Array] | None:
        """New constants such that index i of the first input's last axis may hold what index `order[i]` held."""
        return None

    def padded(self, before: Sequence[int], after: Sequence[int], value: float) -> Op | None:
        """The operator that pads its first input itself, if it can pad with `value`."""
        return None

    def fused_kernels(self, chain: Chain, target: KernelTarget) -> Sequence[Candidate]:
        """Ways to compute a chain that this operator ends in one: In(i) as the chain numbers inputs, Out() its result.

        The results between are not made.
        """
        return []

    def accumulation(self, sig: Signature, target: KernelTarget) -> Accumulation | None:
        """How to compute the int8 result while the first input comes in parts, which span all but axes 1 and 2.

        None if it cannot, or if a part of the input makes a part of the result.
        """
        return None

    # Channels: what the exact removal of dead and constant channels asks. Channels are indices of the last axis.

    def channel_flow(self, sig: Signature) -> ChannelFlow:
        """How the channels of the result depend on those of the activations."""
        return ChannelFlow.OPAQUE

    def channel_ranges(self, ranges: Sequence[ChannelRange], sig: Signature) -> tuple[ChannelRange, ...]:
        """Bounds on the results' channels, given bounds on the inputs' (anything for constants)."""
        return tuple(ChannelRange.anything(channels(t)) for t in sig.outs)

    def used_channels(self, used: NDArray[np.bool_], sig: Signature) -> tuple[NDArray[np.bool_], ...]:
        """Which channels of each input the `used` channels of the result depend on."""
        return tuple(np.ones(channels(t), bool) for t in sig.ins)

    def absorbs(self, fixed: NDArray[np.int64], sig: Signature) -> NDArray[np.bool_]:
        """For MIXING: which channels of the first input can go because they are constant.

        `fixed` holds the one stored value each channel takes, or NOT_FIXED.
        """
        return np.zeros(len(fixed), bool)

    def spared(self, gone: Mask, sig: Signature) -> Mask:
        """Which of the `gone` channels of the result must stay after all, so that the others keep their arithmetic."""
        return np.zeros_like(gone)

    def narrowed(
        self, keep_in: Mask, keep_out: Mask, fixed: NDArray[np.int64], sig: Signature
    ) -> tuple[Op, dict[int, Array]]:
        """The operator and its constants when only the marked channels of the first input and of the result are left.

        For MIXING the effect of removed constant channels (`fixed`, as in `absorbs`) moves into the constants.
        """
        per_channel = {i: a for i, a in sig.constants.items() if a.ndim and a.shape[-1] == len(keep_out)}
        return self, {i: take(keep_out, -1, a) for i, a in per_channel.items()}


NOT_FIXED = -1000
"""Stands for "not constant" among stored int8 values."""


def channels(kind: TensorType) -> int:
    """The size of the last axis; 1 for a scalar."""
    return kind.shape[-1] if kind.shape else 1


def take(mask: NDArray[np.bool_], axis: int, data: Array) -> Array:
    """The slices of `data` along `axis` that `mask` marks."""
    return np.ascontiguousarray(np.compress(mask, data, axis=axis))
