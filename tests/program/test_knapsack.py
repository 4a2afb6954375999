"""The knapsack against trying everything."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from tinyc.program.knapsack import Option, cheapest

NAMES = ("a", "b", "c")
OPTIONS = st.builds(
    Option, st.integers(0, 30), st.integers(0, 20), st.frozensets(st.sampled_from(NAMES), max_size=2)
)  # fmt: skip
GROUPS = st.lists(st.lists(OPTIONS, min_size=1, max_size=4), max_size=4)
SHARED = st.fixed_dictionaries({name: st.integers(0, 25) for name in NAMES})


def totals(chosen: tuple[Option, ...], shared: dict[str, int]) -> tuple[int, int]:
    """The cost and the bytes of some options together."""
    names = {name for option in chosen for name in option.shared}
    return sum(o.cost for o in chosen), sum(o.bytes for o in chosen) + sum(shared[name] for name in names)


@given(GROUPS, SHARED, st.none() | st.integers(0, 120))
def test_nothing_is_cheaper(groups: list[list[Option]], shared: dict[str, int], budget: int | None) -> None:
    all_choices = (totals(chosen, shared) for chosen in product(*groups))
    best = min((t for t in all_choices if budget is None or t[1] <= budget), default=None)
    found = cheapest(groups, shared, budget)
    if best is None:
        assert found is None
    else:
        assert found is not None
        assert totals(tuple(g[i] for g, i in zip(groups, found, strict=True)), shared) == best


def test_a_long_row_of_layers_is_solved() -> None:
    groups = [[Option(100 - i, i % 7), Option(10 + 3 * i, 20 + i % 11), Option(5, 60)] for i in range(60)]
    found = cheapest(groups, {}, 1500)
    assert found is not None
    cost, size = totals(tuple(g[i] for g, i in zip(groups, found, strict=True)), {})
    assert size <= 1500 and cost < sum(group[0].cost for group in groups)
