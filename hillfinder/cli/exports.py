"""The options that write files, all checked before the search begins."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from hillfinder.output.export import Kind, Target
    from hillfinder.results.hills import Hills
    from hillfinder.units import Units

    Face = tuple[str, Path]


def _option(name: str, text: str) -> object:
    return typer.Option(f"--{name}", metavar="FILE", help=text)


Gpx = Annotated[Path | None, _option("gpx", "Write the session as a GPX course.")]
Fit = Annotated[Path | None, _option("fit", "Write the session as a FIT course for a watch.")]
Workout = Annotated[
    Path | None, _option("workout", "Write the session as a FIT workout: steps and a loop.")
]
Tcx = Annotated[Path | None, _option("tcx", "Write the session as a TCX course.")]
Kml = Annotated[Path | None, _option("kml", "Write all hills as KML.")]
GeoJson = Annotated[Path | None, _option("geojson", "Write all hills as GeoJSON.")]
Csv = Annotated[Path | None, _option("csv", "Write all hills as CSV.")]
Parquet = Annotated[
    Path | None,
    _option("parquet", 'Write all hills as GeoParquet (pip install "hillfinder[parquet]").'),
]
Html = Annotated[
    Path | None,
    _option("html", "Write a page: map, list, profiles, sessions, files for a watch."),
]
Png = Annotated[
    Path | None,
    _option("png", 'Write a picture for print (pip install "hillfinder[notebook]").'),
]
Export = Annotated[
    Path | None,
    typer.Option("--export", metavar="DIR", help="Write every one of these into a folder."),
]
#: What shows all hills, and what each is called in a folder that holds everything.
FACES: Final = {"html": "hills.html", "png": "hills.png"}
#: How to get what ``--parquet`` and ``--png`` need.
MISSING: Final = {
    "parquet": 'needs pyarrow: pip install "hillfinder[parquet]"',
    "png": 'needs matplotlib: pip install "hillfinder[notebook]"',
}


def asked(**files: Path | None) -> list[Target]:
    """Return the files asked for one by one, in the order of the options."""
    named: Mapping[Kind, Path | None] = files  # type: ignore[assignment]  # keywords are text
    return [(kind, path) for kind, path in named.items() if path is not None]


def shown(html: Path | None, png: Path | None, folder: Path | None = None) -> list[Face]:
    """Return the page and the picture asked for, alone or in a folder with everything."""
    faces = [(kind, path) for kind, path in (("html", html), ("png", png)) if path is not None]
    if folder is not None:
        kinds = [kind for kind in FACES if kind != "png" or _can_draw()]
        faces += [(kind, folder / FACES[kind]) for kind in kinds]
    return faces


def draw(hills: Hills, faces: Sequence[Face], units: Units, *, overwrite: bool) -> None:
    """Write the page and the picture.

    Raises:
        OutputError: a file exists, or cannot be written.
    """
    for kind, path in faces:
        write = hills.to_html if kind == "html" else hills.to_png
        write(path, units=units, overwrite=overwrite)


def faults(
    targets: Sequence[Target], faces: Sequence[Face] = (), *, whole: bool, alone: bool
) -> Iterator[str]:
    """Yield what is wrong with the options.

    Args:
        targets: the files asked for one by one.
        faces: the page and the picture asked for.
        whole: a folder for all was asked for.
        alone: courses are to hold a hill alone.
    """
    from hillfinder.output.export import COURSES
    from hillfinder.output.formats.geoparquet import is_possible

    kinds = {kind for kind, _ in targets}
    if alone and not whole and kinds.isdisjoint(COURSES):
        yield "--course says what --gpx, --fit and --tcx hold, and there is none: give one"
    if "parquet" in kinds and not is_possible():
        yield f"--parquet {MISSING['parquet']}"
    if any(kind == "png" for kind, _ in faces) and not _can_draw():
        yield f"--png {MISSING['png']}"


def prepare(
    targets: Sequence[Target],
    folder: Path | None,
    faces: Sequence[Face] = (),
    *,
    overwrite: bool,
) -> list[Target]:
    """Return all files to be written, those of a folder last; none is in the way, nor are faces.

    Raises:
        OutputError: with every fault: a file exists, is asked for twice, or cannot be written.
    """
    from hillfinder.output import atomic_write as files
    from hillfinder.output import export

    rest = export.everything(files.folder(folder)) if folder is not None else []
    files.check(*(path for _, path in (*targets, *rest, *faces)), overwrite=overwrite)
    return [*targets, *rest]


def told(targets: Sequence[Target | Face], folder: Path | None) -> Iterator[str]:
    """Yield what was written, in a sentence each."""
    from hillfinder.output.export import NAMES
    from hillfinder.units import listed

    rest = [path.name for _, path in targets if folder is not None and path.parent == folder]
    alone = [str(path) for _, path in targets if folder is None or path.parent != folder]
    if alone:
        yield f"Wrote {listed(alone)}."
    if rest:
        yield f"Wrote {listed(rest)} to {folder}."
        for kind, name in (("parquet", NAMES["parquet"]), ("png", FACES["png"])):
            if name not in rest:
                yield f"Left out {name}: it {MISSING[kind]}."


def _can_draw() -> bool:
    return find_spec("matplotlib") is not None
