"""A workout that can be shown and exported."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, fields
from dataclasses import replace as changed
from functools import partial
from html import escape
from typing import TYPE_CHECKING

from hillfinder.errors import InputError, StreetsError
from hillfinder.model import Findings, Workout
from hillfinder.output.formats import Request
from hillfinder.output.text import card, phrases
from hillfinder.results.writers import Writes
from hillfinder.training import treadmill

if TYPE_CHECKING:
    from hillfinder.criteria import Criteria
    from hillfinder.routing.warmup import Router
    from hillfinder.streets.network import StreetNetwork
    from hillfinder.training.treadmill import Treadmill
    from hillfinder.units import Units


@dataclass(frozen=True, slots=True, eq=False)
class Searched(Findings):
    """Findings with the streets that were searched.

    Attributes:
        network: the streets, with their profiles.
        router: the ways from the place, kept for the workouts on the hills.
    """

    network: StreetNetwork = field(kw_only=True)
    router: Router | None = field(default=None, kw_only=True, repr=False, metadata={"saved": False})

    def ways(self) -> Router:
        """Return the router of the search, made again where none was kept."""
        from hillfinder.routing.warmup import Router

        return self.router or Router(self.network, self.place, self.criteria)


@dataclass(frozen=True, slots=True, eq=False)
class Plan(Writes, Workout):
    """A workout that can be shown and exported.

    Attributes:
        findings: the search that it comes from.
    """

    findings: Searched = field(kw_only=True)

    @classmethod
    def of(cls, workout: Workout, findings: Searched) -> Plan:
        """Return a workout of ``model`` as this class."""
        given = {each.name: getattr(workout, each.name) for each in fields(Workout)}
        return cls(**given, findings=findings)

    def card(self, units: Units = "metric") -> str:
        """Return the card, 80 columns wide."""
        return card.card_text(self, self.findings, units=units)

    def on_treadmill(self) -> Treadmill:
        """Return the same effort on a treadmill."""
        return treadmill.like(self, self.findings.criteria)

    def _request(self, pick: int | None = None, *, session: bool = True) -> Request:
        """Return the contents of files: this workout, for all formats."""
        del session
        if pick is not None:
            msg = f"A session is written whole: leave out pick={pick}, or ask the hills for it."
            raise InputError(msg)
        return request(self.findings, self)

    def __repr__(self) -> str:
        """Return session, hills and totals; ``print`` shows the card."""
        ranks = " and ".join(str(hill.rank) for hill in self.hills)
        return f"<Plan: {self.session} on hill {ranks}, {phrases.totals(self)}>"

    def __str__(self) -> str:
        """Return the card."""
        return self.card()

    def _repr_html_(self) -> str:
        """Return the card for a notebook, in which all text is shown as text."""
        return f"<pre>{escape(self.card())}</pre>"


def request(found: Searched, workout: Workout | None) -> Request:
    """Return the contents of the files of a search and a workout."""
    return Request(found, workout, found.network, partial(_sessions, found))


def of_one_hill(criteria: Criteria) -> Criteria:
    """Return the criteria of a workout on one hill."""
    if not criteria.kind.over_several:
        return criteria
    return changed(criteria, session="repeats", distance_m=None, minutes=None)


def _sessions(found: Searched) -> dict[int, Workout]:
    """Return the workout on each hill with a way home, by rank.

    On a run over several hills the way to one begins on the one before: it has no workout.
    """
    from hillfinder.training import workout

    if not found.hills or found.tour is not None:
        return {}
    criteria = of_one_hill(found.criteria)
    router, plans = found.ways(), {}
    for hill in found.hills:
        with suppress(StreetsError):
            plans[hill.rank] = workout.for_hill(hill, criteria, router)
    return plans
