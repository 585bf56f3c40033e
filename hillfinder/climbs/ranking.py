"""From climbs to rows: one a physical hill, in order."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np

from hillfinder.streets.geometry.polylines import Polylines
from hillfinder.streets.tags.roads import ALONG_ROAD_KEYS, RoadClass, class_of, is_pavement

if TYPE_CHECKING:
    from hillfinder.climbs.search import Climbs
    from hillfinder.model import Bools, Floats, Ints

#: Distance within which lines run up one hill, m: a wide street with pavements on both sides.
TWIN_M = 30.0
#: Difference in height from which they are two hills, m: the next leg but one of a switchback.
ABOVE_M = 8.0
#: The same as a share of the smaller rise.
ABOVE_SHARE = 0.25
#: Share of a climb that lies beside another one, its twin.
TWIN_SHARE = 0.5
#: Cosine of the greatest angle between the directions in which twins rise.
SAME_WAY_COSINE = 0.5
#: Classes of ways that stand behind streets where they have no name.
PATHS = (RoadClass.FOOTWAY, RoadClass.PATH, RoadClass.CYCLEWAY)


def order(climbs: Climbs) -> Ints:
    """Return the rows of ``climbs`` that are hills of their own, best first.

    The order is by mean grade, then by gain, then by where foot and top lie: it is total, so that
    equal input gives equal output to the byte. Where lines rise side by side the steepest stands
    for all of them, but a street stands before its pavement and before paths without a name.
    """
    if len(climbs) == 0:
        return np.empty(0, np.int64)
    x, y = (np.round(part, 2) for part in climbs.points(np.array([0.0, 1.0])))
    grade, gain = np.round(climbs.grade, 7), np.round(climbs.gain_m, 4)
    best = np.lexsort((y[:, 1], x[:, 1], y[:, 0], x[:, 0], -gain, -grade))
    behind = _stands_behind(climbs)
    twins = _twins(climbs)
    dropped, kept = set[int](), np.zeros(len(climbs), bool)
    for row in best[np.argsort(behind[best], kind="stable")].tolist():
        if row not in dropped:
            kept[row] = True
            dropped.update(twins.get(row, ()))
    return best[kept[best]]


def _stands_behind(climbs: Climbs) -> Bools:
    """Return which climbs run on a pavement, or on a path without a name."""
    ways = climbs.network.ways
    nameless = ways.column("name") == np.array(None)
    path = ways.said.rated(("highway",), lambda tags: class_of(tags.get("highway")) in PATHS) > 0
    behind = (ways.said.rated(ALONG_ROAD_KEYS, is_pavement) > 0) | path & nameless
    way = climbs.network.edge_way[np.stack([climbs.foot_edge, climbs.top_edge])]
    return np.asarray(behind[way].any(axis=0))


def _twins(climbs: Climbs) -> dict[int, list[int]]:
    """Return for each climb the others of which half or more lies beside it."""
    from scipy.spatial import cKDTree

    owner, x, y, z = _points_along(climbs)
    # Built for every search and queried once: a balanced tree would take longer than it saves.
    tree = cKDTree(np.column_stack([x, y]), balanced_tree=False, compact_nodes=False)
    pairs = tree.query_pairs(TWIN_M, output_type="ndarray")
    pairs = pairs[owner[pairs[:, 0]] != owner[pairs[:, 1]]]
    point, other = np.concatenate([pairs, pairs[:, ::-1]]).T
    one, mate, gain_m = owner[point], owner[other], climbs.gain_m
    above = np.maximum(ABOVE_M, ABOVE_SHARE * np.minimum(gain_m[one], gain_m[mate]))
    beside = np.abs(z[point] - z[other]) <= above
    # Each point counts once for each climb that it lies beside.
    key = np.unique(point[beside] * len(climbs) + mate[beside])
    couple, count = np.unique(
        owner[key // len(climbs)] * len(climbs) + key % len(climbs), return_counts=True
    )
    one, mate = couple // len(climbs), couple % len(climbs)
    rise = np.stack([part[:, 1] - part[:, 0] for part in climbs.points(np.array([0.0, 1.0]))])
    rise /= np.maximum(np.hypot(*rise), 1e-9)
    same = (count >= TWIN_SHARE * np.bincount(owner)[one]) & (
        (rise[:, one] * rise[:, mate]).sum(axis=0) >= SAME_WAY_COSINE
    )
    twins: dict[int, list[int]] = defaultdict(list)
    for row, beside_row in zip(one[same].tolist(), mate[same].tolist(), strict=True):
        twins[beside_row].append(row)
    return twins


def _points_along(climbs: Climbs) -> tuple[Ints, Floats, Floats, Floats]:
    """Return points along all climbs, at most ``TWIN_M / 2`` apart: owner, x, y and height.

    Climbs of about one length are laid out together, so that a long one costs the others nothing.
    The height between foot and top is taken as that of a straight line.
    """
    steps = np.ceil(climbs.length_m / (TWIN_M / 2))
    size = 2 ** np.ceil(np.log2(np.maximum(steps, 1))).astype(np.int64) + 1
    profiles = climbs.network.known_profiles()
    lines = Polylines(profiles.offset, profiles.distance_m)
    feet = climbs.foot_edge, climbs.foot_offset_m
    (foot_z,) = lines.interpolate(*feet, profiles.elevation_m)
    parts = []
    for points in np.unique(size).tolist():
        rows = np.flatnonzero(size == points)
        shares = np.linspace(0.0, 1.0, points)
        x, y = (part.ravel() for part in climbs.points(shares, rows))
        z = foot_z[rows, None] + climbs.gain_m[rows, None] * shares
        parts.append((np.repeat(rows, points), x, y, z.ravel()))
    owner, x, y, z = (np.concatenate(column) for column in zip(*parts, strict=True))
    return owner, x, y, z
