"""What a search found, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hillfinder.criteria import Criteria
    from hillfinder.model.hill import Hill
    from hillfinder.model.place import Place
    from hillfinder.model.sources import HeightSource, StreetSource
    from hillfinder.model.workout import Workout


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
        misses: in plain words, what came nearest where ``hills`` is empty.
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
