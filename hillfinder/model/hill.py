"""A hill of the list: its name, its warm-up, and how well it suits the session."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hillfinder.model.profile import confidence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from hillfinder.model.climb import Climb, Route
    from hillfinder.model.profile import Confidence
    from hillfinder.model.safety import Safety


@dataclass(frozen=True, slots=True)
class Fit:
    """How well a hill suits a session.

    Attributes:
        score: 0 (not at all) to 1 (ideal).
        parts: the score of each criterion, 0 to 1.
        reasons: why, in plain words, most important first.
    """

    score: float
    parts: Mapping[str, float]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Hill:
    """One row of the result: a climb, its name, and the warm-up to it.

    Attributes:
        rank: 1 is the first of the list: the steepest, or the one that suits best, as asked; of
            long hills the most even; of a rolling run the one that is run first.
        name: its name, cross streets included.
        climb: the stretch itself.
        approach: from the place to the foot; ``None`` where no warm-up was asked for.
        notes: plain words about this hill, most important first.
        safety: what to mind on it, up and down again; ``None`` where it was not looked at.
        approach_safety: what to mind on the way to it, or ``None`` as for ``safety``.
        fit: how well it suits the session; ``None`` where that was not rated.
    """

    rank: int
    name: str
    climb: Climb
    approach: Route | None
    notes: tuple[str, ...] = ()
    safety: Safety | None = None
    approach_safety: Safety | None = None
    fit: Fit | None = None

    @property
    def grade(self) -> float:
        """Mean grade, as a ratio."""
        return self.climb.grade

    @property
    def grade_sigma(self) -> float:
        """Standard deviation of the mean grade, as a ratio."""
        return self.climb.grade_sigma

    @property
    def confidence(self) -> Confidence:
        """Confidence in the grade: see ``confidence``."""
        return confidence(self.grade, self.grade_sigma, self.climb.max_grade, self.climb.incline)
