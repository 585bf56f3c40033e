"""Every file that can be made of a search: a module each, which declares its ``FORMAT``.

To add a format, add a module here. The command line, ``--export``, ``Hills``, ``Plan`` and the
table in README take it from ``every``. A module imports heavy libraries where it uses them, for
``--help`` reads all of them.
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

    #: The name of a format, and where its file goes.
    Target = tuple[str, Path]

Holds = Literal["course", "session", "hills"]


@dataclass(frozen=True, slots=True)
class Request:
    """What a file is made of.

    Attributes:
        findings: what was found.
        workout: the session; ``None`` where no hill was found.
        network: the streets that were searched.
        sessions: gives the session on each hill, by its number in the list.
        units: metres and kilometres, or feet and miles, where a person reads.
        treadmill: the same effort on a treadmill.
        street_map: a page shows a map from the network beneath the hills.
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
        """The session.

        Raises:
            InputError: there is none.
        """
        if self.workout is None:
            msg = "There is no hill for a session: search a larger range, or from another place."
            raise InputError(msg)
        return self.workout


@dataclass(frozen=True, slots=True)
class Format:
    """A kind of file.

    Attributes:
        name: of the option (``--gpx``) and of the method (``to_gpx``).
        file: its name in a folder of all formats.
        help: what the option says.
        about: what README says.
        make: returns the content.
        holds: ``course``: the line of a session or of one hill; ``session``: the steps of a
            session; ``hills``: all hills.
        options: fields of ``Request`` that ``make`` reads besides those that all have.
        package: the package it needs, and the extra of hillfinder that installs it.
        flag: it has an option of its own on the command line.
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
        """Return what the file holds.

        Raises:
            InputError: the package it needs is not installed, or there is no hill to write.
        """
        if not self.is_possible:
            msg = f"{self.file} {self.missing}."
            raise InputError(msg)
        return self.make(request)


#: The order of options, of README and of files in a folder; a format not named here comes last.
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
    """Return every file of a folder, but those whose packages are not installed."""
    return [(name, Path(folder) / each.file) for name, each in every().items() if each.is_possible]


def write_files(
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
    atomic_write.check_writable(*(path for _, path in targets), overwrite=overwrite)
    alone = request if course is None else replace(request, workout=course)
    made = []
    for name, path in targets:
        kind = every()[name]
        made.append((path, kind.content(alone if kind.holds == "course" else request)))
    for path, data in made:
        atomic_write.replace(path, data, overwrite=overwrite)
