"""What to mind on a line on foot."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

MarkKind = Literal["side street", "driveway", "crossing", "signals", "tracks", "gate", "barrier"]
Gravity = Literal["avoid", "mind", "know"]
Topic = Literal["surface", "weather", "light", "traffic", "path", "access"]

#: Gravest first.
GRAVITIES: tuple[Gravity, ...] = ("avoid", "mind", "know")


@dataclass(frozen=True, slots=True)
class Mark:
    """Something to mind at a point of a line on foot.

    Attributes:
        kind: what it is.
        distance_m: from the start of the line, in the ground plan.
        lat, lon: where it is, degrees.
        name: of the street that joins or crosses, empty where there is no street or no name.
    """

    kind: MarkKind
    distance_m: float
    lat: float
    lon: float
    name: str = ""


@dataclass(frozen=True, slots=True)
class Caution:
    """One sentence about what may go wrong on a line.

    Attributes:
        gravity: ``avoid``: choose another; ``mind``: take care; ``know``: good to know, or good.
        topic: what it is about.
        text: the sentence, with its full stop.
    """

    gravity: Gravity
    topic: Topic
    text: str


@dataclass(frozen=True, slots=True)
class Safety:
    """The safety of a line on foot: what is known and what is not.

    Attributes:
        cautions: gravest first.
        unknown: what a runner wants to know and the map does not say, in plain words.
        marks: points on the line, in the order of travel.
    """

    cautions: tuple[Caution, ...] = ()
    unknown: tuple[str, ...] = ()
    marks: tuple[Mark, ...] = ()

    @property
    def gravity(self) -> Gravity:
        """The gravest of the cautions; ``know`` without cautions."""
        return min((each.gravity for each in self.cautions), key=GRAVITIES.index, default="know")
