"""The formats that a search can be written in: each module declares its ``FORMAT``.

To add a format, add a module here: the command line, ``--export``, ``Hills``, ``Plan`` and the
table in README take it from ``every``. Import heavy libraries inside functions: ``--help`` imports
all modules.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Literal

from hillfinder.errors import InputError
from hillfinder.output import atomic_write

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from hillfinder.model import Findings, Workout
    from hillfinder.streets.network import StreetNetwork
    from hillfinder.training.treadmill import Treadmill
    from hillfinder.units import Units

    #: The name of a format, and the path of its file.
    Target = tuple[str, Path]

Holds = Literal["course", "session", "hills"]


@dataclass(frozen=True, slots=True)
class Request:
    """The contents of a file.

    Attributes:
        findings: the hills.
        workout: the workout; ``None`` where no hill was found.
        network: the streets that were searched.
        sessions: returns the workout on each hill, by rank.
        units: metres and kilometres, or feet and miles, where a person reads.
        treadmill: the same effort on a treadmill.
        street_map: whether a page loads a map beneath the hills.
    """

    findings: Findings
    workout: Workout | None
    network: StreetNetwork
    sessions: Callable[[], Mapping[int, Workout]]
    units: Units = "metric"
    treadmill: Treadmill | None = None
    street_map: bool = True

    @property
    def session(self) -> Workout:
        """The workout.

        Raises:
            InputError: there is none.
        """
        if self.workout is None:
            msg = "There is no hill for a session: search a larger range, or from another place."
            raise InputError(msg)
        return self.workout


@dataclass(frozen=True, slots=True)
class Format:
    """A file format.

    Attributes:
        name: name of the option (``--gpx``) and of the method (``to_gpx``).
        file: name of the file in a folder of all formats.
        help: help of the option.
        about: description in README.
        make: returns the content.
        holds: ``course``: the line of a workout or of one hill; ``session``: the steps of a
            workout; ``hills``: all hills.
        options: fields of ``Request`` that its method takes.
        package: the package it needs, and the extra of hillfinder that installs it.
        flag: whether it has an option on the command line.
    """

    name: str
    file: str
    help: str
    about: str
    make: Callable[[Request], bytes | str]
    holds: Holds = "hills"
    options: tuple[str, ...] = ()
    package: tuple[str, str] | None = None
    flag: bool = True

    @property
    def is_possible(self) -> bool:
        """Whether the package it needs is installed."""
        return self.package is None or find_spec(self.package[0]) is not None

    @property
    def missing(self) -> str:
        """How to get the package it needs."""
        package, extra = self.package or ("", "")
        return f'needs {package}: pip install "hillfinder[{extra}]"'

    def content(self, request: Request) -> bytes | str:
        """Return the content of the file.

        Raises:
            InputError: the package it needs is not installed, or there is no hill to write.
        """
        if not self.is_possible:
            msg = f"{self.file} {self.missing}."
            raise InputError(msg)
        return self.make(request)


#: Order of options, of README and of files in a folder; other formats come last.
_ORDER = ("gpx", "fit", "workout", "tcx", "kml", "geojson", "csv", "json", "parquet", "html", "png")


@cache
def every() -> Mapping[str, Format]:
    """Return every format by its name, found in the modules of this package."""
    modules = [import_module(f"{__name__}.{each.name}") for each in iter_modules(__path__)]
    found = [
        value for module in modules for value in vars(module).values() if isinstance(value, Format)
    ]
    found.sort(key=lambda each: (*_ORDER, each.name).index(each.name))
    return {each.name: each for each in found}


def targets_in(folder: Path | str) -> list[Target]:
    """Return all files of a folder, except formats whose packages are not installed."""
    return [(name, Path(folder) / each.file) for name, each in every().items() if each.is_possible]


def write_files(
    request: Request,
    targets: Sequence[Target],
    *,
    course: Workout | None = None,
    overwrite: bool = False,
) -> None:
    """Make all files, then write them; each appears whole or not at all.

    Args:
        request: the contents.
        targets: formats and paths.
        course: the workout that courses hold instead, such as one hill alone.
        overwrite: existing files may be replaced.

    Raises:
        InputError: a format needs a package that is not installed.
        OutputError: a file exists, or cannot be written.
    """
    atomic_write.check_writable(*(path for _, path in targets), overwrite=overwrite)
    alone = request if course is None else replace(request, workout=course)
    made = []
    for name, path in targets:
        kind = every()[name]
        made.append((path, kind.content(alone if kind.holds == "course" else request)))
    for path, data in made:
        atomic_write.replace(path, data, overwrite=overwrite)
