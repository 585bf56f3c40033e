"""The kinds of session: each with its hills, its effort, its repeats and its words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Session = Literal["repeats", "long", "rolling"]
Level = Literal["new", "regular", "strong"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionKind:
    """One kind of session. A new kind is one more of these, and its name in ``Session``.

    Attributes:
        name: what it is called in Python, on the command line and in JSON.
        length_m: default shortest and longest climb, in metres along the ground plan.
        grades: default least and greatest mean grade, as ratios.
        over_several: it is one run over several hills, and has a time or a distance.
        turns: its hills may turn at junctions.
        effort: power of a repeat, as times that of the easy pace.
        ideal_s: ideal time of one repeat, in seconds, by level.
        longest_s: longest time of one repeat, in seconds, by level.
        climbing_m: hard climbing in all, in metres along the ground; ``None`` goes by time alone.
        climbing_s: hard climbing in all, in seconds.
        repeats: fewest and most repeats.
        jogs_down: runners of every level jog down where the grade and the surface allow it.
        belt_grade: grade on a treadmill where no hill is known, as a ratio.
        belt_rest: recovery on a treadmill as times one repeat: of a runner, and of a walker.
        title: begins the heading of its card.
        feel: how a repeat is run, in a word or two.
        cue: how a runner goes up, as a sentence.
        suits: what a grade is ideal for; ``None`` is repeats of the ideal time.
    """

    name: Session
    length_m: tuple[float, float]
    grades: tuple[float, float]
    over_several: bool = False
    turns: bool = False
    effort: float
    ideal_s: Mapping[Level, float]
    longest_s: Mapping[Level, float]
    climbing_m: Mapping[Level, float] | None
    climbing_s: Mapping[Level, float]
    repeats: Mapping[Level, tuple[int, int]]
    jogs_down: bool = False
    belt_grade: float
    belt_rest: tuple[float, float]
    title: str
    feel: str
    cue: str
    suits: str | None = None


# Power as times that of the easy pace: training tables put easy running at about 70 % of the
# greatest oxygen uptake, hard intervals at about 95 % and a steady threshold effort at about 85 %
# (Daniels, Running Formula).
HARD: Final = 1.35
STEADY: Final = 1.2

REPEATS: Final = SessionKind(
    name="repeats",
    length_m=(100.0, 200.0),
    grades=(0.03, 1.0),
    effort=HARD,
    # The consensus is 30 to 90 s for one repeat; of a longer hill the lower part is run.
    ideal_s={"new": 45.0, "regular": 60.0, "strong": 75.0},
    longest_s={"new": 75.0, "regular": 120.0, "strong": 150.0},
    # Coaches count metres first; what they take on a steep hill is cut to the seconds.
    climbing_m={"new": 500.0, "regular": 900.0, "strong": 1500.0},
    climbing_s={"new": 240.0, "regular": 540.0, "strong": 900.0},
    # Beginners 3 to 4 repeats, all others 4 to 10.
    repeats={"new": (3, 4), "regular": (4, 8), "strong": (6, 10)},
    belt_grade=0.06,
    belt_rest=(2.0, 1.0),
    title="Session on",
    feel="hard, not all out",
    cue="Run up hard, but not all out: the last one as fast as the first.",
)
_LONG_S: Final[Mapping[Level, float]] = {"new": 1500.0, "regular": 2700.0, "strong": 4500.0}
LONG: Final = SessionKind(
    name="long",
    length_m=(3200.0, 4800.0),  # 2 to 3 miles
    grades=(0.02, 0.08),
    turns=True,
    effort=STEADY,
    ideal_s={"new": 1200.0, "regular": 1500.0, "strong": 1800.0},
    longest_s=_LONG_S,
    climbing_m=None,
    climbing_s=_LONG_S,
    repeats={"new": (1, 1), "regular": (1, 2), "strong": (1, 3)},
    jogs_down=True,
    belt_grade=0.04,
    belt_rest=(0.5, 0.5),
    title="A long session on",
    feel="steady",
    cue="Run up steadily, as hard as you could for an hour: a few words at a time.",
)
ROLLING: Final = replace(
    REPEATS, name="rolling", over_several=True, feel="steady", suits="a rolling run"
)
#: Every kind of session, the default first.
SESSIONS: Final = (REPEATS, LONG, ROLLING)


def session_kind(name: str) -> SessionKind:
    """Return the kind of session with this name; repeats where no kind has it.

    >>> session_kind("long").length_m
    (3200.0, 4800.0)
    """
    return next((kind for kind in SESSIONS if kind.name == name), REPEATS)
