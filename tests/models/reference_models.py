"""Reference models, each compiled once a session for all workers, and inputs for them."""

from __future__ import annotations

import fcntl
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyc.driver.compile import Options, compile_model
from tinyc.driver.compiled import CompiledModel
from tinyc.ir.kernel import KernelSet
from tinyc.ir.types import Rounding
from tinyc.target.board import load_board

Array = NDArray[Any]


@dataclass(frozen=True)
class Build:
    """What a model is compiled for."""

    model: str
    board: str = "mps2-an386"
    rounding: Rounding = Rounding.SINGLE
    kernels: KernelSet = KernelSet.TINYC
    float: bool = False
    calibration: int = 8
    """How many samples to calibrate on, at most."""
    suffix: str = "onnx"

    def __str__(self) -> str:
        kind = "float" if self.float else f"{self.rounding.value}-{self.kernels.value}-{self.calibration}"
        return f"{self.model}-{self.board}-{kind}-{self.suffix}"


@dataclass(frozen=True, eq=False)
class Models:
    """Compiles reference models; `get` of the same build gives the same object."""

    shared: Path
    folder: Path
    """Of all workers of the session."""
    _loaded: dict[Build, CompiledModel] = field(default_factory=dict)

    def get(self, build: Build) -> CompiledModel:
        if build not in self._loaded:
            self._loaded[build] = CompiledModel(self._compile(build))
        return self._loaded[build]

    def path(self, model: str) -> Path:
        return self.shared / "models" / f"{model}.onnx"

    def _compile(self, build: Build) -> Path:
        out = self.folder / str(build)
        with (self.folder / f"{build}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # the first worker that comes compiles, the others wait for it
            if not out.exists():
                given = build.float or build.model.endswith("_int8")
                options = Options(
                    load_board(build.board),
                    calibration=None if given else calibration(build.model, self.shared, build.calibration),
                    float=build.float,
                    kernels=build.kernels,
                    rounding=build.rounding,
                    cache_dir=self.folder / "objects",
                )
                compile_model(self.path(build.model).with_suffix(f".{build.suffix}"), out, options)
        return out


@cache
def _arrays(path: Path) -> dict[str, Array]:
    with np.load(path) as archive:
        return {name: archive[name] for name in archive.files}


def calibration(model: str, shared: Path, count: int) -> dict[str, Array] | str:
    """Real data where there are some for the model, else "random:1"."""
    if model == "resnet8_float":
        return {"input": _arrays(shared / "data/cifar10_calib.npz")["x"][:count].astype(np.float32)}
    return samples(model, shared, count) if model.startswith("ad01") else "random:1"


def samples(model: str, shared: Path, count: int) -> dict[str, Array]:
    """`count` inputs of a model: real ones as far as there are some, then random ones of a fixed seed."""
    if model == "resnet8_float":
        return {"input": _arrays(shared / "data/cifar10_test2000.npz")["x"][:count].astype(np.float32)}
    if model.startswith("ad01"):
        return {"input": _arrays(shared / "data/ad01_samples.npz")["x"][:count]}
    shape = {"kws_dscnn_float": (1, 49, 10), "vww96_float": (3, 96, 96), "mcunet_vww_float": (3, 80, 80)}[model]
    found = np.random.default_rng(7).normal(size=(count, *shape)).astype(np.float32)
    if model == "kws_dscnn_float":
        found[0] = _arrays(shared / "data/kws_samples.npz")["x_float"].reshape(shape)
    return {"input": found}
