"""RoiAlign: regions of images that are known at run time, each resampled to one size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from tinyc.errors import VerifyError
from tinyc.ir.kernel import In, KernelCall, Out, Struct, loop_call
from tinyc.ir.op import Array, Signature
from tinyc.ir.types import DType, TensorType
from tinyc.ops._plain import PlainOp

MOST_SAMPLES = 1024
"""Of a bin along an axis, whatever the region."""


@dataclass(frozen=True)
class RoiAlign(PlainOp):
    """y[r, c] = the region regions[r], left, top, right and bottom times `scale`, of x[images[r], c] in `size` bins.

    A bin is the mean, or the `largest`, of `samples` × `samples` points, 0 for one a cell. Of the largest it is, as in
    ONNX, single weighted cells that are compared. An image that there is not is the nearest that there is.
    """

    name: ClassVar[str] = "roi_align"

    size: tuple[int, int]
    scale: float = 1.0
    samples: int = 0
    largest: bool = False
    half_pixel: bool = True

    def infer(self, *ins: TensorType) -> tuple[TensorType, ...]:
        x, regions, images = ins
        if (x.dtype, regions.dtype, images.dtype) != (DType.F32, DType.F32, DType.I64) or x.rank != 4:
            raise VerifyError("roi_align is of f32 images, f32 regions and i64 numbers of images")
        if regions.shape != (*images.shape, 4) or images.rank != 1 or min(self.size) < 1 or self.samples < 0:
            raise VerifyError(f"roi_align: regions of shape {regions.shape}, images of shape {images.shape}, {self}")
        return (TensorType((regions.shape[0], x.shape[1], *self.size), DType.F32),)

    def compute(self, *ins: Array) -> Array:
        x, regions, images = ins
        offset = np.float32(0.5 if self.half_pixel else 0)
        result = np.zeros((len(regions), x.shape[1], *self.size), np.float32)
        for r, region in enumerate(regions * np.float32(self.scale) - offset):
            image = x[min(max(int(images[r]), 0), len(x) - 1)]
            start, span = region[1::-1], region[3:1:-1] - region[1::-1]
            bins = (span if self.half_pixel else np.fmax(span, np.float32(1))) / np.array(self.size, np.float32)
            for place in np.ndindex(*self.size):
                result[(r, slice(None), *place)] = self._bin(image, start + np.array(place, np.float32) * bins, bins)
        return result

    def _bin(self, image: Array, start: Array, span: Array) -> Array:
        counts = [self.samples or int(np.clip(np.nan_to_num(np.ceil(s)), 0, MOST_SAMPLES)) for s in span]
        if 0 in counts:
            return np.zeros(len(image), np.float32)
        rows, columns = (
            _weights(start[a] + (np.arange(n, dtype=np.float32) + np.float32(0.5)) * span[a] / np.float32(n), size)
            for a, (n, size) in enumerate(zip(counts, image.shape[1:], strict=True))
        )
        parts = [
            image[:, row][:, :, column] * (v[:, None] * h)
            for row, v in zip(*rows, strict=True)
            for column, h in zip(*columns, strict=True)
        ]
        return np.asarray(np.max(parts, axis=(0, 2, 3)) if self.largest else np.sum(parts, axis=0).mean((1, 2)))

    def call(self, sig: Signature) -> KernelCall:
        batches, channels, height, width = sig.x.shape
        params = {
            "batches": batches, "channels": channels, "height": height, "width": width, "regions": sig.y.shape[0],
            "rows": self.size[0], "columns": self.size[1], "samples": self.samples, "largest": int(self.largest),
            "half_pixel": int(self.half_pixel), "scale": float(self.scale),
        }  # fmt: skip
        struct = Struct("tinyc_roi_align_params", params)
        return loop_call("tinyc_roi_align", "tinyc_roi_align.h", struct, In(0), In(1), In(2), Out())


def _weights(at: Array, size: int) -> tuple[tuple[Array, Array], tuple[Array, Array]]:
    """The cells below and above each coordinate, and their weights, 0 of what is too far outside."""
    there = (at >= -1) & (at <= size)
    inside = np.clip(np.where(there, at, 0), 0, size - 1)
    low = inside.astype(np.int64)
    rest = inside - low
    return (low, np.minimum(low + 1, size - 1)), (np.where(there, 1 - rest, 0), np.where(there, rest, 0))
