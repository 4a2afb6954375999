"""Samples: the arrays a user gives for a model's inputs, matched to its ports."""

from __future__ import annotations

import tempfile
import zipfile
import zlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyc.errors import TinycError
from tinyc.ir.graph import Port

Array = NDArray[Any]
Say = Callable[[str], None]

# What NumPy and zipfile raise for damaged files and for files that are something else.
_UNREADABLE = (
    OSError, ValueError, TypeError, AttributeError, KeyError, EOFError, RuntimeError, SyntaxError,
    zipfile.BadZipFile, zlib.error,
)  # fmt: skip


def silent(message: str) -> None:
    """Swallow a remark."""


def load_npz(path: Path) -> dict[str, Array]:
    """The arrays of an .npz file, by name."""
    try:
        with np.load(path, allow_pickle=False) as archive:
            return {name: archive[name] for name in archive.files}
    except FileNotFoundError:
        raise TinycError("no such file", str(path)) from None
    except IsADirectoryError:
        raise TinycError("this is a folder, not an .npz file", str(path)) from None
    except _UNREADABLE as error:
        raise TinycError(
            f"not a readable .npz file ({error})", str(path), "write it with numpy.savez(path, name=array)"
        ) from None


def save_npz(path: Path, arrays: Mapping[str, Array]) -> None:
    """Write an .npz file, all of it or nothing. Any name will do, also those that numpy.savez keeps for itself."""
    if path.exists() and not path.is_file():
        raise TinycError("the outputs cannot be written: this is not a regular file", str(path))
    draft: Path | None = None
    try:
        with tempfile.NamedTemporaryFile(prefix=f".{path.name}-", dir=path.parent, delete=False) as file:
            draft = Path(file.name)
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
                for name, array in arrays.items():
                    with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                        np.lib.format.write_array(member, array, allow_pickle=False)
        draft.chmod(0o644)
        draft.replace(path)
        draft = None
    except OSError as error:
        raise TinycError(f"the outputs cannot be written: {error.strerror or error}", str(path)) from None
    finally:
        if draft is not None:
            draft.unlink(missing_ok=True)


def stack(port: Port, samples: Sequence[Array]) -> Array:
    """A port's samples behind one another: in place of a batch axis of 1, else along a new one."""
    stacked = np.stack(samples)
    return stacked[:, 0] if port.shape[:1] == (1,) else stacked


def match_samples(
    arrays: Mapping[str, Array], ports: Sequence[Port], where: str, say: Say = silent
) -> dict[str, Array]:
    """For each port an array (samples, *port.shape), in the port's dtype.

    Samples are stacked along the first axis, which stands in place of a batch axis of 1. Conveniences, each told
    to `say`: where just one array fits a port, it may have another name; NHWC images serve an NCHW input where
    only that fits; integers are cast to float.
    """
    matched = {port.name: _match(arrays, port, where, say) for port in ports}
    counts = {name: len(a) for name, a in matched.items()}
    if len(set(counts.values())) > 1:
        raise TinycError(f"the inputs have different numbers of samples: {counts}", where)
    if not all(counts.values()):
        raise TinycError("there are no samples in it", where)
    return matched


def count_samples(samples: Mapping[str, Array]) -> int:
    """How many samples there are; one of a model without inputs."""
    return len(next(iter(samples.values()))) if samples else 1


def _match(arrays: Mapping[str, Array], port: Port, where: str, say: Say) -> Array:
    if port.name in arrays:
        fitted = _fit(arrays[port.name], port)
        if fitted is None:
            raise TinycError(
                f"array '{port.name}' has shape {arrays[port.name].shape}; "
                f"the input wants (samples, {', '.join(map(str, _sample_shape(port)))})",
                where,
            )
        name = port.name
    else:
        fitting = {n: f for n, a in arrays.items() if a.ndim > 0 and (f := _fit(a, port)) is not None}
        if len(fitting) != 1:
            listed = ", ".join(f"'{n}' {a.shape}" for n, a in arrays.items()) or "nothing"
            wanted = ", ".join(map(str, _sample_shape(port)))
            raise TinycError(
                f"no array '{port.name}' of shape (samples, {wanted}); it has {listed}",
                where,
                f"store it under the input's name: numpy.savez(path, **{{'{port.name}': samples}})",
            )
        ((name, fitted),) = fitting.items()
        say(f"{where}: array '{name}' serves as input '{port.name}'")
    array, swapped = fitted
    if swapped:
        say(f"{where}: array '{name}' is NHWC and is transposed for the NCHW input '{port.name}'")
    return _cast(array, port, f"{where}: array '{name}'", say)


def _sample_shape(port: Port) -> tuple[int, ...]:
    return port.shape[1:] if port.shape[:1] == (1,) else port.shape


def _fit(array: Array, port: Port) -> tuple[Array, bool] | None:
    """The array as (samples, *port.shape), and whether its axes had to be moved; None if it does not fit."""
    shape = _sample_shape(port)
    for candidate in (array, array[None] if array.shape == shape else array):
        if candidate.ndim and candidate.shape[1:] == shape:
            return candidate.reshape(-1, *port.shape), False
        if candidate.ndim and candidate.shape[1:] == port.shape:
            return candidate, False
    if len(port.shape) == 4 and array.ndim == 4 and array.shape[1:] == (*port.shape[2:], port.shape[1]):
        return array.transpose(0, 3, 1, 2).reshape(-1, *port.shape), True
    return None


def _cast(array: Array, port: Port, where: str, say: Say) -> Array:
    dtype = np.dtype(port.dtype)
    if array.dtype.kind not in "fiub":
        raise TinycError(f"{where} has dtype {array.dtype}; the input wants {dtype}")
    if array.dtype != dtype:
        if dtype.kind != "f" and array.dtype.kind == "f":
            raise TinycError(f"{where} has dtype {array.dtype}; the input wants {dtype}")
        if array.dtype.kind != "f":
            say(f"{where} is cast from {array.dtype} to {dtype}")
        with np.errstate(over="ignore"):  # what becomes infinite is refused below
            array = array.astype(dtype)
    if dtype.kind == "f" and not np.isfinite(array).all():
        raise TinycError(f"{where} has values that are not finite (NaN or infinity)")
    return np.ascontiguousarray(array)
