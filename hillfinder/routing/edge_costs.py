"""What makes a way pleasant on foot: a cost in seconds, from tags and slopes alone.

A stretch costs its time at the easy pace, times a weight for what the way is (``KINDS`` and
``WEIGHTS``), times one for its slope; crossing a big road costs some seconds more. A quiet street
of which nothing is said has the weight 1: what is unknown is neutral. So a path of weight 0.8 is
worth a way round that is a quarter longer, and a big road without a pavement one of twice or three
times the time. The time itself stays what ``pace`` says: only the choice of the way follows this.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hillfinder.routing.travel_time import Sums

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from hillfinder.model import Bools, Floats, Ints, Strings
    from hillfinder.routing.travel_time import Clock
    from hillfinder.streets.network import StreetNetwork, Ways

#: Slopes up to this are as good as level; beyond it each point of grade, up or down, adds 4 % of
#: the time, up to 30 %: at 10 % a metre counts 1.28 times its time.
GENTLE, STEEP, STEEPEST = 0.03, 4.0, 0.30


class Kind(NamedTuple):
    """What a value of ``highway`` is to a runner.

    Attributes:
        weight: of the time on it.
        bare: the same where its tags say that it has no pavement.
        cross_s: what crossing it costs a way that is no such road itself; turning onto it, half.
    """

    weight: float
    bare: float
    cross_s: float = 0.0


_QUIET, _PATH, _BUSY = Kind(1.0, 1.0), Kind(0.8, 0.8), Kind(1.15, 1.6, 5.0)
_BIG, _MAIN, _TRUNK = Kind(1.4, 2.8, 15.0), Kind(1.6, 3.5, 20.0), Kind(2.0, 4.0, 20.0)

#: What is not named here is a quiet street.
KINDS: Mapping[str, Kind] = {
    "path": _PATH,
    "footway": _PATH,
    "pedestrian": _PATH,
    "track": _PATH,
    "bridleway": _PATH,
    "living_street": Kind(0.9, 0.9),
    "cycleway": Kind(0.9, 0.9),
    "steps": Kind(1.5, 1.5),  # and three times the time
    "platform": Kind(1.5, 1.5),
    "tertiary": _BUSY,
    "tertiary_link": _BUSY,
    "secondary": _BIG,
    "secondary_link": _BIG,
    "primary": _MAIN,
    "primary_link": _MAIN,
    "trunk": _TRUNK,
    "trunk_link": _TRUNK,
    "motorway_link": _TRUNK,
}


def _speed(value: str) -> float:
    """Return the weight of a road by its ``maxspeed``, in km/h where no unit is named."""
    read = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(mph)?(?:\s*km/?h)?", value)
    if read is None:
        return 1.0
    return 1.2 if float(read[1]) * (1.609 if read[2] else 1.0) > 52 else 1.0


def _lanes(value: str) -> float:
    return 1.15 if value.isdecimal() and int(value) >= 4 else 1.0


_ROUGH = ("cobblestone", "pebblestone", "unhewn_cobblestone", "gravel", "rock", "stone")
_SOFT = ("mud", "sand", "grass", "metal_grid", "woodchips")

#: Weights of single tags, which multiply; any other value counts 1.
WEIGHTS: Mapping[str, Mapping[str, float] | Callable[[str], float]] = {
    "lit": {"yes": 0.95, "automatic": 0.95, "24/7": 0.95, "no": 1.1, "disused": 1.1},
    # What runs along a road is not out of its way, and a marked crossing is part of the road.
    "footway": {"sidewalk": 1.25, "crossing": 1.25},
    "path": {"sidewalk": 1.25, "crossing": 1.25},
    # Somebody's yard.
    "service": {
        **dict.fromkeys(("parking_aisle", "parking", "driveway", "drive-through"), 1.4),
        **dict.fromkeys(("drive_through", "yard", "emergency_access"), 1.4),
        "alley": 1.1,
    },
    "surface": {**dict.fromkeys(_ROUGH, 1.15), "sett": 1.1, **dict.fromkeys(_SOFT, 1.3)},
    "smoothness": {
        "bad": 1.15,
        "very_bad": 1.3,
        **dict.fromkeys(("horrible", "very_horrible", "impassable"), 1.6),
    },
    "tracktype": {"grade4": 1.1, "grade5": 1.2},
    "trail_visibility": {"intermediate": 1.2, "bad": 1.6},
    "sac_scale": {"mountain_hiking": 1.2, "demanding_mountain_hiking": 1.6},
    "tunnel": {"yes": 1.2},
    "maxspeed": _speed,
    "lanes": _lanes,
}


def weights(ways: Ways) -> Floats:
    """Return what a second on each way counts, slopes apart, shape (w,)."""
    bare = _bare(ways)
    kinds = ways.tag["highway"]
    weight = np.where(bare, _each(kinds, _bare_weight), _each(kinds, _weight))
    for key, table in WEIGHTS.items():
        weight *= _each(ways.tag[key], table if callable(table) else _reading(table))
    return np.asarray(weight)


def _bare(ways: Ways) -> Bools:
    """Return whether the tags say that there is no pavement on either side, shape (w,)."""
    none = _reading({"no": 2.0, "none": 2.0})
    said = [_each(ways.tag[key], none) > 1 for key in ("sidewalk", "sidewalk:both")]
    sides = [_each(ways.tag[key], none) > 1 for key in ("sidewalk:left", "sidewalk:right")]
    return said[0] | said[1] | (sides[0] & sides[1])


def _kind(value: str) -> Kind:
    return KINDS.get(value, _QUIET)


def _weight(value: str) -> float:
    return _kind(value).weight


def _bare_weight(value: str) -> float:
    return _kind(value).bare


def _cross_s(value: str) -> float:
    return _kind(value).cross_s


def _reading(table: Mapping[str, float]) -> Callable[[str], float]:
    return lambda value: table.get(value, 1.0)


def _each(column: Strings, read: Callable[[str], float]) -> Floats:
    """Return what is read of each value, the greatest of a list; of none, that of ``""``."""
    values = column.tolist()
    known = {
        value: max(read(part.strip().lower()) for part in (value or "").split(";"))
        for value in set(values)
    }
    return np.array([known[value] for value in values], float)


class Comfort:
    """What every edge of a network costs, both ways, in seconds.

    Attributes:
        ahead_s: shape (m,), from u to v.
        back_s: shape (m,), from v to u.

    Args:
        network: streets with profiles.
        clock: how long they take.
    """

    def __init__(self, network: StreetNetwork, clock: Clock) -> None:
        """Weigh the seconds from sample to sample, and find where big roads are met."""
        edge, ways = clock.step_edge, network.ways
        steep = np.clip(np.abs(clock.step_grade), GENTLE, STEEPEST) - GENTLE
        steep[ways.steps[network.edge_way][edge]] = 0.0
        weight = weights(ways)[network.edge_way][edge] * (1.0 + STEEP * steep)
        self._length_m = network.edge_length_m
        ahead_s, back_s = (each * weight for each in (clock.step_ahead_s, clock.step_back_s))
        self._sums = Sums(clock.step_m, edge, ahead_s, back_s)
        road_s = _each(ways.tag["highway"], _cross_s)[network.edge_way]
        node_s = np.zeros(len(network.node_id))
        for end in (network.edge_u, network.edge_v):
            np.maximum.at(node_s, end, road_s)
        # Half of the crossing on arriving at the road, half on leaving it.
        self._at_u_s, self._at_v_s = (
            np.where(node_s[end] > road_s, node_s[end] / 2.0, 0.0)
            for end in (network.edge_u, network.edge_v)
        )
        ends_s = self._at_u_s + self._at_v_s
        self.ahead_s: Floats = self._sums.ahead + ends_s
        self.back_s: Floats = self._sums.back + ends_s

    def seconds(self, edge: Ints, start_m: Floats, stop_m: Floats) -> Floats:
        """Return the cost from one point of an edge to another, for several at once.

        Args:
            edge: shape (k,).
            start_m: shape (k,), metres from the edge's ``u``.
            stop_m: shape (k,), likewise.
        """
        moves = start_m != stop_m
        from_u = moves & (np.minimum(start_m, stop_m) <= 0.0)
        to_v = moves & (np.maximum(start_m, stop_m) >= self._length_m[edge])
        met_s = from_u * self._at_u_s[edge] + to_v * self._at_v_s[edge]
        return np.asarray(self._sums.between(edge, start_m, stop_m) + met_s)
