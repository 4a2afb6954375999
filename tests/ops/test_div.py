"""Division in int8: how far from the exact quotient, by zero, and when it is left to floats."""

from __future__ import annotations

from math import inf, nan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from texts import read

from tinyc.driver.phases import Quantization, lower
from tinyc.errors import UnsupportedError
from tinyc.ir.op import ChannelRange, Signature
from tinyc.ir.types import DType, QuantParams, Rounding, TensorType
from tinyc.ops import Div

SCALES = st.floats(-7, 5).map(lambda exponent: 2.0**exponent)
POINTS = st.sampled_from([-128, 127, 0]) | st.integers(-128, 127)
STORED = np.arange(-128, 128).astype(np.int8)


def signature(
    scales: tuple[float, float, float], points: tuple[int, int, int], rounding: Rounding = Rounding.SINGLE
) -> Signature:
    shapes = (256, 1), (256,), (256, 256)
    a, b, y = (TensorType(s, DType.I8, QuantParams((f,), z)) for s, f, z in zip(shapes, scales, points, strict=True))
    return Signature((a, b), (y,), rounding)


def every_pair(sig: Signature) -> np.ndarray:
    """Stored results for all stored dividends (rows) and divisors."""
    return Div().eval_int((STORED[:, None], STORED), sig)[0]


@settings(deadline=None, max_examples=30)
@given(scales=st.tuples(SCALES, SCALES, SCALES), points=st.tuples(POINTS, POINTS, POINTS))
def test_the_nearest_result_or_that_beside_it_at_a_tie(
    scales: tuple[float, float, float], points: tuple[int, int, int]
) -> None:
    """What is rounded is at most 2^-13 of a step from the exact quotient."""
    got = every_pair(signature(scales, points)).astype(int)
    a, b = (np.arange(-128 - p, 128 - p) for p in points[:2])
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = a[:, None] * (scales[0] / (scales[1] * scales[2])) / b + points[2]
    inside = (np.abs(steps) < 300) & (b != 0)
    off = got - np.clip(steps, -128.5, 127.5)
    assert np.abs(off[inside]).max(initial=0) <= 0.5 + 2**-13
    nearest = np.clip(np.floor(steps + 0.5), -128, 127)
    assert np.abs(got - nearest)[inside].max(initial=0) <= 1
    beyond = ~inside & (b != 0)
    np.testing.assert_array_equal(got[beyond], np.where(steps > 0, 127, -128)[beyond])


@pytest.mark.parametrize("ratio", [2**-0.5 / 10, 3**-0.5, 3.1415927, 11**0.5 * 9])
def test_hardly_a_pair_is_not_the_nearest(ratio: float) -> None:
    got = every_pair(signature((ratio, 1.0, 1.0), (5, -128, -3))).astype(int)[:, 1:]
    steps = np.arange(-133, 123)[:, None] * ratio / np.arange(1, 256) - 3
    assert (got != np.clip(np.floor(steps + 0.5), -128, 127)).sum() <= 10  # of 65,280


@pytest.mark.parametrize("rounding", Rounding)
def test_by_zero(rounding: Rounding) -> None:
    """As if zero were a small positive number; clamps hold."""
    sig = signature((0.1, 0.02, 0.3), (3, -7, 5), rounding)
    by_zero = every_pair(sig)[:, 128 - 7]
    assert set(by_zero[: 128 + 3]) == {-128} and by_zero[128 + 3] == 5 and set(by_zero[128 + 4 :]) == {127}
    (clamped,) = Div(low=-0.3, high=0.6).eval_int((STORED[:, None], STORED), sig)
    assert set(clamped[:, 128 - 7]) == {4, 5, 7}


@settings(deadline=None, max_examples=50)
@given(
    points=st.tuples(POINTS, POINTS, POINTS),
    ends=st.lists(st.integers(-128, 127), min_size=4, max_size=4),
    rounding=st.sampled_from(Rounding),
    ratio=SCALES,
)
def test_ranges_hold_every_result(
    points: tuple[int, int, int], ends: list[int], rounding: Rounding, ratio: float
) -> None:
    sig = signature((1.0, 0.25, ratio), points, rounding)
    ranges = [ChannelRange(*(np.array([end]) for end in sorted(pair))) for pair in (ends[:2], ends[2:])]
    (found,) = Div().channel_ranges(ranges, sig)
    a, b = (np.arange(r.low[0], r.high[0] + 1).astype(np.int8) for r in ranges)
    (results,) = Div().eval_int((a[:, None], b), sig)
    assert found.low[0] == results.min() and found.high[0] == results.max()


@pytest.mark.parametrize("divisors", [(0.1, 1.6), (-3.0, -0.5), (2.0, 2.0)])
def test_divisors_far_from_zero_are_stored(divisors: tuple[float, float]) -> None:
    assert Div().with_internals([divisors]).quant_rule == Div().quant_rule


@pytest.mark.parametrize(
    "divisors", [(0.09, 1.6), (-1.0, 1.0), (0.0, 1.0), (-1.0, 0.0), (0.0, 0.0), (1.0, inf), (nan, 1.0)]
)
def test_divisors_near_zero_are_not(divisors: tuple[float, float]) -> None:
    with pytest.raises(UnsupportedError, match="int8 is too coarse for divisors between"):
        _ = Div().with_internals([divisors]).quant_rule


MODEL = """
    input %x: 1x32xf32
    input %d: 1x32xf32
    const %w: 32x32xf32
    const %b: 32xf32
    %a = dense(%x, %w, %b) : 1x32xf32
    %c = dense(%d, %w, %b) : 1x32xf32
    %q = div(%a, %c) : 1x32xf32
    %y = dense(%q, %w, %b) : 1x32xf32
    output %y
"""


def lowered(low: float, **options: bool) -> tuple[list[str], dict[str, str]]:
    """A model whose divisors are from `low` to 2: its operators, and why some are in float."""
    rng = np.random.default_rng(0)
    graph = read(MODEL, w=np.eye(32, dtype=np.float32), b=np.zeros(32, np.float32))
    d = np.linspace(low, 2, 128, dtype=np.float32).reshape(4, 1, 32)
    made = lower(graph, Quantization({"x": rng.normal(size=(4, 1, 32)).astype(np.float32), "d": d}, **options))
    return [node.op.name for node in made.graph.nodes], dict(made.float_layers)


def test_calibration_decides() -> None:
    assert lowered(0.5) == (["dense", "dense", "div", "dense"], {})
    operators, why = lowered(-1.0)
    assert operators == ["dense", "dense", "dequantize", "dequantize", "div", "quantize", "dense"]
    assert why == {"q": "int8 is too coarse for divisors between -1 and 2"}


def test_int8_alone() -> None:
    assert lowered(0.5, strict=True)[1] == {}
    with pytest.raises(UnsupportedError, match="too coarse for divisors between -1 and 2, and int8 alone is allowed"):
        lowered(-1.0, strict=True)


def test_infinite_quotients_that_nobody_stores() -> None:
    """Calibration runs into a division by zero, which is in float with what reads it."""
    text = MODEL.replace("%y = dense(%q, %w, %b)", '%y = accumulate(%q) {function = "sum", axis = 1}')
    graph = read(text, w=np.eye(32, dtype=np.float32), b=np.zeros(32, np.float32))
    made = lower(graph, Quantization({"x": np.ones((2, 1, 32), np.float32), "d": np.zeros((2, 1, 32), np.float32)}))
    assert [n.op.name for n in made.graph.nodes if n.op.name in ("div", "accumulate", "quantize")] == [
        "div",
        "accumulate",
    ]


@pytest.mark.parametrize("rounding", Rounding)
def test_scales_whose_ratio_is_beyond_all_numbers(rounding: Rounding) -> None:
    results = every_pair(signature((3e38, 1e-30, 1e-30), (0, 0, 0), rounding)).astype(int)
    signs = np.sign(STORED.astype(int))[:, None] * np.where(STORED == 0, 1, np.sign(STORED.astype(int)))
    np.testing.assert_array_equal(results, np.select([signs > 0, signs < 0], [127, -128], 0))
