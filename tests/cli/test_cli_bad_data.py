"""Data files that do not fit the model: for calibration and for every command that takes inputs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from command_line import BOARD, MODEL, Outcome, Tinyc

GOOD = np.zeros((3, 1, 16, 16), np.float32)


@pytest.fixture(params=["compile", "run", "run a model", "check", "profile"])
def refuses(
    request: pytest.FixtureRequest, fails: Tinyc, digits_once: Path, tmp_path: Path
) -> Callable[..., Outcome]:  # fmt: skip
    """Give a data file to one of the commands, which must refuse it."""

    def run(data: Path, *says: str) -> Outcome:
        command = {
            "compile": ("compile", MODEL, "--board", BOARD, "-o", tmp_path / "out", "--calibration", data),
            "run": ("run", digits_once, "--inputs", data, "--outputs", tmp_path / "y.npz"),
            "run a model": ("run", MODEL, "--inputs", data, "--outputs", tmp_path / "y.npz"),
            "check": ("check", digits_once, "--inputs", data),
            "profile": ("profile", digits_once, "--inputs", data),
        }[request.param]
        return fails(*command, says=says)

    return run


@pytest.fixture
def data(tmp_path: Path) -> Callable[..., Path]:
    """Write an .npz file."""

    def write(**arrays: np.ndarray) -> Path:
        np.savez(tmp_path / "x.npz", **arrays)
        return tmp_path / "x.npz"

    return write


def test_missing(refuses: Callable[..., Outcome], tmp_path: Path) -> None:
    refuses(tmp_path / "none.npz", "none.npz", "no such file")


def test_a_folder(refuses: Callable[..., Outcome], tmp_path: Path) -> None:
    refuses(tmp_path, "this is a folder")


@pytest.mark.parametrize("content", [b"", b"x,y\n1,2\n", b"PK\x03\x04 no archive", b"\x80\x04pickle"])
def test_something_else(refuses: Callable[..., Outcome], tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.npz").write_bytes(content)
    refuses(tmp_path / "x.npz", "x.npz", "not a readable .npz file", "numpy.savez")


def test_a_single_array(refuses: Callable[..., Outcome], tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", GOOD)
    refuses(tmp_path / "x.npy", "not a readable .npz file")


def test_pickled_objects(refuses: Callable[..., Outcome], data: Callable[..., Path]) -> None:
    refuses(data(image=np.array([None, {}], object)), "not a readable .npz file")


def test_no_arrays(refuses: Callable[..., Outcome], data: Callable[..., Path]) -> None:
    refuses(data(), "no array 'image'", "it has nothing")


def test_another_name_and_shape(refuses: Callable[..., Outcome], data: Callable[..., Path]) -> None:
    refuses(data(pixels=GOOD[..., :8]), "no array 'image' of shape (samples, 1, 16, 16)", "'pixels' (3, 1, 16, 8)")


def test_two_that_would_fit(refuses: Callable[..., Outcome], data: Callable[..., Path]) -> None:
    refuses(data(a=GOOD, b=GOOD), "no array 'image'", "'a' (3, 1, 16, 16), 'b' (3, 1, 16, 16)")


def test_another_shape(refuses: Callable[..., Outcome], data: Callable[..., Path]) -> None:
    refuses(data(image=GOOD[:, :, :8]), "shape (3, 1, 8, 16)", "wants (samples, 1, 16, 16)")


def test_no_samples(refuses: Callable[..., Outcome], data: Callable[..., Path]) -> None:
    refuses(data(image=GOOD[:0]), "no samples")


@pytest.mark.parametrize("dtype", ["complex64", "U3", "datetime64[s]"])
def test_another_dtype(refuses: Callable[..., Outcome], data: Callable[..., Path], dtype: str) -> None:
    refuses(data(image=np.zeros(GOOD.shape, dtype)), "the input wants float32")


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_values_that_are_not_finite(refuses: Callable[..., Outcome], data: Callable[..., Path], value: float) -> None:
    image = GOOD.copy()
    image[1, 0, 3, 4] = value
    refuses(data(image=image), "not finite")


@pytest.mark.filterwarnings("error")
def test_values_beyond_float32(refuses: Callable[..., Outcome], data: Callable[..., Path]) -> None:
    refuses(data(image=np.full(GOOD.shape, 1e300)), "not finite")


def test_damaged_anywhere(tmp_path: Path) -> None:
    """A byte flipped or the end missing: either the arrays are still good, or the error is one for users."""
    from tinyc.errors import TinycError
    from tinyc.samples import load_npz

    np.savez_compressed(tmp_path / "whole.npz", image=GOOD, y=np.arange(3))
    good = (tmp_path / "whole.npz").read_bytes()
    refused = 0
    for position in range(len(good)):
        for damaged in (good[:position], good[:position] + bytes([good[position] ^ 0x55]) + good[position + 1 :]):
            (tmp_path / "x.npz").write_bytes(damaged)
            try:
                load_npz(tmp_path / "x.npz")
            except TinycError as error:
                refused += "not a readable .npz file" in error.message
    assert refused > len(good)  # every truncation at least


def test_a_batch_of_one_may_be_left_out(tinyc: Tinyc, digits_once: Path, data: Callable[..., Path]) -> None:
    done = tinyc("run", digits_once, "--inputs", data(image=GOOD[0]), "--json")
    assert done.status == 0 and done.json["samples"] == 1


def test_conveniences_are_stated(tinyc: Tinyc, digits_once: Path, data: Callable[..., Path]) -> None:
    done = tinyc("run", digits_once, "--inputs", data(pixels=np.zeros((2, 16, 16, 1), np.uint8)), "--json")
    assert done.status == 0, done.err
    assert "'pixels' serves as input 'image'" in done.err
    assert "is NHWC and is transposed" in done.err
    assert "is cast from uint8 to float32" in done.err
