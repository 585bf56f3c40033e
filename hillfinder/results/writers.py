"""The ``to_*`` methods of ``Hills`` and ``Plan``: one for each format of the registry."""

from __future__ import annotations

from dataclasses import replace as changed
from inspect import Parameter, Signature
from typing import TYPE_CHECKING, Any, Final, Protocol, TypedDict, TypeVar, Unpack, overload

from hillfinder.output import atomic_write, formats
from hillfinder.output.formats import Format, every
from hillfinder.output.timed_track import once

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from hillfinder.model import Workout
    from hillfinder.output.formats import Request, Target
    from hillfinder.training.treadmill import Treadmill
    from hillfinder.units import Units

Content_co = TypeVar("Content_co", str, bytes, covariant=True)


class Options(TypedDict, total=False):
    """Options of the ``to_*`` methods; each takes those of its format."""

    alone: bool
    units: Units
    street_map: bool
    workout: Workout | None
    treadmill: Treadmill | None
    overwrite: bool


class Writer(Protocol[Content_co]):
    """A method that returns the content of a file, or writes it where a path is given."""

    @overload
    def __call__(
        self, path: None = None, pick: int | None = None, **options: Unpack[Options]
    ) -> Content_co: ...

    @overload
    def __call__(
        self, path: Path | str, pick: int | None = None, **options: Unpack[Options]
    ) -> Path: ...


class Writes:
    """Something that can be exported in every format."""

    __slots__ = ()

    if TYPE_CHECKING:
        to_gpx: Writer[str]
        to_fit: Writer[bytes]
        to_workout: Writer[bytes]
        to_tcx: Writer[str]
        to_kml: Writer[str]
        to_geojson: Writer[str]
        to_csv: Writer[str]
        to_json: Writer[str]
        to_parquet: Writer[bytes]
        to_html: Writer[str]
        to_png: Writer[bytes]

        def _request(self, pick: int | None = None, *, session: bool = True) -> Request: ...

    def export(
        self, folder: Path | str, *, units: Units = "metric", overwrite: bool = False
    ) -> tuple[Path, ...]:
        """Write every format into a folder and return the paths.

        Formats whose packages are not installed are left out.

        Args:
            folder: the folder, made where it is missing.
            units: units of the page and the picture.
            overwrite: existing files may be replaced.

        Raises:
            InputError: there is no hill to write.
            OutputError: a file exists, or cannot be written.
        """
        targets = formats.targets_in(atomic_write.folder(folder))
        self.write(targets, units=units, overwrite=overwrite)
        return tuple(path for _, path in targets)

    def write(
        self,
        targets: Sequence[Target],
        *,
        alone: bool = False,
        units: Units = "metric",
        overwrite: bool = False,
    ) -> None:
        """Write files of several formats; all are made before the first is written.

        Args:
            targets: pairs of the name of a format, such as ``"gpx"``, and a path.
            alone: courses hold the first hill alone.
            units: units of the page and the picture.
            overwrite: existing files may be replaced.

        Raises:
            InputError: a format needs a package that is not installed, or a hill.
            OutputError: a file exists, or cannot be written.
        """
        request = changed(self._request(), units=units)
        course = _alone(request) if alone else None
        formats.write_files(request, targets, course=course, overwrite=overwrite)


def _alone(request: Request) -> Workout:
    """Return once up the first hill of a workout, without the way to it."""
    hill = changed(request.session.hills[0], approach=None)
    return once(hill, request.findings.criteria)


#: Arguments of a ``to_*`` method, by what its format holds.
_TAKES: Final = {"course": ("pick", "alone"), "session": ("pick",), "hills": ()}
_DEFAULTS: Final = {"alone": False, "units": "metric", "street_map": True, "overwrite": False}
_ABOUT: Final = {
    "path": "the file, which appears whole or not at all; ``None`` returns its content.",
    "pick": "number of the hill, from 1; ``None`` is the workout or the first hill.",
    "alone": "once up the hill, without the way there and back.",
    "units": '``"metric"`` or ``"imperial"``.',
    "street_map": "load OpenTopoMap beneath the hills when the page is opened online.",
    "workout": "the workout that goes with the hills.",
    "treadmill": "the same effort on a treadmill.",
    "overwrite": "an existing file may be replaced.",
}


def _method(kind: Format) -> Callable[..., Any]:
    """Return the method that writes a format, with its arguments and docstring."""
    names = (*_TAKES[kind.holds], *kind.options, "overwrite")
    signature = Signature(
        [
            Parameter("self", Parameter.POSITIONAL_ONLY),
            Parameter("path", Parameter.POSITIONAL_OR_KEYWORD, default=None),
            *(
                Parameter(
                    name,
                    Parameter.POSITIONAL_OR_KEYWORD if name == "pick" else Parameter.KEYWORD_ONLY,
                    default=_DEFAULTS.get(name),
                )
                for name in names
            ),
        ]
    )

    def write(self: Writes, *given: object, **options: object) -> object:
        bound = signature.bind(self, *given, **options)
        bound.apply_defaults()
        values: dict[str, Any] = bound.arguments
        path, overwrite = values["path"], values["overwrite"]
        if path is not None:
            atomic_write.check_writable(path, overwrite=overwrite)
        request = self._request(values.get("pick"), session=kind.holds != "hills")
        # The rest comes from the workout.
        asked = {name: values[name] for name in kind.options if values[name] is not None}
        request = changed(request, **asked)
        if values.get("alone"):
            request = changed(request, workout=_alone(request))
        content = kind.content(request)
        return content if path is None else atomic_write.replace(path, content, overwrite=overwrite)

    write.__name__ = f"to_{kind.name}"
    write.__qualname__ = f"{Writes.__name__}.{write.__name__}"
    write.__signature__ = signature  # type: ignore[attr-defined]  # what help() shows
    arguments = "\n".join(f"    {name}: {_ABOUT[name]}" for name in ("path", *names))
    write.__doc__ = (
        f"{kind.help}\n\nWithout a path, return its content.\n\nArgs:\n{arguments}\n\n"
        "Returns:\n    The path, or the content as text or bytes.\n\n"
        "Raises:\n    InputError: there is no such hill, or a package is not installed.\n"
        "    OutputError: the file exists, or cannot be written.\n"
    )
    return write


for _each in every().values():
    setattr(Writes, f"to_{_each.name}", _method(_each))
