"""Long gradual hills: ways that rise steadily from foot to top and may turn at junctions.

A coach asks one thing of a hill for long repeats: a mild grade that keeps the effort the same all
the way up. So an ascent

- runs no street twice and falls no more than ``max(2 m, a tenth of its rise)`` in all;
- is nowhere more than ``STRIP_M`` of way ahead of or behind an even ramp from its foot to its top;
- has no ``PART_M`` that rise at less than ``PART_LEAST`` or more than ``PART_MOST`` of its mean;
- has no ``SHORT_M`` steeper than ``SHORT_MOST`` times its mean, nor than ``STEEPEST``, where a run
  turns into a hard climb.

Its steadiness is ``(mean grade)^2 / mean(grade^2)`` along it: 1 for a ramp, less for every flat and
every steep part (Cauchy and Schwarz). Ascents are ordered, and of those that share streets the
first is kept, by the same figure with each turn counted as ``TURN_M`` of level street, and bad
ground and traffic likewise (``label_search``: trails are included, but a paved quiet street comes
first), times ``ideal grade / grade`` for grades beyond what ``ideal`` asks for the session: 2
to 5 % for long repeats. Steeper is no better here; twice as long is a fifth better.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hillfinder.climbs import label_search
from hillfinder.climbs.windows import DIP_M, DIP_SHARE
from hillfinder.elevation.climb_table import ClimbTable, Feet
from hillfinder.elevation.profiles import uncertainty
from hillfinder.model import Leg
from hillfinder.training.targets import ideal

if TYPE_CHECKING:
    from collections.abc import Callable

    from hillfinder.climbs.label_search import Pieces
    from hillfinder.criteria import Criteria
    from hillfinder.model import Bools, Floats, Ints
    from hillfinder.streets.network import StreetNetwork

#: Length of the parts that must rise about as the whole, m.
PART_M = 400.0
#: Least grade of such a part, in times the mean.
PART_LEAST = 0.25
#: Greatest grade of such a part, in times the mean.
PART_MOST = 1.6
#: Length of the parts that must not be steep, m.
SHORT_M = 100.0
#: Greatest grade of such a part, in times the mean.
SHORT_MOST = 2.0
#: Greatest grade of such a part in any case, as a ratio.
STEEPEST = 0.12
#: Share of the shorter of two ways that both use, from which they are one hill.
SAME_SHARE = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Ascents(ClimbTable):
    """Long climbs, best first.

    Attributes:
        legs: the way of each, foot first.
        steadiness: shape (k,), 1 for an even ramp.
        turns: shape (k,), number of times that it leaves a street that goes on.
    """

    legs: tuple[tuple[Leg, ...], ...]
    steadiness: Floats
    turns: Ints

    def legs_of(self, row: int) -> tuple[Leg, ...]:
        """Return the pieces of edges that one climb runs along, foot first."""
        return self.legs[row]


def find_ascents(
    network: StreetNetwork,
    criteria: Criteria,
    times_s: Callable[[Feet], Floats] | None = None,
) -> Ascents:
    """Return the long hills of a network, one row for each, best first.

    Args:
        network: streets with profiles.
        criteria: lengths and mean grades.
        times_s: gives the seconds to some points. Ways that begin beyond the warm-up are searched
            only where none begins within it; ``None`` takes all feet for near.

    Raises:
        HeightsError: the network carries no heights yet.
    """
    pieces = label_search.cut(network, network.known_profiles())
    far = np.zeros(len(pieces.edge), bool)
    if times_s is not None:
        far = times_s(Feet(pieces.edge, pieces.start_m)) > 60.0 * criteria.warmup_min[1]
    ways = label_search.steady_ways(pieces, far, criteria, greatest_part)
    return _records(network, pieces, _distinct(pieces, far, ways, criteria))


def by_grade(network: StreetNetwork, criteria: Criteria) -> tuple[Ascents, Ints]:
    """Return the long hills of a network, wherever they begin, and their rows, steepest first."""
    found = find_ascents(network, criteria)
    return found, np.argsort(-found.grade, kind="stable")


def greatest_part(grade: float) -> float:
    """Return the greatest grade of ``SHORT_M`` on a hill of some mean grade."""
    return min(SHORT_MOST * grade, STEEPEST)


class _Ascent(NamedTuple):
    """One way, measured."""

    score: float
    way: tuple[int, ...]
    steadiness: float
    turns: int


def _measure(pieces: Pieces, way: list[int], criteria: Criteria) -> _Ascent | None:
    """Return the measures of a way; ``None`` where it is no ascent."""
    (shortest, longest), (least, most) = criteria.length_range_m, criteria.grade_range
    at = np.array(way)
    length = np.append(0.0, np.cumsum(pieces.length_m[at]))
    rise = np.append(0.0, np.cumsum(pieces.rise_m[at]))
    whole, gain = float(length[-1]), float(rise[-1])
    grade = gain / whole
    if not (
        len({piece // 2 for piece in way}) == len(way)
        and shortest <= whole <= longest
        and least <= grade <= most
        and pieces.fall_m[at].sum() <= max(DIP_M, DIP_SHARE * gain)
        and np.abs(rise / grade - length).max() <= label_search.STRIP_M
    ):
        return None
    parts, short = _parts(length, rise, PART_M), _parts(length, rise, SHORT_M)
    if (
        parts.min() < PART_LEAST * grade
        or parts.max() > PART_MOST * grade
        or short.max() > greatest_part(grade)
    ):
        return None
    turns = pieces.turns(way)
    squares = float(pieces.squares[at].sum())
    level_m = label_search.TURN_M * turns + float(pieces.level_m[at].sum())
    even = gain**2 / (whole * (squares + level_m * grade**2))
    score = even * min(1.0, ideal(criteria).high / grade) * whole**label_search.LONGER
    return _Ascent(score, tuple(way), gain**2 / (whole * squares), turns)


def _parts(length: Floats, rise: Floats, part_m: float) -> Floats:
    """Return the grade of each part of some length that begins or ends with a piece."""
    part = min(part_m, float(length[-1]))
    low = np.clip(np.concatenate([length, length - part]), 0.0, length[-1] - part)
    there, here = np.interp(low + part, length, rise), np.interp(low, length, rise)
    return np.asarray((there - here) / part)


def _distinct(
    pieces: Pieces, far: Bools, ways: list[list[int]], criteria: Criteria
) -> list[_Ascent]:
    """Return the best ascents that are hills of their own: those near first, the best first."""
    found = [one for one in (_measure(pieces, way, criteria) for way in ways) if one is not None]
    found.sort(key=lambda one: (far[one.way[0]], -round(one.score, 6), one.way))
    kept: list[_Ascent] = []
    streets: list[set[int]] = []
    for one in found:
        mine = {piece // 2 for piece in one.way}
        if all(_shared(pieces, mine, other) < SAME_SHARE for other in streets):
            kept.append(one)
            streets.append(mine)
    return kept


def _shared(pieces: Pieces, one: set[int], other: set[int]) -> float:
    """Return the length that two ways share, as a share of the shorter."""
    common, *both = (
        sum(pieces.length_m[2 * piece] for piece in part) for part in (one & other, one, other)
    )
    return float(common / min(both))


def _records(network: StreetNetwork, pieces: Pieces, found: list[_Ascent]) -> Ascents:
    """Return ascents as arrays, with what can be claimed of their grades."""
    profiles = network.known_profiles()
    foot = np.array([one.way[0] for one in found], np.int64)
    top = np.array([one.way[-1] for one in found], np.int64)
    length = np.array([pieces.length_m[list(one.way)].sum() for one in found])
    read = np.array([pieces.rise_m[list(one.way)].sum() for one in found]) / length
    last = pieces.sample[top] + pieces.size[top]
    sigma = uncertainty.rise_sigma_m(
        length, profiles.sigma_m[pieces.sample[foot]], profiles.sigma_m[last], profiles.blur
    )
    grade, sigma = uncertainty.claim(read, sigma / length, uncertainty.USUAL_TAIL)
    return Ascents(
        network=network,
        legs=tuple(_legs(pieces, one.way) for one in found),
        foot_edge=pieces.edge[foot],
        foot_offset_m=pieces.start_m[foot],
        length_m=length,
        grade=grade,
        grade_sigma=sigma,
        steadiness=np.array([one.steadiness for one in found]),
        turns=np.array([one.turns for one in found], np.int64),
    )


def _legs(pieces: Pieces, way: tuple[int, ...]) -> tuple[Leg, ...]:
    """Return a way as legs, pieces of one edge put together."""
    legs: list[Leg] = []
    for piece in way:
        edge = int(pieces.edge[piece])
        start, stop = float(pieces.start_m[piece]), float(pieces.stop_m[piece])
        if legs and legs[-1].edge == edge and legs[-1].stop_m == start:
            start = legs.pop().start_m
        legs.append(Leg(edge, start, stop))
    return tuple(legs)
