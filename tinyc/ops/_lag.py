"""By how much a result must lag behind an input that it runs over: see `KernelCall.lags`.

A kernel goes through its work in steps. The reads of a step come before its writes, and what counts of it is two
numbers: the lowest element of the input that it reads, and the end of what is written once it is done. Then an
element is overwritten too early unless, for each step, the result lies at least (that end − the lowest element that
any later step reads) elements below the input. All figures here are in elements, counted from the start of the tensor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from itertools import product
from math import prod

import numpy as np
from numpy.typing import NDArray

from tinyc.ir.kernel import KernelCall
from tinyc.ir.op import Signature
from tinyc.ops._window import Window

Positions = NDArray[np.int64]
Shape = tuple[int, ...]
Passes = tuple[tuple[int, int], ...]
"""The steps of one pixel: (channel from which it reads, channel up to which it has written)."""

NOTHING = 2**60
"""Stands for the lowest element of a window that lies wholly in the padding."""

STRIP = 64
"""Pixels that a convolution of single cells takes through all its filters at a time: NN_STRIP in the C code."""


def with_lags(call: KernelCall, sig: Signature, lags: Mapping[int, int | None]) -> KernelCall:
    """`call` with these lags (elements; None: impossible), as far as they let the result share memory at all."""
    in_bytes = {index: lag * sig.y.dtype.bytes for index, lag in lags.items() if lag is not None}
    return replace(call, lags={index: lag for index, lag in in_bytes.items() if lag < sig.y.bytes})


def smallest_lag(reads: Positions, writes: Positions) -> int:
    """The lag of steps with these lowest reads and these ends of what is written; `writes` does not decrease."""
    reads, writes = reads.reshape(-1), writes.reshape(-1)
    later = np.minimum.accumulate(reads[:0:-1])[::-1]
    return int((writes[:-1] - later).max(initial=0))


def lag_in_order(elements: Positions) -> int:
    """The lag of a kernel that goes through elements in this order, and reads each before it writes it."""
    return smallest_lag(elements, np.maximum.accumulate(elements + 1))


def last_start(count: int, block: int) -> int:
    """Where the last pass starts over `count` channels, `block` at a time and those left over one by one."""
    return count - (1 if count % block else block)


def channel_by_channel(count: int, block: int) -> Passes:
    """The steps of a pixel whose channels go by themselves, from input to result."""
    last = last_start(count, block)
    return (0, last), (last, count)


def all_channels_again(count: int, block: int) -> Passes:
    """The steps of a pixel that is read as a whole for every block of channels of the result."""
    return (0, last_start(count, block)), (0, count)


@lru_cache(maxsize=4096)
def lowest_elements(window: Window, x: Shape, y: Shape) -> Positions:
    """The lowest element that each window reads, (images, pixels of the result); `x` and `y` are NHWC."""
    images, height, width, channels = x
    rows, columns = (_first_inside(window, axis, y[1 + axis], x[1 + axis]) for axis in range(2))
    cells = np.where((rows < NOTHING)[:, None] & (columns < NOTHING), rows[:, None] * width + columns, NOTHING)
    starts = np.arange(images)[:, None] * (height * width * channels)
    return np.minimum(cells.reshape(1, -1), NOTHING // channels) * channels + starts


def _first_inside(window: Window, axis: int, count: int, size: int) -> Positions:
    """The first row (or column) inside the input that each of `count` windows sees."""
    origin = np.arange(count, dtype=np.int64) * window.stride[axis] - window.pads[axis]
    first = np.where(origin < 0, origin % window.dilation[axis], origin)
    return np.where((first < size) & (first < origin + window.extent(axis)), first, NOTHING)


@lru_cache(maxsize=4096)
def lag_by_pixel(window: Window, x: Shape, y: Shape, passes: Passes) -> int:
    """The lag of a kernel that finishes a pixel of the result before it looks at the next."""
    return lag_of_passes(lowest_elements(window, x, y), y[-1], passes)


def lag_of_passes(lowest: Positions, channels: int, passes: Passes) -> int:
    """The same, given the lowest element that each pixel of the result depends on."""
    pixels = np.arange(lowest.size)[:, None] * channels
    reads, writes = np.array(passes).T
    return smallest_lag(lowest.reshape(-1, 1) + reads, pixels + writes)


def lag_by_rows(rows: int, depth: int, out: int, block: int) -> int:
    """The lag of a matrix product that makes a row of `out` values of a row of `depth`, `block` values at a time."""
    return lag_of_passes(np.arange(rows) * depth, out, all_channels_again(out, block))


@lru_cache(maxsize=4096)
def lag_by_block(window: Window, x: Shape, y: Shape, block: int) -> int:
    """The lag of a kernel that reads the windows of `block` pixels of an image before it writes these."""
    return _lag_of_blocks(lowest_elements(window, x, y), y[-1], block)


def _lag_of_blocks(lowest: Positions, channels: int, block: int) -> int:
    runs, pixels = lowest.shape
    starts = np.arange(0, pixels, block)
    reads = np.minimum.reduceat(lowest, starts, axis=1)
    ends = np.arange(runs)[:, None] * pixels + np.minimum(starts + block, pixels)
    return smallest_lag(reads, ends * channels)


@lru_cache(maxsize=4096)
def lag_by_strip(window: Window, x: Shape, y: Shape, pixels: int, filters: int, alone: int) -> int:
    """The lag of a convolution of single cells without padding.

    It goes through STRIP neighbouring pixels at a time, or one more at the end, rather than leave that alone: first
    with some `filters` over `pixels` pixels after another, then with the next. Where the windows are not neighbours,
    each row of the result is by itself. A pixel that is by itself goes through `alone` filters at a time.
    """
    run = y[0] * y[1] * y[2] if window.stride == (1, 1) else y[2]
    channels = y[3]
    lowest = lowest_elements(window, x, y).reshape(-1, run)
    last = last_start(channels, alone if run == 1 else filters)
    if last == 0:
        return _lag_of_blocks(lowest, channels, pixels)
    starts = np.arange(0, max(run - 1, 1), STRIP)
    ends = np.arange(len(lowest))[:, None] * run + np.append(starts[1:], run)
    reads = np.repeat(lowest[:, starts], 2)
    return smallest_lag(reads, np.stack([(ends - 1) * channels + last, ends * channels], axis=-1))


@lru_cache(maxsize=4096)
def lag_by_filters_over_strips(window: Window, x: Shape, y: Shape, strip: int, filters: int, span: int) -> int:
    """The lag of a convolution that goes through `strip` neighbouring pixels of a row at a time.

    It takes some `filters` over all of them, two pixels a step, and then the next filters. Windows are read where they
    are, `span` elements each. A strip whose last window is not followed by so many elements is copied beforehand.
    """
    width, channels = y[2:]
    lowest = lowest_elements(window, x, y).reshape(-1, width)
    size, last = prod(x), last_start(-(-channels // filters) * filters, filters)
    reads: list[Positions] = []
    ends: list[Positions] = []
    for row, start in product(range(len(lowest)), range(0, width, strip)):
        stop = min(start + strip, width)
        windows, pixels = lowest[row, start:stop], row * width + start
        if windows[-1] + span > size:
            reads.append(windows[:1])
            ends.append(np.array([(pixels + len(windows)) * channels]))
            continue
        if last > 0:  # all passes but the last
            reads.append(windows[:1])
            ends.append(np.array([(pixels + len(windows) - 1) * channels + last]))
        reads.append(windows[::2])
        ends.append((pixels + np.minimum(np.arange(2, len(windows) + 2, 2), len(windows))) * channels)
    return smallest_lag(np.concatenate(reads), np.maximum.accumulate(np.concatenate(ends)))


@lru_cache(maxsize=4096)
def lag_by_strip_of_row(window: Window, x: Shape, y: Shape, strip: int) -> int:
    """The lag of a kernel that reads the windows of `strip` neighbouring pixels of a row before it writes these."""
    return _lag_of_blocks(lowest_elements(window, x, y).reshape(-1, y[2]), y[3], strip)


@lru_cache(maxsize=4096)
def lag_by_row(window: Window, x: Shape, y: Shape, passes: Passes) -> int:
    """The lag of a kernel that goes through a row of the result in these passes before it looks at the next row."""
    lowest = lowest_elements(window, x, y).reshape(-1, y[2]).min(axis=1)
    ends = (np.arange(1, lowest.size + 1) * y[2] - 1) * y[3]
    reads, writes = np.array([step for step in passes if step[1] > 0]).T
    return smallest_lag(lowest[:, None] + reads, ends[:, None] + np.minimum(writes, y[3]))
