"""ONNX's static node tests and small models: what has passed passes; nothing is wrong, crashes or does not compile."""

from __future__ import annotations

import pytest
from backend import Status, model_names, run_case
from run import recorded

SAMPLES = 12
RESULTS = recorded()
NODES = sorted(name for name in RESULTS if "/" not in name)
SAMPLE = [name for i, name in enumerate(NODES) if i % 14 in (0, 5, 9)]  # `make test-all` runs the others too
REST = sorted(set(RESULTS) - set(SAMPLE))
MODELS = ["pytorch-converted/test_GLU", "pytorch-operator/test_operator_addmm", "simple/test_shrink"]


def check(names: list[str]) -> None:
    """Every case does what it did."""
    found = {name: run_case(name) for name in names}
    changed = {n: o for n, o in found.items() if o.status is not RESULTS[n]}
    assert not changed, "\n".join(
        f"{n}: {o.status.value}, was {RESULTS[n].value}: {o.detail}" for n, o in changed.items()
    )


def test_the_list_has_what_must_pass() -> None:
    assert len(NODES) == 1468 and len(SAMPLE) >= 300
    assert {*RESULTS} == {*NODES, *model_names()}
    assert [RESULTS[name] for name in NODES].count(Status.PASS) >= 1454
    assert list(RESULTS.values()).count(Status.PASS) >= 1454 + 123
    assert set(RESULTS.values()) <= {Status.PASS, Status.UNSUPPORTED}


@pytest.mark.parametrize("part", range(SAMPLES))
def test_a_sample(part: int) -> None:
    check(SAMPLE[part::SAMPLES])


def test_models_of_older_opsets() -> None:
    check(MODELS)


@pytest.mark.slow
@pytest.mark.parametrize("part", range(SAMPLES))
def test_the_rest(part: int) -> None:
    check(REST[part::SAMPLES])
