"""Systems on streets, against dense solves; near points, against all pairs."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hillfinder.elevation.profiles.solver import Factors, Ties
from hillfinder.elevation.proximity import may_meet


@given(
    seed=st.integers(0, 2**32 - 1),
    inside=st.lists(st.integers(0, 6), max_size=6),
    before=st.integers(0, 4),
    behind=st.integers(0, 4),
    reach=st.sampled_from([1, 2]),
)
def test_it_solves_what_a_dense_solve_does(
    seed: int, inside: list[int], before: int, behind: int, reach: int
) -> None:
    """Edges of few samples, each with some of the others for neighbours, at any of its places."""
    rng = np.random.default_rng(seed)
    edge = np.repeat(np.arange(len(inside)), inside)
    count = before + len(edge) + behind
    others = np.r_[0:before, before + len(edge) : count]
    pairs = [
        (before + one, before + other)
        for one in range(len(edge))
        for other in range(one + 1, min(one + reach + 1, len(edge)))
        if edge[one] == edge[other]
    ]
    if len(others):
        for row in range(len(inside)):
            neighbours = rng.choice(others, 3)
            for sample in before + np.flatnonzero(edge == row):
                pair = [int(sample), int(rng.choice(neighbours))]
                pairs.append(tuple(rng.permutation(pair).tolist()))
        pairs += [tuple(pair) for pair in rng.choice(others, (6, 2)).tolist()]  # loops, and again
    value = rng.uniform(-1, 1, len(pairs))
    one, other = np.array(pairs, np.int64).reshape(-1, 2).T
    diagonal = rng.uniform(40, 50, count)
    matrix = np.diag(diagonal)
    np.add.at(matrix, (one, other), value)
    np.add.at(matrix, (other, one), value)
    right = rng.uniform(-1, 1, count)
    given_right = right.copy()
    for turn in (None, rng.permutation(len(others))):
        found = Factors(diagonal, Ties(one, other, value), before, edge, turn).solve(right)
        np.testing.assert_allclose(found, np.linalg.solve(matrix, right), atol=1e-12)
    np.testing.assert_array_equal(right, given_right)


@given(
    seed=st.integers(0, 2**32 - 1),
    spread=st.sampled_from([0.0, 1.0, 50.0, 1e6]),
    reach=st.sampled_from([0.5, 5.0, 100.0]),
)
def test_no_two_points_that_meet_are_left_out(seed: int, spread: float, reach: float) -> None:
    rng = np.random.default_rng(seed)
    one, other = (spread * rng.uniform(-1, 1, (2, int(rng.integers(1, 40)))) for _ in range(2))
    met = np.hypot(*(one[:, :, None] - other[:, None, :])) <= reach
    mine, others = may_meet((one[0], one[1]), (other[0], other[1]), reach)
    assert mine[met.any(axis=1)].all()
    assert others[met.any(axis=0)].all()
    # And of those far away few are asked for: their squares touch.
    away = np.hypot(*(one[:, :, None] - other[:, None, :])).min(axis=1)
    assert not mine[away > 3 * max(reach, 2 * spread / 1000)].any()
