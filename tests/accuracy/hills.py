"""The list of hills by each method, and how it compares with the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hillfinder.climbs import ranking
from hillfinder.climbs.search import find
from hillfinder.criteria import Criteria
from tests.accuracy.readings import Spots, Stretches, along

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hillfinder.model import Bools, Floats
    from tests.accuracy.readings import Reading

#: Two climbs are one hill where half of one lies so near the other.
SAME_HILL_M = 30.0
SHARES = np.linspace(0.0, 1.0, 11)


@dataclass(frozen=True, slots=True, eq=False)
class Listed:
    """Hills in the order of the list: k of them.

    Attributes:
        stretches: where they run.
        claimed: shape (k,), the grades told, as ratios.
        sigma: shape (k,), the doubt told, NaN where there is none.
        x_m, y_m: shape (k, 11), points along each, foot first.
        way_ids: the OpenStreetMap ways of each.
    """

    stretches: Stretches
    claimed: Floats
    sigma: Floats
    x_m: Floats
    y_m: Floats
    way_ids: Sequence[tuple[int, ...]]

    def __len__(self) -> int:
        return len(self.claimed)

    def first(self, count: int) -> Listed:
        part = slice(count)
        return Listed(
            self.stretches.at(part),
            self.claimed[part],
            self.sigma[part],
            self.x_m[part],
            self.y_m[part],
            self.way_ids[part],
        )


def listed(reading: Reading, method: str, limit: int = 1000) -> Listed:
    """Return the hills that a method finds on trusted ground, steepest first.

    The plain OSMnx way knows whole edges alone; the others search as ours does.
    """
    if method == "OSMnx":
        return _whole_edges(reading, limit)
    climbs = find(reading.as_read(method), Criteria())
    rows = ranking.order(climbs)
    claimed = climbs.grade
    if method != "ours":  # what was read is told as it is
        reader = Stretches(
            Spots(climbs.foot_edge, climbs.foot_offset_m),
            Spots(climbs.top_edge, climbs.top_offset_m),
            climbs.length_m,
        )
        claimed = reading.grade(method, reader)
        rows = rows[np.argsort(-claimed[rows], kind="stable")]
    rows = rows[:limit]
    x, y = climbs.points(SHARES)
    return Listed(
        stretches=Stretches(
            Spots(climbs.foot_edge[rows], climbs.foot_offset_m[rows]),
            Spots(climbs.top_edge[rows], climbs.top_offset_m[rows]),
            climbs.length_m[rows],
        ),
        claimed=claimed[rows],
        sigma=climbs.grade_sigma[rows],
        x_m=x[rows],
        y_m=y[rows],
        way_ids=[climbs[row].way_ids for row in rows.tolist()[:100]],
    )


def _whole_edges(reading: Reading, limit: int) -> Listed:
    """Return the edges of 100 to 200 m, by the grade between their ends."""
    network, profiles = reading.network, reading.profiles
    length = network.edge_length_m
    shortest, longest = Criteria().length_range_m
    line = reading.line["OSMnx"]
    gain = line[profiles.offset[1:] - 1] - line[profiles.offset[:-1]]
    good = network.ways.hill[network.edge_way] & (length >= shortest) & (length <= longest)
    good &= np.logical_and.reduceat(profiles.trusted, profiles.offset[:-1]) & ~np.isnan(gain)
    grade = np.abs(gain) / np.maximum(length, 1e-9)
    edge = np.flatnonzero(good)
    edge = edge[np.lexsort((edge, -grade[edge]))][:limit]
    low, high = np.zeros(len(edge)), length[edge]
    up = gain[edge] > 0
    foot, top = np.where(up, low, high), np.where(up, high, low)
    at = foot[:, np.newaxis] + SHARES * (top - foot)[:, np.newaxis]
    spots = Spots(np.repeat(edge, len(SHARES)), at.ravel())
    return Listed(
        stretches=Stretches(Spots(edge, foot), Spots(edge, top), high),
        claimed=grade[edge],
        sigma=np.full(len(edge), np.nan),
        x_m=along(network, network.point_x_m, spots).reshape(at.shape),
        y_m=along(network, network.point_y_m, spots).reshape(at.shape),
        way_ids=[network.ways.ids[way] for way in network.edge_way[edge].tolist()],
    )


def recall(truth: Listed, found: Listed) -> float:
    """Return the percentage of the true hills that lie among the found ones."""
    return 100 * float(_beside(truth, found).mean())


def _beside(one: Listed, other: Listed) -> Bools:
    east = one.x_m[:, np.newaxis, :, np.newaxis] - other.x_m[np.newaxis, :, np.newaxis, :]
    north = one.y_m[:, np.newaxis, :, np.newaxis] - other.y_m[np.newaxis, :, np.newaxis, :]
    near = np.hypot(east, north).min(axis=3) <= SAME_HILL_M
    return np.asarray((near.mean(axis=2) >= 0.5).any(axis=1))
