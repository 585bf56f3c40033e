"""The options that commands share; read what was typed, and report all faults at once."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal, TypeVar

import typer

from hillfinder.criteria import RankBy
from hillfinder.elevation.sources.registry import service_names
from hillfinder.errors import CriteriaError, InputError
from hillfinder.sessions import Level, Session
from hillfinder.units import FOOT_M, MILE_M, Units

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from hillfinder.criteria import Criteria
    from hillfinder.elevation.sources.raster_file.raster import Raster
    from hillfinder.model import HeightKind

T = TypeVar("T")

DemKind = Literal["bare-earth", "surface"]
DemUnit = Literal["m", "ft", "us-ft", "yd", "dm", "cm", "mm"]
Course = Literal["session", "hill"]

DEM: Final = typer.Option(
    "--dem",
    metavar="FILE",
    help="Heights: GeoTIFF, VRT, .hgt, zipped .hgt. Give it again for each file.",
)
KindOption = Annotated[
    DemKind | None,
    typer.Option(
        "--dem-kind", help="What the files of --dem show: the ground, or roofs and trees."
    ),
]
UnitOption = Annotated[
    DemUnit | None,
    typer.Option("--dem-unit", help="Unit of heights in --dem files that do not state it."),
]
BandOption = Annotated[
    int | None,
    typer.Option(
        "--dem-band", metavar="N", min=1, help="Band of --dem files that holds the heights."
    ),
]
Offline = Annotated[
    bool, typer.Option("--offline", help="Use no network, only files and what was kept.")
]
Verbose = Annotated[
    bool,
    typer.Option("--verbose", "-v", help="Log to stderr what is downloaded, cached and skipped."),
]
ElevationOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="Heights from a service, with --dem where the files have none: "
        f"{', '.join(service_names())} (see hillfinder sources).  "
        "[default: auto, unless --dem]",
    ),
]


SessionOption = Annotated[
    Session,
    typer.Option(
        "--session",
        help="Repeats on a short hill; a long one, on a gradual hill of 2 to 3 miles; or a rolling "
        "run over several hills.",
    ),
]
LevelOption = Annotated[
    Level, typer.Option("--level", help="Who runs: it decides how many repeats.")
]
Repeats = Annotated[
    int | None, typer.Option("--repeats", metavar="N", help="How many times up, instead.")
]
Distance = Annotated[
    str | None,
    typer.Option(
        "--distance",
        metavar="KM",
        help="Length of a rolling run, such as 10km or 6mi; a bare number is in km, or in miles "
        "with --units imperial.",
    ),
]
Minutes = Annotated[
    float | None, typer.Option("--minutes", metavar="MIN", help="Time of a rolling run.")
]
RankOption = Annotated[
    RankBy,
    typer.Option("--rank", help="The steepest first, or what fits the session best."),
]
At = Annotated[
    str | None,
    typer.Option(
        "--at",
        metavar="TIME",
        help='When it begins, for daylight and weather: "18:00", the next one, or a date and time '
        'such as "2026-12-01 07:30", in the time zone of this machine.  [default: now]',
    ),
]
WeatherOption = Annotated[
    bool, typer.Option("--weather", help="Ask for the weather then, of Open-Meteo.")
]
OnBelt = Annotated[
    bool, typer.Option("--treadmill", help="Add the same effort on a treadmill, network or not.")
]
CourseOf = Annotated[
    Course,
    typer.Option(
        "--course",
        help="What --gpx, --fit and --tcx hold: the session from door to door, or the hill alone.",
    ),
]

Force = Annotated[bool, typer.Option("--force", help="Replace files that exist.")]
Measure = Annotated[
    Units,
    typer.Option(
        "--units", help="Units of what is shown, and of numbers that are typed without one."
    ),
]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing on stderr but errors.")]


def height_kind(typed: DemKind | None) -> HeightKind | None:
    """Return the kind of a model as ``Raster`` takes it."""
    return "bare earth" if typed == "bare-earth" else typed


def spaced(argv: Sequence[str]) -> list[str]:
    """Return the words with coordinates as one, and a space before a southern latitude.

    Neither is an option then, whatever it begins with. Two numbers behind an option may be its own,
    and stay as they are.

    >>> spaced(["near", "-33.86,151.21", "--offline"])
    ['near', ' -33.86,151.21', '--offline']
    >>> spaced(["near", "45.48,", "-122.69"])
    ['near', '45.48, -122.69']
    """
    degrees, southern = re.compile(r"-?\d{1,3}[.,]\d+"), re.compile(r"-\.?\d[\d.]*\s*[,;\s°]")
    end = argv.index("--") if "--" in argv else len(argv)
    words: list[str] = []
    for word in argv[:end]:
        option, before = ["", "", *words][-2:]
        coordinates = degrees.fullmatch(before.rstrip(",;")) and degrees.fullmatch(word)
        if coordinates and not option.startswith("-"):
            words[-1] = f"{before} {word}"
        else:
            words.append(word)
    return [f" {word}" if southern.match(word) else word for word in words] + list(argv[end:])


def contradictions(
    place: str,
    elevation: str | None,
    *,
    pick: int | None,
    limit: int,
) -> list[str]:
    """Return what is wrong with words that no criterion holds."""
    faults = []
    if any("\ud800" <= letter <= "\udfff" for letter in place):
        faults.append("the place holds bytes that are no text: type it again")
    if elevation is not None and elevation not in service_names():
        faults.append(f'--elevation "{elevation}" is not known: give {", ".join(service_names())}')
    if pick is None:
        return faults
    if pick < 1:
        faults.append(f"--pick {pick} is no hill in a list: give 1 or more")
    elif pick > limit >= 1:
        faults.append(f"--pick {pick} lies beyond --limit {limit}: raise the limit")
    return faults


def dem_faults(
    dem: Sequence[Path] | None, kind: DemKind | None, unit: DemUnit | None, band: int | None
) -> Iterator[str]:
    """Yield what is wrong with options that describe elevation files where none is given."""
    if dem:
        return
    for option, value, says in (
        ("--dem-kind", kind, "what the files of --dem show"),
        ("--dem-unit", unit, "in which unit the heights in the files of --dem are"),
        ("--dem-band", band, "which band of the files of --dem holds the heights"),
    ):
        if value is not None:
            yield f"{option} says {says}, and there are none: give --dem"


def elevation_files(
    dem: Sequence[Path] | None, kind: DemKind | None, unit: DemUnit | None, band: int | None
) -> Raster | None:
    """Open the elevation files; ``None`` where none is given."""
    if not dem:
        return None
    from hillfinder.elevation.sources.raster_file.raster import Raster

    return Raster(dem, kind=height_kind(kind), unit=unit, band=band)


def refuse(faults: Sequence[str]) -> None:
    """Raise all faults in one sentence, if there are any.

    Raises:
        InputError: there are.
    """
    if faults:
        text = "; ".join(faults)
        msg = f"{text[0].upper()}{text[1:]}."
        raise InputError(msg)


def criteria(
    *,
    length: str | None = None,
    warmup: str = "10-20",
    pace: str | None = None,
    min_grade: float | None = None,
    max_grade: float | None = None,
    distance: str | None = None,
    at: str | None = None,
    imperial: bool = False,
    now: datetime | None = None,
    faults: Iterable[str] = (),
    **plain: object,
) -> Criteria:
    """Return what was asked for, or raise all faults at once.

    Args:
        length: in metres, or in feet where ``imperial`` or typed so.
        warmup: in minutes.
        pace: in minutes a kilometre, or a mile where ``imperial`` or typed so.
        min_grade: in percent.
        max_grade: in percent.
        distance: in kilometres, or miles where ``imperial`` or typed so.
        at: start of the run.
        imperial: numbers without a unit are in feet or miles.
        now: time of the clock; the start unless ``at`` is given.
        faults: other faults found before.
        plain: fields of ``Criteria`` as they are.

    Raises:
        InputError: something cannot be read, or contradicts something else.
    """
    from hillfinder.criteria import Criteria

    found = list(faults)
    given: dict[str, Any] = dict(plain)
    if now is not None:
        given["start"] = now

    def take(option: str, name: str, read: Callable[[T], object], value: T | None) -> None:
        if value is None:
            return
        try:
            given[name] = read(value)
        except ValueError as fault:
            found.append(f"{option} {fault}")

    take("--length", "length_m", lambda text: _lengths_m(text, imperial=imperial), length)
    take("--warmup", "warmup_min", _range, warmup)
    take("--min-grade", "min_grade", _ratio, min_grade)
    take("--max-grade", "max_grade", _ratio, max_grade)
    take("--pace", "pace_min_per_km", lambda text: _pace(text, imperial=imperial), pace)
    take("--distance", "distance_m", lambda text: _distance(text, imperial=imperial), distance)
    take("--at", "start", lambda text: _start_at(text, now), at)
    try:
        asked = Criteria(**given)
    except CriteriaError as error:
        found.append(_lower_first(str(error).rstrip(".")))
    refuse(found)
    return asked


def _lower_first(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]


_NUMBER: Final = r"\s*(\d+(?:\.\d+)?)\s*"
_DASH: Final = "[-–]"  # noqa: RUF001 - an en dash will do
_METRES: Final = {"m": 1.0, "km": 1000.0, "ft": FOOT_M, "mi": MILE_M}
_UNIT: Final = rf"({'|'.join(_METRES)})?\s*"


def _range(text: str) -> tuple[float, float]:
    """Return both ends of ``100-200``; ``150`` is both."""
    found = re.fullmatch(f"{_NUMBER}(?:{_DASH}{_NUMBER})?", text)
    if found is None:
        msg = f'"{text}" is no range: write two numbers as in 10-20, or one'
        raise ValueError(msg)
    low, high = found.groups()
    return float(low), float(high or low)


def _lengths_m(text: str, *, imperial: bool = False) -> tuple[float, float]:
    """Return both ends of ``100-200`` or ``300-600ft`` in metres.

    >>> _lengths_m("100-200"), _lengths_m("1-2km"), _lengths_m("100m-1km")
    ((100.0, 200.0), (1000.0, 2000.0), (100.0, 1000.0))
    >>> _lengths_m("500", imperial=True)
    (152.4, 152.4)
    """
    found = re.fullmatch(f"{_NUMBER}{_UNIT}(?:{_DASH}{_NUMBER}{_UNIT})?", text)
    if found is None:
        msg = f'"{text}" is no range: write two numbers as in 100-200 or 300-600ft, or one'
        raise ValueError(msg)
    low, low_unit, high, high_unit = found.groups()
    default = "ft" if imperial else "m"
    first = float(low) * _METRES[low_unit or high_unit or default]
    if high is None:
        return first, first
    return first, float(high) * _METRES[high_unit or low_unit or default]


def _distance(text: str, *, imperial: bool = False) -> float:
    """Return metres from ``10``, ``10km`` or ``6mi``."""
    found = re.fullmatch(f"{_NUMBER}{_UNIT}", text)
    if found is None:
        msg = f'"{text}" is no distance: write a number and a unit, such as 10km or 6mi'
        raise ValueError(msg)
    return float(found[1]) * _METRES[found[2] or ("mi" if imperial else "km")]


def _pace(text: str, *, imperial: bool = False) -> float:
    """Return minutes a kilometre from ``7:30``, ``7.5`` or ``11:15/mi``."""
    clock = r"\s*(\d+)(?::([0-5]\d)|(\.\d+))?\s*"
    found = re.fullmatch(rf"{clock}(?:(?:min)?\s*/\s*(km|mi))?\s*", text)
    if found is None:
        msg = (
            f'"{text}" is no pace: write minutes and seconds a kilometre or a mile, such as 7:00 '
            "or 11:15/mi"
        )
        raise ValueError(msg)
    minutes, seconds, part, unit = found.groups()
    given = int(minutes) + int(seconds or 0) / 60 + float(part or 0)
    return given * 1000 / _METRES[unit or ("mi" if imperial else "km")]


def _start_at(text: str, now: datetime | None) -> datetime:
    """Return the next ``18:00``, or a date and time; without a zone it is this machine's."""
    from datetime import datetime, timedelta

    now = now or datetime.now().astimezone()
    found = re.fullmatch(r"\s*([01]?\d|2[0-3]):([0-5]\d)\s*", text)
    if found is not None:
        hour, minute = map(int, found.groups())
        today = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
        if today >= now.replace(second=0, microsecond=0):
            return _on_the_clock(today, now)
        return _on_the_clock(today + timedelta(1), now)
    try:  # a date alone would be midnight: nobody means that
        when = datetime.fromisoformat(text.strip() if ":" in text else "")
    except ValueError:
        msg = f'"{text}" is no time: write 18:00, or a date and time such as "2026-12-01 07:30"'
        raise ValueError(msg) from None
    if not 1900 <= when.year <= 2200:
        msg = f'"{text}" is no time of a run: give a year from 1900 to 2200'
        raise ValueError(msg)
    return when if when.tzinfo is not None else when.astimezone()


def _on_the_clock(when: datetime, now: datetime) -> datetime:
    """Return that hour of that day where the clocks may have changed since ``now``."""
    here = now.astimezone()
    return when.replace(tzinfo=None).astimezone() if here.tzinfo == now.tzinfo else when


def _ratio(percent: float) -> float:
    """Return a grade typed in percent as a ratio."""
    if not 0 < percent < 100:
        msg = f"{percent:g} is no grade of a hill: give percent, such as 3"
        raise ValueError(msg)
    return percent / 100
