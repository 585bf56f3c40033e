"""From climbs to rows: one a physical hill, in order, named as a person would name it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np

from hillfinder.model import STEEPEST_STREET
from hillfinder.streets.geometry.polylines import Legs, drawn

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from hillfinder.climbs.search import Climbs
    from hillfinder.criteria import Criteria
    from hillfinder.model import Bools, Climb, Confidence, Floats, HeightSource, Hill, Ints
    from hillfinder.streets.network import Profiles, StreetNetwork

#: Lines nearer than this run up one hill: a wide street with a pavement on either side.
BESIDE_M = 30.0
#: They do unless one lies so much higher, or by so large a share of the rise: the next leg but one
#: of a switchback.
ABOVE_M, ABOVE_SHARE = 8.0, 0.25
#: A climb is another's twin where half of it lies beside that one and both rise within 60 degrees.
BESIDE_SHARE, SAME_WAY_COSINE = 0.5, 0.5
#: How far from the foot or the top a cross street may lie to be named.
CROSS_STREET_M = 150.0
#: How far a street may lie from an unnamed path that is called after it.
NEIGHBOUR_M = 250.0
#: A climb spans at least so many cells of the elevation model, or its grade is a guess.
COARSE_CELLS = 3.0
#: A climb is uneven where its steepest part is so many times its mean.
STEEP_PART = 1.5
#: A climb longer than this is called after the longest streets that it follows, so many of them.
LONG_M, LONG_NAMES = 1000.0, 3
KINDS = {
    "footway": "Footpath",
    "path": "Path",
    "track": "Track",
    "cycleway": "Cycle path",
    "bridleway": "Bridleway",
    "pedestrian": "Pedestrian street",
    "living_street": "Street",
    "residential": "Street",
}


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
    tag = climbs.network.ways.tag
    way = climbs.network.edge_way[np.stack([climbs.foot_edge, climbs.top_edge])]
    nameless, highway = tag["name"][way] == np.array(None), tag["highway"][way]
    behind = np.zeros(way.shape, bool)
    for key in ("footway", "path", "cycleway"):
        behind |= (tag[key][way] == "sidewalk") | (highway == key) & nameless
    return np.asarray(behind.any(axis=0))


def _twins(climbs: Climbs) -> dict[int, list[int]]:
    """Return for each climb the others of which half or more lies beside it."""
    from scipy.spatial import cKDTree

    owner, x, y, z = _points(climbs)
    # Made anew for every search, and asked once: an even tree would take longer than it saves.
    tree = cKDTree(np.column_stack([x, y]), balanced_tree=False, compact_nodes=False)
    pairs = tree.query_pairs(BESIDE_M, output_type="ndarray")
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
    same = (count >= BESIDE_SHARE * np.bincount(owner)[one]) & (
        (rise[:, one] * rise[:, mate]).sum(axis=0) >= SAME_WAY_COSINE
    )
    twins: dict[int, list[int]] = defaultdict(list)
    for row, beside_row in zip(one[same].tolist(), mate[same].tolist(), strict=True):
        twins[beside_row].append(row)
    return twins


def _points(climbs: Climbs) -> tuple[Ints, Floats, Floats, Floats]:
    """Return points along all climbs, at most ``BESIDE_M / 2`` apart: owner, x, y and height.

    Climbs of about one length are laid out together, so that a long one costs the others nothing.
    The height between foot and top is taken as that of a straight line.
    """
    steps = np.ceil(climbs.length_m / (BESIDE_M / 2))
    size = 2 ** np.ceil(np.log2(np.maximum(steps, 1))).astype(np.int64) + 1
    foot_z = _height(climbs.network, climbs.foot_edge, climbs.foot_offset_m)
    parts = []
    for points in np.unique(size).tolist():
        rows = np.flatnonzero(size == points)
        shares = np.linspace(0.0, 1.0, points)
        x, y = (part.ravel() for part in climbs.points(shares, rows))
        z = foot_z[rows, None] + climbs.gain_m[rows, None] * shares
        parts.append((np.repeat(rows, points), x, y, z.ravel()))
    owner, x, y, z = (np.concatenate(column) for column in zip(*parts, strict=True))
    return owner, x, y, z


def _height(network: StreetNetwork, edge: Ints, offset_m: Floats) -> Floats:
    """Return the heights at points of the network, shape (k,)."""
    profiles = cast("Profiles", network.profiles)  # or there were no climbs
    # All edges end to end on one axis, a metre apart.
    begin = np.concatenate([[0.0], np.cumsum(network.edge_length_m + 1.0)])[:-1]
    axis = profiles.distance_m + np.repeat(begin, np.diff(profiles.offset))
    return np.interp(begin[edge] + offset_m, axis, profiles.elevation_m)


class _Way(NamedTuple):
    """What a hill is named after.

    Attributes:
        names, kinds, metres: of each piece of an edge that it runs along.
        met: the junctions along it, from below its foot to beyond its top: where each lies, and
            the names of the streets that meet there.
        foot, top: where these lie: projected, east and north as one complex number.
    """

    names: list[str]
    kinds: list[str]
    metres: list[float]
    met: list[tuple[complex, set[str]]]
    foot: complex
    top: complex


class Names:
    """What the hills of a network are called."""

    def __init__(self, network: StreetNetwork) -> None:
        """Look up once what every edge is called."""
        self._network = network
        self._name, self._highway = (network.edge_tag(key) for key in ("name", "highway"))

    def label(self, climb: Climb) -> str:
        """Return what a person would call the hill.

        A street is called by its name and the streets it runs between; an unnamed path by what it
        is and the street it leads off, or the one nearest to it.
        """
        (label,) = self.labels(Legs.of([climb.legs]), [climb.length_m])
        return label

    def labels(self, legs: Legs, length_m: Iterable[float]) -> list[str]:
        """Return what a person would call each of many hills, given their legs and lengths."""
        network = self._network
        edge, first, last = legs.edge, legs.offset[:-1], legs.offset[1:] - 1
        names, kinds = (
            [word or "" for word in column[edge].tolist()] for column in (self._name, self._highway)
        )
        metres = np.abs(legs.stop_m - legs.start_m).tolist()
        ends = network.edge_u[edge], network.edge_v[edge]
        begun, reached = np.where(legs.stop_m < legs.start_m, ends[::-1], ends)
        nodes = np.unique([begun, reached])
        met = self._met(nodes)
        spots = network.node_x_m[nodes] + 1j * network.node_y_m[nodes]
        place = dict(zip(nodes.tolist(), spots.tolist(), strict=True))
        begun, reached = begun.tolist(), reached.tolist()
        feet = self._spots(edge[first], legs.start_m[first])
        tops = self._spots(edge[last], legs.stop_m[last])
        ways = (
            _Way(
                names[i:j],
                kinds[i:j],
                metres[i:j],
                [(place[node], met[node]) for node in (begun[i], *reached[i:j])],
                foot,
                top,
            )
            for (i, j), foot, top in zip(pairwise(legs.offset.tolist()), feet, tops, strict=True)
        )
        return [self._label(way, long) for way, long in zip(ways, length_m, strict=True)]

    def _met(self, nodes: Ints) -> Mapping[int, set[str]]:
        """Return the names of the streets that meet at nodes."""
        met: dict[int, set[str]] = {node: set() for node in nodes.tolist()}
        wanted = np.zeros(len(self._network.node_id), bool)
        wanted[nodes] = True
        for end in (self._network.edge_u, self._network.edge_v):
            edge = np.flatnonzero(wanted[end])
            for node, name in zip(end[edge].tolist(), self._name[edge].tolist(), strict=True):
                if name:
                    met[node].add(name)
        return met

    def _label(self, way: _Way, length_m: float) -> str:
        if length_m > LONG_M and (several := _streets(way)):
            return several
        street = _street(way)
        if not street:
            kind = _kind(way)
            for _, names in way.met:
                if names:
                    return f"{kind} off {min(names)}"
            name = self._nearest(way.foot.real, way.foot.imag)
            return f"{kind} near {name}" if name else f"{kind} without a name"
        half = (len(way.met) + 1) // 2
        low = _cross(way.met[:half], way.foot, street)
        high = _cross(way.met[: -half - 1 : -1], way.top, street)
        if low and high and low != high:
            return f"{street}, {low} to {high}"
        if low or high:
            return f"{street} at {low or high}"
        return street

    def _nearest(self, x: float, y: float) -> str:
        """Return the name of the street nearest to a point, nothing where all are far."""
        network = self._network
        dx, dy, wide, high = self._pieces
        point = np.flatnonzero(np.abs(network.point_x_m[:-1] - x) <= wide)
        point = point[np.abs(network.point_y_m[point] - y) <= high[point]]
        edge = np.searchsorted(network.point_offset, point, "right") - 1
        named = self._name[edge] != np.array(None)
        named &= point + 1 < network.point_offset[edge + 1]  # not from one edge to the next
        point, edge = point[named], edge[named]
        px, py = network.point_x_m[point] - x, network.point_y_m[point] - y
        dx, dy = dx[point], dy[point]
        share = np.clip(-(px * dx + py * dy) / np.maximum(dx**2 + dy**2, 1e-12), 0.0, 1.0)
        away = np.hypot(px + share * dx, py + share * dy)
        if away.min(initial=np.inf) > NEIGHBOUR_M:
            return ""
        return str(self._name[edge[np.argmin(away)]])

    @cached_property
    def _pieces(self) -> tuple[Floats, Floats, Floats, Floats]:
        """The way from each drawn point to the next, east and north, and how far it reaches.

        What lies farther from the point, eastward or northward, is far from all of the way.
        """
        dx, dy = np.diff(self._network.point_x_m), np.diff(self._network.point_y_m)
        return dx, dy, np.abs(dx) + NEIGHBOUR_M, np.abs(dy) + NEIGHBOUR_M

    def _spots(self, edge: Ints, offset_m: Floats) -> list[complex]:
        """Return where points of the network lie."""
        network = self._network
        lines, point = drawn(network, edge)
        places = network.point_x_m[point], network.point_y_m[point]
        x, y = lines.read(np.arange(len(edge)), offset_m, *places)
        spots: list[complex] = (x + 1j * y).tolist()
        return spots


def _streets(way: _Way) -> str:
    """Return the longest streets of a way over several, in the order met, else nothing."""
    metres = _sums(way.names, way.metres)
    metres.pop("", None)
    main = sorted(metres, key=lambda name: (-metres[name], name))[:LONG_NAMES]
    return ", then ".join(name for name in metres if name in main) if len(main) > 1 else ""


def _street(way: _Way) -> str:
    """Return the name that the longest named part of a way bears, else nothing."""
    metres = _sums(way.names, way.metres)
    return max(metres, key=lambda name: (bool(name), metres[name], name))


def _kind(way: _Way) -> str:
    """Return what the longest part of a way is."""
    metres = _sums(way.kinds, way.metres)
    return KINDS.get(max(metres, key=lambda kind: (metres[kind], kind)), "Way")


def _cross(met: list[tuple[complex, set[str]]], end: complex, street: str) -> str:
    """Return the first street that crosses another, seen from one end of the climb."""
    for at, names in met:
        if names - {street} and abs(at - end) <= CROSS_STREET_M:
            return min(names - {street})
    return ""


def _sums(words: list[str], metres: list[float]) -> dict[str, float]:
    """Return how many metres each word stands for, in the order met."""
    sums: dict[str, float] = defaultdict(float)
    for word, length in zip(words, metres, strict=True):
        sums[word] += length
    return sums


@dataclass(frozen=True, slots=True)
class Words:
    """What is said of a hill beside its figures.

    Attributes:
        criteria: what was asked for.
        heights: where the heights come from.
    """

    criteria: Criteria
    heights: HeightSource

    def notes(self, hill: Hill) -> tuple[str, ...]:
        """Return what a runner should know, most important first."""
        climb, approach = hill.climb, hill.approach
        first = hill.rank == 1 or self.criteria.session != "rolling"  # to the others one runs on
        there = ""
        if first and approach is not None and approach.time_s < 60 * self.criteria.warmup_min[0]:
            verb = "walk" if self.criteria.walk else "run"
            there = (
                f"The bottom is {_minutes(approach.time_s)} away and no way round fills the "
                f"warm-up: {verb} on a little before you start."
            )
        figures = climb.length_m, climb.grade, climb.max_grade, climb.incline
        return self.of_figures(figures, hill.confidence, there)

    def of_figures(
        self, figures: tuple[float, float, float, int], trust: Confidence, there: str = ""
    ) -> tuple[str, ...]:
        """Return what is said of a hill, given its figures, and what is said of the way there.

        Args:
            figures: its length, grade, steepest 30 m, and what the tag says.
            trust: how far its grade can be trusted.
            there: a sentence that is laid in; nothing where it is empty.
        """
        length_m, grade, steepest, incline = figures
        notes = []
        coarse = self.heights.cell_m > length_m / COARSE_CELLS
        if coarse:
            notes.append(
                f"Heights every {self.heights.cell_m:.0f} m are too coarse for so short a climb: "
                "take its grade as a guess."
            )
        if incline < 0:
            notes.append(
                "The map says that it falls where the heights rise: look before you plan on it."
            )
        elif not coarse and trust == "low" and steepest <= STEEPEST_STREET:
            notes.append("The grade is a guess: look at the hill before you plan on it.")
        if there:
            notes.append(there)
        part = f"its steepest 30 m rise {100 * steepest:.0f} %"
        if steepest > STEEPEST_STREET:
            notes.append(
                f"No street is as steep: {part}. Expect steps or a scramble, or a line drawn "
                "beside its slope."
            )
        elif steepest > STEEP_PART * grade:
            notes.append(f"Uneven: {part}.")
        return tuple(notes)


def _minutes(seconds: float) -> str:
    """Return a time in words, in whole minutes that have passed.

    >>> _minutes(599.0), _minutes(65.0), _minutes(20.0)
    ('9 minutes', '1 minute', 'less than a minute')
    """
    whole = int(seconds // 60)
    if whole == 0:
        return "less than a minute"
    return "1 minute" if whole == 1 else f"{whole} minutes"
