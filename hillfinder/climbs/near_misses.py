"""What came nearest, in plain words, where there is no hill of the kind asked for.

A miss lacks one thing: it is too far, too short, too gentle or too steep. Where there is no such
hill within reach either, those beyond it are told, and where nothing rises at all, that.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, cast

import numpy as np

from hillfinder.climbs import search as climbing
from hillfinder.climbs.ranking import Names, order
from hillfinder.model import STEEPEST_STREET

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from hillfinder.criteria import Criteria
    from hillfinder.model import Climb, Floats, Ints
    from hillfinder.streets.network import Profiles, StreetNetwork

#: At most so many are told, and of one kind.
MOST, OF_A_KIND = 5, 2
#: What rises less than this is level.
LEVEL = 0.001
#: Where the heights of so many of the streets are unknown there may be hills all the same.
UNKNOWN_SHARE = 0.1
#: A hill this much shorter than asked for is a rounding.
ROUNDING_M = 0.5


class Found(Protocol):
    """Climbs as arrays of shape (k,), and each as a record: ``climbs.Climbs`` is one."""

    @property
    def length_m(self) -> Floats:
        """Lengths."""

    @property
    def grade(self) -> Floats:
        """Mean grades."""

    def __getitem__(self, row: int, /) -> Climb:
        """Return one as a record."""


class _Miss(NamedTuple):
    """One that came near: minutes away, which it is, and what to say of it after its name."""

    minutes: float
    found: Found
    row: int
    words: str


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
        search: Callable[[Criteria], tuple[Found, Ints]],
        times_s: Callable[[Any], Floats],
    ) -> None:
        self._criteria, self._search, self._times_s = criteria, search, times_s

    def _seek(self, criteria: Criteria) -> tuple[Found, Ints, Floats]:
        found, rows = self._search(criteria)
        return found, rows, self._times_s(found)[rows] / 60.0

    def far(self) -> Iterator[_Miss]:
        """Yield hills of the kind asked for that begin too far away, the nearest first."""
        found, rows, minutes = self._seek(self._criteria)
        for at in np.argsort(minutes, kind="stable").tolist():
            row = int(rows[at])
            lacks = "no way on foot leads there"
            if math.isfinite(minutes[at]):
                lacks = f"is {_minutes(minutes[at])} away"
            rises = f" rises {_percent(found.grade[row])} over {found.length_m[row]:.0f} m, but"
            yield _Miss(0.0, found, row, f"{rises} {lacks}.")

    def short(self) -> Iterator[_Miss]:
        """Yield those too short, the longest first."""
        shortest = self._criteria.length_range_m[0]
        looser = replace(self._criteria, length_m=(max(20.0, shortest / 3), shortest))
        found, rows, minutes = self._seek(looser)
        length = found.length_m[rows]
        lacking = np.flatnonzero(length < shortest - ROUNDING_M)
        for at in lacking[np.argsort(-np.round(length[lacking]), kind="stable")].tolist():
            words = (
                f", {_away(minutes[at])}, rises {_percent(found.grade[rows[at]])}, but is only "
                f"{math.floor(length[at])} m long ({shortest:g} m or more were asked for)."
            )
            yield _Miss(float(minutes[at]), found, int(rows[at]), words)

    def gentle(self) -> Iterator[_Miss]:
        """Yield those too gentle, the steepest first."""
        least = self._criteria.grade_range[0]
        found, rows, minutes = self._seek(replace(self._criteria, min_grade=min(LEVEL, least)))
        for at in np.flatnonzero(found.grade[rows] < least).tolist():
            row = int(rows[at])
            words = (
                f", {_away(minutes[at])}, rises only {_percent(found.grade[row], math.floor)} "
                f"over {found.length_m[row]:.0f} m ({100 * least:g} % or more were asked for)."
            )
            yield _Miss(float(minutes[at]), found, row, words)

    def steep(self) -> Iterator[_Miss]:
        """Yield those too steep, the gentlest first; no scramble is among them."""
        greatest = self._criteria.grade_range[1]
        if greatest >= STEEPEST_STREET:
            return
        found, rows, minutes = self._seek(replace(self._criteria, max_grade=STEEPEST_STREET))
        for at in np.flatnonzero(found.grade[rows] > greatest)[::-1].tolist():
            row = int(rows[at])
            words = (
                f", {_away(minutes[at])}, is too steep: {_percent(found.grade[row], math.ceil)} "
                f"over {found.length_m[row]:.0f} m ({100 * greatest:g} % or less were asked for)."
            )
            yield _Miss(float(minutes[at]), found, row, words)


def nearest(
    network: StreetNetwork,
    criteria: Criteria,
    times_s: Callable[[Any], Floats],
    search: Callable[[Criteria], tuple[Found, Ints]] | None = None,
) -> tuple[str, ...]:
    """Return what came nearest to a hill of the kind asked for: at most ``MOST`` sentences, or one.

    Args:
        network: streets with profiles.
        criteria: what was asked for, and not found.
        times_s: gives the seconds on foot to each of several climbs, inf where no way leads.
        search: gives climbs, and the rows of them that are hills of their own, steepest first;
            ``None`` looks for slopes (``climbs.find``).
    """

    def slopes(asked: Criteria) -> tuple[Found, Ints]:
        found = climbing.find(network, asked)
        return found, order(found)

    seeker = _Seeker(criteria, search or slopes, times_s)
    names = Names(network)
    far = _told(seeker.far(), names, math.inf, set())
    known = {name for name, _ in far}
    kinds = [list(kind()) for kind in (seeker.short, seeker.gentle, seeker.steep)]
    told: list[list[tuple[str, str]]] = []
    for reach in (criteria.warmup_min[1], math.inf):
        if not any(told):
            told = [_told(kind, names, reach, known) for kind in kinds]
    # The first of every kind, then the second of each; told kind by kind.
    turns = [
        (turn, kind, name + words)
        for kind, misses in enumerate([far, *told])
        for turn, (name, words) in enumerate(misses)
    ]
    ground = _ground(network, criteria, found=bool(turns))
    kept = sorted(sorted(turns)[: MOST - len(ground)], key=lambda each: (each[1], each[0]))
    return (*(words for _, _, words in kept), *ground)


def _told(
    misses: Iterable[_Miss], names: Names, reach: float, known: set[str]
) -> list[tuple[str, str]]:
    """Return the first of a kind within reach with their names, none that was told before."""
    told: list[tuple[str, str]] = []
    for miss in misses:
        if len(told) == OF_A_KIND:
            break
        if miss.minutes <= reach:
            name = names.label(miss.found[miss.row])
            if name not in known:
                known.add(name)
                told.append((name, miss.words))
    return told


def _ground(network: StreetNetwork, criteria: Criteria, *, found: bool) -> tuple[str, ...]:
    """Say what of the ground itself leaves no hill; nothing where something rises."""
    hill = network.ways.hill[network.edge_way]
    if not hill.any():
        return ("No street or path here may be a hill: stairs, bridges, tunnels, private ground.",)
    profiles = cast("Profiles", network.profiles)  # or there was no search
    edge = np.repeat(np.arange(len(network)), np.diff(profiles.offset))
    unknown = float(np.isnan(profiles.elevation_m[hill[edge]]).mean())
    if unknown == 1.0:
        return ("No height is known of any street here: try another elevation model.",)
    if unknown >= UNKNOWN_SHARE:
        return (f"Of {100 * unknown:.0f} % of the streets here no height is known.",)
    if found:
        return ()
    shortest = criteria.length_range_m[0]
    return (f"All is level here: no {shortest:g} m rise by as much as {_percent(LEVEL)}.",)


def _percent(ratio: float, rounded: Callable[[float], float] = round) -> str:
    """Return a grade as a person says it; one that misses a limit is not rounded to it.

    >>> _percent(0.0296), _percent(0.02996, math.floor), _percent(0.08001, math.ceil)
    ('3 %', '2.9 %', '8.1 %')
    """
    return f"{rounded(round(1000 * ratio, 6)) / 10:g} %"


def _away(minutes: float) -> str:
    return f"{_minutes(minutes)} away" if math.isfinite(minutes) else "where no way on foot leads"


def _minutes(minutes: float) -> str:
    """Return a time in words: what takes longer than a limit does not take the limit."""
    whole = max(math.ceil(minutes), 1)
    return "1 minute" if whole == 1 else f"{whole} minutes"
