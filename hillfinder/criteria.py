"""The criteria of a search, checked once."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from datetime import datetime
from numbers import Integral, Real
from typing import TYPE_CHECKING, Literal, TypedDict, get_args

from hillfinder.errors import CriteriaError
from hillfinder.sessions import SESSIONS, Level, Session, SessionKind, session_kind

if TYPE_CHECKING:
    from collections.abc import Callable

RankBy = Literal["grade", "fit"]

#: Greatest length of a climb that can be asked for, m.
LONGEST_CLIMB_M = 5000.0
#: Greatest distance of a run, m.
LONGEST_RUN_M = 50_000.0
#: Greatest duration of a run, minutes.
LONGEST_RUN_MIN = 360.0
#: Greatest number of repeats.
MOST_REPEATS = 50


@dataclass(frozen=True, slots=True)
class Criteria:
    """What counts as a hill, how far away it may begin, and which session it is for.

    The default of a field that is ``None`` depends on the others; properties give its value.

    Attributes:
        length_m: shortest and longest climb, in metres along the ground plan; ``None`` is 100 to
            200, or 3200 to 4800 for a long session.
        warmup_min: shortest and longest warm-up, in minutes.
        pace_min_per_km: easy pace on the flat, in minutes a kilometre; ``None`` is 7:00 for a
            runner and 12:00 for a walker.
        walk: walk to the hill and up it.
        limit: number of hills listed.
        min_grade: least mean grade of a hill, as a ratio; ``None`` is 0.03, or 0.02 for a long
            session, and half of ``max_grade`` if that is no greater.
        max_grade: greatest mean grade of a hill; ``None`` is no limit, or 0.08 for a long session.
        session: ``repeats`` up one short hill, ``long`` repeats on one of 3.2 to 4.8 km (2 to 3
            miles), or a ``rolling`` run over several.
        level: who runs: somebody ``new`` to hills, a ``regular`` or a ``strong`` runner.
        rank: hills in the order of their ``grade``, or of how well they ``fit`` the session.
        repeats: number of repeats; ``None`` goes by the level.
        distance_m: length of a rolling run; ``None`` if it goes by ``minutes``.
        minutes: time of a rolling run; with neither it takes 60.
        start: when the session begins, with its time zone; ``None`` if unknown, then daylight is
            left out.
        weather: ask for the weather at the start, or now.

    Raises:
        CriteriaError: with every fault found, not only the first.
    """

    length_m: tuple[float, float] | None = None
    warmup_min: tuple[float, float] = (10.0, 20.0)
    pace_min_per_km: float | None = None
    walk: bool = False
    limit: int = 10
    min_grade: float | None = None
    max_grade: float | None = None
    session: Session = "repeats"
    level: Level = "regular"
    rank: RankBy = "grade"
    repeats: int | None = None
    distance_m: float | None = None
    minutes: float | None = None
    start: datetime | None = None
    weather: bool = False

    def __post_init__(self) -> None:
        """Gather all faults and raise once."""
        faults = self._type_faults()
        if faults:
            msg = f"{'; '.join(faults)}."
            raise CriteriaError(msg)
        for what, (low, high), floor, ceiling, unit in (
            ("length", self.length_range_m, 20.0, LONGEST_CLIMB_M, "m"),
            ("warm-up", self.warmup_min, 0.0, 180.0, "minutes"),
        ):
            if not (math.isfinite(low) and math.isfinite(high)):
                faults.append(f"the {what} {low}-{high} is not a range of numbers")
            elif low > high:
                faults.append(f"the {what} {low:g}-{high:g} is upside down: write {high:g}-{low:g}")
            elif low < floor or high > ceiling or high <= 0:
                faults.append(
                    f"the {what} {low:g}-{high:g} {unit} is out of range: "
                    f"{floor:g} to {ceiling:g} {unit} can be asked for"
                )
        faults += [*self._hill_faults(), *self._session_faults()]
        if faults:
            text = "; ".join(faults)
            raise CriteriaError(text[0].upper() + text[1:] + ".")

    def _type_faults(self) -> list[str]:
        faults: list[str] = []

        def hold(names: tuple[str, ...], what: str, is_good: Callable[[object], bool]) -> None:
            for name in names:
                value = getattr(self, name)
                if (value is not None or name == "warmup_min") and not is_good(value):
                    faults.append(f"{name}={value!r} cannot be used: give {what}")

        hold(("length_m", "warmup_min"), "two numbers, such as (100, 200)", _is_pair)
        numbers = ("pace_min_per_km", "min_grade", "max_grade", "distance_m", "minutes")
        hold(numbers, "a number", _is_number)
        hold(("walk", "weather"), "True or False", lambda value: isinstance(value, bool))
        hold(("start",), "a datetime", lambda value: isinstance(value, datetime))
        return faults

    def _hill_faults(self) -> list[str]:
        faults: list[str] = []
        if self.pace_min_per_km is not None and not 2 <= self.pace_min_per_km <= 40:
            faults.append(
                f"a pace of {self.pace_min_per_km:g} minutes a kilometre is not one of a person "
                "on foot: give 2:00 to 40:00"
            )
        if not (is_whole(self.limit) and self.limit >= 1):
            faults.append(f"a limit of {self.limit} lists nothing: give 1 or more")
        for what, ratio in (("least", self.min_grade), ("greatest", self.max_grade)):
            if ratio is not None and not 0 < ratio < 1:
                faults.append(
                    f"a {what} grade of {ratio:g} makes no sense: give a ratio such as 0.05"
                )
        if self.min_grade and self.max_grade and self.min_grade > self.max_grade:
            faults.append(
                f"the grades {100 * self.min_grade:g}-{100 * self.max_grade:g} % are upside down: "
                "the least comes first"
            )
        return faults

    def _session_faults(self) -> list[str]:
        faults: list[str] = []
        for what, word, known in (
            ("session", self.session, [kind.name for kind in SESSIONS]),
            ("level", self.level, get_args(Level)),
            ("rank", self.rank, get_args(RankBy)),
        ):
            if word not in known:
                faults.append(f'"{word}" is no {what}: give {", ".join(known)}')
        if self.repeats is not None and not (
            is_whole(self.repeats) and 1 <= self.repeats <= MOST_REPEATS
        ):
            faults.append(f"{self.repeats} repeats are no session: give 1 to {MOST_REPEATS}")
        if not self.kind.over_several and (self.distance_m, self.minutes) != (None, None):
            faults.append(
                "a distance or a time is for a rolling run: ask for one (--session rolling)"
            )
        if self.distance_m is not None and self.minutes is not None:
            faults.append("a rolling run has a distance or a time: give one of the two")
        if self.distance_m is not None and not 1000 <= self.distance_m <= LONGEST_RUN_M:
            faults.append(
                f"a run of {self.distance_m / 1000:g} km is out of range: "
                f"1 to {LONGEST_RUN_M / 1000:g} km can be asked for"
            )
        if self.minutes is not None and not 10 <= self.minutes <= LONGEST_RUN_MIN:
            faults.append(
                f"a run of {self.minutes:g} minutes is out of range: "
                f"10 to {LONGEST_RUN_MIN:g} minutes can be asked for"
            )
        if self.start is not None and self.start.tzinfo is None:
            faults.append(
                "the start has no time zone: give one, such as datetime.now().astimezone()"
            )
        return faults

    def __repr__(self) -> str:
        """Return the fields that differ from their defaults, as a call."""
        given = ", ".join(
            f"{each.name}={value!r}"
            for each in fields(self)
            if (value := getattr(self, each.name)) != each.default
        )
        return f"Criteria({given})"

    @property
    def kind(self) -> SessionKind:
        """The kind of session, with all that it implies."""
        return session_kind(self.session)

    @property
    def length_range_m(self) -> tuple[float, float]:
        """Shortest and longest climb, in metres along the ground plan."""
        return self.length_m or self.kind.length_m

    @property
    def grade_range(self) -> tuple[float, float]:
        """Least and greatest mean grade of a hill, as ratios."""
        low, high = self.kind.grades
        if self.max_grade is not None and self.max_grade <= low:
            low = self.max_grade / 2
        low = self.min_grade or low
        return low, self.max_grade or (high if low < high else 1.0)

    @property
    def flat_speed_m_s(self) -> float:
        """Easy speed on the flat, in metres a second."""
        default = 12.0 if self.walk else 7.0
        return 1000.0 / (60.0 * (self.pace_min_per_km or default))


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)


def _is_pair(value: object) -> bool:
    return isinstance(value, tuple | list) and len(value) == 2 and all(map(_is_number, value))


def is_whole(number: object) -> bool:
    """Say whether something is a whole number, which 2.5 and "3" are not."""
    return isinstance(number, Integral)


class CriteriaFields(TypedDict, total=False):
    """The fields of ``Criteria`` as keywords."""

    length_m: tuple[float, float] | None
    warmup_min: tuple[float, float]
    pace_min_per_km: float | None
    walk: bool
    limit: int
    min_grade: float | None
    max_grade: float | None
    session: Session
    level: Level
    rank: RankBy
    repeats: int | None
    distance_m: float | None
    minutes: float | None
    start: datetime | None
    weather: bool


def criteria_of(criteria: object, given: CriteriaFields) -> Criteria:
    """Return the criteria given whole or as keywords.

    Raises:
        TypeError: there is no such keyword.
        CriteriaError: both are given, it is no ``Criteria``, or the criteria cannot be met.
    """
    if unknown := given.keys() - CriteriaFields.__annotations__.keys():
        known = ", ".join(CriteriaFields.__annotations__)
        msg = f"Unknown keyword {', '.join(sorted(unknown))}: the fields of Criteria are {known}."
        raise TypeError(msg)
    if criteria is None:
        return Criteria(**given)
    if not isinstance(criteria, Criteria):
        msg = f"{criteria!r} is no Criteria: give hf.Criteria(...), or its fields as keywords."
        raise CriteriaError(msg)
    if given:
        msg = f"Give criteria or the keywords {', '.join(given)}, not both."
        raise CriteriaError(msg)
    return criteria
