"""int8 models under `tflite` rounding: the very bytes of TensorFlow Lite Micro's interpreter."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tflite_cases import EXACT
from tflite_model import TfliteModel, integers, random_inputs, reference

from tinyc.quant.partition import float_layers


def check_bytes(model: TfliteModel, seed: int) -> None:
    """Computed in integers alone, to the same bytes."""
    data = model.bytes()
    inputs = random_inputs(model, np.random.default_rng(seed))
    graph, got = integers(data, inputs)
    assert float_layers(graph, "") == {} and graph.is_integer()
    for ours, theirs in zip(got, reference(data, inputs), strict=True):
        np.testing.assert_array_equal(ours, theirs)


def drawn(name: str, data: st.DataObject) -> None:
    check_bytes(EXACT[name](data.draw), data.draw(st.integers(0, 2**32 - 1)))


@pytest.mark.parametrize("name", EXACT)
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_same_bytes(name: str, data: st.DataObject) -> None:
    drawn(name, data)


@pytest.mark.slow
@pytest.mark.parametrize("name", EXACT)
@settings(max_examples=500, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_same_bytes_of_many(name: str, data: st.DataObject) -> None:
    drawn(name, data)


@pytest.mark.parametrize("ratio", [0.1, 1.0, 3.7])
@pytest.mark.parametrize("zero", [-128, 127, 5])
def test_quotients_of_every_pair(ratio: float, zero: int) -> None:
    """Below one step TensorFlow Lite Micro may shift by more than an int32 has, and then gives anything."""
    stored = np.arange(-128, 128)
    rows, columns = stored[:, None], stored[stored != zero]
    m = TfliteModel()
    ins = [m.input((256, 1), "int8", (ratio, 3)), m.input((255,), "int8", (1.0, zero))]
    m.output(m.op("DIV", ins, m.tensor((256, 255), "int8", (1.0, -4)), "DivOptions"))
    given = [rows.astype(np.int8), columns.astype(np.int8)]
    graph, (got,) = integers(m.bytes(), given)
    assert graph.is_integer() and [n.op.name for n in graph.nodes] == ["div"]
    exact = (rows - 3) * ratio / (columns - zero)
    assert np.abs(got - np.clip(exact - 4, -128, 127)).max() <= 0.51
    counts = np.abs(exact) >= 1
    assert counts.sum() > 1000
    np.testing.assert_array_equal(got[counts], reference(m.bytes(), given)[0][counts])
