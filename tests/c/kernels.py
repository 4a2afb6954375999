"""The kernels of runtime_c/cmsis_nn as Python functions on numpy arrays, with guards behind every buffer they write."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cffi
import numpy as np
import numpy.typing as npt
from reference import Int8, Int32, Scale, Stage, Window
from sweep import KERNELS, ROUNDING_DEFINES, kernel_sources

GUARD = 64
GUARD_BYTE = 0x5A


def declarations() -> str:
    """What both public headers declare, without comments and directives."""
    text = "".join((KERNELS / name).read_text() for name in ("arm_nn_types.h", "arm_nnfunctions.h"))
    text = re.sub(r"/\*.*?\*/", "", text, flags=re.DOTALL)
    lines = [line for line in text.splitlines() if not line.startswith("#") and line not in ('extern "C" {', "}")]
    return "\n".join(lines)


class KernelError(Exception):
    """A kernel returned a status other than success."""


class Kernels:
    """A shared library of the kernels in one rounding mode."""

    def __init__(self, library: Path) -> None:
        self._ffi = cffi.FFI()
        self._ffi.cdef(declarations())
        self.lib: Any = self._ffi.dlopen(str(library))

    @classmethod
    def build(cls, folder: Path, rounding: str) -> Kernels:
        """Compile all kernels for this machine, with checks for undefined behaviour."""
        library = folder / f"kernels-{rounding}.so"
        defines = [f"-D{key}={value}" for key, value in ROUNDING_DEFINES[rounding].items()]
        command = ["gcc", "-std=c11", "-O1", "-shared", "-fPIC", "-fsanitize=undefined", "-fno-sanitize-recover=all"]
        subprocess.run([*command, *defines, *map(str, kernel_sources()), "-o", str(library)], check=True)
        return cls(library)

    def new(self, kind: str, *values: Any) -> Any:
        """A struct of that name."""
        return self._ffi.new(f"{kind} *", values)

    def dims(self, n: int, h: int, w: int, c: int) -> Any:
        """A cmsis_nn_dims."""
        return self.new("cmsis_nn_dims", n, h, w, c)

    def pointer(self, array: npt.NDArray[Any] | None) -> Any:
        """To the first cell, or NULL."""
        if array is None:
            return self._ffi.NULL
        assert array.flags.c_contiguous
        kind = {np.dtype(np.int8): "int8_t *", np.dtype(np.int32): "int32_t *", np.dtype(np.uint32): "uint32_t *"}
        return self._ffi.cast(kind[array.dtype], array.ctypes.data)

    def convolve(self, x: Int8, w: Int8, bias: Int32 | None, input_offset: int, window: Window, stage: Stage) -> Int8:
        """As reference.convolve."""
        size = window.output_size(*x.shape[1:3])
        params = self.new(
            "cmsis_nn_conv_params",
            input_offset,
            stage.offset,
            *(tuple(reversed(pair)) for pair in (window.stride, window.padding, window.dilation)),
            (stage.low, stage.high),
        )
        dims = [self.dims(*x.shape), self.dims(*w.shape), self.dims(x.shape[0], *size, w.shape[0])]
        bytes_needed = self.lib.arm_convolve_wrapper_s8_get_buffer_size(params, *dims)
        return self._run_windowed(
            self.lib.arm_convolve_wrapper_s8, params, dims, bytes_needed, x, w, bias, stage, (*size, w.shape[0])
        )

    def depthwise(self, x: Int8, w: Int8, bias: Int32 | None, input_offset: int, window: Window, stage: Stage) -> Int8:
        """As reference.depthwise."""
        size = window.output_size(*x.shape[1:3])
        params = self.new(
            "cmsis_nn_dw_conv_params",
            input_offset,
            stage.offset,
            w.shape[2] // x.shape[3],
            *(tuple(reversed(pair)) for pair in (window.stride, window.padding, window.dilation)),
            (stage.low, stage.high),
        )
        dims = [self.dims(*x.shape), self.dims(1, *w.shape), self.dims(x.shape[0], *size, w.shape[2])]
        return self._run_windowed(
            self.lib.arm_depthwise_conv_wrapper_s8, params, dims, 0, x, w, bias, stage, (*size, w.shape[2])
        )

    def _run_windowed(
        self,
        function: Any,
        params: Any,
        dims: list[Any],
        workspace_bytes: int,
        x: Int8,
        w: Int8,
        bias: Int32 | None,
        stage: Stage,
        shape: tuple[int, ...],
    ) -> Int8:
        with Guarded(workspace_bytes) as workspace, Guarded(x.shape[0] * int(np.prod(shape))) as out:
            context = self.new("cmsis_nn_context", self.pointer(workspace.cells), workspace_bytes)
            status = function(
                context,
                params,
                self._scales(stage),
                *(dims[0], self.pointer(x)),
                *(dims[1], self.pointer(w)),
                *(self._ffi.NULL, self.pointer(bias)),
                *(dims[2], self.pointer(out.cells)),
            )
            _check(status)
            return out.cells.reshape(x.shape[0], *shape)

    def _scales(self, stage: Stage) -> Any:
        self._kept = (stage.multiplier, stage.shift)  # a struct does not keep what it points to
        return self.new("cmsis_nn_per_channel_quant_params", *map(self.pointer, self._kept))

    def vector_sum(self, w: Int8, input_offset: int, filter_offset: int, bias: Int32 | None) -> Int32:
        """As reference.vector_sum."""
        channels, depth = w.shape
        with Guarded(4 * channels) as out:
            sums = out.cells.view(np.int32)
            _check(
                self.lib.arm_vector_sum_s8(
                    self.pointer(sums),
                    depth,
                    channels,
                    self.pointer(w),
                    input_offset,
                    filter_offset,
                    self.pointer(bias),
                )
            )
            return sums

    def fully_connected(
        self,
        x: Int8,
        w: Int8,
        bias: Int32 | None,
        input_offset: int,
        filter_offset: int,
        stage: Stage,
        *,
        per_channel: bool,
    ) -> Int8:
        """As reference.fully_connected; without `per_channel` the stage has one scale."""
        channels, depth = w.shape
        range_ = (stage.low, stage.high)
        params = self.new("cmsis_nn_fc_params", input_offset, filter_offset, stage.offset, range_)
        filter_dims = self.dims(depth, 1, 1, channels)
        assert self.lib.arm_fully_connected_s8_get_buffer_size(filter_dims) == 0
        if per_channel:
            function, scales = self.lib.arm_fully_connected_per_channel_s8, self._scales(stage)
        else:
            scale = int(stage.multiplier[0]), int(stage.shift[0])
            function, scales = self.lib.arm_fully_connected_s8, self.new("cmsis_nn_per_tensor_quant_params", *scale)
        with Guarded(x.shape[0] * channels) as out:
            status = function(
                self.new("cmsis_nn_context", self._ffi.NULL, 0),
                params,
                scales,
                *(self.dims(x.shape[0], 1, 1, depth), self.pointer(x)),
                *(filter_dims, self.pointer(w)),
                *(self._ffi.NULL, self.pointer(bias)),
                *(self.dims(x.shape[0], 1, 1, channels), self.pointer(out.cells)),
            )
            _check(status)
            return out.cells.reshape(x.shape[0], channels)

    def average_pool(self, x: Int8, window: Window, low: int, high: int) -> Int8:
        """As reference.average_pool."""
        return self._pool(self.lib.arm_avgpool_s8, x, window, low, high)

    def max_pool(self, x: Int8, window: Window, low: int, high: int) -> Int8:
        """As reference.max_pool."""
        return self._pool(self.lib.arm_max_pool_s8, x, window, low, high)

    def _pool(self, function: Any, x: Int8, window: Window, low: int, high: int) -> Int8:
        shape = (x.shape[0], *window.output_size(*x.shape[1:3]), x.shape[3])
        strides, pads = tuple(reversed(window.stride)), tuple(reversed(window.padding))
        params = self.new("cmsis_nn_pool_params", strides, pads, (low, high))
        context = self.new("cmsis_nn_context", self._ffi.NULL, 0)
        with Guarded(int(np.prod(shape))) as out:
            kernel = self.dims(1, *window.kernel, 1)
            target = self.pointer(out.cells)
            _check(function(context, params, self.dims(*x.shape), self.pointer(x), kernel, self.dims(*shape), target))
            return out.cells.reshape(shape)

    def add(
        self, x1: Int8, x2: Int8, offsets: tuple[int, int], scales: tuple[Scale, Scale], left_shift: int, stage: Stage
    ) -> Int8:
        """As reference.add; the stage has one scale."""
        with Guarded(x1.size) as out:
            status = self.lib.arm_elementwise_add_s8(
                self.pointer(x1),
                self.pointer(x2),
                *(offsets[0], scales[0].multiplier, scales[0].shift),
                *(offsets[1], scales[1].multiplier, scales[1].shift),
                left_shift,
                self.pointer(out.cells),
                *self._stage_arguments(stage),
                x1.size,
            )
            _check(status)
            return out.cells

    def multiply(self, x1: Int8, x2: Int8, offsets: tuple[int, int], stage: Stage) -> Int8:
        """As reference.multiply; the stage has one scale."""
        with Guarded(x1.size) as out:
            status = self.lib.arm_elementwise_mul_s8(
                *(self.pointer(x1), self.pointer(x2), *offsets, self.pointer(out.cells)),
                *self._stage_arguments(stage),
                x1.size,
            )
            _check(status)
            return out.cells

    @staticmethod
    def _stage_arguments(stage: Stage) -> tuple[int, int, int, int, int]:
        return stage.offset, int(stage.multiplier[0]), int(stage.shift[0]), stage.low, stage.high

    def softmax(self, x: Int8, multiplier: int, shift: int, diff_min: int) -> Int8:
        """As reference.softmax."""
        with Guarded(x.size) as out:
            self.lib.arm_softmax_s8(self.pointer(x), *x.shape, multiplier, shift, diff_min, self.pointer(out.cells))
            return out.cells.reshape(x.shape)

    def pad(self, x: Int8, before: Iterable[int], after: Iterable[int], value: int) -> Int8:
        """As reference.pad."""
        before, after = tuple(before), tuple(after)
        shape = np.add(np.add(x.shape, before), after)
        with Guarded(int(np.prod(shape))) as out:
            pads = self.dims(*before), self.dims(*after)
            _check(self.lib.arm_pad_s8(self.pointer(x), self.pointer(out.cells), value, self.dims(*x.shape), *pads))
            return out.cells.reshape(shape)

    def transpose(self, x: Int8, axes: tuple[int, ...]) -> Int8:
        """As numpy.transpose."""
        shape = [x.shape[axis] for axis in axes]
        order = np.array(axes, np.uint32)
        dims = [self.dims(*sizes, *[1] * (4 - x.ndim)) for sizes in (x.shape, shape)]
        params = self.new("cmsis_nn_transpose_params", x.ndim, self.pointer(order))
        with Guarded(x.size) as out:
            _check(self.lib.arm_transpose_s8(self.pointer(x), self.pointer(out.cells), *dims, params))
            return out.cells.reshape(shape)

    def concatenate(self, parts: list[Int8], axis: int) -> Int8:
        """As numpy.concatenate of tensors of four axes."""
        name = "wzyx"[axis]
        total = sum(part.shape[axis] for part in parts)
        shape = [total if i == axis else extent for i, extent in enumerate(parts[0].shape)]
        function = getattr(self.lib, f"arm_concatenation_s8_{name}")
        with Guarded(int(np.prod(shape))) as out:
            offset = 0
            for part in parts:
                extents = [] if name == "w" else [total]
                function(self.pointer(part), *reversed(part.shape), self.pointer(out.cells), *extents, offset)
                offset += part.shape[axis]
            return out.cells.reshape(shape)


class Guarded:
    """`size` bytes for a kernel to write, that are checked for writes behind them when the block is left."""

    def __init__(self, size: int) -> None:
        self._all = np.full(size + GUARD, GUARD_BYTE, np.int8)
        self.cells: Int8 = self._all[:size]

    def __enter__(self) -> Guarded:
        return self

    def __exit__(self, kind: object, value: object, traceback: object) -> None:
        if kind is None:
            assert (self._all[self.cells.size :] == GUARD_BYTE).all(), "written behind the end of a buffer"


def _check(status: int) -> None:
    if status != 0:
        raise KernelError(f"status {status}")
