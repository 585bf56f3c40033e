"""Climbs as arrays, whoever found them, and as records."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from hillfinder.elevation.profiles import incline_tags
from hillfinder.model import Climb, Profile
from hillfinder.streets.geometry.polylines import Legs

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from hillfinder.model import Floats, Ints, Leg
    from hillfinder.streets.network import StreetNetwork, Track


@dataclass(frozen=True, slots=True, eq=False)
class Feet:
    """Points of a network where climbs begin or may begin.

    Attributes:
        foot_edge: shape (k,), the edges.
        foot_offset_m: shape (k,), distance of each from the ``u`` end of its edge.
    """

    foot_edge: Ints
    foot_offset_m: Floats


@dataclass(frozen=True, slots=True, eq=False)
class ClimbTable(Feet, ABC):
    """Climbs of a network, as arrays: row ``i`` becomes a ``Climb`` by ``climbs[i]``.

    Attributes:
        network: the streets that they run along, with profiles.
        length_m: shape (k,), along the line.
        grade: shape (k,), the mean grade that can be claimed. Of a stretch that was picked for its
            grade that is less than what was read there (``uncertainty.claim``).
        grade_sigma: shape (k,), its standard deviation.
    """

    network: StreetNetwork
    length_m: Floats
    grade: Floats
    grade_sigma: Floats

    @property
    def gain_m(self) -> Floats:
        """Rise of each from foot to top, shape (k,)."""
        return self.grade * self.length_m

    def __len__(self) -> int:
        """Return the number of climbs."""
        return len(self.length_m)

    def __iter__(self) -> Iterator[Climb]:
        """Yield every climb as a record."""
        return (self[row] for row in range(len(self)))

    def __getitem__(self, row: int) -> Climb:
        """Return one climb as a record."""
        grade, sigma = float(self.grade[row]), float(self.grade_sigma[row])
        return climb_of(self.network, self.legs_of(row), grade, sigma)

    @abstractmethod
    def legs_of(self, row: int) -> tuple[Leg, ...]:
        """Return the pieces of edges that one climb runs along, foot first."""


def climb_of(
    network: StreetNetwork, legs: Sequence[Leg], grade: float, grade_sigma: float
) -> Climb:
    """Return the line along legs, foot first, as a climb, tilted to the grade claimed.

    Args:
        network: the streets.
        legs: the pieces of edges.
        grade: the grade claimed.
        grade_sigma: its standard deviation.
    """
    track = network.track(legs)
    track = tilted(track, np.array([0, len(track.lon)]), np.array([grade]))
    rows = dict.fromkeys(int(network.edge_way[leg.edge]) for leg in legs)
    every = [network.ways.tags(row) for row in rows]
    keys = dict.fromkeys(key for tags in every for key in tags)
    tags = {key: joined_values(one[key] for one in every if key in one) for key in keys}
    ids = (way_id for row in rows for way_id in network.ways.ids[row])
    return Climb(
        lon=track.lon,
        lat=track.lat,
        profile=Profile(track.distance_m, track.elevation_m, track.sigma_m),
        legs=tuple(legs),
        way_ids=tuple(dict.fromkeys(ids)),
        name=tags.get("name", ""),
        tags=tags,
        grade_sigma=grade_sigma,
        incline=int(inclines(network, Legs.of([legs]))[0]),
    )


def tilted(lines: Track, offset: Ints, grade: Floats) -> Track:
    """Return lines, end to end, each tilted about its foot to the grade claimed.

    Args:
        lines: the lines.
        offset: shape (k + 1,), where each begins.
        grade: shape (k,).
    """
    first, last = offset[:-1], offset[1:] - 1
    line = np.repeat(np.arange(len(grade)), np.diff(offset))
    passed = lines.distance_m - lines.distance_m[first][line]
    excess = (lines.elevation_m[last] - lines.elevation_m[first]) / passed[last] - grade
    return lines._replace(elevation_m=lines.elevation_m - excess[line] * passed)


def inclines(network: StreetNetwork, legs: Legs) -> Ints:
    """Return what the tag ``incline`` says of lines: 1 they rise, -1 they fall, 0 nothing."""
    mapped = incline_tags.signs(network.ways, network.edge_way[legs.edge])
    rise = np.add.reduceat(mapped * (legs.stop_m - legs.start_m), legs.offset[:-1])
    return np.sign(rise).astype(np.int64)


def joined_values(values: Iterable[str]) -> str:
    """Return the different values of one tag as mappers write them, joined by ``;``."""
    return ";".join(dict.fromkeys(values))
