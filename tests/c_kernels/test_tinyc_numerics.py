"""Fixed-point scaling over its whole range, and floats that are not ordinary numbers."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from math import inf, nan
from pathlib import Path

import cffi
import numpy as np
import pytest
from call import FOLDERS, ROUNDING_FLAGS, Kernels

from tinyc.ir.fixed_point import requantize
from tinyc.ir.kernel import KernelTarget
from tinyc.ir.op import Op, Signature
from tinyc.ir.types import Rounding, f32
from tinyc.ops import Clamp, MaxPool2D, Sigmoid, Softmax, Tanh

HERE = Path(__file__).parent
COUNT = 200_000


@pytest.mark.parametrize("rounding", Rounding)
def test_requantization(rounding: Rounding, tmp_path: Path) -> None:
    library = tmp_path / "requantized.so"
    flags = ["-std=c11", "-O1", "-fPIC", "-shared", "-fsanitize=undefined", "-fsanitize-undefined-trap-on-error"]
    includes = [f"-I{folder}" for folder in FOLDERS]
    source = str(HERE / "requantized.c")
    subprocess.run(["gcc", *flags, *ROUNDING_FLAGS[rounding], *includes, source, "-o", str(library)], check=True)
    ffi = cffi.FFI()
    ffi.cdef("void requantized(int32_t, const int32_t *, const int32_t *, const int32_t *, int32_t *);")
    lib = ffi.dlopen(str(library))

    rng = np.random.default_rng(0)
    shift = rng.integers(-31, 31, COUNT)
    # what is shifted left must fit int32; half of the values lie near multiples of 2^-shift, where ties are
    bound = 2 ** (31 - np.maximum(shift, 0)) - 1
    value = rng.integers(-bound, bound + 1) >> rng.integers(0, 31, COUNT)
    multiplier = rng.choice([-1, 1], COUNT) * rng.integers(0, 2**31, COUNT)
    ties = rng.random(COUNT) < 0.5
    multiplier[ties] = 2**30
    value[ties] &= -(1 << np.clip(-shift[ties], 0, 30))
    ins = [np.ascontiguousarray(x, dtype=np.int32) for x in (value, multiplier, shift)]
    y = np.empty(COUNT, np.int32)
    lib.requantized(COUNT, *(ffi.cast("int32_t *", ffi.from_buffer(x)) for x in (*ins, y)))
    np.testing.assert_array_equal(y, requantize(*(x.astype(np.int64) for x in ins), rounding))


@pytest.mark.parametrize("op", [Clamp(-1.0, 2.0), Clamp(0.0, inf), Sigmoid(), Tanh()], ids=str)
def test_elementwise_functions_of_special_values(op: Op, kernels_for: Callable[[Rounding], Kernels]) -> None:
    x = np.array([nan, inf, -inf, 0.0, 1e-40, -1e-40, 1e30, -1e30, 88.8, -88.8, 103.9, -103.9], np.float32)
    sig = Signature((f32(x.size),), (f32(x.size),))
    (y,) = kernels_for(Rounding.SINGLE).run(op.kernels(sig, KernelTarget())[0], [x], sig.outs)
    np.testing.assert_allclose(y, op.eval_float(x)[0], rtol=1e-5, atol=1e-37)


def test_softmax_of_large_differences(kernels_for: Callable[[Rounding], Kernels]) -> None:
    x = np.array([[1e30, -1e30, 0.0], [-1e30, -1e30, -1e30], [200.0, 199.0, 100.0], [-inf, 0.0, 1.0]], np.float32)
    sig = Signature((f32(*x.shape),), (f32(*x.shape),))
    (y,) = kernels_for(Rounding.SINGLE).run(Softmax().kernels(sig, KernelTarget())[0], [x], sig.outs)
    np.testing.assert_allclose(y, Softmax().eval_float(x)[0], rtol=1e-5, atol=1e-37)


def test_max_pool_of_values_below_all_padding(kernels_for: Callable[[Rounding], Kernels]) -> None:
    x = np.array([-inf, -1e38, -1e38, -inf], np.float32).reshape(1, 2, 2, 1)
    op = MaxPool2D((2, 2), (2, 2), (1, 1, 1, 1))
    sig = Signature((f32(*x.shape),), op.infer(f32(*x.shape)))
    (y,) = kernels_for(Rounding.SINGLE).run(op.kernels(sig, KernelTarget())[0], [x], sig.outs)
    np.testing.assert_array_equal(y, x)
