"""Every file that can be made of a search and a session on one of its hills."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from hillfinder.output.atomic_write import check, replace
from hillfinder.output.formats import geoparquet as parquet
from hillfinder.output.formats.csv import to_csv
from hillfinder.output.formats.fit import to_fit, to_workout
from hillfinder.output.formats.geojson import to_geojson
from hillfinder.output.formats.gpx import workout_to_gpx
from hillfinder.output.formats.kml import to_kml
from hillfinder.output.formats.tcx import to_tcx
from hillfinder.output.records import to_json

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from hillfinder.model import Findings, Workout

Kind = Literal["gpx", "fit", "workout", "tcx", "kml", "geojson", "csv", "json", "parquet"]
Target = tuple[Kind, Path]

#: What each is called in a folder that holds them all.
NAMES: Final[dict[Kind, str]] = {
    "gpx": "hill.gpx",
    "fit": "hill.fit",
    "workout": "workout.fit",
    "tcx": "hill.tcx",
    "kml": "hills.kml",
    "geojson": "hills.geojson",
    "csv": "hills.csv",
    "json": "hills.json",
    "parquet": "hills.parquet",
}
#: What holds one course.
COURSES: Final[frozenset[Kind]] = frozenset({"gpx", "fit", "tcx"})


def everything(folder: Path | str) -> list[Target]:
    """Return every file of a folder; GeoParquet only where pyarrow is installed."""
    kinds = [kind for kind in NAMES if kind != "parquet" or parquet.is_possible()]
    return [(kind, Path(folder) / NAMES[kind]) for kind in kinds]


def write(
    findings: Findings,
    workout: Workout,
    targets: Sequence[Target],
    *,
    course: Workout | None = None,
    overwrite: bool = False,
) -> None:
    """Write files: all are made before the first is written, and each appears whole or not at all.

    Args:
        findings: what was found.
        workout: the session.
        targets: which files, and where.
        course: what courses hold in place of the session, such as one hill alone.
        overwrite: existing files may be replaced.

    Raises:
        InputError: GeoParquet was asked for, and pyarrow is not installed.
        OutputError: a file exists, or cannot be written.
    """
    check(*(path for _, path in targets), overwrite=overwrite)
    made = [
        (path, content(kind, findings, (course or workout) if kind in COURSES else workout))
        for kind, path in targets
    ]
    for path, data in made:
        replace(path, data, overwrite=overwrite)


def content(kind: Kind, findings: Findings, workout: Workout) -> bytes | str:
    """Return what a file holds.

    Args:
        kind: which.
        findings: what was found.
        workout: a session; formats that hold all hills leave it out.

    Raises:
        InputError: GeoParquet was asked for, and pyarrow is not installed.
    """
    if kind in _OF_SESSIONS:
        return _OF_SESSIONS[kind](findings, workout)
    return _OF_ALL[kind](findings)


_OF_SESSIONS: Final[dict[Kind, Callable[[Findings, Workout], bytes | str]]] = {
    "gpx": workout_to_gpx,
    "fit": to_fit,
    "workout": to_workout,
    "tcx": to_tcx,
    "json": to_json,
}
_OF_ALL: Final[dict[Kind, Callable[[Findings], bytes | str]]] = {
    "kml": to_kml,
    "geojson": to_geojson,
    "csv": to_csv,
    "parquet": parquet.to_parquet,
}
