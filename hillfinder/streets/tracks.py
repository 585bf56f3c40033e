"""The lines along many ways through one network: what ``StreetNetwork.track`` gives, faster.

Where every hill of a region is drawn, all drawn points and samples of the network are laid on one
axis once, and a line is cut out of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np

from hillfinder.streets.network import NEAR_M, Track

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hillfinder.model import Floats, Leg
    from hillfinder.streets.network import Profiles, StreetNetwork

#: A sample and a drawn point a hand apart are one point.
APART_M = 0.1


class Tracks:
    """Cuts lines out of a network with profiles."""

    def __init__(self, network: StreetNetwork) -> None:
        """Lay all edges end to end on one axis, some metres apart."""
        profiles = cast("Profiles", network.profiles)
        drawn = np.repeat(np.arange(len(network)), np.diff(network.point_offset))
        sampled = np.repeat(np.arange(len(network)), np.diff(profiles.offset))
        step = np.hypot(np.diff(network.point_x_m), np.diff(network.point_y_m))
        step[network.point_offset[1:-1] - 1] = 0.0
        along = np.concatenate([[0.0], np.cumsum(step)])
        along -= along[network.point_offset[:-1]][drawn]
        longest = np.maximum(network.edge_length_m, along[network.point_offset[1:] - 1])
        self._begin = np.concatenate([[0.0], np.cumsum(longest + 1.0)])[:-1]
        self._drawn = self._begin[drawn] + along
        self._sampled = self._begin[sampled] + profiles.distance_m
        lon = network.point_lon
        # A line across the antimeridian goes straight over it.
        self._lon = np.where(lon < 0, lon + 360.0, lon) if np.ptp(lon) > 180.0 else lon
        self._lat = network.point_lat
        self._elevation, self._sigma = profiles.elevation_m, profiles.sigma_m
        at = np.sort(np.concatenate([self._drawn, self._sampled]))
        self._apart = np.diff(at, prepend=-1.0) > APART_M
        self._at = at

    def along(self, ways: Sequence[Sequence[Leg]]) -> list[Track]:
        """Return for each of many ways the line along its pieces of edges."""
        legs = np.array([leg for way in ways for leg in way]).reshape(-1, 3)
        begin = self._begin[legs[:, 0].astype(np.int64)]
        low, high = np.sort(legs[:, 1:], axis=1).T
        first = np.searchsorted(self._at, begin + low + APART_M, "right")
        last = np.maximum(first, np.searchsorted(self._at, begin + high - APART_M, "left"))
        # Of the points in between those too near the one before are left out, but not the first.
        size = last - first
        owner = np.repeat(np.arange(len(legs)), size)
        inner = np.arange(len(owner)) - np.repeat(np.cumsum(size) - size, size) + first[owner]
        kept = self._apart[inner] | (inner == first[owner])
        inner, owner = inner[kept], owner[kept]
        every = np.concatenate([begin + low, self._at[inner], begin + high])
        one = np.arange(len(legs))
        number = np.concatenate([one, owner, one])
        turned = (legs[:, 1] > legs[:, 2])[number]
        order = np.lexsort((np.where(turned, -every, every), number))
        every, number = every[order], number[order]
        lon, lat, elevation, sigma = self._of(every)
        lon = np.where(lon > 180.0, lon - 360.0, lon)
        step = np.abs(np.diff(every, prepend=every[:1]))
        way = np.repeat(np.arange(len(ways)), [len(each) for each in ways])[number]
        starts = np.diff(number, prepend=-1) > 0  # where a leg begins
        step[starts] = 0.0
        # A leg begins where the one before it ended: that point is there already.
        rows = np.flatnonzero(~starts | (np.diff(way, prepend=-1) > 0))
        cuts = np.flatnonzero(np.diff(way[rows])) + 1
        return [
            Track(np.cumsum(step[at]), lon[at], lat[at], elevation[at], sigma[at])
            for at in np.split(rows, cuts)
            if len(at)
        ]

    def _of(self, at: Floats) -> Floats:
        """Return longitude, latitude, height and its doubt at positions on the axis: (4, n)."""
        # What is meant to lie on a sample may miss it by a rounding, and read the void beyond it.
        nearest = np.searchsorted(self._sampled, at - NEAR_M)
        sample = self._sampled[np.minimum(nearest, len(self._sampled) - 1)]
        snapped = np.where(np.abs(sample - at) < NEAR_M, sample, at)
        return np.stack(
            [
                np.interp(at, self._drawn, self._lon),
                np.interp(at, self._drawn, self._lat),
                np.interp(snapped, self._sampled, self._elevation),
                np.interp(snapped, self._sampled, self._sigma),
            ]
        )
