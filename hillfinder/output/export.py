"""Several files of a search at once: all are made before the first is written."""

from __future__ import annotations

from dataclasses import replace as changed
from pathlib import Path
from typing import TYPE_CHECKING

from hillfinder.output import atomic_write
from hillfinder.output.formats import every

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hillfinder.model import Workout
    from hillfinder.output.formats import Request

    #: The name of a format, and where its file goes.
    Target = tuple[str, Path]


def everything(folder: Path | str) -> list[Target]:
    """Return every file of a folder, but those whose packages are not installed."""
    return [(name, Path(folder) / each.file) for name, each in every().items() if each.is_possible]


def write(
    request: Request,
    targets: Sequence[Target],
    *,
    course: Workout | None = None,
    overwrite: bool = False,
) -> None:
    """Write files; each appears whole or not at all.

    Args:
        request: what they are made of.
        targets: which files, and where.
        course: what courses hold in place of the session, such as one hill alone.
        overwrite: existing files may be replaced.

    Raises:
        InputError: a format needs a package that is not installed.
        OutputError: a file exists, or cannot be written.
    """
    atomic_write.check(*(path for _, path in targets), overwrite=overwrite)
    alone = request if course is None else changed(request, workout=course)
    made = []
    for name, path in targets:
        kind = every()[name]
        made.append((path, kind.content(alone if kind.holds == "course" else request)))
    for path, data in made:
        atomic_write.replace(path, data, overwrite=overwrite)
