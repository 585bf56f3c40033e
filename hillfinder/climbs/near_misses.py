"""What came nearest where there is no hill of the kind asked for, as facts.

A miss lacks one thing: it is too far, too short, too gentle or too steep. Where there is no such
hill within reach either, those beyond it are given, and where nothing rises at all, that. What is
said of them is in ``hillfinder.output.text.misses``.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from hillfinder.climbs import long_climbs, search
from hillfinder.climbs.naming import Names
from hillfinder.climbs.ranking import order
from hillfinder.model import STEEPEST_STREET, Beyond, Miss, Terrain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from hillfinder.criteria import Criteria
    from hillfinder.elevation.climb_table import ClimbTable
    from hillfinder.model import Floats, Hill, Ints, Lack
    from hillfinder.streets.network import StreetNetwork

#: Most misses that are given.
MOST_MISSES = 5
#: Most misses of one kind.
OF_A_KIND = 2
#: Grade below which ground is level.
LEVEL_GRADE = 0.001
#: Share of streets without heights from which there may be hills that nobody sees.
UNKNOWN_SHARE = 0.1
#: Shortfall in length that is a rounding, m.
ROUNDING_M = 0.5


class _NearMiss(NamedTuple):
    """A climb that came near: its row, the minutes to it on foot, and the limit that it misses."""

    climbs: ClimbTable
    row: int
    minutes: float
    limit: float


class _Seeker:
    """Looks for hills of other kinds than the one asked for.

    Args:
        criteria: what was asked for.
        search: gives climbs, and the rows of them that are hills of their own, steepest first.
        times_s: gives the seconds on foot to each of several climbs, inf where no way leads.
    """

    def __init__(
        self,
        criteria: Criteria,
        search: Callable[[Criteria], tuple[ClimbTable, Ints]],
        times_s: Callable[[ClimbTable], Floats],
    ) -> None:
        self._criteria, self._search, self._times_s = criteria, search, times_s

    def _seek(self, criteria: Criteria) -> tuple[ClimbTable, Ints, Floats]:
        found, rows = self._search(criteria)
        return found, rows, self._times_s(found)[rows] / 60.0

    def far(self) -> Iterator[_NearMiss]:
        """Yield hills of the kind asked for that begin too far away, the nearest first."""
        found, rows, minutes = self._seek(self._criteria)
        for at in np.argsort(minutes, kind="stable").tolist():
            yield _NearMiss(found, int(rows[at]), float(minutes[at]), self._criteria.warmup_min[1])

    def short(self) -> Iterator[_NearMiss]:
        """Yield those too short, the longest first."""
        shortest = self._criteria.length_range_m[0]
        looser = replace(self._criteria, length_m=(max(20.0, shortest / 3), shortest))
        found, rows, minutes = self._seek(looser)
        length = found.length_m[rows]
        lacking = np.flatnonzero(length < shortest - ROUNDING_M)
        for at in lacking[np.argsort(-np.round(length[lacking]), kind="stable")].tolist():
            yield _NearMiss(found, int(rows[at]), float(minutes[at]), shortest)

    def gentle(self) -> Iterator[_NearMiss]:
        """Yield those too gentle, the steepest first."""
        least = self._criteria.grade_range[0]
        found, rows, minutes = self._seek(
            replace(self._criteria, min_grade=min(LEVEL_GRADE, least))
        )
        for at in np.flatnonzero(found.grade[rows] < least).tolist():
            yield _NearMiss(found, int(rows[at]), float(minutes[at]), least)

    def steep(self) -> Iterator[_NearMiss]:
        """Yield those too steep, the gentlest first; no scramble is among them."""
        greatest = self._criteria.grade_range[1]
        if greatest >= STEEPEST_STREET:
            return
        found, rows, minutes = self._seek(replace(self._criteria, max_grade=STEEPEST_STREET))
        for at in np.flatnonzero(found.grade[rows] > greatest)[::-1].tolist():
            yield _NearMiss(found, int(rows[at]), float(minutes[at]), greatest)


def nearest(
    network: StreetNetwork,
    criteria: Criteria,
    times_s: Callable[[ClimbTable], Floats],
) -> tuple[Miss | Terrain, ...]:
    """Return what came nearest to a hill of the kind asked for: at most five, or the ground.

    Args:
        network: streets with profiles.
        criteria: what was asked for, and not found.
        times_s: gives the seconds on foot to each of several climbs, inf where no way leads.
    """

    def steepest_first(asked: Criteria) -> tuple[ClimbTable, Ints]:
        if criteria.kind.turns:
            return long_climbs.by_grade(network, asked)
        found = search.find(network, asked)
        return found, order(found)

    seeker = _Seeker(criteria, steepest_first, times_s)
    names = Names(network)
    far = _first_misses("near", seeker.far(), names, math.inf, set())
    known = {miss.name for miss in far}
    kinds: dict[Lack, Callable[[], Iterator[_NearMiss]]] = {
        "long": seeker.short,
        "steep": seeker.gentle,
        "gentle": seeker.steep,
    }
    others: list[list[Miss]] = []
    for reach in (criteria.warmup_min[1], math.inf):
        if not any(others):
            others = [
                _first_misses(lack, seek(), names, reach, known) for lack, seek in kinds.items()
            ]
    # The first of every kind, then the second of each; given kind by kind.
    turns = sorted(
        (
            (turn, kind, miss)
            for kind, misses in enumerate([far, *others])
            for turn, miss in enumerate(misses)
        ),
        key=lambda each: each[:2],
    )
    terrain = _terrain(network, criteria, found=bool(turns))
    kept = sorted(turns[: MOST_MISSES - len(terrain)], key=lambda each: (each[1], each[0]))
    return (*(miss for _, _, miss in kept), *terrain)


def _first_misses(
    lacks: Lack, found: Iterable[_NearMiss], names: Names, reach: float, known: set[str]
) -> list[Miss]:
    """Return the first of a kind within reach with their names, none that was named before."""
    misses: list[Miss] = []
    for climbs, row, minutes, limit in found:
        if len(misses) == OF_A_KIND:
            break
        if minutes <= reach:
            name = names.label(climbs[row])
            if name not in known:
                known.add(name)
                grade, length_m = float(climbs.grade[row]), float(climbs.length_m[row])
                misses.append(Miss(lacks, name, grade, length_m, minutes, limit))
    return misses


def _terrain(network: StreetNetwork, criteria: Criteria, *, found: bool) -> tuple[Terrain, ...]:
    """Return what of the ground itself leaves no hill; nothing where something rises."""
    hill = network.ways.hill[network.edge_way]
    if not hill.any():
        return (Terrain("streets"),)
    profiles = network.known_profiles()
    edge = np.repeat(np.arange(len(network)), np.diff(profiles.offset))
    unknown = float(np.isnan(profiles.elevation_m[hill[edge]]).mean())
    if unknown == 1.0:
        return (Terrain("heights"),)
    if unknown >= UNKNOWN_SHARE:
        return (Terrain("some heights", unknown),)
    return (
        () if found else (Terrain("rise", length_m=criteria.length_range_m[0], grade=LEVEL_GRADE),)
    )


def count_beyond(
    grades: Floats, minutes: Floats, criteria: Criteria, hills: Sequence[Hill]
) -> Beyond:
    """Count the hills that were found and are too far away.

    Args:
        grades: shape (k,), of what was found and not offered.
        minutes: shape (k,), the least time to each; inf where no way leads.
        criteria: what was asked for.
        hills: what was offered.
    """
    reached = np.isfinite(minutes)
    far = reached & (minutes > criteria.warmup_min[1])
    flattest = min((hill.grade for hill in hills), default=0.0)
    return Beyond(
        steeper=int((far & (grades > flattest)).sum()),
        too_far=int(far.sum()),
        nearest_min=float(minutes[far].min()) if far.any() else None,
        unreachable=int((~reached).sum()),
    )
