"""A session on foot, step by step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from hillfinder.model.climb import Route
    from hillfinder.model.hill import Hill
    from hillfinder.sessions import Level, Session

StepKind = Literal["warm-up", "repeat", "recovery", "easy", "cool-down"]


@dataclass(frozen=True, slots=True, eq=False)
class Step:
    """One part of a session, as it is run.

    Attributes:
        kind: what it is for.
        route: the line; its ``time_s`` is that at the easy pace.
        time_s: how long it takes at the effort of this part.
        rank: which of the hills it belongs to, by its number in the list; ``None``: to none.
    """

    kind: StepKind
    route: Route
    time_s: float
    rank: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Workout:
    """A session on foot, from the door and back.

    Attributes:
        session: of which kind it is.
        level: for whom it is.
        hills: the hills that are run, in the order of the session.
        steps: its parts, in the order in which they are run, each beginning where the last ended.
        cues: how to run it, in plain sentences.
    """

    session: Session
    level: Level
    hills: tuple[Hill, ...]
    steps: tuple[Step, ...]
    cues: tuple[str, ...] = ()

    def __repr__(self) -> str:
        """Return what it is in a line."""
        return f"<Workout: {self.session}, {self.repeats} x, {self.time_s / 60:.0f} min>"

    @property
    def repeats(self) -> int:
        """How many times a hill is run up."""
        return sum(step.kind == "repeat" for step in self.steps)

    @property
    def repeated_m(self) -> float | None:
        """How much of the first hill is run up, from its bottom; ``None`` where no hill is."""
        return next((step.route.length_m for step in self.steps if step.kind == "repeat"), None)

    @property
    def length_m(self) -> float:
        """The whole way, in metres of the ground plan."""
        return sum(step.route.length_m for step in self.steps)

    @property
    def time_s(self) -> float:
        """The whole time, in seconds."""
        return sum(step.time_s for step in self.steps)

    @property
    def gain_m(self) -> float | None:
        """All that is climbed, in metres; ``None`` where a height is unknown."""
        gains = [step.route.gain_m for step in self.steps]
        return None if None in gains else sum(gain or 0.0 for gain in gains)
