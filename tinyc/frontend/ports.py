"""The tensors that go into a model and come out of it, as every format has them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Input:
    """One tensor that the user provides, unless the model says that it has no elements; `dtype` is a NumPy name."""

    name: str
    shape: tuple[int, ...]
    dtype: str


@dataclass(frozen=True)
class Output:
    """One tensor that the user gets back; `dtype` is a NumPy name, "" for that of what is computed."""

    name: str
    dtype: str
    rounded: bool = False
    """To bfloat16, which NumPy does not have: it comes as float32."""
