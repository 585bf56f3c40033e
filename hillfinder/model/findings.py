"""The result of a search."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from hillfinder.criteria import Criteria
    from hillfinder.model.hill import Hill
    from hillfinder.model.place import Place
    from hillfinder.model.sources import HeightSource, StreetSource
    from hillfinder.model.workout import Workout


#: Why a hill does not match: it is not near, long, steep or gentle enough.
Lack = Literal["near", "long", "steep", "gentle"]


@dataclass(frozen=True, slots=True)
class Miss:
    """A hill that almost matched: it lacks one thing.

    Attributes:
        lacks: which thing.
        name: its name, cross streets included.
        grade: its mean grade, as a ratio.
        length_m: its length, in metres.
        minutes: time to it on foot; inf where it cannot be reached.
        limit: the limit that it misses: minutes, metres, or a grade.
    """

    lacks: Lack
    name: str
    grade: float
    length_m: float
    minutes: float
    limit: float


@dataclass(frozen=True, slots=True)
class Terrain:
    """Why the area itself has no hill.

    Attributes:
        lacks: no street may be a hill; all or some heights are unknown; all is level.
        share: share of the streets whose heights are unknown.
        length_m: the shortest hill asked for, in metres.
        grade: the least grade of a hill, as a ratio.
    """

    lacks: Literal["streets", "heights", "some heights", "rise"]
    share: float = 0.0
    length_m: float = 0.0
    grade: float = 0.0


@dataclass(frozen=True, slots=True)
class Beyond:
    """Number of hills that were found but not offered, by reason.

    Attributes:
        steeper: too far, and steeper than the flattest hill listed.
        too_far: beyond the longest warm-up.
        nearest_min: minutes to the nearest of those; ``None`` where there is none.
        unreachable: cannot be reached on foot from the place.
    """

    steeper: int = 0
    too_far: int = 0
    nearest_min: float | None = None
    unreachable: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """The result of a search.

    Attributes:
        place: where the search began.
        criteria: what was asked for.
        streets, heights: where the data comes from.
        hills: best first.
        beyond: hills that were found but not offered.
        misses: the nearest misses where ``hills`` is empty. Here, in ``sky``, and in notes, cues,
            cautions and reasons of other records a text with quantities is a ``units.Sentence``:
            its metric text, which ``output.text`` can write in other units.
        street_m: distance from the place to the street where every warm-up begins, in metres.
        tour: the run over the hills of a rolling session; ``None`` for others, and where it can
            include no hill.
        sky: daylight and weather at the start, in plain words, with the source.
    """

    place: Place
    criteria: Criteria
    streets: StreetSource
    heights: HeightSource
    hills: tuple[Hill, ...]
    beyond: Beyond
    misses: tuple[str, ...] = ()
    street_m: float = 0.0
    tour: Workout | None = None
    sky: tuple[str, ...] = ()
