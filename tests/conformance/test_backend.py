"""ONNX's static node tests: what has passed passes, and nothing is wrong, crashes or does not compile."""

from __future__ import annotations

import pytest
from backend import Status, run_case
from run import recorded

SAMPLES = 12
RESULTS = recorded()
SAMPLE = [name for i, name in enumerate(sorted(RESULTS)) if i % 14 in (0, 5, 9)]  # `make test-all` runs the others too
REST = sorted(set(RESULTS) - set(SAMPLE))


def check(names: list[str]) -> None:
    """Every case does what it did."""
    found = {name: run_case(name) for name in names}
    changed = {n: o for n, o in found.items() if o.status is not RESULTS[n]}
    assert not changed, "\n".join(
        f"{n}: {o.status.value}, was {RESULTS[n].value}: {o.detail}" for n, o in changed.items()
    )


def test_the_list_has_what_must_pass() -> None:
    assert len(RESULTS) == 1468 and len(SAMPLE) >= 300
    statuses = list(RESULTS.values())
    assert statuses.count(Status.PASS) >= 1395
    assert set(statuses) <= {Status.PASS, Status.UNSUPPORTED}


@pytest.mark.parametrize("part", range(SAMPLES))
def test_a_sample(part: int) -> None:
    check(SAMPLE[part::SAMPLES])


@pytest.mark.slow
@pytest.mark.parametrize("part", range(SAMPLES))
def test_the_rest(part: int) -> None:
    check(REST[part::SAMPLES])
