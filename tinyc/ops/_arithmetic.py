"""Sums and products of two tensors, for which CMSIS-NN has functions, and tinyc kernels for rows."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tinyc.ir.kernel import Argument, Candidate, In, KernelCall, Out, Struct, Table, inlined, tinyc_call
from tinyc.ir.op import Array, Signature
from tinyc.ops._broadcast import BroadcastOp, broadcast_shape, over_operands


@dataclass(frozen=True)
class ArithmeticOp(BroadcastOp):
    """A function that is linear in either operand."""

    @abstractmethod
    def integer_call(self, a: Argument, b: Argument, sig: Signature) -> KernelCall | None:
        """The CMSIS-NN call for two operands of the result's shape."""

    @abstractmethod
    def integer_params(self, sig: Signature) -> Struct:
        """The parameters of tinyc's own kernel, `tinyc_<name>_s8`."""

    @abstractmethod
    def rows_call(self, sig: Signature) -> KernelCall | None:
        """The call that is made for rows and these scales; None: it cannot do it."""

    @abstractmethod
    def affine_in(self, index: int, constant: Array) -> tuple[Array, Array]:
        """(scale, shift) such that the result is scale · input `index` + shift, the other input being `constant`."""

    def affine(self, sig: Signature) -> tuple[int, Array, Array] | None:
        if not self.scales_one(sig):
            return None
        ((at, constant),) = sig.constants.items()
        return 1 - at, *self.affine_in(1 - at, constant)

    def integer_kernels(self, sig: Signature) -> Sequence[Candidate]:
        params = broadcast_shape(sig), self.integer_params(sig)
        own = over_operands(tinyc_call(f"tinyc_{self.name}_s8", *params, In(0), In(1), Out()), sig)
        operands = [_whole_operand(i, sig) for i in range(2)]
        rows = self.rows_call(sig)
        fast = over_operands(rows, sig) if rows else None
        made = [(inlined(fast),), (fast,)] if fast else []
        if operands[0] is None or operands[1] is None:
            return [*made, (own,)]
        cmsis = self.integer_call(operands[0], operands[1], sig)
        if cmsis is None:
            return [*made, (own,)]
        call = over_operands(cmsis, sig)
        return [*made, (call,)] if all(isinstance(o, In) for o in operands) else [*made, (own,), (call,)]


def _whole_operand(index: int, sig: Signature) -> Argument | None:
    """The operand in the result's shape: itself, or a constant written out; None where neither is possible."""
    if sig.ins[index].shape == sig.y.shape:
        return In(index)
    if index not in sig.constants:
        return None
    return Table("operand", np.ascontiguousarray(np.broadcast_to(sig.constants[index], sig.y.shape)))
