"""A workout, step by step."""

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
    """One part of a workout.

    Attributes:
        kind: what it is for.
        route: the line; its ``time_s`` is at the easy pace.
        time_s: time at the effort of this part.
        rank: number of its hill in the list, ``None`` if it belongs to no hill.
    """

    kind: StepKind
    route: Route
    time_s: float
    rank: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Workout:
    """A workout, from the door and back.

    Attributes:
        session: its kind.
        level: of the runner.
        hills: the hills to run, in order.
        steps: its parts, in order, each beginning where the last ended.
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
        """Number of runs up a hill."""
        return sum(step.kind == "repeat" for step in self.steps)

    @property
    def repeated_m(self) -> float | None:
        """Length of the first hill that is run, from its foot; ``None`` without a hill."""
        return next((step.route.length_m for step in self.steps if step.kind == "repeat"), None)

    @property
    def length_m(self) -> float:
        """Total length in the ground plan, in metres."""
        return sum(step.route.length_m for step in self.steps)

    @property
    def time_s(self) -> float:
        """Total time, in seconds."""
        return sum(step.time_s for step in self.steps)

    @property
    def gain_m(self) -> float | None:
        """Total ascent, in metres; ``None`` where a height is unknown."""
        gains = [step.route.gain_m for step in self.steps]
        return None if None in gains else sum(gain or 0.0 for gain in gains)
