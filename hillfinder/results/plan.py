"""A session that can be looked at and written: a workout, and where it comes from."""

from __future__ import annotations

from dataclasses import dataclass, field
from dataclasses import replace as changed
from html import escape
from typing import TYPE_CHECKING

from hillfinder.model import Workout
from hillfinder.output import atomic_write as files
from hillfinder.output import export
from hillfinder.output.formats.fit import to_fit, to_workout
from hillfinder.output.formats.gpx import workout_to_gpx
from hillfinder.output.formats.tcx import to_tcx
from hillfinder.output.text import card
from hillfinder.output.text import phrases as words
from hillfinder.output.timed_track import once
from hillfinder.training import treadmill

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from hillfinder.model import Findings
    from hillfinder.output.export import Target
    from hillfinder.training.treadmill import Treadmill
    from hillfinder.units import Units


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
        return files.replace(path, workout_to_gpx(self.findings, self), overwrite=overwrite)

    def to_fit(self, path: Path | str, *, overwrite: bool = False) -> Path:
        """Write the course of the session as FIT, for a watch: as ``to_gpx``."""
        return files.replace(path, to_fit(self.findings, self), overwrite=overwrite)

    def to_workout(self, path: Path | str, *, overwrite: bool = False) -> Path:
        """Write the session as a FIT workout, to be done step by step: as ``to_gpx``."""
        return files.replace(path, to_workout(self.findings, self), overwrite=overwrite)

    def to_tcx(self, path: Path | str, *, overwrite: bool = False) -> Path:
        """Write the course of the session as TCX: as ``to_gpx``."""
        return files.replace(path, to_tcx(self.findings, self), overwrite=overwrite)

    def export(self, folder: Path | str, *, overwrite: bool = False) -> tuple[Path, ...]:
        """Write every file there is into a folder, made where it is missing, and return the paths.

        They are called as in ``output.export.NAMES``; GeoParquet is among them where pyarrow is
        installed.

        Args:
            folder: where.
            overwrite: existing files may be replaced.

        Raises:
            OutputError: a file exists, or cannot be written.
        """
        targets = export.everything(files.folder(folder))
        self.write(targets, overwrite=overwrite)
        return tuple(path for _, path in targets)

    def write(
        self, targets: Sequence[Target], *, alone: bool = False, overwrite: bool = False
    ) -> None:
        """Write files of several formats.

        Args:
            targets: pairs of a kind, as in ``output.export.NAMES``, and a path.
            alone: courses hold the first hill alone, and not the session.
            overwrite: existing files may be replaced.

        Raises:
            InputError: GeoParquet was asked for, and pyarrow is not installed.
            OutputError: a file exists, or cannot be written.
        """
        course = (
            self
            if not alone
            else once(changed(self.hills[0], approach=None), self.findings.criteria)
        )
        export.write(self.findings, self, targets, course=course, overwrite=overwrite)

    def __repr__(self) -> str:
        """Return what it is in a line; ``print`` shows the card."""
        ranks = " and ".join(str(hill.rank) for hill in self.hills)
        return f"<Plan: {self.session} on hill {ranks}, {words.totals(self)}>"

    def __str__(self) -> str:
        """Return the card."""
        return self.card()

    def _repr_html_(self) -> str:
        """Return the card for a notebook; whatever the map holds is shown as text."""
        return f"<pre>{escape(self.card())}</pre>"
