"""What a search found, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from hillfinder.criteria import Criteria
    from hillfinder.model.hill import Hill
    from hillfinder.model.place import Place
    from hillfinder.model.sources import HeightSource, StreetSource
    from hillfinder.model.workout import Workout


#: What keeps a hill from being of the kind asked for: it is not near, long, steep or gentle enough.
Lack = Literal["near", "long", "steep", "gentle"]


@dataclass(frozen=True, slots=True)
class Miss:
    """A hill that came near to what was asked for: it lacks one thing.

    Attributes:
        lacks: what.
        name: what a person would call it.
        grade: its mean grade, as a ratio.
        length_m: its length, in metres.
        minutes: time to it on foot; inf where no way leads there.
        limit: what was asked for and it misses: minutes, metres, or a grade.
    """

    lacks: Lack
    name: str
    grade: float
    length_m: float
    minutes: float
    limit: float


@dataclass(frozen=True, slots=True)
class Terrain:
    """What of the ground itself leaves no hill.

    Attributes:
        lacks: no street may be a hill; no height is known; of some streets none is; all is level.
        share: share of the streets whose heights are unknown.
        length_m: the shortest hill asked for, in metres.
        grade: what rises less than this is level, as a ratio.
    """

    lacks: Literal["streets", "heights", "some heights", "rise"]
    share: float = 0.0
    length_m: float = 0.0
    grade: float = 0.0


@dataclass(frozen=True, slots=True)
class Beyond:
    """Hills that were found but not offered, by reason.

    Attributes:
        steeper: how many are steeper than the flattest hill listed, and too far.
        too_far: how many begin farther than the longest warm-up.
        nearest_min: minutes to the nearest of those; ``None`` where there is none.
        unreachable: how many cannot be reached on foot from the place.
    """

    steeper: int = 0
    too_far: int = 0
    nearest_min: float | None = None
    unreachable: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """What a search found, as data.

    Attributes:
        place: from where it was asked.
        criteria: what was asked.
        streets, heights: where the data comes from.
        hills: best first.
        beyond: what was found and not offered.
        misses: what came nearest where ``hills`` is empty. Here, in ``sky``, and in notes, cues,
            cautions and reasons of other records a text that holds quantities is a
            ``units.Sentence``: its metric text, which ``output.text`` can say in other units.
        street_m: how far the place is from the street where every warm-up begins, in metres.
        tour: the run over the hills, for a rolling session; ``None`` for others, and where no hill
            can be taken in.
        sky: in plain words, what is known of daylight and weather at the start, with its source.
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
