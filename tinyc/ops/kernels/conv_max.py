"""Convolutions with maxima over windows of their results: one kernel for both, which makes no results between them.

The largest sum of a window makes its largest result: see `runtime_c/tinyc/tinyc_pool_kernels.h`. What these kernels
count as work is what the convolution alone counts, as far as windows see it, and what is their own (`windows`,
`maxima`, `merged`): so `benchmarks/bench_kernels.py` can fit what they take more or less than it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod

from tinyc.ir.kernel import Candidate, In, KernelCall, KernelTarget, Out, Struct, Workspace, inlined, tinyc_call
from tinyc.ir.op import Signature
from tinyc.ops._lag import lag_by_block, lag_by_strip_of_row, with_lags
from tinyc.ops._window import Window
from tinyc.ops.kernels import conv_pairs, conv_plain, conv_vectors, winograd

MOST_CELLS = 9  # of a window: a column waits for each


@dataclass(frozen=True, eq=False)
class Layers:
    """A convolution and the pooling behind it."""

    conv: Signature
    pool: Signature
    clamp: tuple[float, float]
    """Of both, one after the other."""
    window: Window
    """Of the convolution."""
    cells: Window
    """Of the pooling."""

    @property
    def known(self) -> bool:
        """Whether the windows of the pooling part the plane, from its first cell on, and do not requantize."""
        apart = self.cells.kernel == self.cells.stride and self.cells.pads[:2] == (0, 0)
        return apart and 1 < prod(self.cells.kernel) <= MOST_CELLS and self.pool.x.quant == self.pool.y.quant

    @property
    def windows(self) -> int:
        """Windows of the pooling in all images."""
        n, height, width, _ = self.pool.y.shape
        return n * height * width

    @property
    def seen(self) -> Window:
        """What a window of the pooling sees of the input, as a moving window."""
        extents = [(self.cells.kernel[a] - 1) * self.window.stride[a] + self.window.extent(a) for a in range(2)]
        strides = [self.cells.kernel[a] * self.window.stride[a] for a in range(2)]
        return Window((extents[0], extents[1]), (strides[0], strides[1]), self.window.pads)

    @property
    def fields(self) -> dict[str, int]:
        """Those of `tinyc_max_windows`."""
        (kernel_h, kernel_w), (_, out_h, out_w, _) = self.cells.kernel, self.pool.y.shape
        return {"kernel_h": kernel_h, "kernel_w": kernel_w, "out_h": out_h, "out_w": out_w}

    def lagging(self, call: KernelCall, windows: int) -> KernelCall:
        """The call, which reads what `windows` neighbours see before it writes their results."""
        lag = lag_by_block(self.seen, self.conv.x.shape, self.pool.y.shape, windows)
        return with_lags(call, self.pool, {0: lag})


def candidates(layers: Layers, target: KernelTarget) -> Sequence[Candidate]:
    """The calls, the fastest first; In(0) is the input of the convolution. None where they do not know the layers."""
    if not layers.conv.x.quant or not layers.known:
        return []
    if target.mve:
        return _vectors(layers)
    if layers.window.dilation != (1, 1):
        return []
    if target.dsp:
        return [*_by_tiles(layers), *_by_pairs(layers)]
    return _plain(layers, target)


def _by_tiles(layers: Layers) -> Sequence[Candidate]:
    """By Winograd's tiles of two by two pixels."""
    x, y, cells = layers.conv.x.shape, layers.pool.y.shape, layers.cells.kernel
    made = [min(y[1 + a] * cells[a], layers.conv.y.shape[1 + a]) for a in range(2)]  # rows and columns
    turned = winograd.Turned.of(layers.conv, layers.clamp, layers.window, -(-made[1] // 2)) if max(cells) <= 2 else None
    if turned is None:
        return []
    call = tinyc_call(
        "tinyc_winograd_max_s8",
        Struct("tinyc_winograd_max_params", {"conv": turned.fields, "windows": layers.fields}),
        In(0), turned.packed, Workspace(), Out(),
        workspace_bytes=turned.workspace_bytes,
        work={**winograd.work_of(x, made, y), "maxima": layers.pool.y.size, "merged": layers.pool.y.size * prod(cells)},
    )  # fmt: skip
    lag = winograd.lag_of_tiles(layers.window, x, y, turned.tiles, (2 // cells[0], 2 // cells[1]))
    call = with_lags(call, layers.pool, {0: lag})
    return [(inlined(call),), (call,)]


def _by_pairs(layers: Layers) -> Sequence[Candidate]:
    """By products of pairs of pixels and filters."""
    conv, cells = layers.conv, prod(layers.cells.kernel)
    pairs = conv_pairs.Pairs(conv, layers.clamp, layers.window, conv.x.shape, conv.y.shape)
    found: list[KernelCall] = []
    for bits in (0, conv_pairs.BYTE_BITS):
        packed = pairs.packed(bits)
        if packed is None:
            continue
        maxima = layers.windows * -(-conv.y.shape[3] // 2)
        blocks, alone = maxima * (cells // 2), maxima * (cells % 2)
        work = {
            "calls": 1, "columns": layers.windows * cells * packed.fours, "blocks": blocks,
            "steps": blocks * packed.fours, "alone": alone, "alone_steps": alone * packed.fours,
            "windows": layers.windows, "maxima": maxima, "merged": blocks + alone - maxima,
        }  # fmt: skip
        params = {"conv": packed.fields, "windows": layers.fields, "wide": int(not bits)}
        call = tinyc_call(
            "tinyc_conv_max_s8",
            Struct("tinyc_conv_max_params", params),
            In(0), packed.words, Workspace(), Out(),
            workspace_bytes=8 * cells * packed.fours, work=work, variant="" if bits else "wide",
        )  # fmt: skip
        found.append(layers.lagging(call, 1))
    return [(call,) for call in (*map(inlined, found), *found[-1:])]


def _plain(layers: Layers, target: KernelTarget) -> Sequence[Candidate]:
    """On cores without the DSP extension, four pixels at a time."""
    conv, y, cells = layers.conv, layers.pool.y.shape, prod(layers.cells.kernel)
    packed = conv_plain.Packed.of(conv, target, layers.clamp, layers.window, conv.x.shape, conv.y.shape)
    if packed is None or cells not in (2, conv_plain.BLOCK):
        return []
    together = conv_plain.BLOCK // cells  # windows
    call = tinyc_call(
        "tinyc_conv_max_plain_s8",
        Struct("tinyc_conv_max_plain_params", {"conv": packed.fields, "windows": layers.fields}),
        In(0), packed.words, Workspace(), Out(),
        workspace_bytes=packed.workspace_bytes,
        work={
            **packed.work(y[0] * -(-y[1] * y[2] // together), y),
            "windows": layers.windows, "merged": layers.pool.y.size * cells,
        },
    )  # fmt: skip
    call = layers.lagging(call, together)
    return [(inlined(call),), (call,)]


def _vectors(layers: Layers) -> Sequence[Candidate]:
    """On cores with Helium, a strip of x for each row of a window."""
    conv, y, (down, across) = layers.conv, layers.pool.y.shape, layers.cells.kernel
    if layers.window.dilation[1] != 1:
        return []
    packed = conv_vectors.Packed.of(conv, layers.clamp, layers.window, conv.x.shape, conv.y.shape)
    if packed is None:
        return []
    room = (conv_vectors.STRIP_BYTES // (down * packed.column) - layers.window.kernel[1]) // layers.window.stride[1] + 1
    times = -(-y[2] // max(1, room // across))
    together = -(-y[2] // times)  # windows
    strip, strips = packed.strip_bytes(together * across), y[0] * y[1] * times
    params = {"conv": packed.fields(together * across), "windows": layers.fields, "strip_bytes": strip}
    blocks, steps = -(-y[3] // conv_vectors.FILTERS), -(-prod(conv.ins[1].shape[1:]) // conv_vectors.LANES)
    windows = layers.windows * blocks
    pairs = windows * -(-down * across // 2)
    turned = y[0] * y[1] * down * conv.x.shape[2] * layers.window.kernel[0] * -(-conv.x.shape[3] // conv_vectors.LANES)
    call = tinyc_call(
        "tinyc_conv_max_vectors_s8",
        Struct("tinyc_conv_max_vectors_params", params),
        In(0), packed.words, Workspace(), Out(),
        workspace_bytes=down * strip,
        work={
            "calls": 1, "strips": strips * down, "passes": strips * down * blocks, "pairs": pairs,
            "steps": pairs * steps, "turned": turned, "windows": windows, "merged": pairs - windows,
        },
    )  # fmt: skip
    lag = lag_by_strip_of_row(layers.seen, conv.x.shape, y, together)
    call = with_lags(call, layers.pool, {0: lag})
    return [(inlined(call),), (call,)]
