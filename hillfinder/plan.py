"""A session that can be looked at and written: a workout, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass, field
from html import escape
from typing import TYPE_CHECKING

from hillfinder import treadmill
from hillfinder.model import Workout
from hillfinder.output import card
from hillfinder.output.files import replace
from hillfinder.output.gpx import workout_to_gpx

if TYPE_CHECKING:
    from pathlib import Path

    from hillfinder.model import Findings
    from hillfinder.output.words import Units
    from hillfinder.treadmill import Treadmill


@dataclass(frozen=True, slots=True, eq=False)
class Plan(Workout):
    """A workout with its faces.

    Attributes:
        findings: what it was made of.
    """

    findings: Findings = field(kw_only=True)

    @classmethod
    def of(cls, workout: Workout, findings: Findings) -> Plan:
        """Return a workout with faces."""
        return cls(
            workout.session,
            workout.level,
            workout.hills,
            workout.steps,
            workout.cues,
            findings=findings,
        )

    def card(self, units: Units = "metric") -> str:
        """Return the card of the session, 80 columns wide."""
        return card.to_text(self, self.findings, units=units)

    def on_treadmill(self) -> Treadmill:
        """Return the same effort on a belt."""
        return treadmill.like(self, self.findings.criteria)

    def to_gpx(self, path: Path | str, *, overwrite: bool = False) -> Path:
        """Write the course of the session as GPX 1.1, door to door, and return the path.

        Args:
            path: the file; it appears whole or not at all.
            overwrite: an existing file may be replaced.

        Raises:
            OutputError: the file exists, or cannot be written.
        """
        return replace(path, workout_to_gpx(self.findings, self), overwrite=overwrite)

    def _repr_html_(self) -> str:
        """Return the card for a notebook; whatever the map holds is shown as text."""
        return f"<pre>{escape(self.card())}</pre>"
