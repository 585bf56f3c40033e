"""From climbs to rows: one a physical hill, in order, named as a person would name it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from hillfinder import climbs as climbing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hillfinder.climbs import Climbs
    from hillfinder.model import Bools, Climb, Criteria, Floats, HeightSource, Hill, Ints
    from hillfinder.streets.network import StreetNetwork

#: Lines nearer than this run up one hill: a wide street with a pavement on either side.
BESIDE_M = 30.0
#: Climbs are twins where half of one lies beside the other and both rise within 60 degrees.
BESIDE_SHARE, SAME_WAY_COSINE = 0.5, 0.5
#: How far from the foot or the top a cross street may lie to be named.
CROSS_STREET_M = 150.0
#: How far a street may lie from an unnamed path that is called after it.
NEIGHBOUR_M = 250.0
#: A climb spans at least so many cells of the elevation model, or its grade is a guess.
COARSE_CELLS = 3.0
#: A climb is uneven where its steepest part is so many times its mean.
STEEP_PART = 1.5
KINDS = {
    "footway": "Footpath",
    "path": "Path",
    "track": "Track",
    "cycleway": "Cycle path",
    "bridleway": "Bridleway",
    "pedestrian": "Pedestrian street",
    "service": "Lane",
    "living_street": "Street",
    "residential": "Street",
}


def order(climbs: Climbs) -> Ints:
    """Return the rows of ``climbs`` that are hills of their own, best first.

    The order is by mean grade, then by gain, then by where the foot lies: it is total, so that
    equal input gives equal output to the byte. Where a street and its pavement, or two
    carriageways, rise side by side, the street stands for both, else the steeper one.
    """
    if len(climbs) == 0:
        return np.empty(0, np.int64)
    x, y = climbs.points(np.array([0.0]))
    best = np.lexsort((y[:, 0], x[:, 0], -np.round(climbs.gain_m, 4), -np.round(climbs.grade, 7)))
    pavement = _is_pavement(climbs)
    twins = _twins(climbs)
    dropped = np.zeros(len(climbs), bool)
    for row in best[np.argsort(pavement[best], kind="stable")].tolist():
        if not dropped[row]:
            dropped[twins[row]] = True
    return best[~dropped[best]]


def _is_pavement(climbs: Climbs) -> Bools:
    """Return which climbs run on a pavement beside a street."""
    network = climbs.network
    pavement = np.zeros(len(network), bool)
    for key in ("footway", "path", "cycleway"):
        if key in network.ways.tag:
            pavement |= network.edge_tag(key) == "sidewalk"
    return pavement[climbs.foot_edge] | pavement[climbs.top_edge]


def _twins(climbs: Climbs) -> dict[int, list[int]]:
    """Return for each climb the others that run up beside it."""
    from scipy.spatial import cKDTree

    spacing = BESIDE_M / 2
    steps = int(np.ceil(climbs.length_m.max() / spacing)) + 1
    shares = np.linspace(0.0, 1.0, min(steps, 64))
    x, y = climbs.points(shares)
    rise = np.stack([x[:, -1] - x[:, 0], y[:, -1] - y[:, 0]])
    rise /= np.maximum(np.hypot(*rise), 1e-9)
    owner = np.repeat(np.arange(len(climbs)), len(shares))
    pairs = cKDTree(np.column_stack([x.ravel(), y.ravel()])).query_pairs(
        BESIDE_M, output_type="ndarray"
    )
    point, other = np.concatenate([pairs, pairs[:, ::-1]]).T
    apart = owner[point] != owner[other]
    # Each point counts once for each climb that it lies beside.
    key = np.unique(point[apart] * len(climbs) + owner[other[apart]])
    couple, count = np.unique(
        owner[key // len(climbs)] * len(climbs) + key % len(climbs), return_counts=True
    )
    one, mate = couple // len(climbs), couple % len(climbs)
    same = (count >= BESIDE_SHARE * len(shares)) & (
        (rise[:, one] * rise[:, mate]).sum(axis=0) >= SAME_WAY_COSINE
    )
    twins: dict[int, list[int]] = defaultdict(list)
    for a, b in zip(one[same].tolist(), mate[same].tolist(), strict=True):
        twins[a].append(b)
        twins[b].append(a)
    return twins


def misses(network: StreetNetwork, criteria: Criteria) -> tuple[str, ...]:
    """Return in plain words what comes nearest to a hill where there is none.

    Looked for are shorter stretches of the grade asked for, and gentler ones of the length.
    """
    shortest, longest = criteria.length_m
    names = Names(network)
    words = []
    for looser in (
        replace(criteria, length_m=(max(20.0, shortest / 3), shortest)),
        replace(criteria, min_grade=criteria.min_grade / 4),
    ):
        found = climbing.find(network, looser)
        for row in order(found)[:2].tolist():
            climb = found[row]
            lacks = "is too short" if climb.grade >= criteria.min_grade else "is too gentle"
            words.append(
                f"{names.label(climb)} rises {100 * climb.grade:.1f} % over "
                f"{climb.length_m:.0f} m, but {lacks} ({shortest:g} to {longest:g} m of at least "
                f"{100 * criteria.min_grade:g} % were asked for)"
            )
    return tuple(words)


class Names:
    """What the hills of a network are called."""

    def __init__(self, network: StreetNetwork) -> None:
        """Look up once which edges meet at each node."""
        self._network = network
        ends = np.concatenate([network.edge_u, network.edge_v])
        by_node = np.argsort(ends, kind="stable")
        self._edges = by_node % max(len(network), 1)
        self._offset = np.searchsorted(ends[by_node], np.arange(len(network.node_id) + 1))
        self._name = network.edge_tag("name")

    def label(self, climb: Climb) -> str:
        """Return what a person would call the hill.

        A street is called by its name and the streets it runs between; an unnamed path by what it
        is and the street it leads off, or the one nearest to it.
        """
        street = self._street(climb)
        if not street:
            kind = KINDS.get(climb.tags.get("highway", "").split(";")[0], "Way")
            for node in self._nodes(climb):
                for name in self._names_at(node):
                    return f"{kind} off {name}"
            name = self._nearest(climb)
            return f"{kind} near {name}" if name else f"{kind} without a name"
        nodes = list(self._nodes(climb))
        low = self._cross(street, nodes, climb, 0)
        high = self._cross(street, nodes[::-1], climb, -1)
        if low and high and low != high:
            return f"{street}, {low} to {high}"
        if low or high:
            return f"{street} at {low or high}"
        return street

    def _street(self, climb: Climb) -> str:
        """Return the name that the longest part of the climb bears, or nothing."""
        network = self._network
        metres: dict[str, float] = defaultdict(float)
        for edge in climb.edges:
            metres[self._name[edge] or ""] += float(network.edge_length_m[edge])
        return max(metres, key=lambda name: (bool(name), metres[name], name))

    def _nodes(self, climb: Climb) -> Iterator[int]:
        """Yield the junctions along a climb from below its foot to beyond its top."""
        network = self._network
        first, last = climb.edges[0], climb.edges[-1]
        backwards = climb.foot.offset_m > climb.top.offset_m
        if first != last:
            second = climb.edges[1]
            joint = {int(network.edge_u[second]), int(network.edge_v[second])}
            backwards = int(network.edge_v[first]) not in joint
        node = int(network.edge_v[first] if backwards else network.edge_u[first])
        yield node
        for edge in climb.edges:
            u, v = int(network.edge_u[edge]), int(network.edge_v[edge])
            node = v if node == u else u
            yield node

    def _names_at(self, node: int) -> list[str]:
        edges = self._edges[self._offset[node] : self._offset[node + 1]]
        return sorted({name for name in self._name[edges].tolist() if name})

    def _cross(self, street: str, nodes: list[int], climb: Climb, end: int) -> str:
        """Return the first street that crosses, seen from one end of the climb."""
        network = self._network
        for node in nodes[: max(1, (len(nodes) + 1) // 2)]:
            away = _metres_between(
                float(network.node_lon[node]),
                float(network.node_lat[node]),
                float(climb.lon[end]),
                float(climb.lat[end]),
            )
            if away > CROSS_STREET_M:
                continue
            for name in self._names_at(node):
                if name != street:
                    return name
        return ""

    def _nearest(self, climb: Climb) -> str:
        """Return the name of the nearest street, measured from the foot."""
        network = self._network
        named = np.array([name is not None for name in self._name.tolist()], bool)
        if not named.any():
            return ""
        point_named = np.repeat(named, np.diff(network.point_offset))
        away: Floats = np.hypot(
            (network.point_lon - climb.lon[0]) * np.cos(np.radians(climb.lat[0])),
            network.point_lat - climb.lat[0],
        )
        point = int(np.argmin(np.where(point_named, away, np.inf)))
        if away[point] * 111_195.0 > NEIGHBOUR_M:
            return ""
        edge = int(np.searchsorted(network.point_offset, point, side="right")) - 1
        return str(self._name[edge])


def _metres_between(lon: float, lat: float, other_lon: float, other_lat: float) -> float:
    """Return a distance of up to some kilometres, on a plane."""
    east = (other_lon - lon) * np.cos(np.radians(lat))
    return float(np.hypot(east, other_lat - lat) * 111_195.0)


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
        notes = []
        climb, approach = hill.climb, hill.approach
        if self.heights.cell_m > climb.length_m / COARSE_CELLS:
            notes.append(
                f"Heights every {self.heights.cell_m:.0f} m are too coarse for a climb of "
                f"{climb.length_m:.0f} m: take its grade as a guess."
            )
        elif hill.confidence == "low":
            notes.append("The grade is a guess: look at the hill before you plan on it.")
        if approach is not None and approach.time_s < 60 * self.criteria.warmup_min[0]:
            notes.append(
                f"The bottom is {approach.time_s / 60:.0f} minutes away and no way round fills "
                "the warm-up: run on a little before you start."
            )
        if climb.max_grade > STEEP_PART * climb.grade:
            notes.append(f"Uneven: its steepest 30 m rise {100 * climb.max_grade:.0f} %.")
        return tuple(notes)
